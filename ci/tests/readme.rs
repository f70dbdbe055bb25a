//! The README, done as it says. Its section for authors in Rust is done by the suites' tests, with Cargo.

#![cfg(unix)]

mod pages;
mod playground;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use pages::Page;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What others run: this very test, and a comparison that needs a real Envoy.
fn is_done_elsewhere(line: &str) -> bool {
    line.starts_with("$ cargo test --workspace") || (line.contains(" -- parity ") && !has_envoy())
}

fn has_envoy() -> bool {
    let program = std::env::var_os("ENVOY").unwrap_or_else(|| "envoy".into());
    Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success())
}

#[test]
fn every_block_of_the_readme_works() {
    let text = std::fs::read_to_string(Path::new(REPOSITORY).join("README.md")).expect("the README");
    let sections = |text: &str| -> Vec<String> {
        let mut found = vec![String::new()];
        for line in text.lines().filter(|line| !is_done_elsewhere(line)) {
            if line.starts_with("## ") {
                found.push(String::new());
            }
            let last = found.last_mut().expect("a section");
            last.push_str(line);
            last.push('\n');
        }
        found
    };
    let play = pages::reader();
    let page = Page { name: "README.md", program: "cargo run --release -- ", play: &play };
    for section in sections(&text) {
        if section.starts_with("## From `cargo new --lib`") {
            continue;
        }
        // What is shown with this repository's own scenarios; elsewhere they would be among the reader's.
        let here = ["suites", "snapshots", "plugins-under-test"].map(|name| play.path().join(name));
        if section.contains("suites/scenarios") {
            for link in &here {
                symlink(Path::new(REPOSITORY).join(link.file_name().expect("a name")), link).expect("a link");
            }
        }
        page.play(&without_rust(&section));
        for link in &here {
            let _ = std::fs::remove_file(link);
        }
    }
}

/// Tests in Rust are for Cargo, which the suites' tests have.
fn without_rust(section: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for line in section.lines() {
        within |= line == "```rust,ignore";
        let names_it = line.starts_with("<!-- file: ") && line.ends_with(".rs -->");
        if !within && !names_it {
            out.push_str(line);
            out.push('\n');
        }
        within &= line != "```";
    }
    out
}
