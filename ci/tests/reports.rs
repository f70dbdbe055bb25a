//! The reports for people: the Markdown summary and the page.

mod playground;

use playground::{Playground, artifact};

const STORY: &str = "\
plugins: [{name: limiter, wasm: limiter.wasm, config: {limit: 2}}]
upstream: {status: 200, body: hello}
scenarios:
  - name: the third request within a second is refused
    steps:
      - request: GET http://httpbin:8000/headers
        repeat: 2
        every: 250ms
        expect: {response: {status: 200}}
      - advance: 250ms
      - request: GET http://httpbin:8000/headers
        expect: {response: {status: 403}}
  - name: <script>alert(1)</script>
    steps:
      - request: GET /
        expect: {response: {status: 404}}
  - name: later
    skip: it can wait
    steps: [{request: GET /}]
";

fn reports() -> (String, String) {
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact("rate_limiting_go")).expect("a module"));
    play.write("s.scenario.yaml", STORY);
    let ran = play.run(&["run", "--html", "page.html", "--markdown", "summary.md"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    (play.read("page.html"), play.read("summary.md"))
}

/// What a reader sees, without the marks.
fn text(page: &str) -> String {
    let (_, body) = page.split_once("<body>").expect("a body");
    let mut out = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn the_page_explains_the_refusal_and_needs_nothing_else() {
    let (page, summary) = reports();
    for foreign in ["<script", "<link", "<img", "http-equiv", "@import", "url(", "src="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    let text = text(&page);
    for part in [
        "1 passed",
        "client",
        "limiter",
        "upstream",
        "GET /headers",
        "limiter itself answers 403, in proxy_on_request_headers",
        "and the request goes no further: the upstream never sees it",
        "remain token 0",
        "1704067200500000000 = 500ms",
        "1704067200000000000 = 0s",
        "rate limited, wait and retry.",
        "it can wait",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    // Failures come first, and stand at the step that they are of.
    let failed = text.find("<script>alert(1)</script>").expect("the scenario that failed");
    let passed = text.find("the third request within a second is refused").expect("the one that passed");
    assert!(failed < passed);
    assert!(text.contains("✗ response.status"), "{text}");
    assert!(page.contains(r#"<details class="trial red" open>"#), "what failed is unfolded");
    // Each element that is opened is closed.
    for element in ["div", "details", "summary", "span", "pre", "table", "main"] {
        let opened =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
    }
    assert!(page.contains("class=\"fuel\""), "what callbacks cost is counted");

    assert!(summary.contains("**1 passed, 1 failed, 1 skipped**"), "{summary}");
    assert!(summary.contains("## ❌ s::&lt;script>alert(1)&lt;/script>"), "{summary}");
    assert!(summary.contains("GET /headers -> 403 by limiter"), "{summary}");
}

#[test]
fn the_page_is_the_same_on_every_machine_and_every_day() {
    assert_eq!(reports(), reports());
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_anything_runs() {
    let play = Playground::new();
    play.write("s.scenario.yaml", STORY);
    for option in ["--html", "--markdown"] {
        let ran = play.run(&["run", option, "no/such/folder/x"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.starts_with("error: no/such/folder/x: cannot be written"), "{ran:?}");
    }
}
