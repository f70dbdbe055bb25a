//! Traps and stalls: what they look like as findings.

use proxy_wasm_harness::abi::LogLevel;
use proxy_wasm_harness::check::Finding;
use proxy_wasm_harness::proxy::transcript::{Kind, show_bytes};
use proxy_wasm_harness::scenario::Step;

use super::played::Played;
use super::world::World;
use super::{profile, shrink};

/// Lines of a transcript that are shown.
const LINES: usize = 12;

/// What went wrong in a run, as far as it names it: shrinking keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The plugin trapped in this callback, with these words.
    Trap(&'static str, String),
    /// An exchange stalled; the callback that paused.
    Stall(Option<&'static str>),
}

/// The first trap or stall of a run.
pub(super) fn of(played: &Played) -> Option<Trouble> {
    if let Some(trapped) = played.run.traps.first() {
        return Some(Trouble::Trap(trapped.callback.name(), trapped.trap.message.clone()));
    }
    let stall = played.run.stalls.first()?;
    Some(Trouble::Stall(stall.held.as_ref().map(|held| held.callback)))
}

/// A finding about the trap or stall in `played`, a run of `steps`; nothing when there is none. `what` says what was done.
pub(super) fn finding(world: &World, steps: &[Step], played: &Played, what: &str) -> Option<Finding> {
    let trouble = of(played)?;
    let (steps, played) = shrink::shrink(world, steps, |played| of(played).as_ref() == Some(&trouble))
        .map_or_else(|| (steps.to_vec(), None), |(steps, played)| (steps, Some(played)));
    // A run that cannot be repeated has the first one's evidence.
    let again = played.unwrap_or_else(|| world.play(&steps));
    let (words, at) = match &trouble {
        Trouble::Trap(callback, message) => {
            let at = trap_event(&again);
            let last = at.and_then(|at| last_words(&again, at)).map(|words| format!(" (it logged: {words})"));
            (format!("the plugin traps in {callback}: {message}{}", last.unwrap_or_default()), at)
        }
        Trouble::Stall(_) => {
            let stall = again.run.stalls.first();
            (
                stall.map_or_else(|| "an exchange stalls".to_owned(), ToString::to_string),
                stall.map(|stall| stall.event),
            )
        }
    };
    let mut finding = Finding::new(format!("{what}: {words}"))
        .evidence(lines_before(&again, at.unwrap_or(usize::MAX)))
        .on(profile::bites(&again.trace()))
        .reproduction(world.script(what, steps));
    if let Some(trapped) = again.run.traps.first() {
        finding.backtrace = trapped.trap.backtrace.iter().map(|frame| frame.function.clone()).collect();
    }
    Some(finding)
}

/// Where the first trap is in the transcript.
fn trap_event(played: &Played) -> Option<usize> {
    played.run.transcript.events().iter().position(|event| matches!(event.kind, Kind::Trap { .. }))
}

/// What the plugin logged last before event `at`, as an error: its panic message.
fn last_words(played: &Played, at: usize) -> Option<String> {
    let transcript = &played.run.transcript;
    transcript.events()[..at].iter().rev().take(20).find_map(|event| match event.kind {
        Kind::Log { level, message, .. } if level >= LogLevel::Error => {
            let text = show_bytes(transcript.bytes(message));
            Some(text.chars().take(160).collect())
        }
        _ => None,
    })
}

/// The last lines of the transcript up to event `at`.
pub(super) fn lines_before(played: &Played, at: usize) -> Vec<String> {
    let transcript = &played.run.transcript;
    let end = at.saturating_add(1).min(transcript.events().len());
    let mut lines: Vec<String> = Vec::new();
    for index in (0..end).rev() {
        let of_event = transcript.lines_of(index);
        lines.splice(0..0, of_event);
        if lines.len() >= LINES {
            lines.drain(..lines.len() - LINES);
            break;
        }
    }
    lines.into_iter().map(|line| short(&line)).collect()
}

/// A line that fits a report.
fn short(line: &str) -> String {
    const LONG: usize = 200;
    if line.chars().count() <= LONG {
        return line.to_owned();
    }
    line.chars().take(LONG).chain("...".chars()).collect()
}
