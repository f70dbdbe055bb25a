//! Every scenario file here is valid under the schema that editors get.

use std::path::Path;

use proxy_wasm_harness::scenario::{as_json, discover, schema};

#[test]
fn every_scenario_file_is_valid_under_the_schema() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let found = discover(&[root]).expect("there are scenarios");
    for file in found {
        let json = as_json(&file.path).unwrap_or_else(|error| panic!("{error}"));
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {}: {error}", file.path.display(), error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}

/// The schema refuses what the reader refuses: an editor that knows it is of use.
#[test]
fn the_schema_refuses_an_unknown_key() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
    let wrong =
        serde_json::json!({"plugins": [{"wasm": "a.wasm"}], "scenarios": [{"name": "a", "stepz": []}]});
    assert!(!validator.is_valid(&wrong));
}
