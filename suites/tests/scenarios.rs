//! The scenarios of the plugins under test.

proxy_wasm_suites::scenarios!("scenarios");
