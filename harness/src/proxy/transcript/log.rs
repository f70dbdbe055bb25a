//! The `log` view: what plugins logged, with virtual time, plugin and level.

use std::fmt::Write as _;

use super::event::Kind;
use super::text::show_bytes;
use super::{Event, Transcript};
use crate::abi::LogLevel;

impl Transcript {
    /// The log lines, one a line.
    #[must_use]
    pub fn log(&self) -> String {
        self.log_since(0)
    }

    /// The log lines from event `mark` on.
    #[must_use]
    pub fn log_since(&self, mark: usize) -> String {
        let mut out = String::new();
        for event in &self.events()[mark.min(self.events().len())..] {
            self.log_event(&mut out, event);
        }
        out
    }

    /// The `http` and the `log` view in one, in the order in which things happened.
    #[must_use]
    pub fn http_and_log(&self) -> String {
        let mut out = String::new();
        for event in self.events() {
            self.http_event(&mut out, event);
            self.log_event(&mut out, event);
        }
        out
    }

    pub(super) fn log_event(&self, out: &mut String, event: &Event) {
        let _ = match event.kind {
            Kind::Log { vm, plugin, level, message } => {
                let name = plugin.map_or_else(|| self.vm_name(vm), |plugin| self.plugin_name(plugin));
                writeln!(out, "[{}] {name} {}: {}", event.at, word(level), show_bytes(self.bytes(message)))
            }
            Kind::Trap { vm, callback, message } => writeln!(
                out,
                "[{}] {} trapped in {}: {}",
                event.at,
                self.vm_name(vm),
                callback.name(),
                show_bytes(self.bytes(message))
            ),
            Kind::Unimplemented { vm, row } => {
                writeln!(
                    out,
                    "[{}] {} called {}, which is not implemented",
                    event.at,
                    self.vm_name(vm),
                    row.name
                )
            }
            Kind::Fault { vm, fault } => writeln!(
                out,
                "[{}] {}: {} in {}: {}",
                event.at,
                vm.map_or("proxy", |vm| self.vm_name(vm)),
                fault.id,
                fault.call,
                fault.what
            ),
            _ => Ok(()),
        };
    }
}

/// A level as Envoy's log prints it.
fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warning",
        LogLevel::Error => "error",
        LogLevel::Critical => "critical",
    }
}
