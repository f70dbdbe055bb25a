//! The page.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use proxy_wasm_harness::scenario::Failure;
use proxy_wasm_harness::state::show;

use super::rows::{Card, Happened, Row, Timeline, Tone, time, timeline, tone_of};
use crate::report::{Outcome, Summary, Trial};
use crate::story;

/// The text of the file.
pub(crate) fn document(trials: &[Trial]) -> String {
    let Summary { passed, failed, skipped, known_failures } = Summary::of(trials);
    let (red, rest): (Vec<&Trial>, Vec<&Trial>) = trials.iter().partition(|trial| trial.outcome.is_red());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (passed) " passed, " (failed) " failed: Proxy-Wasm scenarios" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                header {
                    h1 { "Proxy-Wasm scenarios" }
                    p.counts {
                        span.ok { (passed) " passed" } " "
                        span.bad[failed > 0] { (failed) " failed" } " "
                        span.dim { (skipped) " skipped" @if known_failures > 0 { ", of these " (known_failures) " known to fail" } }
                    }
                    p.dim { "Time is virtual. A column is a party, time runs downwards; what is folded opens with a click." }
                }
                main {
                    @for trial in &red { (of_trial(trial, true)) }
                    @for trial in &rest { (of_trial(trial, red.is_empty() && rest.len() == 1)) }
                }
            }
        }
    };
    page.into_string()
}

fn of_trial(trial: &Trial, open: bool) -> Markup {
    let class = match &trial.outcome {
        Outcome::Passed => "ok",
        Outcome::Skipped(_) | Outcome::KnownFailure(_) => "dim",
        _ => "bad",
    };
    let label = trial.label.as_deref().unwrap_or("the file cannot be read");
    html! {
        details.trial.red[trial.outcome.is_red()] open[open] {
            summary {
                span.outcome.(class) { (trial.outcome.word().replace('_', " ")) }
                span.name { (label) }
                span.dim { (trial.written_in.display()) @if trial.line > 0 { ":" (trial.line) } }
                @if !trial.took.is_zero() { span.dim { (show(trial.took)) " of virtual time" } }
            }
            @if let Some(reason) = trial.outcome.reason() { p { (reason) } }
            (exchanges(trial))
            @match &trial.record {
                Some(record) => (of_timeline(&timeline(record), trial)),
                None => @if !trial.text.is_empty() { pre.report { (trial.plain_text()) } },
            }
            @if trial.outcome.is_red() && trial.record.is_some() {
                @if let Some(again) = &trial.again { p { "Run it again: " code { (again) } } }
                details { summary { "the whole report" } pre.report { (trial.plain_text()) } }
            }
        }
    }
}

/// The story in short.
fn exchanges(trial: &Trial) -> Markup {
    html! {
        @if !trial.story.is_empty() {
            table.story {
                @for (at, line) in story::lines(&trial.story) {
                    tr { td.time { (at) } td { (line) } }
                }
            }
        }
    }
}

fn of_timeline(timeline: &Timeline, trial: &Trial) -> Markup {
    let lanes = timeline.lanes.len();
    let columns = format!("--lanes: {lanes}");
    let mut failures: Vec<&Failure> = trial.failures.iter().collect();
    let mut step = None;
    // Rows by step: the start is folded, it is the same in most scenarios.
    let start = timeline.rows.iter().skip(1).position(|row| matches!(row.what, Happened::Step(_)));
    let start = start.map_or(0, |at| at + 1);
    let refused = failures.iter().any(|failure| failure.what == "start");
    let rows = |rows: &[Row], step: &mut Option<String>, failures: &mut Vec<&Failure>| -> Vec<Markup> {
        rows.iter().map(|row| of_row(row, timeline, step, failures)).collect()
    };
    let (beginning, rest) = timeline.rows.split_at(if refused { 0 } else { start });
    let beginning = rows(beginning, &mut step, &mut failures);
    let rest = rows(rest, &mut step, &mut failures);
    html! {
        div.scroll {
            div.timeline style=(columns) {
                div.lanes {
                    div.time { "time" }
                    @for (index, lane) in timeline.lanes.iter().enumerate() {
                        div.plugin[index >= 1 && index <= timeline.plugins] { (lane) }
                    }
                }
                @if !beginning.is_empty() {
                    details.start { summary { "the start" } @for row in &beginning { (row) } }
                }
                @for row in &rest { (row) }
                @for failure in &failures { (of_failure(failure)) }
                @if timeline.more > 0 {
                    p.dim { (timeline.more) " more rows; `run --trace` shows everything" }
                }
            }
        }
    }
}

fn of_row(row: &Row, timeline: &Timeline, step: &mut Option<String>, failures: &mut Vec<&Failure>) -> Markup {
    let at = time(row.at);
    match &row.what {
        Happened::Step(text) => {
            // What was not as expected of a step stands at its end: where the next begins.
            let done = step.replace(text.clone());
            let (now, later): (Vec<&Failure>, Vec<&Failure>) = failures
                .iter()
                .partition(|failure| done.as_ref() == Some(&failure.step_words) && failure.at <= row.at);
            *failures = later;
            html! {
                @for failure in &now { (of_failure(failure)) }
                div.step { span.time { (at) } span { (text) } }
            }
        }
        Happened::Clock { by, why } => html! {
            div.clock { span.time { (at) } span { "the clock moves on by " (show(*by)) ", " (why) } }
        },
        Happened::Sent { from, to, title, lines, tone } => {
            let (low, high) = (from.min(to), from.max(to));
            let place = format!("grid-column: {} / {}", low + 2, high + 3);
            let direction = if from <= to { "right" } else { "left" };
            html! {
                div.row {
                    div.time { (at) }
                    div.sent.(direction).(class(*tone)) style=(place) {
                        @if lines.is_empty() {
                            div.title { (title) }
                        } @else {
                            details { summary.title { (title) } pre { (lines.join("\n")) } }
                        }
                    }
                }
            }
        }
        Happened::Callback(card) => html! {
            div.row { div.time { (at) } (of_card(card, timeline)) }
        },
        Happened::Note { lane, text, tone } => {
            let to = if *lane == 0 || *tone == Tone::Plain { lane + 3 } else { timeline.lanes.len() + 2 };
            let place = format!("grid-column: {} / {}", lane + 2, to);
            html! { div.row { div.time { (at) } div.note.(class(*tone)) style=(place) { (text) } } }
        }
    }
}

fn of_card(card: &Card, timeline: &Timeline) -> Markup {
    let place = format!("grid-column: {} / {}", card.lane + 2, card.lane + 3);
    html! {
        div.card style=(place) {
            details {
                summary {
                    code { (card.name.strip_prefix("proxy_").unwrap_or(&card.name)) }
                    @if let Some(returned) = &card.returned { span.dim { " → " (returned) } }
                }
                @if card.calls.is_empty() {
                    p.dim { "no hostcalls" }
                } @else {
                    pre { (card.calls.join("\n")) }
                }
            }
            @for change in &card.changes {
                div.change.(match change.chars().next() { Some('+') => "ok", Some('−') => "bad", _ => "noted" }) { (change) }
            }
            @for line in &card.log {
                div.log.(class(tone_of(line.level))) { span.level { (line.level.name().to_ascii_lowercase()) } " " (line.text) }
                @for (number, time) in &line.stamps {
                    div.stamp title="on the virtual clock" { (number) " = " b { (time) } }
                }
            }
            @if let Some(fuel) = card.fuel {
                @let share = (fuel as f64 / timeline.most_fuel.max(1) as f64 * 100.0).clamp(0.5, 100.0);
                div.fuel title="wasm instructions, without the host's own work" {
                    div.bar style=(format!("width: {share:.1}%")) {}
                    span.dim { "fuel " (fuel) }
                }
            }
        }
    }
}

fn of_failure(failure: &Failure) -> Markup {
    html! {
        div.failure {
            div { b { "✗ " (failure.what) } " " span.dim { (failure.span) } }
            div { "expected " code { (failure.expected) } ", found " code { (failure.actual) } }
            @if let Some(nearest) = &failure.nearest { div { "nearest: " (nearest) } }
        }
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Noted => "noted",
        Tone::Bad => "bad",
    }
}
