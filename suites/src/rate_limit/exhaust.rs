//! Every interleaving of a small schedule, one after the other.

use super::attempt::Attempt;
use super::deed;
use super::judge::{Violation, judge};
use super::schedule::Schedule;
use super::suite::Suite;

/// What came of trying every interleaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// There are so many, and the claim holds in each.
    Held(u64),
    /// The claim does not hold in this one.
    Failed(Box<(Schedule, Violation)>),
    /// There are more than were to be tried; the claim held in these.
    TooMany(u64),
}

impl Suite {
    /// Tries every order in which the workers of a schedule can meet, at most so many. Requests in a row, with no time
    /// between, are made together.
    #[must_use]
    pub fn exhaust(&self, schedule: &Schedule, most: u64) -> Exhausted {
        let mut schedule = Schedule { interleaving: Some(Vec::new()), ..schedule.clone() };
        let deeds = deed::of_schedule(self.claim(), &schedule);
        let mut choices: Vec<u32> = Vec::new();
        for tried in 0..most {
            let attempt = Attempt {
                suite: self,
                start: schedule.start,
                workers: schedule.workers.max(1),
                interleaving: Some(&choices),
            };
            let judged = attempt.play(&deeds, false).and_then(|(trace, _)| {
                judge(self.claim(), &trace)?;
                Ok(trace.choices)
            });
            let made = match judged {
                Ok(made) => made,
                Err(violation) => {
                    schedule.interleaving = Some(choices);
                    return Exhausted::Failed(Box::new((schedule, violation)));
                }
            };
            // The next in order: the last choice that can be another is, and those after it begin anew.
            let Some(last) = made.iter().rposition(|(choice, of)| choice + 1 < *of) else {
                return Exhausted::Held(tried + 1);
            };
            choices = made[..=last].iter().map(|(choice, _)| *choice).collect();
            choices[last] += 1;
        }
        Exhausted::TooMany(most)
    }
}
