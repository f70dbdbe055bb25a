//! A chain for people: one filter a line, and below each plugin what it gets.

use std::fmt::Write as _;

use proxy_wasm_harness::manifest::{
    FetchError, Filter, Link, Marker, ModuleSource, Origin, PullPolicy, Resolved,
};
use proxy_wasm_harness::scenario::{FailurePolicy, Span, Traffic, Workload};
use proxy_wasm_suites::registry::Got;

use super::fetched::{self, Modules};
use super::{env, workload};
use crate::style::{BOLD, FAINT, HINT, NOTED, PASSED};

/// The text.
pub(super) fn show(workload: &Workload, resolved: &Resolved, modules: &Modules) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{BOLD}{}{BOLD:#}", workload::described(workload));
    let tcp = workload.traffic == Traffic::Tcp;
    if tcp || resolved.network_plugins().next().is_some() {
        let heading = if tcp { "connections" } else { "connections, before HTTP" };
        chain(&mut out, heading, &resolved.network, modules);
    }
    if !tcp {
        chain(&mut out, "requests, from the top down; responses from the bottom up", &resolved.http, modules);
    }
    skipped(&mut out, resolved);
    out
}

fn chain(out: &mut String, heading: &str, filters: &[Filter], modules: &Modules) {
    let _ = writeln!(out, "\n{BOLD}{heading}{BOLD:#}");
    if !filters.iter().any(|filter| filter.plugin().is_some()) {
        let _ = writeln!(out, "  {NOTED}no plugin{NOTED:#}");
    }
    let name = |filter: &Filter| match filter {
        Filter::Plugin(link) => link.name.chars().count(),
        Filter::Marker(marker) => marker.name.chars().count(),
    };
    let width = filters.iter().map(name).max().unwrap_or(0);
    let mut number = 0;
    for filter in filters {
        match filter {
            Filter::Marker(marker) => own(out, marker, width),
            Filter::Plugin(link) => {
                number += 1;
                plugin(out, link, number, width, modules);
            }
        }
    }
}

/// A filter that is no plugin.
fn own(out: &mut String, marker: &Marker, width: usize) {
    let _ = write!(out, "     {FAINT}{:<width$}  {}", marker.name, marker.what);
    if let Some(when) = &marker.when {
        let _ = write!(out, ", if {when}");
    }
    if let Some(origin) = &marker.origin {
        let _ = write!(out, ", from {} ({})", origin.resource, place(&origin.span));
    }
    let _ = writeln!(out, "{FAINT:#}");
}

fn plugin(out: &mut String, link: &Link, number: usize, width: usize, modules: &Modules) {
    let _ = write!(out, "  {number:>2} {PASSED}{:<width$}{PASSED:#}  ", link.name);
    if let Some(phase) = link.phase {
        let _ = write!(out, "{}, ", phase.word());
        let _ = match link.priority {
            Some(priority) => write!(out, "priority {priority}, "),
            None => write!(out, "no priority, "),
        };
    }
    let _ = writeln!(out, "{}", from(&link.origin));
    for (name, value) in facts(link, modules) {
        let _ = writeln!(out, "     {:<width$}  {FAINT}{name:<7}{FAINT:#} {value}", "");
    }
    for note in &link.notes {
        let _ = writeln!(out, "     {:<width$}  {HINT}note:{HINT:#}   {note}", "");
    }
}

fn from(origin: &Origin) -> String {
    format!("{} ({})", origin.resource, place(&origin.span))
}

/// `FILE:LINE`.
fn place(span: &Span) -> String {
    span.file().map_or_else(String::new, |file| format!("{}:{}", file.display(), span.line()))
}

/// What it gets that is not the default.
fn facts(link: &Link, modules: &Modules) -> Vec<(&'static str, String)> {
    let mut facts = vec![("module", module(link))];
    facts.extend(modules.of(link).map(|got| ("fetched", came(link, got))));
    if !link.root_id.is_empty() {
        facts.push(("root id", link.root_id.clone()));
    }
    if !link.config.is_empty() {
        facts.push(("config", shown(&link.config)));
    }
    let env: Vec<String> = env(link).map(|(name, value)| format!("{name}={}", brief(value))).collect();
    if !env.is_empty() {
        facts.push(("env", env.join(" ")));
    }
    if !link.vm_id.is_empty() {
        facts.push(("VM id", link.vm_id.clone()));
    }
    if !link.vm_config.is_empty() {
        facts.push(("VM", shown(&link.vm_config)));
    }
    facts.push(("logs as", link.log_prefix()));
    let failing = match (link.failure, link.fail_open) {
        (_, true) => Some("streams pass it by, the one that it fails in included (fail_open)"),
        (FailurePolicy::Open, _) => Some("streams pass it by (FAIL_OPEN)"),
        (FailurePolicy::Reload, _) => Some("it gets a new VM (FAIL_RELOAD)"),
        (FailurePolicy::Closed, _) => None,
    };
    facts.extend(failing.map(|text| ("failing", text.to_owned())));
    if let Some(capabilities) = &link.capabilities {
        facts.push(("allowed", capabilities.join(" ")));
    }
    facts
}

/// What came of its url.
fn came(link: &Link, got: &Result<Got, FetchError>) -> String {
    match got {
        Ok(got) => {
            let from = if got.cached { ", from the cache" } else { "" };
            format!("{} bytes, checksum {}{from}", got.module.len(), got.checksum)
        }
        Err(why) => format!("{NOTED}nothing: {}{NOTED:#} ({})", why.message, fetched::consequence(link)),
    }
}

fn module(link: &Link) -> String {
    let module = &link.module;
    let mut text = match &module.source {
        ModuleSource::Inline(bytes) => format!("{} bytes in the configuration", bytes.len()),
        ModuleSource::Unknown(why) => format!("{} ({why})", module.written),
        ModuleSource::Url(_) | ModuleSource::Path(_) => module.written.clone(),
    };
    if let Some(sha256) = &module.sha256 {
        let _ = write!(text, ", sha256 {sha256}");
    }
    if module.pull_policy != PullPolicy::Unspecified {
        let _ = write!(text, ", pulled {}", module.pull_policy.word());
    }
    if let Some(secret) = &module.pull_secret {
        let _ = write!(text, ", secret {}", secret.name);
    }
    text
}

/// Bytes that are text mostly, in one line.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("{} ({} bytes)", brief(text), bytes.len()),
        Err(_) => format!("{} bytes, which are no text", bytes.len()),
    }
}

/// A text in one line of bearable length.
fn brief(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn skipped(out: &mut String, resolved: &Resolved) {
    if resolved.skipped.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{BOLD}does not apply{BOLD:#}");
    for skipped in &resolved.skipped {
        let _ = writeln!(out, "     {}: {}", from(&skipped.origin), skipped.why);
    }
}
