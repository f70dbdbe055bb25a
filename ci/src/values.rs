//! Values of options that several commands take.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use proxy_wasm_harness::scenario::{Size, parse_duration};

/// A duration as scenario files write it.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// A wall-clock duration that is not zero.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a timeout is longer than 0s".to_owned()),
        span => Ok(span),
    }
}

/// A size in bytes as scenario files write it.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    text.parse::<Size>().map(|size| size.0).map_err(|error| error.to_string())
}

/// A share such as `5%`, as a fraction.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or_default().parse::<f64>().ok();
    let share = number.filter(|number| number.is_finite() && *number >= 0.0);
    share.map(|number| number / 100.0).ok_or_else(|| "expected a percentage, for example `5%`".to_owned())
}

/// A name and its value, which may be empty.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, for example `app=httpbin`".to_owned()),
    }
}

/// How many things are done at once: what was asked for, or as many as there are cores.
pub(crate) fn jobs(asked: Option<NonZeroUsize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or_else(cores, NonZeroUsize::get)
}

/// As [`plugin`]; a file alone has an empty name.
pub(crate) fn plugin_or_file(text: &str) -> Result<(String, PathBuf), String> {
    if !text.is_empty() && !text.contains('=') {
        return Ok((String::new(), text.into()));
    }
    plugin(text)
}

/// A plugin's name and the file to take in place of its module.
pub(crate) fn plugin(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected NAME=FILE, for example `limiter=build/limiter.wasm`".to_owned()),
    }
}

/// A cluster's name and what it answers.
pub(crate) fn answer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((cluster, answer)) if !cluster.is_empty() && !answer.trim().is_empty() => {
            Ok((cluster.to_owned(), answer.to_owned()))
        }
        _ => Err("expected CLUSTER=ANSWER, for example `authz=403`".to_owned()),
    }
}
