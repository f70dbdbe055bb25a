//! `man`: the manual pages, made from the same words as `--help`.

use std::path::PathBuf;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Output;
use crate::write;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test man | man -l -
  proxy-wasm-test man run | man -l -
  proxy-wasm-test man --folder ~/.local/share/man/man1";

/// Print a manual page, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The command whose page is printed [default: the program's own page]
    command: Option<String>,

    /// Write every page into this folder, which must exist
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    folder: Option<PathBuf>,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &args.folder {
        for (name, command) in pages(&program) {
            let path = folder.join(format!("{name}.1"));
            write::whole(&path, page(command, &name).as_bytes()).map_err(Error::writing(&path))?;
            out.line(&path.display().to_string());
        }
        return Ok(Exit::Passed);
    }
    let name = args.command.as_deref().map_or_else(|| program.get_name().to_owned(), page_name);
    let Some((name, command)) = pages(&program).into_iter().find(|(known, _)| *known == name) else {
        let all: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
        let hint = format!("the commands are: {}", all.join(", "));
        let unknown = args.command.as_deref().unwrap_or_default();
        return Err(Error::usage(format!("there is no command {unknown:?}"), hint));
    };
    out.text(&page(command, &name));
    Ok(Exit::Passed)
}

/// The program and its commands, each with the name of its page.
fn pages(program: &Command) -> Vec<(String, &Command)> {
    let own = (program.get_name().to_owned(), program);
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    std::iter::once(own).chain(commands.map(|one| (page_name(one.get_name()), one))).collect()
}

fn page_name(command: &str) -> String {
    format!("proxy-wasm-test-{command}")
}

/// The page in roff.
fn page(command: &Command, name: &str) -> String {
    let man = Man::new(command.clone()).title(name).manual("proxy-wasm-test");
    let mut text = Vec::new();
    // A vector takes everything.
    let _ = man.render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
