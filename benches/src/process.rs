//! What a whole process costs: from its start to its first exchange, and a second run of all scenarios.
//!
//! A bench starts itself again, with one of these tasks as its only argument.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::scenario::{RunOptions, discover, load, run};
use proxy_wasm_harness::vm::{ArtifactCache, LoadOptions, Plugin};
use proxy_wasm_suites::modules::ModuleSource;

use crate::guests::{ALL, Workload};
use crate::rounds::time_of_process;

/// The variable that says what the child is to do.
const TASK: &str = "PROXY_WASM_BENCH_TASK";
/// The variable that says where its compiled modules are.
const CACHE: &str = "PROXY_WASM_BENCH_CACHE";
/// The variable that makes the child compile as later runs have it, for the cache, in place of quickly.
const FILL: &str = "PROXY_WASM_BENCH_FILL";
/// The task of running all scenarios.
const SCENARIOS: &str = "scenarios";

/// Does what this process was started for, when a bench started it, and does not come back then.
pub fn child() {
    let (Ok(task), Some(cache)) = (std::env::var(TASK), std::env::var_os(CACHE)) else { return };
    let cache = ArtifactCache::new(PathBuf::from(cache));
    let quick_first = std::env::var_os(FILL).is_none();
    let options = LoadOptions { cache: Some(cache), quick_first, ..LoadOptions::default() };
    if task == SCENARIOS {
        println!("{}", all_scenarios(&ModuleSource::new(options)));
        println!("{}", peak_memory());
    } else {
        let workload = ALL.iter().find(|workload| workload.name == task).expect("a workload");
        let plugin = Plugin::from_bytes(workload.name, &workload.wasm(), &options).expect("it loads");
        let mut host =
            Host::builder().plugin(plugin.config(workload.config)).build().expect("the plugin starts");
        drop(host.send(workload.request()));
        println!("{}", time_of_process().as_nanos());
    }
    // What is compiled for later runs is not waited for: `fill` does that where it is wanted.
    std::process::exit(0);
}

/// Runs every scenario of the suites on two threads, and says how many there are.
fn all_scenarios(modules: &ModuleSource) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suites/scenarios");
    let found = discover(&[folder]).expect("scenarios");
    let files = found.iter().map(|found| load(&found.path).expect("it can be read"));
    let all: Vec<_> = files.flat_map(|file| file.scenarios).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(scenario) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(scenario, modules, &RunOptions::default()).expect("it can be run");
                }
            });
        }
    });
    all.len()
}

/// Bytes that this process had resident at most, as far as the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Fills the cache for a task. Not this process: what it has compiled already it would not compile for the cache.
fn fill(task: &str, cache: &Path) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(TASK, task).env(CACHE, cache).env(FILL, "1").stdout(Stdio::null());
    assert!(command.status().expect("it starts again").success(), "{task}");
}

fn task(task: &str, cache: &Path) -> (Duration, String) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(TASK, task).env(CACHE, cache).stdout(Stdio::piped());
    let began = Instant::now();
    let output = command.output().expect("it starts again");
    let took = began.elapsed();
    assert!(output.status.success(), "{task}: {}", String::from_utf8_lossy(&output.stderr));
    (took, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a process takes from its start to the end of its first exchange.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// Wall-clock time, median. On a machine that others use as well this is their time, too.
    pub took: Duration,
    /// Processor time of all its threads, median.
    pub used: Duration,
}

/// A process from its start to the end of its first exchange. With a cache that another process has filled, or with an
/// empty one.
///
/// # Panics
///
/// When the process fails.
#[must_use]
pub fn first_exchange(workload: &Workload, cached: bool, rounds: usize) -> First {
    let dir = tempfile::tempdir().expect("a folder");
    let cache = |number: usize| dir.path().join(if cached { 0 } else { number }.to_string());
    if cached {
        fill(workload.name, &cache(0));
    }
    let (took, used) = (1..=rounds)
        .map(|number| {
            let (took, said) = task(workload.name, &cache(number));
            (took, Duration::from_nanos(said.trim().parse().expect("a number")))
        })
        .unzip();
    First { took: median(took), used: median(used) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What a second run of all scenarios takes.
#[derive(Clone, Copy, Debug)]
pub struct SecondRun {
    /// Wall-clock time of the process.
    pub took: Duration,
    /// Scenarios.
    pub scenarios: usize,
    /// Bytes that it had resident at most.
    pub memory: u64,
}

/// Runs all scenarios of the suites twice, each time in a process of its own, and measures the second.
///
/// # Panics
///
/// When a process fails.
#[must_use]
pub fn second_run() -> SecondRun {
    let dir = tempfile::tempdir().expect("a folder");
    let cache = dir.path().join("modules");
    fill(SCENARIOS, &cache);
    let (took, said) = task(SCENARIOS, &cache);
    let mut numbers = said.lines().map(|line| line.parse::<u64>().expect("a number"));
    let mut number = || numbers.next().expect("a number");
    SecondRun { took, scenarios: number() as usize, memory: number() }
}
