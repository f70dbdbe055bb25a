//! Figures for people.

use std::fmt::Write as _;

use proxy_wasm_harness::vm::WASMTIME;

use super::baseline::{Grown, Verdict};
use super::figures::{Callback, Figures};
use super::interval::Interval;
use crate::style::{BOLD, FAILED, FAINT, NOTED, PASSED};

/// Columns of the longest bar.
const BAR: usize = 20;

/// One scenario.
pub(super) fn scenario(one: &Figures, verdict: Option<&Verdict>) -> String {
    let mut out = format!("{BOLD}{}{BOLD:#}  {FAINT}{}{FAINT:#}\n", one.name, exchanges(one.exchanges));
    let change = |of: &str| {
        let mut all = verdict.iter().flat_map(|verdict| &verdict.changes);
        let found = all.find(|grown| grown.scenario == one.name && grown.of == of);
        found.map(|grown| told(grown, verdict.map_or(0.0, |verdict| verdict.allowed))).unwrap_or_default()
    };
    let _ = writeln!(out, "  time       {} per exchange  {}", nanos(one.time.median), doubt(&one.time));
    let _ = writeln!(out, "  fuel       {} per exchange{}", thousands(one.fuel_each()), change("exchange"));
    let outside = thousands(one.fuel_outside as f64);
    let _ =
        writeln!(out, "             {outside} for the start and outside of exchanges{}", change("outside"));
    callbacks(&mut out, &one.callbacks);
    let asked = &one.asked;
    let calls: Vec<String> = asked.hostcalls.iter().map(|(name, calls)| format!("{name} {calls}")).collect();
    if !calls.is_empty() {
        let _ = writeln!(out, "  hostcalls  {}", calls.join(", "));
    }
    let _ = writeln!(
        out,
        "  copied     {} to plugins, {} from them",
        size(asked.bytes_to_plugins),
        size(asked.bytes_from_plugins)
    );
    let _ = writeln!(out, "  log        {} lines, {}", asked.log_lines, size(asked.log_bytes));
    let _ = writeln!(
        out,
        "  memory     {} when started, {} after {}",
        size(one.memory.started),
        size(one.memory.after),
        exchanges(one.memory.exchanges)
    );
    let compile: Vec<String> =
        one.compile.iter().map(|(plugin, took)| format!("{plugin} {}", nanos(*took as f64))).collect();
    let _ = writeln!(
        out,
        "  start      {}  {}; compiled without a cache: {}",
        nanos(one.start.median),
        doubt(&one.start),
        compile.join(", ")
    );
    out
}

/// Callbacks with their shares of the fuel as bars.
fn callbacks(out: &mut String, callbacks: &[Callback]) {
    let most = callbacks.iter().map(|one| one.fuel).max().unwrap_or_default().max(1);
    let name = |one: &Callback| format!("{} {}", one.plugin, one.name);
    let width = callbacks.iter().map(|one| name(one).chars().count()).max().unwrap_or_default();
    for (at, one) in callbacks.iter().enumerate() {
        let title = if at == 0 { "callbacks" } else { "" };
        let filled = (one.fuel as u128 * BAR as u128).div_ceil(u128::from(most)) as usize;
        let time =
            one.time.as_ref().map_or_else(String::new, |time| format!("  {} each", nanos(time.median)));
        let _ = writeln!(
            out,
            "  {title:<9}  {:<width$}  {:>5}x  {:>12} fuel  {PASSED}{:<BAR$}{PASSED:#}{time}",
            name(one),
            one.calls,
            thousands(one.fuel as f64),
            "█".repeat(filled),
        );
    }
}

/// What is said at the end.
pub(super) fn end(measured: usize, verdict: Option<&Verdict>) -> String {
    let mut out = format!("{measured} measured; fuel counted by wasmtime {WASMTIME}\n");
    let Some(verdict) = verdict else { return out };
    for name in &verdict.new {
        let _ = writeln!(out, "{NOTED}new:{NOTED:#} {name} is not in the baseline");
    }
    for name in &verdict.missing {
        let _ = writeln!(out, "{NOTED}missing:{NOTED:#} {name} is in the baseline and was not measured");
    }
    let regressions = verdict.regressions().count();
    let allowed = percent(verdict.allowed);
    let _ = match regressions {
        0 => writeln!(out, "{PASSED}no regression{PASSED:#}: no fuel has grown by more than {allowed}"),
        1 => writeln!(out, "{FAILED}1 regression{FAILED:#}: fuel may grow by {allowed}"),
        more => writeln!(out, "{FAILED}{more} regressions{FAILED:#}: fuel may grow by {allowed}"),
    };
    out
}

/// What has become of a figure since the baseline.
fn told(grown: &Grown, allowed: f64) -> String {
    let before = thousands(grown.before);
    let share = grown.share();
    let sign = if share < 0.0 { "-" } else { "+" };
    let by = percent(share.abs());
    if grown.regression {
        let allowed = percent(allowed);
        return format!("  {FAILED}{sign}{by}{FAILED:#} since {before}, and {allowed} is allowed");
    }
    if share == 0.0 {
        return format!("  {FAINT}as before{FAINT:#}");
    }
    format!("  {FAINT}{sign}{by} since {before}{FAINT:#}")
}

fn exchanges(count: usize) -> String {
    if count == 1 { "1 exchange".to_owned() } else { format!("{count} exchanges") }
}

fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

fn doubt(time: &Interval) -> String {
    format!("{FAINT}(95 %: {} to {}){FAINT:#}", nanos(time.low), nanos(time.high))
}

/// A time in the unit that suits it.
fn nanos(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A whole number in groups of three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(["7", "1,234", "1,234,567"], [7.0, 1_234.4, 1_234_567.0].map(thousands));
        assert_eq!(["950 ns", "1.50 us", "63.00 ms", "2.00 s"], [950.0, 1.5e3, 63e6, 2e9].map(nanos));
        assert_eq!(["5 %", "10.2 %"], [0.05, 0.102].map(percent));
        assert_eq!(["100 bytes", "64.0 KiB", "8.0 MiB"], [100, 65_536, 8 << 20].map(size));
    }
}
