//! `import-google`: test files of Google's plugin tester as scenario files.

use std::path::{Component, Path, PathBuf};

use proxy_wasm_suites::google;

use crate::error::{self, Error};
use crate::exit::Exit;
use crate::output::Output;
use crate::{run, write};

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test import-google tests.textproto --plugin plugin.wasm > plugin.scenario.yaml
  proxy-wasm-test import-google tests.yaml --config config.json --out plugin.scenario.yaml

The scenarios run on a whole proxy, so a test that leaned on the tester's ways may come out otherwise; what has no
counterpart is named in comments and on stderr. To run such a file as it is, under the tester's own rules:
`proxy-wasm-test run --google FILE`.";

/// Turn test files of Google's plugin tester into scenario files
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The test file: text format, or YAML when it ends in .yaml or .yml
    file: PathBuf,

    /// The module [default: the file's `wasm_path`]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,

    /// The plugin's configuration [default: the file's `config_path`]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Write it to this file, which must not be there yet [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let suite = google::read(&args.file).map_err(|error| Error::usage(error.to_string(), None))?;
    let plugin = match &args.plugin {
        Some(path) => path.clone(),
        None if suite.env.wasm_path.is_empty() => {
            let hint = "name one with --plugin".to_owned();
            return Err(Error::usage(format!("{}: no module is named", args.file.display()), hint));
        }
        None => PathBuf::from(&suite.env.wasm_path),
    };
    let config = run::google_config(&suite, args.config.as_deref())?;
    let folder = args.out.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let plugin = seen_from(folder, &plugin);
    let imported = google::import(&suite, &plugin, Some(&config));
    match &args.out {
        None => out.text(&imported.text),
        Some(path) => {
            write::new(path, imported.text.as_bytes()).map_err(Error::writing(path))?;
            out.line(&format!("wrote {}: {} scenarios", path.display(), suite.tests.len()));
        }
    }
    for note in &imported.notes {
        error::warn(&format!("not taken over: {note}"));
    }
    Ok(Exit::Passed)
}

/// The path of `file` from `folder`, as far as plain paths can say it.
fn seen_from(folder: &Path, file: &Path) -> String {
    let plain =
        |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if file.is_absolute() || folder.as_os_str().is_empty() {
        return file.display().to_string();
    }
    if !plain(folder) {
        return std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf()).display().to_string();
    }
    let up = folder.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| "..");
    let names = file.components().filter(|part| *part != Component::CurDir);
    let names = names.map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.map(str::to_owned).chain(names).collect::<Vec<_>>().join("/")
}
