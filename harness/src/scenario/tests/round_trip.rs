//! What is printed reads back to an equal value.

use std::path::Path;

use proptest::prelude::*;

use super::super::{Chain, PluginSource, load_text, print, print_steps};
use super::any::scenario;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back(scenario in scenario()) {
        let text = print(&scenario, Path::new("/files/here"));
        match load_text(Path::new("/files/here/p.yaml"), &text) {
            Ok(mut file) => {
                let Chain::Plugins(plugins) = &mut file.scenarios[0].chain else { panic!("plugins") };
                prop_assert_eq!(&plugins[0].source, &PluginSource::Path("/files/here/../p.wasm".into()));
                plugins[0].source = PluginSource::Path("/files/p.wasm".into());
                prop_assert_eq!(&file.scenarios[0], &scenario, "{}", text);
            }
            Err(errors) => prop_assert!(false, "{errors}\n{text}"),
        }
    }
}

#[test]
fn it_reads_well() {
    let text = "plugins: [{wasm: ../p.wasm, config: {limit: 2}}]
upstream: [{status: 200, body: hello}, {fail: closed, after: 5ms}]
host: {workers: 2}
scenarios:
  - name: the third is refused
    steps:
      - request: GET http://httpbin:8000/headers
        repeat: 2
        every: 250ms
        expect: {response: {status: 200, headers: {who-am-i: wasm-extension}}, log: [{contains: limit 2}]}
      - advance: 1s 1ns
      - request:
          url: /
          headers: {a: [\"1\", \"2\"], authorization: Bearer an-example-of-a-long-token, x-request-id: none}
          body: {fill: ab, size: 64KiB}
        expect: {response: {status: 403}, upstream_request: none}
";
    let at = Path::new("/files/here/p.yaml");
    let file = load_text(at, text).unwrap_or_else(|errors| panic!("{errors}"));
    let mut scenario = file.scenarios[0].clone();
    let Chain::Plugins(plugins) = &mut scenario.chain else { panic!("plugins") };
    plugins[0].source = PluginSource::Path("/files/p.wasm".into());
    assert_eq!(print(&scenario, Path::new("/files/here")), text);
    assert!(print_steps(&scenario.steps[1..2]) == "steps:\n  - advance: 1s 1ns\n");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_brings_the_reader_down(
        at in any::<prop::sample::Index>(),
        length in 0_usize..9,
        with in r#"\PC{0,3}|[\[\]{}:,"'|>$(&*!%@`#?~\n\t \\-]{0,6}"#,
    ) {
        let mut text: Vec<char> = super::example::FILE.chars().collect();
        let at = at.index(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, with.chars());
        let text: String = text.into_iter().collect();
        let _ = load_text(Path::new("t.yaml"), &text);
    }
}
