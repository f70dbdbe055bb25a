//! Every kind of finding that the host makes by itself: what happens, and what to do about it.
//!
//! Pure data. Who finds them stands where they are found; this table is what `explain` and the book tell of them, and a
//! finding whose id is not here does not get past a debug build.

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// Stable identifier, as expectations name it.
    pub id: &'static str,
    /// What a real proxy does (Envoy 1.40, observed), or what is missing here.
    pub happens: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn kind(id: &'static str, happens: &'static str, remedy: &'static str) -> FindingKind {
    FindingKind { id, happens, remedy }
}

/// All kinds, by id.
pub const FINDINGS: [FindingKind; 17] = [
    kind(
        "envoy/body-dropped",
        "A body callback returned neither Continue (0) nor Pause (1). Envoy stops without buffering: the bytes of that callback are lost.",
        "Return 0 or 1.",
    ),
    kind(
        "envoy/call-trailers",
        "Trailers given to `proxy_http_call` are not sent: the cluster gets headers and body alone.",
        "Put what they say into headers or the body.",
    ),
    kind(
        "envoy/callback-in-hostcall",
        "`proxy_grpc_stream` to a cluster without hosts runs two callbacks before it returns; here they come after it.",
        "Have the plugin expect callbacks for a stream whose id it does not know yet.",
    ),
    kind(
        "envoy/crash",
        "Envoy does not survive the call that the message names: the process ends, with all its connections. Nothing of the scenario runs \
         after it.",
        "Do not make that call there; the transcript shows what led to it.",
    ),
    kind(
        "envoy/head-twice",
        "The head of a response is written to the client a second time, where its body begins; over HTTP/2 where its trailers stand.",
        "Continue a response once: by returning Continue, or by `proxy_continue_stream` behind a Pause; and let a request rest that has \
         been answered.",
    ),
    kind(
        "envoy/request-twice",
        "The request is sent to the upstream twice, and one of the two is reset later.",
        "Continue a request once: by returning Continue, or by `proxy_continue_stream` behind a Pause.",
    ),
    kind(
        "envoy/stack-overflow",
        "Each callback asks for what brings about the next, one inside the other, until the stack overflows. The plugin's VM is dead, and \
         every stream in it fails.",
        "Do not continue a stream, or begin a call that fails at once, in the callback that this very call brings about.",
    ),
    kind(
        "envoy/trailers-twice",
        "The end of a request is written to an upstream of HTTP/1.1 twice: the second one stands where the next request of that \
         connection begins, which is another client's.",
        "Continue a request once, and not in its trailers callback when that returns Continue.",
    ),
    kind(
        "host/missing-feature",
        "The plugin uses what this build of the host leaves out; the message names the Cargo feature.",
        "Switch the feature on. The program has all of them.",
    ),
    kind(
        "host/not-simulated",
        "The plugin does what this host does not imitate, for what Envoy makes of it depends on more than the script says.",
        "Avoid it, or try it on a real Envoy: `proxy-wasm-test parity`.",
    ),
    kind(
        "script/cluster-exhausted",
        "A plugin called a cluster more often than the scenario has answers for it.",
        "Add an answer, or give one answer in place of a list: it is given every time.",
    ),
    kind(
        "script/no-progress",
        "Very many things happened at one instant: a plugin asks for the next in the callback of the one before.",
        "Let answers come `after` some time, or see to it that the plugin stops.",
    ),
    kind(
        "script/upstream-exhausted",
        "The upstream received more requests than the scenario has answers.",
        "Add an answer, or give one answer in place of a list: it is given every time.",
    ),
    kind(
        "vm/memory-cap",
        "A VM asked for more memory than it may have here. Envoy has no such limit, and the machine has.",
        "Look for what is kept without bound; if it needs that much, raise `--max-memory`.",
    ),
    kind(
        "wire/content-length",
        "A `content-length` went out that is not the length of the body: the receiver waits for more, or misreads what follows.",
        "Remove `content-length` in the headers callback when the body may change.",
    ),
    kind(
        "wire/raw-header",
        "A name or value of a header field is none that HTTP allows, and Envoy writes it as it is: a line break in it begins a field of \
         its own, or the body.",
        "Check what comes from outside before it goes into a header field.",
    ),
    kind(
        "wire/transfer-encoding",
        "A call says `transfer-encoding` by itself, and contradicts what Envoy writes: the cluster cannot tell where the request ends.",
        "Leave `transfer-encoding` to the proxy.",
    ),
];

/// The kind of this id.
#[must_use]
pub fn finding_kind(id: &str) -> Option<&'static FindingKind> {
    FINDINGS.iter().find(|kind| kind.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_stands_once_and_in_order() {
        assert!(FINDINGS.windows(2).all(|two| two[0].id < two[1].id));
        assert_eq!(finding_kind("envoy/crash").map(|kind| kind.id), Some("envoy/crash"));
        assert_eq!(finding_kind("envoy/crush"), None);
    }
}
