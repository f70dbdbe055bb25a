//! The figures that the harness is to reach, measured, each beside its goal.
//!
//! `cargo bench -p proxy-wasm-benches --bench table`

use std::sync::Arc;
use std::time::{Duration, Instant};

use proxy_wasm_benches::against;
use proxy_wasm_benches::guests::{ALL, Workload};
use proxy_wasm_benches::process;
use proxy_wasm_benches::rounds::{Variant, measure};
use proxy_wasm_harness::host::Template;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::vm::EngineSettings;

fn main() {
    process::child();
    println!("{:<58} {:>10} {:>10}", "", "measured", "goal");
    exchanges();
    recording();
    images();
    processes();
}

/// A line of the table; lower is better, but where `least` says so.
fn row(what: &str, measured: f64, goal: f64, unit: &str, least: bool) {
    let met = if least { measured >= goal } else { measured <= goal };
    let sign = if least { ">=" } else { "<=" };
    let mark = if met { "" } else { "   not met" };
    println!("{what:<58} {measured:>7.2} {unit:<3} {sign} {goal} {unit}{mark}");
}

fn named(name: &str) -> &'static Workload {
    ALL.iter().find(|workload| workload.name == name).expect("a workload")
}

fn exchanges() {
    let goals =
        [("no-op, Rust", 3.0), ("headers, Rust", 1.25), ("headers, Go", 1.15), ("64 KiB body, Rust", 1.25)];
    for (name, goal) in goals {
        for (guard, word) in [(false, "unguarded"), (true, "guarded")] {
            let settings = EngineSettings { guard, ..EngineSettings::default() };
            let figures = against::floor(named(name), settings, &[("off", Detail::Off)]);
            row(
                &format!("exchange against the floor: {name}, {word}"),
                figures[1].ratio[1],
                goal,
                "x",
                false,
            );
        }
    }
}

fn recording() {
    let details = [("off", Detail::Off), ("abi", Detail::Abi)];
    let figures = against::floor(named("headers, Rust"), EngineSettings::default(), &details);
    row(
        "recording everything against recording nothing: headers",
        figures[2].nanos / figures[1].nanos,
        1.3,
        "x",
        false,
    );
}

fn images() {
    for name in ["headers, Rust", "headers, Go"] {
        let workload = named(name);
        let template = workload.builder(EngineSettings::default()).record(Detail::Off).template();
        let template = template.expect("it starts");
        template.image().expect("it can be imaged");
        let request = Arc::new(workload.request());
        let fresh = || Variant::new("fresh", || (), |()| drop(template.fresh()));
        let nanos = |variant: Variant<'_>| measure(&mut [variant], 15, 1000)[0].nanos / 1e3;
        row(&format!("fresh configured VM from an image: {name}"), nanos(fresh()), 15.0, "us", false);
        row(&format!("the same, on two threads: {name}"), speed_of_two(&template), 1.7, "x", true);
        let exchange =
            Variant::new("and one exchange", || (), |()| drop(template.fresh().send(Arc::clone(&request))));
        let (words, took) = (format!("the same, and one exchange: {name}"), nanos(exchange));
        match name {
            "headers, Go" => row(&words, took, 60.0, "us", false),
            _ => println!("{words:<58} {took:>7.2} us"),
        }
        // From here on each VM that is dropped has the pages restored that exchanges have written in its place.
        let words = format!("the same without, after others had exchanges: {name}");
        println!("{words:<58} {:>7.2} us", nanos(fresh()));
    }
}

/// How many times as many fresh VMs two threads make as one, in the same time.
fn speed_of_two(template: &Template) -> f64 {
    const EACH: u32 = 4000;
    let run = |threads: u32| {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..EACH).for_each(|_| drop(template.fresh())));
            }
        });
        began.elapsed().as_secs_f64() / f64::from(threads)
    };
    let mut ratios: Vec<f64> = (0..9).map(|_| run(1) / run(2)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn processes() {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    for (name, cached, goal) in [
        ("headers, Rust", true, 8.0),
        ("headers, Go", true, 15.0),
        ("headers, Rust", false, 90.0),
        ("headers, Go", false, 500.0),
    ] {
        let took = process::first_exchange(named(name), cached, if cached { 21 } else { 7 });
        let words = if cached { "cached" } else { "nothing cached" };
        row(&format!("process start to first exchange, {words}: {name}"), millis(took), goal, "ms", false);
    }
    let second = process::second_run();
    let each = millis(second.took) / second.scenarios as f64;
    row(&format!("second run of {} scenarios, each", second.scenarios), each, 2.0, "ms", false);
    row("memory of that run, two threads", second.memory as f64 / f64::from(1 << 20), 150.0, "MB", false);
}
