//! An inspection for people.

use std::fmt::Write as _;

use proxy_wasm_harness::abi::Called;
use proxy_wasm_harness::vm::{CallbackReport, Inspection};

use super::facts::{self, Met};
use crate::style::{BOLD, FAILED, FAINT, HINT, NOTED, PASSED};

/// The text.
pub(super) fn show(place: &str, about: &Inspection) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{BOLD}{place}{BOLD:#}");
    for (name, value) in overview(about) {
        let _ = writeln!(out, "  {name:<12}  {value}");
    }
    hosts(&mut out, place, about);
    imports(&mut out, place, about);
    foreign_functions(&mut out, about);
    exports(&mut out, about);
    out
}

fn overview(about: &Inspection) -> Vec<(&'static str, String)> {
    let declared = &about.declared;
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let yes = |is: bool| if is { "yes" } else { "no" };
    let obstacles: Vec<_> = about.image_obstacles.iter().map(|obstacle| obstacle.text()).collect();
    vec![
        ("size", size(about.size)),
        ("sha256", facts::sha256(about)),
        ("language", about.language.name().to_owned()),
        ("ABI", about.abi_version.map_or_else(|| "unknown".to_owned(), |version| version.to_string())),
        ("entry point", or_none(facts::entry(about).join(", then "))),
        ("allocator", about.allocator.map_or("none", |id| id.name()).to_owned()),
        ("memory", facts::memory(about)),
        ("names", format!("functions {}, lines {}", yes(declared.has_names), yes(declared.has_debug_info))),
        (
            "image",
            match obstacles[..] {
                [] => "can be taken after the start".to_owned(),
                _ => format!("cannot be taken: the module {}", obstacles.join(", ")),
            },
        ),
    ]
}

/// A size in bytes, and in KiB where that is easier to read.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => format!("{bytes} bytes ({:.1} KiB)", bytes as f64 / 1024.0),
    }
}

fn hosts(out: &mut String, place: &str, about: &Inspection) {
    let _ = writeln!(out, "\n{BOLD}hosts{BOLD:#}");
    let [envoy, here] = facts::hosts(place, about);
    let same = envoy.refusals == here.refusals;
    for (host, told) in [(envoy, false), (here, same)] {
        let name = host.name;
        if host.refusals.is_empty() {
            let _ = writeln!(out, "  {name:<10}  {PASSED}loads it{PASSED:#}");
        } else if told {
            let _ = writeln!(out, "  {name:<10}  {FAILED}refuses it{FAILED:#} for the same reasons");
            continue;
        }
        for (at, (why, hint)) in host.refusals.iter().enumerate() {
            let (name, verb) = if at == 0 { (name, "refuses it:") } else { ("", "       and:") };
            let _ = writeln!(out, "  {name:<10}  {FAILED}{verb}{FAILED:#} {why}");
            if let Some(hint) = hint {
                let _ = writeln!(out, "  {:<10}  {HINT}help:{HINT:#} {hint}", "");
            }
        }
    }
}

fn imports(out: &mut String, place: &str, about: &Inspection) {
    let _ = writeln!(out, "\n{BOLD}imports{BOLD:#} {FAINT}({}){FAINT:#}", about.imports.len());
    let name = |import: &proxy_wasm_harness::vm::Import| format!("{}.{}", import.module, import.name);
    let width = about.imports.iter().map(|one| name(&one.import).len()).max().unwrap_or(0);
    for one in &about.imports {
        let met = Met::of(one, about.abi_version);
        let section = one.section.map_or_else(|| one.import.what.kind(), |section| section.slug());
        let style = match met {
            Met::Yes => PASSED,
            Met::Unimplemented => NOTED,
            Met::No => FAILED,
        };
        let _ = write!(out, "  {:<width$}  {section:<24}  {style}{}{style:#}", name(&one.import), met.word());
        let why = one.objection.as_ref().map(|error| error.to_string());
        let why = why.as_deref().and_then(|why| why.strip_prefix(&format!("{place}: imports ")));
        let _ = match why {
            Some(why) => writeln!(out, ": {why}"),
            None => writeln!(out),
        };
    }
}

/// What the module may call by name: nobody can tell from outside what it does call.
fn foreign_functions(out: &mut String, about: &Inspection) {
    let functions = facts::foreign_functions(about);
    if functions.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{BOLD}foreign functions that it can call{BOLD:#} {FAINT}({}){FAINT:#}",
        functions.len()
    );
    let width = functions.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in functions {
        let _ = match row.feature {
            Some(feature) if !row.built() => {
                writeln!(
                    out,
                    "  {:<width$}  {FAILED}no: this build lacks the feature `{feature}`{FAILED:#}",
                    row.name
                )
            }
            _ => writeln!(out, "  {:<width$}  {PASSED}implemented{PASSED:#}", row.name),
        };
    }
}

fn exports(out: &mut String, about: &Inspection) {
    let _ = writeln!(
        out,
        "\n{BOLD}exports that hosts look up{BOLD:#} {FAINT}({} of {}){FAINT:#}",
        about.callbacks.len(),
        about.declared.exports.len()
    );
    let width = about.callbacks.iter().map(|one| one.id.name().len()).max().unwrap_or(0);
    for one in &about.callbacks {
        let (name, section) = (one.id.name(), one.section.slug());
        let _ = match remark(one) {
            Some(remark) => writeln!(out, "  {name:<width$}  {section:<24}  {NOTED}{remark}{NOTED:#}"),
            None => writeln!(out, "  {name:<width$}  {section}"),
        };
    }
}

/// What is to be known about a callback.
fn remark(one: &CallbackReport) -> Option<&'static str> {
    match (one.overridden, one.called) {
        (true, _) => Some("not called: another export takes its place"),
        (false, Called::Never) => Some("Envoy never calls it"),
        (false, Called::Yes) => None,
    }
}
