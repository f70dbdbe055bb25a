//! `completions`: what a shell needs to complete this program's arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test completions bash > ~/.local/share/bash-completion/completions/proxy-wasm-test
  proxy-wasm-test completions zsh > \"${fpath[1]}/_proxy-wasm-test\"
  proxy-wasm-test completions fish > ~/.config/fish/completions/proxy-wasm-test.fish";

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    out.text(&String::from_utf8_lossy(&script));
    Ok(Exit::Passed)
}
