//! In GitHub Actions: the same text, and an annotation for each failure.

mod playground;

use playground::{Playground, Ran, plugin, scenarios};

#[test]
fn failures_are_annotated_at_their_lines_from_the_folder_of_the_checkout() {
    let play = Playground::new();
    let list = "  - {name: good, steps: [{request: GET /}]}\n  - name: bad\n    steps:\n      - request: GET /\n        expect: {response: {status: 404}}\n";
    play.write("tests/p.wat", plugin("")).write("tests/a.scenario.yaml", scenarios(list));
    play.write("tests/b.scenario.yaml", "nonsense, 100 %\n");
    let annotated = |arguments: &[&str]| -> Ran {
        let mut command = play.command(arguments);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", play.path());
        command.current_dir(play.path().join("tests")).output().expect("it runs").into()
    };
    let ran = annotated(&["run"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert_eq!(
        lines[0],
        "::error file=tests/a.scenario.yaml,line=7,col=37,title=a%3A%3Abad::response.status: expected 404, found 200"
    );
    assert!(
        lines[1].starts_with("::error file=tests/b.scenario.yaml,line=1,title=b::b.scenario.yaml:1:1: "),
        "{ran:?}"
    );
    assert!(lines[1].contains("%0A 1 | nonsense, 100 %25"), "{ran:?}");
    assert!(!annotated(&["run", "--format", "pretty"]).stdout.contains("::error"));
    assert!(!play.run(&["run", "tests"]).stdout.contains("::error"));
}
