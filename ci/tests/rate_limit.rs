//! A claim that does not hold, on the command line: what is told of it, and that what is kept of it fails the same way.

mod playground;

use playground::{Playground, Ran, artifact};

const CLAIM: &str = "\
plugins: [{wasm: limiter.wasm}]
scenarios:
  - name: two in any second
    rate_limit: {algorithm: sliding_window, limit: 2, per: 1s, refused: {status: 403}}
";

fn furnished(text: &str) -> Playground {
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact("rate_limiting_rust")).expect("the artifact"));
    play.write("claim.scenario.yaml", text);
    play
}

/// The lines of the report that say what does not hold, and what was seen.
fn told(ran: &Ran) -> Vec<String> {
    let line = |line: &str| {
        line.split_once("expected ").or_else(|| line.split_once("actual ")).map(|(_, it)| it.to_owned())
    };
    let told: Vec<String> = ran.stdout.lines().filter_map(line).map(|line| line.trim().to_owned()).collect();
    assert_eq!(told.len(), 2, "{ran:?}");
    told
}

#[test]
fn the_least_schedule_is_kept_and_fails_the_same_way() {
    const KEPT: &str = "regressions/claim-two-in-any-second-bound.scenario.yaml";
    let play = furnished(CLAIM);
    let found = play.run(&["run", "claim.scenario.yaml"]);
    assert_eq!((found.code, found.stderr.as_str()), (1, ""), "{found:?}");
    for text in [
        "claim.scenario.yaml:4:17: rate_limit: bound: 3 were admitted within 1ns: request 2 at 1s, request 3 at 1s 1ns",
        "expected  at most 2 requests admitted in any 1s by a sliding_window of 2 in 1s\n",
        "request 1 at 0s: admitted\n",
        "of 256, seed 0: found with ",
        &format!("kept as {KEPT}, which `run` repeats"),
    ] {
        assert!(found.stdout.contains(text), "{text}: {found:?}");
    }

    let again = play.run(&["run", KEPT]);
    assert_eq!((again.code, again.stderr.as_str()), (1, ""), "{again:?}");
    assert_eq!(told(&again), told(&found));
    let requests = play.read(KEPT).matches("request: GET /\n").count();
    assert!(requests <= 5, "{}", play.read(KEPT));

    // Once the claim is put right the same file passes.
    play.write(KEPT, play.read(KEPT).replace("sliding_window, limit", "fixed_window, limit"));
    let mended = play.run(&["run", KEPT]);
    assert_eq!(mended.code, 0, "{mended:?}");
}

#[test]
fn a_kept_interleaving_fails_the_same_way() {
    const KEPT: &str = "regressions/claim-one-bucket-for-all-exact.scenario.yaml";
    let play = Playground::new();
    play.write("limiter.wasm", std::fs::read(artifact("token_bucket_rust")).expect("the artifact"));
    play.write(
        "claim.scenario.yaml",
        "plugins: [{wasm: limiter.wasm, config: 'limit=3 per_ms=1000 header=x-user defect=blind-write'}]
scenarios:
  - name: one bucket for all
    rate_limit: {algorithm: token_bucket, limit: 3, per: 1s, key: {header: x-user}, scope: shared, exact: true}
",
    );
    let found = play.run(&["run", "claim.scenario.yaml"]);
    assert_eq!((found.code, found.stderr.as_str()), (1, ""), "{found:?}");
    assert!(found.stdout.contains(&format!("kept as {KEPT}, which `run` repeats")), "{found:?}");
    let kept = play.read(KEPT);
    assert!(kept.contains("interleaving: [") && kept.contains("workers: 2"), "{kept}");
    let again = play.run(&["run", KEPT]);
    assert_eq!((again.code, again.stderr.as_str()), (1, ""), "{again:?}");
    assert_eq!(told(&again), told(&found));
    // One after the other, nothing is lost.
    let choices = kept.lines().find(|line| line.contains("interleaving")).expect("it is there");
    let alone = choices.split("interleaving: [").next().expect("what is before").trim_end_matches([' ', ',']);
    let rest = choices.split_once(']').expect("its end").1;
    play.write(KEPT, kept.replace(choices, &format!("{alone}{rest}")));
    let mended = play.run(&["run", KEPT]);
    assert_eq!(mended.code, 0, "{mended:?}\n{kept}");
}

#[test]
fn seed_and_cases_decide_what_is_drawn() {
    let play = furnished(CLAIM);
    let run = |arguments: &[&str]| play.run(&[&["run", "claim.scenario.yaml"], arguments].concat());
    let seeded = run(&["--seed", "7", "--cases", "1000"]);
    assert!(seeded.stdout.contains("of 1000, seed 7: found"), "{seeded:?}");
    assert!(seeded.stdout.contains("--cases 1000 --seed 7"), "the command that runs it again: {seeded:?}");
    let told = |ran: Ran| ran.stdout.split_once("\n\n0 passed").map(|(told, _)| told.to_owned());
    let first = told(run(&["--seed", "7"]));
    assert!(first.is_some());
    assert_eq!(first, told(run(&["--seed", "7"])), "the same again");
    let few =
        play.command(&["run", "claim.scenario.yaml"]).env("PROPTEST_CASES", "99").output().expect("it runs");
    let few = Ran::from(few);
    assert!(few.stdout.contains("of 99, seed 0: found"), "{few:?}");
    // Under CI nothing is written.
    let play = furnished(CLAIM);
    let ran = play.command(&["run"]).env("CI", "1").output().expect("it runs");
    assert_eq!(Ran::from(ran).code, 1);
    assert_eq!(play.files().len(), 2);
}

#[test]
fn a_claim_that_contradicts_itself_is_told_with_its_place() {
    let play = furnished(&CLAIM.replace("limit: 2", "limit: 0, capacity: 3"));
    let ran = play.run(&["run"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for text in
        ["claim.scenario.yaml:4:17: `limit` is at least 1", "`capacity` belongs to `algorithm: token_bucket`"]
    {
        assert!(ran.stderr.contains(text) || ran.stdout.contains(text), "{text}: {ran:?}");
    }
}
