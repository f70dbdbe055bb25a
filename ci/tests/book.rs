//! The book: each chapter's files are written, and its commands run, in the order of the text; the tables of the format
//! are those of the schema.

#![cfg(unix)]

mod pages;
mod playground;

use std::fs;
use std::path::{Path, PathBuf};

use pages::Page;
use playground::Playground;
use proxy_wasm_harness::proxy::{FINDINGS, FindingKind};
use serde_json::Value;

const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src");

fn chapters() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(BOOK)
        .expect("the book")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    all.sort();
    all
}

#[test]
fn every_command_of_the_book_works() {
    for chapter in chapters() {
        let name = chapter.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&chapter).expect("a chapter");
        Page { name: &name, program: "proxy-wasm-test", play: &pages::reader() }.play(&text);
    }
}

#[test]
fn the_contents_name_every_chapter() {
    let summary = fs::read_to_string(Path::new(BOOK).join("SUMMARY.md")).expect("the contents");
    for chapter in chapters() {
        let name = chapter.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(summary.contains(&format!("]({name})")), name != "SUMMARY.md", "{name}");
    }
}

#[test]
fn the_tables_of_the_format_are_those_of_the_schema() {
    let schema: Value = serde_json::from_str(&Playground::new().run(&["schema"]).stdout).expect("the schema");
    let text = tables(&schema);
    let path = Path::new(BOOK).join("format.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &text).expect("a file");
    }
    let known = fs::read_to_string(&path).expect("the chapter");
    assert_eq!(known, text, "write it anew with INSTA_UPDATE=always");
}

#[test]
fn the_table_of_findings_is_that_of_the_host() {
    let mut text = String::from(
        "# Findings\n\nA step fails when the host finds something that is wrong whatever the step expects: what Envoy does not \
         survive, or writes wrong for the plugin's sake, and what the script lacks. A step that is meant to bring it about names \
         it: `expect: {findings: [ID]}`. `proxy-wasm-test explain ID` says of each what stands here.\n\n\
         | id | what happens | what to do |\n|---|---|---|\n",
    );
    for FindingKind { id, happens, remedy } in FINDINGS {
        text.push_str(&format!("| `{id}` | {happens} | {remedy} |\n"));
    }
    let path = Path::new(BOOK).join("findings.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &text).expect("a file");
    }
    let known = fs::read_to_string(&path).expect("the chapter");
    assert_eq!(known, text, "write it anew with INSTA_UPDATE=always");
}

/// The chapter: a table for each kind of object.
fn tables(schema: &Value) -> String {
    let mut out = String::from(
        "# The scenario format\n\nMade from the schema (`proxy-wasm-test schema`), which editors complete and check files by. A key \
         with a star has to be there.\n",
    );
    for (name, of) in schema["$defs"].as_object().expect("definitions") {
        let Some(properties) = of["properties"].as_object().filter(|all| !all.is_empty()) else { continue };
        let required: Vec<&str> =
            of["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let about = of["description"].as_str().unwrap_or_default();
        out.push_str(&format!("\n## {}\n\n{about}\n\n| key | value | |\n|---|---|---|\n", title(name)));
        for (key, of) in properties {
            let star = if required.contains(&key.as_str()) { "*" } else { "" };
            let mut kinds = kinds(of);
            kinds.dedup();
            let about = of["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
            out.push_str(&format!("| `{key}`{star} | {} | {about} |\n", kinds.join(", ")));
        }
    }
    out
}

/// `StepForm` as `step`.
fn title(name: &str) -> String {
    let name = name.strip_suffix("Form").unwrap_or(name);
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// What a place takes, in words; a named value is taken everywhere and not told.
fn kinds(of: &Value) -> Vec<String> {
    if let Some(all) = of["anyOf"].as_array().or_else(|| of["oneOf"].as_array()) {
        let mut found: Vec<String> = all.iter().flat_map(kinds).collect();
        found.sort();
        found.dedup();
        return found;
    }
    if let Some(name) = of["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let link = title(name).replace(' ', "-");
        return if name == "NamedValue" { Vec::new() } else { vec![format!("[{}](#{link})", title(name))] };
    }
    if let Some(word) = of.get("const") {
        return vec![format!("`{}`", word.as_str().map_or_else(|| word.to_string(), str::to_owned))];
    }
    if let Some(words) = of["enum"].as_array() {
        return words.iter().filter_map(|word| Some(format!("`{}`", word.as_str()?))).collect();
    }
    match (&of["type"], of["items"].is_object()) {
        (Value::String(kind), true) if kind == "array" => {
            let items = kinds(&of["items"]);
            vec![format!(
                "list of {}",
                if items.is_empty() { "values".to_owned() } else { items.join(" or ") }
            )]
        }
        (Value::String(kind), _) => vec![kind.replace("object", "mapping")],
        // Whatever a scalar looks like, it is taken as it is written.
        (Value::Array(_), _) => vec!["text".to_owned()],
        _ => Vec::new(),
    }
}
