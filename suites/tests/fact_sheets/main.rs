//! Each thing that Envoy was observed to do is covered by a test, a scenario or a probe, or is listed with the reason why
//! it cannot be: the lists beside this file. What a list names has to exist, so that a row leads to what covers it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proxy_wasm_harness::scenario::load;

/// The lists, and how many rows each has at least.
const LISTS: [(&str, usize); 2] = [("http.toml", 130), ("hostcalls.toml", 80)];

/// A row of a list.
struct Row {
    id: String,
    by: Vec<String>,
    not_here: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows(list: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fact_sheets").join(list);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = table["row"].as_array().expect("rows");
    let text = |row: &toml::Value, key: &str| row.get(key).map(|value| value.as_str().expect(key).to_owned());
    rows.iter()
        .map(|row| Row {
            id: text(row, "id").expect("an id"),
            by: row
                .get("by")
                .and_then(toml::Value::as_array)
                .map(|all| all.iter().map(|one| one.as_str().expect("a name").to_owned()).collect())
                .unwrap_or_default(),
            not_here: text(row, "not_here"),
        })
        .collect()
}

/// Why nothing of this name exists, if nothing does.
fn missing(name: &str, trials: &mut BTreeMap<PathBuf, Vec<String>>) -> Option<String> {
    let (file, inside) = name.split_once("::").map_or((name, None), |(file, inside)| (file, Some(inside)));
    let path = root().join(file);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Some(format!("{file}: {error}")),
    };
    let inside = inside?;
    let there = if file.ends_with(".rs") {
        let function = format!("fn {inside}(");
        text.lines()
            .zip(text.lines().skip(1))
            .any(|(before, line)| before.trim() == "#[test]" && line.contains(&function))
    } else {
        trials.entry(path).or_insert_with_key(|path| trials_of(path)).iter().any(|trial| {
            trial.strip_prefix(inside).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    (!there).then(|| format!("{file} has no {inside:?}"))
}

/// The trials of a scenario file, `scenario` or `scenario::case`.
fn trials_of(path: &Path) -> Vec<String> {
    let file = load(path).unwrap_or_else(|errors| panic!("{errors}"));
    let names = file.scenarios.iter().map(|scenario| scenario.trial(""));
    names.map(|name| name.trim_start_matches("::").to_owned()).collect()
}

#[test]
fn each_row_is_covered_or_says_why_it_is_not() {
    for (list, least) in LISTS {
        let mut ids = BTreeSet::new();
        for row in rows(list) {
            let told = [!row.by.is_empty(), row.not_here.is_some()];
            assert_eq!(told.iter().filter(|one| **one).count(), 1, "{}: either `by` or `not_here`", row.id);
            assert!(ids.insert(row.id.clone()), "{} is there twice", row.id);
        }
        assert!(ids.len() >= least, "{list}: {}", ids.len());
    }
}

#[test]
fn what_covers_a_row_exists() {
    let rows: Vec<Row> = LISTS.iter().flat_map(|(list, _)| rows(list)).collect();
    let mut trials = BTreeMap::new();
    let names = rows.iter().flat_map(|row| row.by.iter().map(|name| (&row.id, name)));
    let missing: Vec<_> =
        names.filter_map(|(id, name)| missing(name, &mut trials).map(|why| (id, why))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
