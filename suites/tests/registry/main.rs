//! Modules from a real registry (Debian's `docker-registry`, or the one that `DOCKER_REGISTRY` names) and from web servers,
//! all on loopback, started and stopped by their tests. Without a registry those that need one are ignored, and say why.

mod images;
mod manifests;
mod pack;
mod policies;
mod private;
mod server;
mod web;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let registry = server::program();
    let mut trials: Vec<Trial> = web::TESTS.iter().map(|(name, run)| trial("web", name, *run)).collect();
    for (area, tests) in
        [("images", images::TESTS), ("policies", policies::TESTS), ("private", private::TESTS)]
    {
        for (name, run) in tests {
            let test = match &registry {
                Ok(_) => trial(area, name, *run),
                Err(why) => trial(area, &format!("{name} ({why})"), || ()).with_ignored_flag(true),
            };
            trials.push(test);
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(area: &str, name: &str, run: fn()) -> Trial {
    Trial::test(format!("{area}::{name}"), move || {
        run();
        Ok(())
    })
}
