//! `bench`: what the exchanges of scenarios cost.
//!
//! Time and fuel are measured in passes of their own, over code of their own: code that counts is slower, and a clock
//! that is read counts for nothing. In reading order: `args`, `figures` (what is measured), `count` (what is the same each
//! time), `time`, `stopwatch` and `interval` (what is not), `baseline` (what has become of it), `pretty` and `json` (how it
//! is told), `profile`.

mod args;
mod baseline;
mod count;
mod figures;
mod interval;
mod json;
mod pretty;
mod profile;
mod stopwatch;
mod time;

use std::collections::BTreeMap;
use std::path::PathBuf;

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::scenario::{
    Chain, Modules as _, Replay, RunOptions, Scenario, StartOutcome, StepKind, Style, discover, load, report,
    run,
};
use proxy_wasm_harness::vm::{EngineSettings, LoadOptions};
use proxy_wasm_suites::modules::{self, ModuleSource};

pub(crate) use self::args::Args;
use self::baseline::{Baseline, Verdict};
use self::count::Mark;
use self::figures::{Figures, Memory};
use self::time::Timed;
use crate::error::{self, Error};
use crate::exit::Exit;
use crate::format::Plain;
use crate::output::Output;
use crate::progress::Progress;
use crate::write;

/// Carries it out.
pub(crate) fn execute(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let scenarios = scenarios(args)?;
    let baseline = args.baseline.as_ref().map(|path| Baseline::load(path, args.streams)).transpose()?;
    for path in args.save.iter().chain(&args.profile) {
        write::possible(path).map_err(Error::writing(path))?;
    }
    let progress = Progress::new(scenarios.len());
    let bench = Bench::new(args, &progress);
    let mut figures = Vec::with_capacity(scenarios.len());
    let mut failed = 0;
    for (name, scenario) in &scenarios {
        match bench.measure(name, scenario)? {
            Some(one) => figures.push(one),
            None => failed += 1,
        }
        progress.one_more(|| ());
    }
    progress.done();
    let all = args.filter.is_none();
    let verdict = baseline.map(|baseline| baseline.judge(&figures, args.max_regression, all));
    tell(args, &figures, verdict.as_ref(), out);
    if let Some(path) = &args.save {
        let text = format!("{:#}\n", json::document(&figures, args.streams, None));
        write::whole(path, text.as_bytes()).map_err(Error::writing(path))?;
    }
    let regressed = verdict.is_some_and(|verdict| verdict.regressions().next().is_some());
    Ok(if failed > 0 || regressed { Exit::Failed } else { Exit::Passed })
}

fn tell(args: &Args, figures: &[Figures], verdict: Option<&Verdict>, out: &mut Output) {
    if args.format == Plain::Json {
        out.line(&format!("{:#}", json::document(figures, args.streams, verdict)));
        return;
    }
    for one in figures {
        out.line(&pretty::scenario(one, verdict));
    }
    out.text(&pretty::end(figures.len(), verdict));
}

/// The scenarios to be measured, by the names of their trials: those that have exchanges and are to be run.
fn scenarios(args: &Args) -> Result<Vec<(String, Scenario)>, Error> {
    let here = [PathBuf::from(".")];
    let mut all = Vec::new();
    for found in discover(if args.paths.is_empty() { &here } else { &args.paths })? {
        let file = load(&found.path)?;
        let named = file.scenarios.into_iter().map(|scenario| (scenario.trial(&found.name), scenario));
        all.extend(named.filter(|(_, scenario)| has_exchanges(scenario)));
    }
    if let Some(text) = &args.filter {
        let count = all.len();
        all.retain(|(name, _)| name.contains(text));
        if all.is_empty() {
            let hint = format!("{count} can be measured; `proxy-wasm-test run --list` shows all names");
            return Err(Error::usage(format!("no name of a trial with exchanges contains {text:?}"), hint));
        }
    }
    if all.is_empty() {
        let hint = "skipped scenarios and known failures are left out".to_owned();
        return Err(Error::usage("no scenario has an exchange that could be measured", hint));
    }
    if args.profile.is_some() && all.len() > 1 {
        let hint = format!("there are {}: choose one with `--filter`", all.len());
        return Err(Error::usage("a profile is of one scenario", hint));
    }
    Ok(all)
}

fn has_exchanges(scenario: &Scenario) -> bool {
    let opens =
        |kind: &StepKind| matches!(kind, StepKind::Request(_) | StepKind::Open(_) | StepKind::Connect(_));
    let refused = StepKind::Start(StartOutcome::Refused);
    scenario.skip.is_none()
        && scenario.known_failure.is_none()
        && scenario.steps.iter().any(|step| opens(&step.kind))
        && scenario.steps.iter().all(|step| step.kind != refused)
}

/// What all scenarios have in common.
struct Bench<'a> {
    args: &'a Args,
    modules: ModuleSource,
    /// Compilation times by the module's SHA-256.
    compiled: std::cell::RefCell<BTreeMap<[u8; 32], u64>>,
}

impl<'a> Bench<'a> {
    fn new(args: &'a Args, progress: &Progress) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let engine = EngineSettings { guard: !args.unguarded, ..EngineSettings::default() };
        let notices = progress.clone();
        let source = ModuleSource::new(LoadOptions { engine, quick_first: false, ..args.limits.loading() })
            .build(!args.no_build && !set(modules::NO_BUILD))
            .notice(move |line| notices.notice(line));
        let modules = args.plugin.iter().fold(source, |source, (name, file)| source.replace(name, file));
        Self { args, modules, compiled: Default::default() }
    }

    /// Measures a scenario; nothing, when it does not pass.
    fn measure(&self, name: &str, scenario: &Scenario) -> Result<Option<Figures>, Error> {
        let args = self.args;
        let options = args.limits.running();
        let tried = run(scenario, &self.modules, &options).map_err(Error::Run)?;
        if !tried.passed() {
            let said = report(scenario, &tried, Style::Plain);
            error::tell(&format!("{name} does not pass, so it is not measured\n{}", said.trim_end()), None);
            return Ok(None);
        }
        let replay = |count_fuel, detail| {
            let options = RunOptions { count_fuel, detail, ..options.clone() };
            Replay::new(scenario, &self.modules, &options).map_err(Error::Run)
        };
        let counting = replay(true, Detail::Abi)?;
        let mut host = Timed { replay: &counting, streams: args.streams }.fresh();
        let mark = Mark::of(&host);
        let exchanges;
        (host, exchanges) = counting.play(host).map_err(Error::Run)?;
        let (fuel, fuel_outside, mut callbacks) = count::fuel(&host, mark);
        let asked = count::asked(&host, mark);
        drop(host);

        let plain = replay(false, Detail::Off)?;
        let timed = Timed { replay: &plain, streams: args.streams };
        let start = timed.start();
        let time = timed.exchanges(args.time / 2)?;
        let times = timed.callbacks(args.time / 2)?;
        let host = timed.fresh();
        for callback in &mut callbacks {
            let of = |vm: usize| host.transcript().vm_name(proxy_wasm_harness::proxy::VmIndex(vm));
            let found = times
                .iter()
                .find(|((vm, of_name), _)| *of_name == callback.name && of(*vm) == callback.plugin);
            callback.time = found.map(|(_, time)| *time);
        }
        let memory = memory(&plain, host, args.exchanges.get())?;
        if let Some(path) = &args.profile {
            profile::write(timed, name, args.time.max(std::time::Duration::from_secs(2)), path)?;
        }
        Ok(Some(Figures {
            name: name.to_owned(),
            exchanges,
            fuel,
            fuel_outside,
            time,
            callbacks,
            asked,
            memory,
            start,
            compile: self.compile(plain.scenario())?,
        }))
    }

    /// How long each plugin of the chain takes to compile.
    fn compile(&self, scenario: &Scenario) -> Result<Vec<(String, u64)>, Error> {
        let Chain::Plugins(plugins) = &scenario.chain else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for spec in plugins {
            // It was loaded before, so there is no error to place.
            let Ok(plugin) = self.modules.load(&spec.name, &spec.source) else { continue };
            let known = self.compiled.borrow().get(plugin.sha256()).copied();
            let took = match known {
                Some(took) => took,
                None => time::compile(&plugin, self.modules.options())?.as_nanos() as u64,
            };
            self.compiled.borrow_mut().insert(*plugin.sha256(), took);
            all.push((spec.name.clone(), took));
        }
        Ok(all)
    }
}

/// Linear memory of a host that has just started, and after so many exchanges.
fn memory(replay: &Replay, mut host: Box<Host>, exchanges: u32) -> Result<Memory, Error> {
    let started = host.memory_sizes().sum();
    let mut done = 0;
    while done < exchanges as usize {
        let opened;
        (host, opened) = replay.play(host).map_err(Error::Run)?;
        host.advance(time::APART);
        done += opened.max(1);
    }
    Ok(Memory { started, after: host.memory_sizes().sum(), exchanges: done })
}
