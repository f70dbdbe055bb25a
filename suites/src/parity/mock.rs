//! The same scenario on the mock, and its views.

use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind as EventKind};
use proxy_wasm_harness::scenario::Scenario;

use super::mock_http;
use super::normalise;
use super::simulate::Simulated;
use super::views::{self, Views};

/// Whose VMs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    /// The one that serves streams.
    Worker,
    /// The one that starts the others.
    Main,
}

/// The views of a scenario on the mock. The VMs of `stand_ins` are not there on Envoy.
pub(super) fn views(scenario: &Scenario, simulated: &Simulated, thread: Thread, stand_ins: &[&str]) -> Views {
    let transcript = &simulated.transcript;
    let mut views = Views {
        http: mock_http::lines(scenario, simulated),
        stats: simulated.stats.clone(),
        ..Views::default()
    };
    let mut depth = 0;
    // Calls under way in the VMs of the other thread.
    let mut elsewhere = 0;
    for event in transcript.events() {
        let skipped = match event.kind {
            EventKind::Callback { vm, .. } | EventKind::Hostcall { vm, .. } => {
                let skipped = !runs_on(thread, transcript.vm_name(vm), stand_ins);
                elsewhere += usize::from(skipped);
                skipped
            }
            EventKind::Returned { .. } | EventKind::Answered { .. } | EventKind::Trap { .. }
                if elsewhere > 0 =>
            {
                elsewhere -= 1;
                true
            }
            EventKind::Log { vm, .. } | EventKind::Unimplemented { vm, .. } => {
                !runs_on(thread, transcript.vm_name(vm), stand_ins)
            }
            _ => false,
        };
        if !skipped {
            calls(&mut views, transcript, event.kind, &mut depth);
        }
    }
    normalise::clock_reads(&mut views.abi);
    views
}

/// Whether a VM is one of the thread's; the name of one that serves no stream tells what it is for.
fn runs_on(thread: Thread, vm: &str, stand_ins: &[&str]) -> bool {
    let role = ["@base", "@canary", "@main"].iter().find_map(|role| vm.find(role));
    let plugins = &vm[..role.unwrap_or(vm.len())];
    !plugins.split('+').all(|plugin| stand_ins.contains(&plugin))
        && role.is_some() == (thread == Thread::Main)
}

/// The name of a VM without what it is for.
fn plain(vm: &str) -> &str {
    ["@base", "@canary", "@main"].iter().find_map(|role| vm.split_once(role)).map_or(vm, |(name, _)| name)
}

fn calls(views: &mut Views, transcript: &Transcript, kind: EventKind, depth: &mut usize) {
    let indent = |depth: usize| "  ".repeat(depth);
    match kind {
        EventKind::Callback { vm, callback, args, len, .. } => {
            let args: Vec<String> =
                args[..usize::from(len)].iter().map(|arg| (*arg as i32 as u32).to_string()).collect();
            let (vm, name) = (plain(transcript.vm_name(vm)), callback.name());
            views.abi.push(format!("{}{vm} {name}({})", indent(*depth), args.join(", ")));
            *depth += 1;
        }
        EventKind::Returned { value, .. } => {
            *depth = depth.saturating_sub(1);
            let value = normalise::returned(value.map(i64::from), *depth > 0);
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        EventKind::Hostcall { row, args, .. } => {
            let shown: Vec<String> = if row.module == "env" {
                Args(transcript.bytes(args)).map(arg).collect()
            } else {
                Vec::new()
            };
            views.abi.push(format!("{}{}({})", indent(*depth), row.name, shown.join(", ")));
            *depth += 1;
        }
        EventKind::Answered { status, errno, .. } => {
            *depth = depth.saturating_sub(1);
            let value = status
                .map(|status| status.to_abi().to_string())
                .or_else(|| errno.map(|errno| errno.to_abi().to_string()))
                .unwrap_or_else(|| "void".to_owned());
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        EventKind::Trap { vm, callback, message } => {
            *depth = depth.saturating_sub(1);
            let message = String::from_utf8_lossy(transcript.bytes(message)).into_owned();
            let line = views::trap_line(plain(transcript.vm_name(vm)), callback.name(), &message);
            views.abi.push(format!("{}{line}", indent(*depth)));
            views.log.push(line);
        }
        EventKind::Unimplemented { row, .. } => {
            views.abi.push(format!("{}{} is not implemented", indent(*depth), row.name));
        }
        EventKind::Log { vm, level, message, .. } => {
            let message = transcript.bytes(message);
            views.log.push(views::log_line(plain(transcript.vm_name(vm)), level_word(level), message));
        }
        _ => {}
    }
}

/// A level as Envoy's log names it.
fn level_word(level: proxy_wasm_harness::abi::LogLevel) -> &'static str {
    use proxy_wasm_harness::abi::LogLevel;
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warning",
        LogLevel::Error => "error",
        LogLevel::Critical => "critical",
    }
}

fn arg(arg: Arg<'_>) -> String {
    match arg {
        Arg::Number(number) => (number as i64).to_string(),
        Arg::Signed(number) => number.to_string(),
        Arg::Bytes(bytes) | Arg::Pairs(bytes) => format!("#{}", bytes.len()),
        Arg::OutOfBounds(len) => format!("#{len}"),
    }
}
