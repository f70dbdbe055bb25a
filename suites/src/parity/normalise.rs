//! What cannot be equal on both sides, and is made equal before the comparison. Everything else counts as it is: order
//! and statuses are never touched.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Something that is made equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalisation {
    /// The view it concerns, or `setting` where both sides are run in the same way instead.
    pub view: &'static str,
    /// What is made equal.
    pub what: &'static str,
    /// Why it cannot be compared.
    pub why: &'static str,
}

/// All of them.
pub const NORMALISATIONS: &[Normalisation] = &[
    Normalisation {
        view: "http",
        what: "the value of `date`",
        why: "Envoy writes the time of day; the mock's clock is virtual",
    },
    Normalisation {
        view: "http",
        what: "the value of `x-request-id` when it is a UUID",
        why: "Envoy draws it at random; the mock from its seed",
    },
    Normalisation {
        view: "http",
        what: "the value of `x-envoy-upstream-service-time`",
        why: "a measured duration",
    },
    Normalisation {
        view: "log",
        what: "a number that is larger on Envoy by the digits that `x-envoy-upstream-service-time` has more there",
        why: "a size of all that a plugin read or wrote, the duration with it; so in `abi` what an allocator is asked for, and lengths",
    },
    Normalisation {
        view: "http",
        what: "the reason phrase of a status line",
        why: "no plugin sees it, and the mock has no wire to write it to",
    },
    Normalisation {
        view: "http",
        what: "borders between pieces of a body that has a content-length",
        why: "nothing on the wire shows them; chunks of chunked bodies are compared one by one",
    },
    Normalisation {
        view: "http",
        what: "borders between pieces of what a cluster receives of a call",
        why: "what is sent before the connection is up goes out as one",
    },
    Normalisation {
        view: "http",
        what: "a call that is given up in the callback that makes it, and is the first to its cluster",
        why: "there is no connection yet over which the cluster could hear of it; over one that is open it would",
    },
    Normalisation {
        view: "log",
        what: "in what plugins log: UUIDs, HTTP dates, and the number behind `x-envoy-upstream-service-time`",
        why: "plugins log what they read, and these three are drawn or measured, see above",
    },
    Normalisation {
        view: "log",
        what: "what `parity: {mask: ..}` of a scenario names",
        why: "each has its own reason beside it",
    },
    Normalisation {
        view: "abi",
        what: "pointers: of a pointer and a length the length is compared, of an allocator's result whether it is null",
        why: "where a guest puts things is its allocator's choice",
    },
    Normalisation {
        view: "abi",
        what: "arguments of WASI functions",
        why: "they point at vectors of pointers; the errno is compared",
    },
    Normalisation {
        view: "abi",
        what: "`clock_time_get` that succeeds: how often in a row, and whether at all while a module is started",
        why: "Go's runtime reads the clock until it has moved on, and starts its scheduler by what it says",
    },
    Normalisation {
        view: "abi",
        what: "how many callbacks see a body, or data of a connection, of which more than 64 KiB were written as one, when each only goes on",
        why: "no socket takes so much at once, and the kernel parts it as the moment will; the sum is compared",
    },
    Normalisation {
        view: "abi",
        what: "`proxy_set_effective_context` with a number above 0x7fff0000",
        why: "put into the module before it is played, so that the trace names the VM",
    },
    Normalisation {
        view: "log",
        what: "whether the function of a trap is named with `proxy_` in front",
        why: "Envoy names callbacks without a result one way, those with a result the other",
    },
    Normalisation {
        view: "log",
        what: "`Uncaught RuntimeError: ` and the like before what a trap is called",
        why: "the class of a JavaScript error; the mock prints it in reports, and not in its transcript",
    },
    Normalisation {
        view: "setting",
        what: "the log level is trace on both sides",
        why: "the trace that is compared is part of Envoy's log, and its level is the level that plugins see",
    },
    Normalisation {
        view: "setting",
        what: "both sides start as Envoy does (`start: envoy`), and the worker's VMs are compared",
        why: "the other three serve no stream; what they do to shared data, queues, metrics and clusters counts",
    },
    Normalisation {
        view: "setting",
        what: "a start that is refused is compared on the main thread, up to the refusal",
        why: "no worker begins; what follows is how Envoy ends, and the mock's proxy never does",
    },
    Normalisation {
        view: "setting",
        what: "where a scenario pushes configurations, Envoy discovers those of its plugins in files that it watches, and has a node",
        why: "a push needs a source, and a source a node; the properties of the node are the only trace of that",
    },
    Normalisation {
        view: "setting",
        what: "with `failure_policy: reload`, Envoy has been up for 1.6 s before the first step",
        why: "its backoff counts from the first load, too, and draws from a range; the mock's proxy has been up for long",
    },
    Normalisation {
        view: "setting",
        what: "a request that is given up at the instant at which it is let go finds a connection to the upstream open",
        why: "the mock's upstream is always connected; over a connection that is yet to be made Envoy has written nothing by then",
    },
    Normalisation {
        view: "setting",
        what: "what differs is played again, up to five times, when something took 10 ms or more, or was sent over TCP",
        why: "a busy machine shows in the digits of measured times, and parts an end from the data that it came with",
    },
];

/// The value that stands for one that cannot be equal.
const ANY: &[u8] = b"*";

/// A field of a head, `name: value`.
pub(super) fn field(line: &[u8]) -> Vec<u8> {
    let Some(at) = line.windows(2).position(|pair| pair == b": ") else { return line.to_vec() };
    let (name, value) = (&line[..at], &line[at + 2..]);
    let masked = match &*name.to_ascii_lowercase() {
        b"date" => is_date(value),
        b"x-request-id" => is_uuid(value),
        b"x-envoy-upstream-service-time" => !value.is_empty() && value.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if masked { [name, b": ", ANY].concat() } else { line.to_vec() }
}

/// The first line of a head: of a status line no reason phrase.
pub(super) fn first_line(line: &[u8]) -> Vec<u8> {
    match line.strip_prefix(b"HTTP/1.1 ") {
        Some(status) => {
            let end = status.iter().position(|byte| *byte == b' ').unwrap_or(status.len());
            [b":status ", &status[..end]].concat()
        }
        None => line.to_vec(),
    }
}

/// A message of a plugin.
pub(super) fn message(bytes: &[u8]) -> Vec<u8> {
    static DRAWN: LazyLock<Regex> = LazyLock::new(|| {
        let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
        let date = "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT";
        let took = "(x-envoy-upstream-service-time[=: ]+)[0-9]+";
        Regex::new(&format!("(?-u){uuid}|{date}|{took}")).expect("a constant")
    });
    DRAWN.replace_all(bytes, &b"${1}*"[..]).into_owned()
}

/// A result: of an allocator whether it is null.
pub(super) fn returned(value: Option<i64>, of_allocator: bool) -> String {
    match value {
        None => "void".to_owned(),
        Some(0) if of_allocator => "null".to_owned(),
        Some(_) if of_allocator => "memory".to_owned(),
        Some(value) => (value as u32).to_string(),
    }
}

/// Takes the readings of a clock out of the start of a module, and makes one of several in a row elsewhere.
pub(super) fn clock_reads(lines: &mut Vec<String>) {
    let is_read = |lines: &[String]| match lines {
        [call, answer, ..] => call.trim_start() == "clock_time_get()" && answer.trim_start() == "-> 0",
        _ => false,
    };
    let starts = |line: &str| {
        ["_initialize(", "_start(", "main("]
            .iter()
            .any(|name| line.split(' ').nth(1).is_some_and(|call| call.starts_with(name)))
    };
    let mut kept: Vec<String> = Vec::with_capacity(lines.len());
    let (mut starting, mut at) = (false, 0);
    while at < lines.len() {
        let line = &lines[at];
        if !line.starts_with(' ') && !line.starts_with("->") {
            starting = starts(line);
        }
        let again = || kept.len() >= 2 && kept[kept.len() - 2..] == lines[at..at + 2];
        if is_read(&lines[at..]) && (starting || again()) {
            at += 2;
        } else {
            kept.push(line.clone());
            at += 1;
        }
    }
    *lines = kept;
}

/// What a trap is called.
pub(super) fn trap(message: &str) -> &str {
    message.strip_prefix("Uncaught ").and_then(|rest| rest.split_once(": ")).map_or(message, |(_, what)| what)
}

/// The function of a trap.
pub(super) fn trapped_function(name: &str) -> &str {
    name.strip_prefix("proxy_").unwrap_or(name)
}

/// `Fri, 20 Nov 2026 19:42:08 GMT`.
fn is_date(value: &[u8]) -> bool {
    value.len() == 29 && value.ends_with(b" GMT") && value[3] == b','
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_reads_count_once_in_a_callback_and_not_in_the_start() {
        let read = ["  clock_time_get()", "  -> 0"];
        let (start, tick) = (["p _initialize()"], ["-> void", "p proxy_on_tick(1)"]);
        let write = ["  fd_write()", "  -> 0"];
        let all = [&start[..], &read, &write, &read, &tick, &read, &read, &read, &write, &read].concat();
        let mut lines: Vec<String> = all.iter().map(|line| (*line).to_owned()).collect();
        clock_reads(&mut lines);
        assert_eq!(lines, [&start[..], &write, &tick, &read, &write, &read].concat());
    }

    #[test]
    fn only_what_was_drawn_or_measured_is_masked() {
        let shown = |line: &str| String::from_utf8(field(line.as_bytes())).unwrap();
        assert_eq!(shown("date: Fri, 20 Nov 2026 19:42:08 GMT"), "date: *");
        assert_eq!(shown("date: never"), "date: never");
        assert_eq!(shown("x-request-id: d13d0b49-bcb0-4575-81f2-fc2b1ade4a7c"), "x-request-id: *");
        assert_eq!(shown("x-request-id: mine"), "x-request-id: mine");
        assert_eq!(shown("x-envoy-upstream-service-time: 12"), "x-envoy-upstream-service-time: *");
        assert_eq!(first_line(b"HTTP/1.1 418 I'm a teapot"), b":status 418");
        assert_eq!(first_line(b"GET / HTTP/1.1"), b"GET / HTTP/1.1");
        let logged = "[x-envoy-upstream-service-time=12][date=Fri, 20 Nov 2026 20:14:19 GMT][n=12]";
        assert_eq!(message(logged.as_bytes()), b"[x-envoy-upstream-service-time=*][date=*][n=12]");
    }
}
