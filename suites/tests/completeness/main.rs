//! The host is complete: every hostcall and every callback of the tables is there, and a probe shows it, in every version
//! of the ABI. Nothing is excused.
//!
//! A probe is a module `plugins-under-test/probes/<section>/<name>.wat` that says what comes of it in lines that begin
//! with `;;=`:
//!
//!     ;;= proxy_on_configure proxy_define_metric Ok      the callback makes this call, and gets this answer
//!     ;;= proxy_on_tick                                  the callback runs
//!     ;;= never proxy_on_foreign_function                it is exported, and does not run
//!
//! An answer is the name of a status or of an errno, a number, or `-`. The calls of a callback stand in the order in which
//! it makes them. A probe is run in every version in which its imports and exports exist, whatever version its own marker
//! names; one that imports WASI functions under both of their module names.
//!
//! When a test here fails for a row that is new: offer it in its section (`harness/src/sections/`), and write or extend a
//! probe of that section.

mod drive;
mod probe;

use std::collections::BTreeSet;

use proxy_wasm_harness::abi::{AbiVersion, CALLBACKS, Called, HOSTCALLS, WASI, WASI_MODULES, callback};
use proxy_wasm_harness::sections;

use probe::{Probe, Seen};

/// Module, name and version of every host function that Envoy offers.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, AbiVersion)> {
    let env = HOSTCALLS.iter().map(|row| ("env", row));
    let wasi = WASI_MODULES.iter().flat_map(|module| WASI.iter().map(move |row| (*module, row)));
    let all = env.chain(wasi).flat_map(|(module, row)| {
        AbiVersion::ALL
            .into_iter()
            .filter(|version| row.versions.contains(*version))
            .map(move |it| (module, row.name, it))
    });
    all.collect::<Vec<_>>().into_iter()
}

/// What every probe showed, in every version.
fn seen() -> &'static Seen {
    static SEEN: std::sync::LazyLock<Seen> = std::sync::LazyLock::new(|| {
        let mut seen = Seen::default();
        for probe in Probe::all() {
            seen.add(&probe);
        }
        seen
    });
    &SEEN
}

#[test]
fn every_function_that_envoy_offers_is_linked() {
    let missing: Vec<_> =
        rows().filter(|(module, name, version)| !sections::implemented(module, name, *version)).collect();
    assert!(
        missing.is_empty(),
        "no section offers {missing:?}: see `offer_all` in harness/src/sections/mod.rs"
    );
    // As many as were counted on Envoy 1.40.
    let of = |module: &str, wanted: AbiVersion| {
        rows().filter(|(in_module, _, version)| *in_module == module && *version == wanted).count()
    };
    let [old, middle, new] = AbiVersion::ALL.map(|version| of("env", version));
    assert_eq!((old, middle, new), (36 + 4 + 3, 36 + 2 + 3, 36 + 3 + 3));
    assert!(
        WASI_MODULES.iter().all(|module| AbiVersion::ALL.iter().all(|version| of(module, *version) == 45))
    );
}

#[test]
fn probes_show_what_they_say() {
    assert!(seen().differences.is_empty(), "{}", seen().differences.join("\n\n"));
}

#[test]
fn every_hostcall_has_a_probe_in_every_version() {
    let without: Vec<_> = rows().filter(|row| !seen().hostcalls.contains_key(row)).collect();
    assert!(without.is_empty(), "no probe calls {without:?}: write one, see the head of this file");
}

#[test]
fn no_hostcall_answers_unimplemented() {
    // Of a stream type that Envoy has and does not implement it is the answer there, too: another call must have another.
    let only: Vec<_> = seen()
        .hostcalls
        .iter()
        .filter(|(_, answers)| answers.iter().all(|answer| answer == "Unimplemented"))
        .map(|(row, _)| row)
        .collect();
    assert!(only.is_empty(), "{only:?} answer UNIMPLEMENTED, where Envoy does not");
}

#[test]
fn every_callback_has_a_probe_in_every_version() {
    let mut without = Vec::new();
    for row in CALLBACKS {
        for version in AbiVersion::ALL.into_iter().filter(|version| row.versions.contains(*version)) {
            let shown = match row.called {
                Called::Yes => &seen().ran,
                Called::Never => &seen().silent,
            };
            if !shown.contains(&(row.name, version)) {
                without.push((row.name, version, row.called));
            }
        }
    }
    assert!(without.is_empty(), "no probe shows {without:?}: write one, see the head of this file");
}

#[test]
fn a_callback_that_envoy_never_calls_does_not_run() {
    let ran: BTreeSet<_> = seen().ran.iter().map(|(name, _)| *name).collect();
    for row in CALLBACKS.iter().filter(|row| row.called == Called::Never) {
        assert!(!ran.contains(row.name), "{} ran", row.name);
    }
    // The oldest version does not look this one up at all.
    assert!(callback("proxy_on_foreign_function", AbiVersion::V0_1_0).is_none());
}
