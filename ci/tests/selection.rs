//! Which trials are run, on what, and how they are named.

mod playground;

use playground::{Playground, plugin, scenarios};

fn furnished() -> Playground {
    let play = Playground::new();
    let list = "  - name: third\n    cases: [{case: one, n: 1}, {case: two, n: 2}]\n    steps: [{request: GET /$(n)}]
  - {name: third and fourth, steps: [{request: GET /}]}\n";
    play.write("p.wat", plugin("")).write("sub/p.wat", plugin(""));
    play.write("a.scenario.yaml", scenarios(list));
    play.write("sub/b.scenario.yaml", scenarios("  - {name: other, steps: [{request: GET /}]}\n"));
    play.write("target/c.scenario.yaml", "not looked at").write("readme.md", "");
    play
}

fn names(play: &Playground, arguments: &[&str]) -> Vec<String> {
    let ran = play.run(&[&["run", "--list"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn trials_are_listed_and_filtered_by_name() {
    let play = furnished();
    let all = ["a::third::one", "a::third::two", "a::third and fourth", "sub/b::other"];
    assert_eq!(names(&play, &[]), all);
    assert_eq!(names(&play, &["."]), all);
    assert_eq!(names(&play, &["sub", "a.scenario.yaml"]), ["b::other", all[0], all[1], all[2]]);
    assert_eq!(names(&play, &["--filter", "two"]), [all[1]]);
    assert_eq!(names(&play, &["--filter", "third"]), all[..3]);
    assert_eq!(names(&play, &["--filter", "third::one"]), [all[0]]);
    assert_eq!(names(&play, &["--filter", "a::third and fourth"]), [all[2]]);
}

#[test]
fn listing_opens_no_module_and_builds_nothing() {
    let play = furnished();
    play.write(
        "a.scenario.yaml",
        "plugins: [{wasm: {cargo: missing}}]\nscenarios: [{name: one, steps: []}]\n",
    );
    assert_eq!(names(&play, &["a.scenario.yaml"]), ["a::one"]);
}

#[test]
fn the_command_that_a_failure_prints_runs_that_trial_alone() {
    let play = furnished();
    play.write(
        "other.wat",
        plugin("(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) unreachable)"),
    );
    let ran = play.run(&["run", "--plugin", "p=other.wat", "--max-memory", "1MiB"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("0 passed, 4 failed, 0 skipped"), "{ran:?}");
    let again =
        "proxy-wasm-test run a.scenario.yaml --filter third::two --plugin p=other.wat --max-memory 1MiB";
    assert!(ran.stdout.contains(&format!("    run it again: {again}\n")), "{ran:?}");
    let words: Vec<&str> = again.split(' ').skip(1).collect();
    let alone = play.run(&words);
    assert!(alone.code == 1 && alone.stdout.contains("0 passed, 1 failed, 0 skipped"), "{alone:?}");
}

#[test]
fn quiet_shows_failures_and_the_summary() {
    let play = furnished();
    let ran = play.run(&["run", "--quiet"]);
    assert!(ran.code == 0 && ran.stdout.starts_with("4 passed, 0 failed, 0 skipped in "), "{ran:?}");
    play.write("sub/b.scenario.yaml", scenarios("  - {name: other, steps: [{start: refused}]}\n"));
    let ran = play.run(&["run", "--quiet"]);
    assert!(ran.code == 1 && ran.stdout.starts_with("sub/b.scenario.yaml\n  FAILED  other\n"), "{ran:?}");
}

#[test]
fn a_file_that_cannot_be_read_stops_no_other() {
    let play = furnished();
    play.write("sub/b.scenario.yaml", "plugins: 7\n");
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("3 passed, 1 failed, 0 skipped"), "{ran:?}");
    assert!(ran.stderr.contains("error: sub/b.scenario.yaml:1:10: "), "{ran:?}");
    // A filter that asks for another file's trial does not care.
    assert_eq!(play.run(&["run", "--filter", "fourth"]).code, 0);
}
