//! The JUnit report: read back and held against the rules of the usual form, and against `junit.xsd` where a validator
//! (`xmllint`) is installed.

mod playground;

use std::collections::BTreeMap;
use std::process::Command;

use playground::{Playground, plugin, scenarios};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element with its attributes, the elements in it, and its text.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.expect("well-formed");
            let value = quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).expect("UTF-8"))
                .expect("known entities")
                .into_owned();
            (text(attribute.key.as_ref()), value)
        });
        Self { name: text(start.name().as_ref()), attributes: attributes.collect(), ..Self::default() }
    }

    /// The root of a document.
    fn read(xml: &str) -> Self {
        let mut reader = Reader::from_str(xml);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(start) => open.push(Self::of(&start)),
                Event::Empty(start) => open.last_mut().expect("a parent").children.push(Self::of(&start)),
                Event::End(_) => {
                    let done = open.pop().expect("an element");
                    open.last_mut().expect("a parent").children.push(done);
                }
                Event::Text(text) => {
                    open.last_mut().expect("a parent").text += &text.decode().expect("UTF-8");
                }
                Event::Eof => return open.remove(0).children.remove(0),
                _ => {}
            }
        }
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    fn number(&self, name: &str) -> usize {
        self.attribute(name).parse().unwrap_or_else(|_| panic!("{name} is no number in {self:?}"))
    }

    fn all(&self, name: &str) -> usize {
        self.children.iter().map(|child| usize::from(child.name == name) + child.all(name)).sum()
    }
}

/// The rules of the usual form.
fn check(root: &Element) {
    assert_eq!(root.name, "testsuites");
    for element in [root].into_iter().chain(&root.children) {
        for (counter, of) in
            [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            assert_eq!(element.number(counter), element.all(of), "{counter} of {element:?}");
        }
        assert!(element.attribute("time").parse::<f64>().is_ok_and(|seconds| seconds >= 0.0));
    }
    for suite in &root.children {
        assert_eq!(suite.name, "testsuite");
        assert!(!suite.attribute("name").is_empty());
        for case in &suite.children {
            assert_eq!(case.name, "testcase");
            assert!(!case.attribute("name").is_empty() && !case.attribute("classname").is_empty());
            let outcomes: Vec<_> = case.children.iter().filter(|child| child.name != "system-out").collect();
            assert!(outcomes.len() <= 1, "one outcome: {case:?}");
            for outcome in outcomes {
                assert!(!outcome.attribute("message").is_empty(), "{outcome:?}");
                if outcome.name != "skipped" {
                    assert!(!outcome.attribute("type").is_empty() && !outcome.text.is_empty(), "{outcome:?}");
                }
            }
        }
    }
}

/// Every outcome, names with all that XML has to escape, and a trace.
fn reported() -> Playground {
    let play = Playground::new();
    let trial = |keys: &str, status: u16| {
        format!("  - {{{keys}, steps: [{{request: GET /, expect: {{response: {{status: {status}}}}}}}]}}\n")
    };
    let list = [
        trial("name: good", 200),
        trial(r#"name: "<bad> & 'worse' \"]]>\"""#, 404),
        trial("name: later, skip: not <yet>", 200),
        trial("name: known, known_failure: issue 7", 404),
        trial("name: passes, known_failure: issue 8", 200),
    ];
    play.write("p.wat", plugin("")).write("a.scenario.yaml", scenarios(&list.concat()));
    play.write("sub/b.scenario.yaml", "nonsense");
    let ran = play.run(&["run", "--junit", "out/../junit.xml", "--trace"]);
    assert_eq!(ran.code, 2, "the folder `out` does not exist: {ran:?}");
    let ran = play.run(&["run", "--junit", "junit.xml", "--trace"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    play
}

#[test]
fn the_report_follows_the_usual_form() {
    let root = Element::read(&reported().read("junit.xml"));
    check(&root);
    assert_eq!((root.number("tests"), root.number("failures")), (6, 2));
    assert_eq!((root.number("errors"), root.number("skipped")), (1, 2));
    let [a, b] = &root.children[..] else { panic!("two suites: {root:?}") };
    assert_eq!((a.attribute("name"), b.attribute("name")), ("a", "sub/b"));
    let bad = &a.children[1];
    assert_eq!(bad.attribute("name"), "<bad> & 'worse' \"]]>\"");
    assert!(bad.children[0].text.contains("expected  404") && !bad.children[0].text.contains('\u{1b}'));
    assert!(bad.children[1].text.contains("client sends GET"), "the trace: {bad:?}");
    assert_eq!(a.children[3].children[0].attribute("message"), "known failure: issue 7");
}

#[test]
fn the_report_is_valid_by_its_schema() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!(
            "skipped: xmllint (libxml2-utils) is not installed; the rules are checked by the test beside this"
        );
        return;
    }
    let play = reported();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit.xsd");
    let report = play.path().join("junit.xml");
    let checked =
        Command::new("xmllint").args(["--noout", "--schema", schema]).arg(report).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
