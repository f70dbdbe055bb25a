proxy_wasm_suites::scenarios!("scenarios");
