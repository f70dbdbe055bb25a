//! Snapshots on the command line: compared, updated, never under CI, and none left over.

mod playground;

use playground::{Playground, plugin, scenarios};

fn furnished() -> Playground {
    let play = Playground::new();
    play.write("p.wat", plugin(""));
    play.write(
        "s.scenario.yaml",
        scenarios("  - {name: A story, snapshot: [http, log], steps: [{request: GET /}]}\n"),
    );
    play
}

#[test]
fn snapshots_are_written_when_asked_and_compared_from_then_on() {
    let play = furnished();
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("there is no snapshot snapshots/s/a-story.http.snap; this run gives:"),
        "{ran:?}"
    );
    assert!(!play.path().join("snapshots").exists(), "comparing writes nothing");

    let ran = play.run(&["run", "--update-snapshots"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.contains("    updated snapshots/s/a-story.http.snap\n"), "{ran:?}");
    assert_eq!(play.run(&["run"]).code, 0);
    let again = play.run(&["run", "--update-snapshots"]);
    assert!(again.code == 0 && !again.stdout.contains("updated"), "{again:?}");

    let path = "snapshots/s/a-story.http.snap";
    let changed = play.read(path).replace("client receives 200", "client receives 204");
    play.write(path, &changed);
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("    -[0s] #1 client receives 204\n    +[0s] #1 client receives 200\n"),
        "{ran:?}"
    );
    assert_eq!(play.read(path), changed, "comparing writes nothing");
    let refused = play.command(&["run", "--update-snapshots"]).env("CI", "1").output().expect("it runs");
    assert_eq!((refused.status.code(), play.read(path)), (Some(2), changed));
}

#[test]
fn a_scenario_that_fails_has_nothing_to_accept() {
    let play = furnished();
    let wrong = "  - {name: A story, snapshot: [http], steps: [{request: GET /, expect: {response: {status: 404}}}]}\n";
    play.write("s.scenario.yaml", scenarios(wrong));
    let ran = play.run(&["run", "--update-snapshots"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!play.path().join("snapshots").exists(), "{ran:?}");
}

#[test]
fn snapshots_can_be_kept_elsewhere() {
    let play = furnished();
    assert_eq!(play.run(&["run", "--update-snapshots", "--snapshots", "kept"]).code, 0);
    assert!(play.path().join("kept/s/a-story.log.snap").exists());
    assert_eq!(play.run(&["run", "--snapshots", "kept"]).code, 0);
    assert_eq!(play.run(&["run"]).code, 1);
}

#[test]
fn snapshots_that_no_scenario_asks_for_fail_a_whole_run() {
    let play = furnished();
    assert_eq!(play.run(&["run", "--update-snapshots"]).code, 0);
    play.write("snapshots/gone/old.http.snap", "---\nsource: x\n---\n");
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("snapshots/gone/old.http.snap: no scenario asks for this snapshot"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("1 passed, 1 failed, 0 skipped"), "{ran:?}");
    assert_eq!(play.run(&["run", "--filter", "story"]).code, 0, "a part of the trials judges no leftovers");
}
