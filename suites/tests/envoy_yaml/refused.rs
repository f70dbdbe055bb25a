//! Files that Envoy does not take: the reader of manifests must not, either.

use libtest_mimic::Failed;
use proxy_wasm_suites::harness::manifest::ManifestSet;
use proxy_wasm_suites::harness::scenario::Workload;
use proxy_wasm_suites::parity::Envoy;

use crate::running;

/// What is wrong, the filter, and what is said of it here.
pub(crate) type Case = (&'static str, &'static str, &'static str);

pub(crate) const CASES: &[Case] = &[
    (
        "two failure policies",
        r#"{name: w, typed_config: {"@type": WASM, config: {fail_open: true, failure_policy: FAIL_OPEN, vm_config: {LINK}}}}"#,
        "exclude each other",
    ),
    (
        "a variable with two values",
        r#"{name: w, typed_config: {"@type": WASM, config: {vm_config: {environment_variables: {key_values: {A: b}, host_env_keys: [A]}, LINK}}}}"#,
        "Envoy refuses a name with two values",
    ),
    (
        "no code",
        r#"{name: w, typed_config: {"@type": WASM, config: {vm_config: {runtime: envoy.wasm.runtime.v8}}}}"#,
        "has no code",
    ),
    (
        "an unknown field",
        r#"{name: w, typed_config: {"@type": WASM, config: {root: x, vm_config: {LINK}}}}"#,
        "unknown field",
    ),
    (
        "an unknown policy",
        r#"{name: w, typed_config: {"@type": WASM, config: {failure_policy: FAIL_OPENED, vm_config: {LINK}}}}"#,
        "did you mean",
    ),
    (
        "code that is no base64",
        r#"{name: w, typed_config: {"@type": WASM, config: {vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {inline_bytes: "?"}}}}}}"#,
        "is no base64",
    ),
    (
        "a number for a text",
        r#"{name: w, typed_config: {"@type": WASM, config: {configuration: {"@type": PROTOBUF.StringValue, value: 5}, vm_config: {LINK}}}}"#,
        "expected text, found the number 5",
    ),
    (
        "remote code without a checksum",
        r#"{name: w, typed_config: {"@type": WASM, config: {vm_config: {runtime: envoy.wasm.runtime.v8, code: {remote: {http_uri: {uri: "http://127.0.0.1:1/x", cluster: up, timeout: 1s}}}}}}}"#,
        "refuses one without sha256",
    ),
];

/// Both refuse the file, and here it is said why.
pub(crate) fn check((_, filter, why): &Case, envoy: &Envoy) -> Result<(), Failed> {
    let deployed = crate::deploy(&[*filter], 0, 9);
    let (taken, said) = running::validate(envoy, &deployed.file);
    if taken {
        return Err(format!("Envoy takes it:\n{said}").into());
    }
    let here = ManifestSet::read(&[&deployed.file]).and_then(|set| set.resolve(&Workload::default()));
    match here {
        Ok(_) => Err(format!("it is taken here; Envoy says\n{said}").into()),
        Err(error) if error.to_string().contains(why) => Ok(()),
        Err(error) => Err(format!("another reason: {error}").into()),
    }
}
