//! The invariants that the models document, over any schedule.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{FixedWindow, Model, Rate, SlidingWindow, TokenBucket};

const SECOND: u64 = 1_000_000_000;

/// Every kind of model, with limits and times that are small enough to meet their edges.
fn models() -> impl Strategy<Value = Model> {
    let rate = (1u32..6, prop_oneof![1u64..12, Just(SECOND), Just(7 * SECOND / 3)])
        .prop_map(|(limit, per)| Rate { limit, per });
    (rate, 1u32..8, 0..7).prop_map(|(rate, capacity, kind)| match kind {
        0 => Model::TokenBucket(TokenBucket::continuous(rate, capacity)),
        1 => Model::TokenBucket(TokenBucket::in_steps(rate, capacity)),
        2 | 3 => Model::FixedWindow(FixedWindow::by_the_clock(rate, kind == 2)),
        4 | 5 => Model::FixedWindow(FixedWindow::from_the_first_request(rate, kind == 4)),
        _ => Model::SlidingWindow(SlidingWindow::new(rate, capacity % 2 == 0)),
    })
}

/// Where a schedule begins: in 1970, now, in 2038, and a little before 64 bits end.
fn starts() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1_704_067_200 * SECOND), Just((1 << 31) * SECOND), Just(u64::MAX - 40)]
}

/// Instants that never go back: gaps of a few nanoseconds, and of parts of a second.
fn instants() -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![4 => 0u64..4, 2 => 0u64..20, 1 => 0..3 * SECOND, 1 => Just(SECOND)];
    (starts(), vec(gap, 1..60)).prop_map(|(start, gaps)| {
        let mut now = start;
        let moved = gaps.into_iter().map(|gap| {
            now = now.saturating_add(gap);
            now
        });
        moved.collect()
    })
}

fn admissions(model: &Model, instants: &[u64]) -> Vec<u64> {
    let mut model = model.clone();
    instants.iter().copied().filter(|now| model.decide(*now)).collect()
}

/// How many of a schedule were admitted up to each request.
fn counts(model: &Model, instants: &[u64]) -> Vec<usize> {
    let mut model = model.clone();
    let mut all = 0;
    let step = instants.iter().map(|now| {
        all += usize::from(model.decide(*now));
        all
    });
    step.collect()
}

proptest! {
    #[test]
    fn never_more_than_the_bound_in_any_window(model in models(), instants in instants()) {
        let admitted = admissions(&model, &instants);
        for (first, from) in admitted.iter().enumerate() {
            for (last, to) in admitted.iter().enumerate().skip(first) {
                let count = (last - first) as u64 + 1;
                prop_assert!(model.most_in(to - from) >= count);
            }
        }
    }

    #[test]
    fn who_waits_long_enough_is_admitted(model in models(), instants in instants()) {
        let mut driven = model.clone();
        let mut last = None;
        for at in instants {
            let long_enough = last.is_none_or(|last: u64| at - last >= model.patience());
            let admitted = driven.decide(at);
            prop_assert!(admitted || !long_enough);
            last = if admitted { Some(at) } else { last };
        }
    }

    #[test]
    fn a_refused_request_changes_nothing(model in models(), instants in instants()) {
        let admitted = admissions(&model, &instants);
        prop_assert_eq!(&admissions(&model, &admitted), &admitted);
    }

    #[test]
    fn a_larger_bucket_admits_no_fewer(
        (limit, per, capacity, more) in (1u32..5, 1u64..12, 1u32..6, 0u32..4),
        faster in any::<bool>(),
        instants in instants(),
    ) {
        let rate = Rate { limit, per };
        let large = Rate { limit: limit + if faster { more } else { 0 }, per };
        let capacity_of_large = capacity + if faster { 0 } else { more };
        let small = Model::TokenBucket(TokenBucket::continuous(rate, capacity));
        let large = Model::TokenBucket(TokenBucket::continuous(large, capacity_of_large));
        for (small, large) in counts(&small, &instants).into_iter().zip(counts(&large, &instants)) {
            prop_assert!(small <= large);
        }
    }

    #[test]
    fn a_larger_window_limit_admits_the_same_and_more(
        (limit, per, more) in (1u32..5, 1u64..12, 0u32..4),
        (clock, late) in any::<(bool, bool)>(),
        instants in instants(),
    ) {
        let of = |limit| {
            let rate = Rate { limit, per };
            Model::FixedWindow(match clock {
                true => FixedWindow::by_the_clock(rate, late),
                false => FixedWindow::from_the_first_request(rate, late),
            })
        };
        let (mut small, mut large) = (of(limit), of(limit + more));
        for at in instants {
            let (small, large) = (small.decide(at), large.decide(at));
            prop_assert!(large || !small);
        }
    }

    #[test]
    fn any_step_of_the_clock_is_safe_and_gives_nothing_back(
        model in models(),
        instants in vec(prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0u64..50], 1..40),
    ) {
        let mut driven = model.clone();
        let mut together = (0, 0);
        for at in instants {
            let admitted = driven.decide(at);
            together = (at, u64::from(admitted) + if together.0 == at { together.1 } else { 0 });
            prop_assert!(together.1 <= model.most_in(0), "so many at one instant");
            if admitted && !driven.would_admit(at) {
                for back in [0, at / 2, at.saturating_sub(1)] {
                    prop_assert!(!driven.would_admit(back), "at {back}, after {at}");
                }
            }
        }
    }
}

#[test]
fn a_token_is_back_to_the_nanosecond() {
    // Three tokens in a second: the fourth request has to wait for a third of it, rounded up.
    let mut model = Model::TokenBucket(TokenBucket::continuous(Rate { limit: 3, per: SECOND }, 3));
    let start = 1_704_067_200 * SECOND;
    assert_eq!([start; 4].map(|at| model.decide(at)), [true, true, true, false]);
    assert!(!model.would_admit(start + 333_333_333));
    assert!(model.at_an_edge(start + 333_333_333) && model.at_an_edge(start + 333_333_334));
    assert!(model.decide(start + 333_333_334));
    // Fractions are not lost: a second after the start all three are back, but for the one just taken.
    assert!(!model.would_admit(start + 666_666_666));
    assert!(model.decide(start + 666_666_667));
    assert!(!model.would_admit(start + SECOND - 1));
    assert!(model.decide(start + SECOND));
}

#[test]
fn steps_bring_all_tokens_at_once() {
    let mut model = Model::TokenBucket(TokenBucket::in_steps(Rate { limit: 2, per: 10 }, 3));
    assert_eq!([5, 5, 5, 5, 14].map(|at| model.decide(at)), [true, true, true, false, false]);
    assert_eq!([15, 15, 15, 24].map(|at| model.decide(at)), [true, true, false, false]);
    assert_eq!([25, 25, 25].map(|at| model.decide(at)), [true, true, false]);
    assert_eq!([99, 99, 99, 99].map(|at| model.decide(at)), [true, true, true, false]);
}

#[test]
fn the_edges_of_windows() {
    let rate = Rate { limit: 2, per: 10 };
    let decisions = |model: Model, instants: &[u64]| {
        let mut model = model;
        instants.iter().map(|at| if model.decide(*at) { 'y' } else { 'n' }).collect::<String>()
    };
    let clock = |late| Model::FixedWindow(FixedWindow::by_the_clock(rate, late));
    assert_eq!(decisions(clock(false), &[19, 19, 19, 20, 20, 20]), "yynyyn");
    assert_eq!(decisions(clock(true), &[19, 19, 20, 21, 21, 21, 30, 31]), "yynyynny");
    assert_eq!(decisions(clock(true), &[0, 0, 0, 1]), "yyny");
    let first = |late| Model::FixedWindow(FixedWindow::from_the_first_request(rate, late));
    assert_eq!(decisions(first(false), &[5, 14, 14, 15, 15, 15]), "yynyyn");
    // As `rate_limiting` does it: three within a nanosecond.
    assert_eq!(decisions(first(true), &[5, 15, 15, 16, 16, 16]), "yynyyn");
    let sliding = |late| Model::SlidingWindow(SlidingWindow::new(rate, late));
    assert_eq!(decisions(sliding(false), &[5, 14, 14, 15, 23, 24]), "yynyny");
    assert_eq!(decisions(sliding(true), &[5, 14, 15, 16, 24, 25]), "yynyny");
}

#[test]
fn nothing_overflows_at_the_end_of_time() {
    let rate = Rate { limit: u32::MAX, per: u64::MAX };
    for model in [
        Model::TokenBucket(TokenBucket::continuous(rate, u32::MAX)),
        Model::TokenBucket(TokenBucket::in_steps(rate, u32::MAX)),
        Model::FixedWindow(FixedWindow::by_the_clock(rate, true)),
        Model::FixedWindow(FixedWindow::from_the_first_request(rate, true)),
        Model::SlidingWindow(SlidingWindow::new(Rate { limit: 3, per: u64::MAX }, true)),
    ] {
        let mut driven = model.clone();
        assert!([0, u64::MAX, 0].iter().all(|at| driven.decide(*at)));
        let _no_panic = driven.at_an_edge(u64::MAX);
        assert!(model.most_in(u64::MAX) >= 3);
        assert!(model.patience() > 0);
    }
}
