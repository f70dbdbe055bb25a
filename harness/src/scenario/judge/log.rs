//! What plugins logged.

use super::text::{difference, likeness, nearest_stretch, quoted};
use super::{Bench, Stage};
use crate::abi::LogLevel;
use crate::host::Host;
use crate::proxy::transcript::LogLine;
use crate::scenario::{Expected, LogExpectation, Test};

/// How many lines a failure shows.
const SHOWN: usize = 12;

impl Bench<'_> {
    /// The expected lines in this order, others between them.
    pub(super) fn log(&mut self, expected: &Expected<Vec<LogExpectation>>) {
        let lines = logged(self.host, self.stage);
        let expected = match expected {
            Expected::Nothing(span) => {
                if let Some(first) = lines.first() {
                    let actual = match lines.len() {
                        1 => told(first),
                        more => format!("{more} lines, the first: {}", told(first)),
                    };
                    let because = self.log_lines(SHOWN);
                    self.fail(span, "log", "no line", actual).because = because;
                }
                return;
            }
            Expected::Just(expected) => expected,
        };
        let mut from = 0;
        for (at, wanted) in expected.iter().enumerate() {
            match lines[from..].iter().position(|line| matches(wanted, line)) {
                Some(found) => from += found + 1,
                None => self.no_line(at, wanted, &lines, from),
            }
        }
    }

    fn no_line(&mut self, at: usize, wanted: &LogExpectation, lines: &[LogLine<'_>], from: usize) {
        let actual = match lines.len() {
            0 => "nothing was logged".to_owned(),
            1 => "the one line that was logged does not match".to_owned(),
            all => format!("none of the {all} lines that were logged matches"),
        };
        let early = lines[..from].iter().rev().find(|line| matches(wanted, line));
        let (actual, nearest) = match early {
            Some(line) => (
                "no such line after the line before it in this list".to_owned(),
                Some(format!("it was logged earlier: {}", told(line))),
            ),
            None => (actual, self.dropped(wanted.level).or_else(|| nearest(wanted, lines))),
        };
        let because = self.log_lines(SHOWN);
        let span = wanted.message.as_ref().map_or(&wanted.span, |message| &message.span);
        let failure = self.fail(span, format!("log[{at}]"), describe(wanted), actual);
        failure.nearest = nearest;
        failure.because = because;
    }

    /// Why a line of this level cannot be there.
    fn dropped(&self, level: Option<LogLevel>) -> Option<String> {
        let kept = self.host.setup.options.log_level;
        let level = level.filter(|level| *level < kept)?;
        let word = level.name().to_lowercase();
        Some(format!("lines of level {word} are dropped; `host: {{log_level: {word}}}` keeps them"))
    }

    /// No line matches any of these.
    pub(super) fn no_log(&mut self, unwanted: &[LogExpectation]) {
        let lines = logged(self.host, self.stage);
        for (at, unwanted) in unwanted.iter().enumerate() {
            let found: Vec<&LogLine<'_>> = lines.iter().filter(|line| matches(unwanted, line)).collect();
            let Some(first) = found.first() else { continue };
            let mut because: Vec<String> = found.iter().take(SHOWN).map(|line| told(line)).collect();
            if found.len() > SHOWN {
                because.push(format!("... {} more", found.len() - SHOWN));
            }
            let expected = describe(unwanted).replacen("a line", "no line", 1);
            let actual = match found.len() {
                1 => quoted(first.message),
                more => format!("{more} lines, the first: {}", quoted(first.message)),
            };
            let span = unwanted.message.as_ref().map_or(&unwanted.span, |message| &message.span);
            self.fail(span, format!("no_log[{at}]"), expected, actual).because = because;
        }
    }
}

/// The lines of the stage.
fn logged<'h>(host: &'h Host, stage: &Stage) -> Vec<LogLine<'h>> {
    let lines = host.transcript().log_lines_since(stage.since.events);
    lines.take_while(|line| line.event < stage.until.events).collect()
}

fn matches(wanted: &LogExpectation, line: &LogLine<'_>) -> bool {
    plugin_fits(wanted, line) && level_fits(wanted, line) && message_fits(wanted, line)
}

fn plugin_fits(wanted: &LogExpectation, line: &LogLine<'_>) -> bool {
    wanted.plugin.as_ref().is_none_or(|plugin| plugin == line.plugin)
}

fn level_fits(wanted: &LogExpectation, line: &LogLine<'_>) -> bool {
    wanted.level.is_none_or(|level| level == line.level)
}

fn message_fits(wanted: &LogExpectation, line: &LogLine<'_>) -> bool {
    wanted.message.as_ref().is_none_or(|message| message.matches(line.message))
}

/// The expected line in words.
fn describe(wanted: &LogExpectation) -> String {
    let mut words = vec!["a line".to_owned()];
    words.extend(wanted.plugin.as_ref().map(|plugin| format!("of {plugin}")));
    words.extend(wanted.level.map(|level| format!("of level {}", level.name().to_lowercase())));
    words.extend(wanted.message.as_ref().map(|message| format!("with {}", message.describe())));
    words.join(" ")
}

fn told(line: &LogLine<'_>) -> String {
    format!("[{}] {} {}: {}", line.at, line.plugin, line.level.name().to_lowercase(), quoted(line.message))
}

/// The line that fits best, and in what it does not fit.
fn nearest(wanted: &LogExpectation, lines: &[LogLine<'_>]) -> Option<String> {
    let scored = lines.iter().map(|line| {
        let message = message_likeness(wanted, line);
        // Plugin and level in common say nothing by themselves.
        let others =
            0.1 * f64::from(u8::from(plugin_fits(wanted, line)) + u8::from(level_fits(wanted, line)));
        (message + others, message, line)
    });
    let (_, message, line) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    if message < 0.6 {
        return None;
    }
    let mut wrong = Vec::new();
    if !plugin_fits(wanted, line) {
        wrong.push(format!("its plugin is {}", line.plugin));
    }
    if !level_fits(wanted, line) {
        wrong.push(format!("its level is {}", line.level.name().to_lowercase()));
    }
    if !message_fits(wanted, line) {
        wrong.push(message_difference(wanted, line).unwrap_or_else(|| "its message differs".to_owned()));
    }
    Some(format!("{}: {}", told(line), wrong.join(", ")))
}

/// How much the message is what is wanted: 1 when it is.
fn message_likeness(wanted: &LogExpectation, line: &LogLine<'_>) -> f64 {
    if message_fits(wanted, line) {
        return 1.0;
    }
    let message = String::from_utf8_lossy(line.message);
    match wanted.message.as_ref().map(|message| &message.test) {
        Some(Test::Is(bytes)) => likeness(&String::from_utf8_lossy(bytes), &message),
        Some(Test::Contains(bytes)) => nearest_stretch(&String::from_utf8_lossy(bytes), &message).0,
        Some(Test::Regex(pattern)) => likeness(pattern.as_str(), &message),
        _ => 0.0,
    }
}

fn message_difference(wanted: &LogExpectation, line: &LogLine<'_>) -> Option<String> {
    match &wanted.message.as_ref()?.test {
        Test::Is(bytes) => difference(bytes, line.message),
        Test::Contains(bytes) => {
            let (_, stretch) =
                nearest_stretch(&String::from_utf8_lossy(bytes), &String::from_utf8_lossy(line.message));
            Some(format!("it says {} in place of {}", quoted(stretch.as_bytes()), quoted(bytes)))
        }
        _ => None,
    }
}
