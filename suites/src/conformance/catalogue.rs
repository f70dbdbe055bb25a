//! Every check, in the order of reports.

use proxy_wasm_harness::check::Check;

use super::lab::Subject;
use super::{
    bodies, calls, configuration, cost, faults, headers, isolation, lifecycle, limits, liveness, loading,
    reload, replies, shared, timers,
};

/// Every check.
pub static CHECKS: &[&Check<Subject>] = &[
    &loading::ADMISSION,
    &loading::IMPORTS,
    &loading::PORTABILITY,
    &loading::ENTRY_POINT,
    &loading::START,
    &loading::NAMES,
    &lifecycle::TRAP,
    &lifecycle::CRASH,
    &lifecycle::ORDER,
    &lifecycle::DONE,
    &configuration::MALFORMED,
    &configuration::REFUSAL,
    &reload::RELOAD,
    &isolation::SHARED_VM,
    &headers::NON_UTF8,
    &headers::MISSING,
    &headers::REPEATED,
    &headers::EMPTY,
    &headers::LATE,
    &headers::SEQUENCE,
    &headers::ROUTE,
    &headers::PROPERTIES,
    &bodies::ALIGNMENT,
    &bodies::LENGTH,
    &bodies::OFFSET,
    &bodies::EMPTY,
    &bodies::COMPRESSED,
    &bodies::LIMIT,
    &bodies::TRAILERS,
    &replies::ONCE,
    &replies::LATE,
    &replies::PAUSED,
    &liveness::STREAMS,
    &liveness::SHAPES,
    &calls::FAILED,
    &calls::REFUSED,
    &calls::LATE,
    &calls::IMMEDIATE,
    &calls::ORDER,
    &calls::WIRE,
    &shared::CAS,
    &shared::GROWTH,
    &shared::QUEUES,
    &timers::TICKS,
    &timers::WORKERS,
    &timers::CLOCK,
    &cost::STEADY,
    &cost::EXHAUSTION,
    &cost::COPIES,
    &cost::CPU,
    &cost::CARDINALITY,
    &cost::REPEAT,
    &isolation::STREAMS,
    &isolation::WORKERS,
    &faults::STATUSES,
    &limits::WINDOW_EDGE,
];

/// The check of this id.
#[must_use]
pub fn check(id: &str) -> Option<&'static Check<Subject>> {
    CHECKS.iter().copied().find(|check| check.requirement.id == id)
}

/// The checks that `selection` names: an id, or an area, or the beginning of an id; all of them when it is empty.
///
/// # Errors
///
/// The first entry that names no check.
pub fn selected(selection: &[String]) -> Result<Vec<&'static Check<Subject>>, String> {
    if selection.is_empty() {
        return Ok(CHECKS.to_vec());
    }
    let names = |entry: &str, id: &str| {
        id == entry
            || id.strip_prefix(entry).is_some_and(|rest| entry.ends_with('/') || rest.starts_with('/'))
    };
    if let Some(unknown) =
        selection.iter().find(|entry| !CHECKS.iter().any(|of| names(entry, of.requirement.id)))
    {
        return Err(unknown.clone());
    }
    let wanted =
        |check: &&&'static Check<Subject>| selection.iter().any(|entry| names(entry, check.requirement.id));
    Ok(CHECKS.iter().filter(wanted).copied().collect())
}

/// The id nearest to what was typed.
#[must_use]
pub fn nearest(typed: &str) -> Option<&'static str> {
    let distance = |id: &str| {
        let common = id.bytes().filter(|byte| typed.as_bytes().contains(byte)).count();
        (id.len() + typed.len()).saturating_sub(2 * common)
    };
    let slug = typed.rsplit('/').next().unwrap_or(typed);
    let by_slug =
        CHECKS.iter().map(|check| check.requirement.id).find(|id| !slug.is_empty() && id.contains(slug));
    by_slug.or_else(|| CHECKS.iter().map(|check| check.requirement.id).min_by_key(|id| distance(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_of_one_form() {
        assert!(CHECKS.len() >= 40, "{} checks", CHECKS.len());
        for (at, check) in CHECKS.iter().enumerate() {
            let one = &check.requirement;
            assert!(CHECKS[..at].iter().all(|other| other.requirement.id != one.id), "{} twice", one.id);
            let (area, slug) = one.id.split_once('/').expect("area/slug");
            let plain = |text: &str| {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
            };
            assert!(plain(area) && plain(slug), "{}", one.id);
            for text in [one.sentence, one.exercises, one.bad, one.good] {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text:?}", one.id);
            }
            assert!(!one.evidence.is_empty(), "{}", one.id);
        }
    }

    #[test]
    fn checks_are_selected_by_id_and_area() {
        let ids = |selection: &[&str]| {
            let selection: Vec<String> = selection.iter().map(|entry| (*entry).to_owned()).collect();
            selected(&selection).map(|checks| checks.len())
        };
        assert_eq!(ids(&["headers/late"]), Ok(1));
        assert_eq!(ids(&["headers"]), Ok(7));
        assert_eq!(ids(&["headers/", "bodies/length"]), Ok(8));
        assert_eq!(ids(&["head"]), Err("head".to_owned()));
        assert_eq!(ids(&[]), Ok(CHECKS.len()));
        assert_eq!(nearest("bodies/lenght"), Some("bodies/length"));
        assert_eq!(nearest("utf8"), Some("headers/non-utf8"));
    }
}
