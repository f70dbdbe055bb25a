//! Checks of hostcalls that answer something else than OK.

use proxy_wasm_harness::check::{Check, Judged, Level, Requirement, Source};

use super::lab::{Lab, Subject};
use super::tally::Tally;
use super::transform::faults::{self, fault};

/// Every status is lived through.
pub static STATUSES: Check<Subject> = Check {
    requirement: Requirement {
        id: "faults/statuses",
        level: Level::Should,
        sentence: "Whatever status a host may give to a hostcall, the plugin neither traps nor holds the stream for ever.",
        source: Source::Abi("Functions implemented in the host"),
        evidence: &[
            "proxy-wasm/proxy-wasm-rust-sdk#82",
            "proxy-wasm/proxy-wasm-rust-sdk#255",
            "apache/apisix-ingress-controller#1004",
        ],
        exercises: "lets the first and the last call of each hostcall answer each status that a host may give",
        bad: "status => panic!(\"unexpected status: {}\", status as u32)",
        good: "treat what is not known as a failure",
    },
    judge: |subject| subject.run(statuses),
};

fn statuses(lab: &Lab) -> Judged {
    let mut tally = Tally::of("hostcalls that fail");
    // Calls that have checks of their own.
    let others = [
        "proxy_http_call",
        "proxy_grpc_call",
        "proxy_grpc_stream",
        "proxy_get_property",
        "proxy_set_shared_data",
    ];
    for (name, most) in lab.habits.most_in_a_run.iter().filter(|(name, _)| !others.contains(name)) {
        // The session that makes the most of these calls.
        let busiest = lab.sound().max_by_key(|(_, oracle)| {
            let trace = oracle.trace();
            let count = trace.calls().filter(|(_, call)| call.name == *name).count();
            (count, std::cmp::Reverse(oracle.run.steps))
        });
        let Some((session, _)) = busiest else { continue };
        let legal = faults::menu(name).iter().map(|status| (*status, ""));
        let hostile = faults::hostile(name)
            .into_iter()
            .filter(|_| lab.options.hostile)
            .map(|status| (status, " (hostile)"));
        for (status, how) in legal.chain(hostile) {
            let mut places = vec![1, *most];
            places.dedup();
            for nth in places {
                if tally.is_full() {
                    return tally.judged();
                }
                let mut steps = vec![fault(name, status, nth, 1)];
                steps.extend(session.steps.iter().cloned());
                tally.tried();
                let what = format!("{}, {name} number {nth} answers {status}{how}", session.name);
                lab.trouble(&session.world, &steps, &what)
                    .into_iter()
                    .for_each(|finding| tally.found(finding));
            }
        }
    }
    tally.judged()
}
