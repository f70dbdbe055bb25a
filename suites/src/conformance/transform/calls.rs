//! How clusters answer calls: as told, late, in another order, badly, or not at all.

use indexmap::IndexMap;
use proxy_wasm_harness::scenario::Answers;
use proxy_wasm_harness::state::{Answer, AnswerKind, Duration, Failure, GrpcAnswer};

/// The clusters of a scenario.
pub type Clusters = IndexMap<String, Answers>;

/// What a cluster may answer to a call that was well formed, and that a plugin has to survive: each with its name.
#[must_use]
pub fn troubles() -> Vec<(&'static str, Answer)> {
    vec![
        ("refuses connections", Answer::fail(Failure::Refused)),
        ("closes before it answers", Answer::fail(Failure::Closed)),
        ("cuts its answer off after the head", Answer::fail(Failure::Cut)),
        ("never answers", Answer::fail(Failure::Timeout)),
        ("answers 500", Answer::status(500)),
        (
            "answers 404 with a body of HTML",
            Answer::status(404).header("content-type", "text/html").body("<p>"),
        ),
        ("answers 200 without a body", Answer::ok()),
        ("answers 200 with half a JSON text", Answer::ok().body("{\"allowed\": tr")),
    ]
}

/// What a cluster may answer to a gRPC call and a plugin has to survive.
#[must_use]
pub fn grpc_troubles() -> Vec<(&'static str, Answer)> {
    let status = |status, message: &str| {
        Answer::grpc(GrpcAnswer { status, message: message.into(), ..GrpcAnswer::default() })
    };
    vec![
        ("refuses connections", Answer::fail(Failure::Refused)),
        ("never answers", Answer::fail(Failure::Timeout)),
        ("closes before it answers", Answer::fail(Failure::Closed)),
        ("answers UNAVAILABLE", status(14, "try again")),
        ("answers INTERNAL with a message that is no text", status(13, "%ff%fe")),
        (
            "answers OK with an empty message",
            Answer::grpc(GrpcAnswer { messages: vec![Vec::new()], ..GrpcAnswer::default() }),
        ),
        (
            "answers OK with half a message",
            Answer::grpc(GrpcAnswer { messages: vec![vec![0x0a, 0xff]], ..GrpcAnswer::default() }),
        ),
    ]
}

/// Every cluster answers every call so.
#[must_use]
pub fn all_answer(clusters: &Clusters, answer: &Answer) -> Clusters {
    clusters.keys().map(|name| (name.clone(), Answers::Every(answer.clone()))).collect()
}

/// Every answer comes so much later than it is told to.
#[must_use]
pub fn delayed(clusters: &Clusters, by: Duration) -> Clusters {
    each(clusters, |_, answer| Answer { after: answer.after + by, ..answer.clone() })
}

/// The answers come in the opposite order: of calls made together, the first made is answered last.
#[must_use]
pub fn reordered(clusters: &Clusters, rotation: usize) -> Clusters {
    let count = clusters.len().max(1);
    let place = |index: usize| (count - 1 - index + rotation) % count;
    let mut at = 0;
    clusters
        .iter()
        .map(|(name, answers)| {
            let wait = Duration::from_millis(1 + 2 * place(at) as u64);
            at += 1;
            // Of one cluster, too: the first call waits longest.
            let late = |nth: u64, answer: &Answer| Answer {
                after: answer.after + wait + Duration::from_millis(10 * (7 - nth.min(7))),
                ..answer.clone()
            };
            let list: Vec<Answer> = match answers {
                Answers::Every(answer) => (0..64).map(|nth| late(nth % 8, answer)).collect(),
                Answers::Each(list) => list.iter().zip(0..).map(|(answer, nth)| late(nth, answer)).collect(),
            };
            (name.clone(), Answers::Each(list))
        })
        .collect()
}

/// `change` to every answer, given the cluster's name.
#[must_use]
pub fn each(clusters: &Clusters, change: impl Fn(&str, &Answer) -> Answer) -> Clusters {
    clusters
        .iter()
        .map(|(name, answers)| {
            let answers = match answers {
                Answers::Every(answer) => Answers::Every(change(name, answer)),
                Answers::Each(list) => {
                    Answers::Each(list.iter().map(|answer| change(name, answer)).collect())
                }
            };
            (name.clone(), answers)
        })
        .collect()
}

/// Whether an answer is one to a gRPC call.
#[must_use]
pub fn is_grpc(answers: &Answers) -> bool {
    let first = match answers {
        Answers::Every(answer) => Some(answer),
        Answers::Each(list) => list.first(),
    };
    first.is_some_and(|answer| matches!(answer.kind, AnswerKind::Grpc(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_asked_answers_last() {
        let clusters: Clusters =
            [("a", Answer::ok()), ("b", Answer::ok())].map(|(n, a)| (n.to_owned(), Answers::Every(a))).into();
        let after = |clusters: &Clusters, name: &str, nth: usize| match &clusters[name] {
            Answers::Each(list) => list[nth].after,
            Answers::Every(answer) => answer.after,
        };
        let late = reordered(&clusters, 0);
        assert!(after(&late, "a", 0) > after(&late, "b", 0));
        assert!(after(&late, "a", 0) > after(&late, "a", 1));
        let other = reordered(&clusters, 1);
        assert!(after(&other, "a", 0) < after(&other, "b", 0));
        assert_eq!(after(&delayed(&clusters, Duration::from_secs(1)), "a", 0), Duration::from_secs(1));
    }
}
