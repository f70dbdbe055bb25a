//! The command line of the Proxy-Wasm test host.
//!
//! In reading order: `cli` (what can be typed), a file or folder per subcommand (`run`, `try_plugin`, `check`,
//! `explain`, `bench`, `parity`, `inspect`, `chain`, `schema`, `init`, `import_google`, `completions`, `man`), `report`
//! (results in each format), `output`, `style` (where text goes), `error`, `exit`, `crash` (how it ends).

mod bench;
mod chain;
mod check;
mod cli;
mod completions;
mod crash;
mod error;
mod exit;
mod explain;
mod fetching;
mod fill;
mod format;
mod import_google;
mod init;
mod inspect;
mod limits;
mod man;
mod output;
mod parity;
mod progress;
mod report;
mod run;
mod schema;
mod story;
mod style;
mod try_plugin;
mod values;

use std::process::ExitCode;

use clap::Parser;
use proxy_wasm_suites::write;

use cli::{Cli, Command};
use exit::Exit;
use output::Output;

/// Compiling allocates much, on several threads at once: musl's own allocator, in the static program, would make that a
/// good deal longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crash::install();
    let cli = Cli::parse();
    cli.color.apply();
    let exit = crash::caught(|| {
        let mut out = Output::stdout();
        let done = match cli.command {
            Command::Run(args) => run::run(&args, &mut out),
            Command::Try(args) => try_plugin::run(&args, &mut out),
            Command::Check(args) => check::run(&args, &mut out),
            Command::Explain(args) => explain::run(&args, &mut out),
            Command::Bench(args) => bench::execute(&args, &mut out),
            Command::Parity(args) => parity::run(&args, &mut out),
            Command::Inspect(args) => inspect::run(&args, &mut out),
            Command::Chain(args) => chain::run(&args, &mut out),
            Command::Schema(args) => schema::run(&args, &mut out),
            Command::Init(args) => init::run(&args, &mut out),
            Command::ImportGoogle(args) => import_google::run(&args, &mut out),
            Command::Completions(args) => completions::run(&args, &mut out),
            Command::Man(args) => man::run(&args, &mut out),
        };
        let exit = done.and_then(|exit| out.finish().map(|()| exit)).unwrap_or_else(|error| {
            error.tell();
            Exit::Unusable
        });
        // What is told is told; the next run finds its modules compiled.
        proxy_wasm_harness::vm::finish_compiling();
        exit
    });
    exit.into()
}
