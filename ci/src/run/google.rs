//! `--google`: test files of Google's plugin tester, as they are, under that tester's own rules.

use std::path::{Path, PathBuf};
use std::time::Instant;

use proxy_wasm_harness::host::TesterOptions;
use proxy_wasm_harness::vm::{HANG_TIMEOUT, MAX_MEMORY};
use proxy_wasm_suites::google::{self, Suite, Test};
use proxy_wasm_suites::modules::ModuleSource;

use super::{Args, again};
use crate::error::{self, Error};
use crate::output::Output;
use crate::report::{Outcome, Trial};

/// The endings that such files have.
const ENDINGS: [&str; 6] = ["textproto", "textpb", "txtpb", "pbtxt", "yaml", "yml"];

/// One test, or a file that cannot be read.
pub(super) enum Job {
    Test(PathBuf, Box<(Suite, Test)>),
    Unreadable(PathBuf, google::Error),
}

impl Job {
    fn file(&self) -> &Path {
        match self {
            Self::Test(file, _) | Self::Unreadable(file, _) => file,
        }
    }

    fn label(&self) -> Option<&str> {
        match self {
            Self::Test(_, of) => Some(&of.1.name),
            Self::Unreadable(..) => None,
        }
    }

    /// `<file>::<test>`.
    pub(super) fn name(&self) -> String {
        match self.label() {
            Some(label) => format!("{}::{label}", stem(self.file())),
            None => stem(self.file()),
        }
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// The tests of all files.
///
/// # Errors
/// When no file is named, or the filter leaves nothing.
pub(super) fn jobs(args: &Args) -> Result<Vec<Job>, Error> {
    if args.paths.is_empty() {
        let hint =
            "for example: proxy-wasm-test run --google tests.textproto --plugin plugin.wasm".to_owned();
        return Err(Error::usage("--google needs the names of its files", hint));
    }
    let mut jobs = Vec::new();
    for path in &args.paths {
        let files = if path.is_dir() { below(path)? } else { vec![path.clone()] };
        for file in files {
            match google::read(&file) {
                Ok(suite) => {
                    let tests = suite.tests.iter().cloned();
                    jobs.extend(tests.map(|test| Job::Test(file.clone(), Box::new((suite.clone(), test)))));
                }
                Err(error) => jobs.push(Job::Unreadable(file, error)),
            }
        }
    }
    if let Some(text) = &args.filter {
        let whole = |job: &Job| job.name() == *text || job.label() == Some(text);
        let exact = jobs.iter().any(whole);
        jobs.retain(|job| if exact { whole(job) } else { job.name().contains(text.as_str()) });
        if jobs.is_empty() {
            return Err(Error::usage(format!("no test's name contains {text:?}"), None));
        }
    }
    Ok(jobs)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(Error::reading(folder))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)))
        .collect();
    files.sort();
    Ok(files)
}

/// Prints the names of the tests. A file that cannot be read is one of them, which will fail; why is told on stderr.
pub(super) fn list(jobs: &[Job], out: &mut Output) {
    for job in jobs {
        out.line(&job.name());
        if let Job::Unreadable(_, error) = job {
            error::tell(error, None);
        }
    }
}

/// Carries one out.
pub(super) fn carry_out(job: &Job, args: &Args, modules: &ModuleSource) -> Trial {
    let began = Instant::now();
    let mut trial = Trial::new(job.file().to_path_buf(), stem(job.file()), job.label().map(str::to_owned));
    match job {
        Job::Unreadable(_, error) => unusable(&mut trial, error.line, error.to_string()),
        Job::Test(_, of) => {
            let (suite, test) = &**of;
            trial.line = test.line;
            match played(suite, test, args, modules) {
                Err(why) => unusable(&mut trial, Some(test.line), why),
                Ok(played) if played.failures.is_empty() => {}
                Ok(played) => {
                    trial.outcome = Outcome::Failed;
                    let place = format!("{}:{}: ", job.file().display(), test.line);
                    trial.text = played.failures.iter().map(|why| format!("{place}{why}\n")).collect();
                    if args.telling.trace {
                        trial.beside = format!("every callback and hostcall:\n{}", played.trace);
                    }
                }
            }
        }
    }
    trial.again = Some(again::command(args, job.file(), job.label()));
    trial.wall = began.elapsed();
    trial
}

fn unusable(trial: &mut Trial, line: Option<usize>, why: String) {
    trial.outcome = Outcome::Unusable;
    trial.line = line.unwrap_or(0);
    trial.text.clone_from(&why);
    trial.unusable = vec![why];
}

fn played(suite: &Suite, test: &Test, args: &Args, modules: &ModuleSource) -> Result<google::Played, String> {
    let module = match args.plugin.as_slice() {
        [(_, file)] => file.clone(),
        [] if suite.env.wasm_path.is_empty() => {
            return Err(format!(
                "{}: no module is named\nhelp: name one with --plugin",
                suite.path.display()
            ));
        }
        [] => PathBuf::from(&suite.env.wasm_path),
        _ => return Err("--google takes one --plugin".to_owned()),
    };
    let plugin = modules.file(&module).map_err(|error| error.message)?;
    let config = config(suite, args.config.as_deref()).map_err(|error| error.to_string())?;
    let limits = TesterOptions {
        hang_timeout: args.limits.hang_timeout.unwrap_or(HANG_TIMEOUT),
        max_memory: args.limits.max_memory.unwrap_or(MAX_MEMORY),
        ..TesterOptions::default()
    };
    google::play(suite, test, &plugin, &config, &limits).map_err(|error| error.to_string())
}

/// The plugin's configuration: of the file that the command line names, or the test file.
pub(crate) fn config(suite: &Suite, named: Option<&Path>) -> Result<Vec<u8>, Error> {
    let path = match named {
        Some(path) => path,
        None if suite.env.config_path.is_empty() => return Ok(Vec::new()),
        None => Path::new(&suite.env.config_path),
    };
    std::fs::read(path).map_err(Error::reading(path))
}
