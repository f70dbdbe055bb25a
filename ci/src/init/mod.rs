//! `init`: the first files of a plugin's tests. In reading order: `subject` (which plugin), `first` (its first scenarios, by a
//! trial), `workflow` (for CI), `manifest` (beside a `Cargo.toml`), this file (what is written).
//!
//! No file is overwritten, and no line of a manifest is changed: lines are added.

mod first;
mod manifest;
mod subject;
mod workflow;

use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario;
use proxy_wasm_suites::modules::ModuleSource;

use crate::error::{self, Error};
use crate::exit::Exit;
use crate::limits::Limits;
use crate::output::Output;
use crate::style::{BOLD, FAINT};
use crate::write;
use subject::Subject;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test init build/limiter.wasm     # a plugin in any language
  proxy-wasm-test init                        # in a Rust package, or beside the one .wasm file

Nothing is overwritten: files that are there stay as they are.";

/// The folder of scenario files.
const FOLDER: &str = "scenarios";

/// Write a first scenario and what CI needs, from what the plugin does now
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The module [default: the package of the Cargo.toml here, or the one .wasm file here or in build/, dist/, out/]
    plugin: Option<PathBuf>,

    #[command(flatten)]
    limits: Limits,
}

/// A file that is to be there.
struct Planned {
    path: PathBuf,
    text: String,
    /// What it is for.
    purpose: &'static str,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let subject = Subject::find(args.plugin.as_deref())?;
    let modules = ModuleSource::new(args.limits.loading()).notice(error::note);
    let path = Path::new(FOLDER).join(format!("{}.scenario.yaml", subject.name));
    let schema = Path::new(FOLDER).join("scenario.schema.json");
    let mut files = Vec::new();
    if !path.exists() {
        let text = first::scenario(&path, &subject, &modules, &args.limits)?;
        files.push(Planned { path: path.clone(), text, purpose: "what the plugin does now, as scenarios" });
    }
    let text = format!("{:#}\n", scenario::schema());
    files.push(Planned { path: schema, text, purpose: "what editors complete and check them by" });
    if subject.package.is_some() {
        let text = format!("proxy_wasm_suites::scenarios!({FOLDER:?});\n");
        let path = Path::new("tests").join("scenarios.rs");
        files.push(Planned { path, text, purpose: "runs them in `cargo test`" });
    }
    let path_of_workflow = workflow::path();
    let text = workflow::text(&subject, path_of_workflow.parent());
    files.push(Planned { path: path_of_workflow, text, purpose: "runs them in GitHub Actions" });
    // What cannot be added to the manifest is known before anything is written.
    let manifest = subject.package.is_some().then(manifest::additions).transpose()?.flatten();

    let mut wrote = false;
    if path.exists() {
        out.line(&format!("{} is there, and stays as it is", path.display()));
    }
    for Planned { path, text, purpose } in &files {
        if path.exists() {
            out.line(&format!("{} is there, and stays as it is", path.display()));
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::writing(folder))?;
        }
        write::new(path, text.as_bytes()).map_err(Error::writing(path))?;
        wrote = true;
        out.line(&format!("wrote {BOLD}{}{BOLD:#}  {FAINT}{purpose}{FAINT:#}", path.display()));
    }
    if let Some(added) = &manifest {
        write::whole(&added.path, added.text.as_bytes()).map_err(Error::writing(&added.path))?;
        wrote = true;
        let what = added.what.join(" and ");
        out.line(&format!("added to {BOLD}{}{BOLD:#}  {FAINT}{what}{FAINT:#}", added.path.display()));
    }
    if !wrote {
        out.line("nothing was changed");
    }
    next(&subject, &path, out);
    Ok(Exit::Passed)
}

fn next(subject: &Subject, path: &Path, out: &mut Output) {
    out.line("\nnext:");
    let mut say = |command: &str, why: &str| out.line(&format!("  {command:<44} {FAINT}{why}{FAINT:#}"));
    say("proxy-wasm-test run", "carries the scenarios out");
    if subject.package.is_some() {
        say("cargo test", "the same, as tests");
    }
    if let Some(module) = &subject.module {
        say(&format!("proxy-wasm-test try {} /", module.display()), "curl for the plugin");
        let check = format!("proxy-wasm-test check {} --scenario {FOLDER}", module.display());
        say(&check, "looks for the bugs that plugins ship with");
    }
    say(
        &format!("proxy-wasm-test run --accept {}", path.display()),
        "fills in what new steps show; look at it before you commit it",
    );
}
