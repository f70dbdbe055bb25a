//! Named values, imports and cases.

use super::super::{StepKind, load};
use super::{file, scenarios, wrong};

fn url(lets: &str, url: &str) -> String {
    let text =
        file(&format!("let: {lets}\nscenarios: [{{name: s, steps: [{{request: {{url: {url}}}}}]}}]\n"));
    let StepKind::Request(request) = &scenarios(&text)[0].steps[0].kind else { panic!("a request") };
    String::from_utf8(request.path.clone()).expect("text")
}

#[test]
fn a_name_stands_for_its_value() {
    assert_eq!(url("{a: /x}", "$(a)"), "/x");
    assert_eq!(url("{a: x, b: y}", "/$(a)/$(b)?$(a)"), "/x/y?x");
    assert_eq!(url("{a: 007}", "/$(a)"), "/007");
    assert_eq!(url("{a: /$(b), b: c}", "$(a)"), "/c", "a value may use another");
}

#[test]
fn two_dollars_write_one() {
    assert_eq!(url("{a: x}", "/$$(a)/$(a)/$$$(a)/$"), "/$(a)/x/$$(a)/$");
}

#[test]
fn alone_it_keeps_its_type() {
    let text = file(
        "let: {times: 3, message: {url: /, headers: $(fields)}, fields: [{a: '1'}, {a: '2'}], name: x-k}\n\
         scenarios:\n- name: s\n  steps:\n  - request: $(message)\n    repeat: $(times)\n\
         \x20 - request: {url: /, headers: [$(fields), {$(name): v}]}\n",
    );
    let scenario = &scenarios(&text)[0];
    assert_eq!(scenario.steps[0].repeat, 3);
    let StepKind::Request(request) = &scenario.steps[1].kind else { panic!("a request") };
    let names: Vec<_> = request.headers.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, [&b"a"[..], b"a", b"x-k"]);
}

#[test]
fn scenarios_can_be_named_and_use_their_cases_and_what_is_around_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "story.let.yaml",
        "let:\n  story:\n  - $(first)\n  - {name: second, cases: [{case: a, n: 1}, {case: b, n: 2}],\n\
         \x20    steps: [{request: GET /$(n)/$(who)}]}\n  first: {name: first, steps: [{request: GET /$(who)}]}\n",
    );
    write(
        "t.scenario.yaml",
        "import: [story.let.yaml]\nlet: {who: me}\nplugins: [{wasm: p.wasm}]\nscenarios: $(story)\n",
    );
    let loaded = load(&folder.path().join("t.scenario.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let paths: Vec<(String, String)> = loaded
        .scenarios
        .iter()
        .map(|scenario| {
            let StepKind::Request(request) = &scenario.steps[0].kind else { panic!("a request") };
            (scenario.label(), String::from_utf8_lossy(&request.path).into_owned())
        })
        .collect();
    let expected = [("first", "/me"), ("second::a", "/1/me"), ("second::b", "/2/me")];
    assert_eq!(paths, expected.map(|(label, path)| (label.to_owned(), path.to_owned())));
    let text = wrong(&file("let: {story: {name: s}}\nscenarios: $(story)\n"));
    assert!(text.contains("expected a list of scenarios, found a mapping"), "{text}");
    let text = wrong(&file("scenarios: $(story)\n"));
    assert!(text.contains("no value has the name `story`"), "{text}");
}

#[test]
fn errors_of_names() {
    let with = |lets: &str, url: &str| {
        wrong(&file(&format!(
            "let: {lets}\nscenarios: [{{name: s, steps: [{{request: {{url: {url}}}}}]}}]\n"
        )))
    };
    for (lets, url, said) in [
        ("{token: x}", "$(tokn)", "help: did you mean \"token\"?"),
        ("{a: $(b), b: $(a)}", "$(a)", "the named values go round in a circle: a -> b -> a"),
        ("{a: $(a)}", "$(a)", "the named values go round in a circle: a -> a"),
        ("{a: {b: c}}", "/$(a)", "$(a) is a mapping, and stands inside text"),
        ("{a: x, unused: y}", "/$(a)", "t.yaml:2:13: nothing uses `unused`"),
        ("{a: x}", "/$(a)$(", "`$(` without a name and its `)`"),
        ("{a b: x}", "/", "`a b` cannot be a name"),
        ("[a]", "/", "expected a mapping of names to values, found a list"),
    ] {
        let text = with(lets, url);
        assert!(text.contains(said), "{lets} {url}\n{text}");
    }
}

#[test]
fn an_error_in_a_value_names_use_and_definition() {
    let text = wrong(&file(
        "let:\n  bad: fast\n  fields: {x: {hex: zz}}\nscenarios:\n- name: s\n  steps:\n  - advance: $(bad)\n\
         \x20 - request: {url: /, headers: $(fields)}\n",
    ));
    assert_eq!(
        text,
        "t.yaml:4:15: this is no hexadecimal\n 4 |   fields: {x: {hex: zz}}\n   |               ^\n\
         note: used at t.yaml:9:32\n\n\
         t.yaml:8:14: `fast` is no duration\n 8 |   - advance: $(bad)\n   |              ^\n\
         note: defined at t.yaml:3:8\nhelp: whole numbers with a unit, for example `250ms` or `1s 1ns`"
    );
}

#[test]
fn errors_of_cases() {
    let with = |cases: &str| {
        wrong(&file(&format!("scenarios:\n- name: s\n  cases: {cases}\n  steps: [{{advance: $(t)}}]\n")))
    };
    for (cases, said) in [
        ("[]", "there is no case"),
        ("[{t: 1s}]", "the key `case` is missing"),
        ("[{case: a, t: 1s, u: 2}]", "nothing uses `u`"),
        ("[{case: a, t: 1s}, {case: b}]", "no value has the name `t`"),
        ("[{case: a, t: 1s}, {case: a, t: 2s}]", "two scenarios have the name `s::a`"),
        ("{case: a}", "expected a list of cases, found a mapping"),
        ("[a]", "expected a mapping with `case` and named values, found `a`"),
    ] {
        let text = with(cases);
        assert!(text.contains(said), "{cases}\n{text}");
    }
}

#[test]
fn a_name_grows_no_file_beyond_measure() {
    let mut lets = String::from("let:\n  a0: [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("$(a{}), ", level - 1).repeat(10);
        lets += &format!("  a{level}: [{before}]\n");
    }
    let text = wrong(&file(&format!("{lets}scenarios: [{{name: s, steps: $(a11)}}]\n")));
    assert!(text.contains("the named values grow too large"), "{text:.300}");
}

#[test]
fn imported_names_may_rest_and_know_their_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    std::fs::create_dir(folder.path().join("shared")).expect("a folder");
    write("shared/body.bin", "from shared");
    write("body.bin", "from here");
    write("shared/a.let.yaml", "let: {whole: {file: body.bin}, path: body.bin, rest: 1}");
    write(
        "t.scenario.yaml",
        &file(
            "import: [shared/a.let.yaml]\nscenarios:\n- name: s\n  steps:\n\
             \x20 - request: {url: /, headers: {a: $(whole), b: {file: $(path)}, c: {file: ./$(path)}}}\n",
        ),
    );
    let loaded = load(&folder.path().join("t.scenario.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let StepKind::Request(request) = &loaded.scenarios[0].steps[0].kind else { panic!("a request") };
    let values: Vec<_> = request.headers.iter().map(|(_, value)| String::from_utf8_lossy(value)).collect();
    assert_eq!(values, ["from shared", "from shared", "from here"]);
}

#[test]
fn errors_of_imports() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.scenario.yaml");
    std::fs::write(folder.path().join("both.yaml"), "let: {a: 1}\nplugins: []").expect("a file");
    std::fs::write(folder.path().join("twice.yaml"), "let: {own: 1}").expect("a file");
    for (import, said) in [
        ("none.yaml", "cannot read the file"),
        ("both.yaml", "unknown key `plugins` in a let file"),
        ("twice.yaml", "the name `own` is defined twice"),
    ] {
        let text = format!(
            "import: [{import}]\nlet: {{own: 1s}}\nscenarios: [{{name: s, steps: [{{advance: $(own)}}]}}]\n"
        );
        std::fs::write(&path, file(&text)).expect("a file");
        let text = load(&path).expect_err("wrong").to_string();
        assert!(text.contains(said), "{import}\n{text}");
    }
}

#[test]
fn an_imported_file_is_called_by_its_short_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tests/t.scenario.yaml");
    for name in ["tests", "shared", "elsewhere"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    let write =
        |name: &str| std::fs::write(folder.path().join(name), "let: {a: 1}\nplugins: []").expect("a file");
    write("shared/a.let.yaml");
    let said = |import: &str| {
        std::fs::write(&path, file(&format!("import: [{import}]\nscenarios: []\n"))).expect("a file");
        load(&path).expect_err("wrong").to_string().replace(&format!("{}/", folder.path().display()), "")
    };
    assert!(
        said("../shared/a.let.yaml").contains("shared/a.let.yaml:2:1: "),
        "{}",
        said("../shared/a.let.yaml")
    );
    assert!(!said("../shared/a.let.yaml").contains(".."), "{}", said("../shared/a.let.yaml"));
    // Behind a link the two dots are those of where it leads to, and have to stay.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("tests/link"))
            .expect("a link");
        let text = said("link/../shared/a.let.yaml");
        assert!(text.contains("tests/link/../shared/a.let.yaml:2:1: "), "{text}");
    }
}
