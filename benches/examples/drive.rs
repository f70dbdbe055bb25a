//! One task over and over, for profilers: `drive WORKLOAD TASK TIMES [RECORD]`, where the task is `exchange`, `start`,
//! `image`, `fresh` (a host from an image, and one exchange), `used` (a host from an image, where others had exchanges before)
//! or `floor`.

use std::sync::Arc;

use proxy_wasm_benches::floor::Floor;
use proxy_wasm_benches::guests;
use proxy_wasm_benches::rounds::processor_time;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::vm::EngineSettings;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [workload, task, times, rest @ ..] = &args[..] else {
        eprintln!("usage: drive WORKLOAD exchange|start|image|fresh|used|floor TIMES [off|http|log|abi]");
        std::process::exit(2);
    };
    let workload =
        guests::ALL.into_iter().find(|known| known.name == workload).expect("a workload of `guests`");
    let detail = match rest.first().map(String::as_str) {
        Some("http") => Detail::Http,
        Some("log") => Detail::Log,
        Some("abi") => Detail::Abi,
        _ => Detail::Off,
    };
    let times: u32 = times.parse().expect("a number");
    let settings = EngineSettings { guard: false, ..EngineSettings::default() };
    let builder = workload.builder(settings).record(detail);
    let mut run: Box<dyn FnMut()> = match task.as_str() {
        "exchange" => {
            let mut host = builder.build().expect("it starts");
            let request = Arc::new(workload.request());
            Box::new(move || drop(host.send(Arc::clone(&request))))
        }
        "floor" => {
            let mut floor = Floor::new(&workload, &workload.plugin(settings));
            Box::new(move || floor.exchange())
        }
        // Not a template's start: a template would begin to make an image meanwhile.
        "start" => Box::new(move || drop(builder.clone().build().expect("it starts"))),
        "image" => {
            let template = builder.template().expect("it starts");
            template.image().expect("it can be imaged");
            Box::new(move || drop(template.fresh()))
        }
        "fresh" => {
            let template = builder.template().expect("it starts");
            template.image().expect("it can be imaged");
            let request = Arc::new(workload.request());
            Box::new(move || drop(template.fresh().send(Arc::clone(&request))))
        }
        "used" => {
            let template = builder.template().expect("it starts");
            template.image().expect("it can be imaged");
            let request = Arc::new(workload.request());
            (0..250).for_each(|_| drop(template.fresh().send(Arc::clone(&request))));
            Box::new(move || drop(template.fresh()))
        }
        other => panic!("no task {other}"),
    };
    for _ in 0..times / 10 {
        run();
    }
    // Valgrind has no clock for the time of a thread.
    if std::env::var_os("UNTIMED").is_some() {
        return repeat(times, &mut run);
    }
    let began = processor_time();
    repeat(times, &mut run);
    println!("{:.3} us", (processor_time() - began).as_secs_f64() * 1e6 / f64::from(times));
}

/// A function of its own so that a profiler can be told to look at nothing else.
#[inline(never)]
fn repeat(times: u32, run: &mut dyn FnMut()) {
    for _ in 0..times {
        run();
    }
}
