//! A plugin's own test target, as `conformance!` gives it: one trial for each check.

proxy_wasm_suites::conformance!(
    "../plugins-under-test/artifacts/header_logger_rust.wasm",
    scenarios: vec!["scenarios/header_logger_rust"],
    expectations: Some("tests/checked_plugin.toml"),
    strict: true,
);
