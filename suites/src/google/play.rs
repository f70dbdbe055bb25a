//! One test, step by step.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::abi::LogLevel;
use proxy_wasm_harness::host::{PluginTester, Seen, Setup, TesterOptions};
use proxy_wasm_harness::proxy::Direction;
use proxy_wasm_harness::vm::Plugin;

use super::head::{self, Fields, Side};
use super::phase::Phase;
use super::suite::{Env, Input, Invocation, Plan, Suite, Test};

/// What came of a test.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Everything that was not as expected, in order; nothing: it passed.
    pub failures: Vec<String>,
    /// Every callback and hostcall.
    pub trace: String,
}

/// Plays one test of `suite` on this plugin, with this configuration. `base` has the limits; its clock, level and
/// properties are the file's.
///
/// # Errors
///
/// When the module cannot be used.
pub fn play(
    suite: &Suite,
    test: &Test,
    plugin: &Plugin,
    config: &[u8],
    base: &TesterOptions,
) -> Result<Played, proxy_wasm_harness::host::HostError> {
    let options = TesterOptions {
        log_level: level(&suite.env),
        clock: match suite.env.time_secs {
            // Zero is a broken clock to the runtime of Go.
            0 => 1_000_000,
            seconds => seconds.saturating_mul(1_000_000_000),
        },
        properties: test.properties.clone(),
        ..base.clone()
    };
    let setup = Setup::from(plugin.clone()).name("test").config(config.to_vec());
    let (tester, started) = PluginTester::start(setup, options)?;
    let mut run = Run { tester, folder: suite.folder(), test, failures: Vec::new() };
    // What failed ends the test; what was merely not as expected does not.
    let _ = run.all(&started);
    Ok(Played { failures: run.failures, trace: run.tester.trace() })
}

/// The lowest level of log lines.
pub(super) fn level(env: &Env) -> LogLevel {
    let number = u32::try_from(env.log_level - 1).ok();
    number.and_then(LogLevel::from_abi).unwrap_or(LogLevel::Info)
}

/// The test cannot go on.
struct Over;

struct Run<'t> {
    tester: PluginTester,
    folder: &'t Path,
    test: &'t Test,
    failures: Vec<String>,
}

impl Run<'_> {
    fn all(&mut self, started: &Seen) -> Result<(), Over> {
        let test = self.test;
        self.alive("plugin_init", started)?;
        self.only_log("plugin_init", started, &test.plugin_init);
        let opened = self.tester.open();
        self.alive("stream_init", &opened)?;
        self.only_log("stream_init", &opened, &test.stream_init);
        if let Some(phase) = &test.request_headers {
            self.headers("request_headers", Direction::Request, phase)?;
        }
        self.bodies("request_body", Direction::Request, &test.request_body)?;
        if let Some(phase) = &test.response_headers {
            self.headers("response_headers", Direction::Response, phase)?;
        }
        self.bodies("response_body", Direction::Response, &test.response_body)?;
        let closed = self.tester.close();
        self.alive("stream_destroy", &closed)?;
        self.only_log("stream_destroy", &closed, &test.stream_destroy);
        let ended = self.tester.shut_down();
        self.alive("the end of the plugin", &ended)
    }

    fn fail(&mut self, phase: &str, why: impl std::fmt::Display) -> Over {
        self.failures.push(format!("{phase}: {why}"));
        Over
    }

    fn alive(&mut self, phase: &str, seen: &Seen) -> Result<(), Over> {
        let Some(why) = &seen.failed else { return Ok(()) };
        let lines: Vec<String> =
            seen.log.iter().map(|line| format!("\n    log: {}", String::from_utf8_lossy(line))).collect();
        Err(self.fail(phase, format!("{why}{}", lines.concat())))
    }

    fn only_log(&mut self, name: &'static str, seen: &Seen, expected: &super::Expectation) {
        let phase = Phase { name, seen, has_status: false };
        self.failures.extend(phase.judge_log(expected, self.folder));
    }

    fn headers(
        &mut self,
        name: &'static str,
        direction: Direction,
        invocation: &Invocation,
    ) -> Result<(), Over> {
        let side = if direction == Direction::Request { Side::Request } else { Side::Response };
        let fields = fields(&invocation.input, self.folder, side).map_err(|why| self.fail(name, why))?;
        let pairs = fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let seen = self.tester.headers(direction, pairs);
        self.alive(name, &seen)?;
        let phase = Phase { name, seen: &seen, has_status: true };
        self.failures.extend(phase.judge(&invocation.result, self.folder));
        Ok(())
    }

    fn bodies(
        &mut self,
        name: &'static str,
        direction: Direction,
        invocations: &[Invocation],
    ) -> Result<(), Over> {
        if let (Some(_), [_, _, ..]) = (self.test.plan, invocations) {
            return Err(self.fail(name, "a chunking plan goes with one body, not with several"));
        }
        for invocation in invocations {
            let body = content(&invocation.input, self.folder).map_err(|why| self.fail(name, why))?;
            let pieces = cut(&body, self.test.plan).map_err(|why| self.fail(name, why))?;
            let (mut whole, mut last) = (Vec::new(), Seen::default());
            for (index, piece) in pieces.iter().enumerate() {
                let seen = self.tester.body(direction, piece, index + 1 == pieces.len());
                self.alive(name, &seen)?;
                whole.extend_from_slice(&seen.body);
                last = seen;
            }
            // The log is that of the last piece; a local response made here is never seen.
            let seen = Seen { body: whole, headers: Vec::new(), reply: None, stops: false, ..last };
            let phase = Phase { name, seen: &seen, has_status: false };
            self.failures.extend(phase.judge(&invocation.result, self.folder));
        }
        Ok(())
    }
}

/// The bytes of the file, else the content.
pub(super) fn content(input: &Input, folder: &Path) -> Result<Vec<u8>, String> {
    if input.file.is_empty() {
        return Ok(input.content.clone());
    }
    let path: PathBuf = folder.join(&input.file);
    std::fs::read(&path).map_err(|cause| format!("{}: cannot be read: {cause}", path.display()))
}

/// The header fields of an input.
pub(super) fn fields(input: &Input, folder: &Path, side: Side) -> Result<Fields, String> {
    if input.file.is_empty() && input.content.is_empty() {
        return Ok(input
            .header
            .iter()
            .map(|(key, value)| (key.clone().into_bytes(), value.clone()))
            .collect());
    }
    head::parse(&content(input, folder)?, side)
}

/// The pieces of a body.
pub(super) fn cut(body: &[u8], plan: Option<Plan>) -> Result<Vec<Vec<u8>>, String> {
    let pieces: Vec<Vec<u8>> = match plan {
        None => vec![body.to_vec()],
        Some(Plan::Chunks(count)) => {
            let count = usize::try_from(count).unwrap_or(0);
            let size = body.len().checked_div(count).unwrap_or(0);
            if size == 0 {
                return Err(format!("{} bytes cannot be cut into {count} pieces", body.len()));
            }
            let last = (count - 1) * size;
            let mut pieces: Vec<Vec<u8>> = body[..last].chunks(size).map(<[u8]>::to_vec).collect();
            pieces.push(body[last..].to_vec());
            pieces
        }
        Some(Plan::Size(size)) => match usize::try_from(size) {
            Ok(0) | Err(_) => return Err(format!("pieces of {size} bytes")),
            Ok(_) if body.is_empty() => vec![Vec::new()],
            Ok(size) => body.chunks(size).map(<[u8]>::to_vec).collect(),
        },
    };
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cut_as_planned() {
        let cut = |body: &str, plan| {
            let pieces = cut(body.as_bytes(), plan)?;
            Ok::<_, String>(
                pieces.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(cut("abcde", None).unwrap(), ["abcde"]);
        assert_eq!(cut("abcde", Some(Plan::Chunks(2))).unwrap(), ["ab", "cde"]);
        assert_eq!(cut("abcd", Some(Plan::Size(2))).unwrap(), ["ab", "cd"]);
        assert_eq!(cut("abcde", Some(Plan::Size(2))).unwrap(), ["ab", "cd", "e"]);
        assert_eq!(cut("", Some(Plan::Size(2))).unwrap(), [""]);
        assert!(cut("a", Some(Plan::Chunks(2))).is_err());
        assert!(cut("a", Some(Plan::Size(0))).is_err());
    }
}
