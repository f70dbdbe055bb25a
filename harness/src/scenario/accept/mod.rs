//! What a run showed, written into its scenario file as expectations: comments and layout stay as they are.
//!
//! Steps without an `expect` get one (`facts` says what is in it); of those that have one, single values that were not
//! as expected are replaced. Where the repetitions of a step, or the cases that share it, differ, only what they have in
//! common is written down. In reading order: `facts` (from a passage to values), `edit` (values into the text), this
//! file (which values go where).

mod edit;
mod facts;

use std::collections::BTreeMap;
use std::path::Path;

use edit::{Edits, Refused};
use facts::{Fact, actual, common, facts};

use super::document::source::{Entry, Node, Span};
use super::expect::Expectations;
use super::load::load_text;
use super::model::Scenario;
use super::run::{Passage, Run};
use super::step::{Step, StepKind};

/// A scenario file with what its runs showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The text of the file.
    pub text: String,
    /// How many places were changed.
    pub changes: usize,
    /// What could not be written down and why, each with its place: `file:line: ...`.
    pub notes: Vec<String>,
}

/// What kinds of failures are no matter of values.
const TROUBLE: [&str; 8] = ["trap", "stalled", "findings", "start", "respond", "data", "close", "step"];

/// Writes into `text`, the content of the scenario file at `path`, what `trials` showed: scenarios of that file and
/// their runs. Scenarios that are skipped or known to fail are left alone.
#[must_use]
pub fn accept(path: &Path, text: &str, trials: &[(&Scenario, &Run)]) -> Accepted {
    let mut work = Work { path, steps: BTreeMap::new(), values: BTreeMap::new(), notes: Vec::new() };
    for (scenario, run) in trials {
        if scenario.skip.is_none() && scenario.known_failure.is_none() {
            work.trial(scenario, run);
        }
    }
    if path.extension().is_some_and(|ending| ending == "json") {
        let left = !work.steps.is_empty() || !work.values.is_empty();
        let notes = left.then(|| format!("{}: JSON files are not edited", path.display()));
        return Accepted { text: text.to_owned(), changes: 0, notes: notes.into_iter().collect() };
    }
    work.write(text)
}

type Place = (usize, usize);

struct Work<'a> {
    path: &'a Path,
    /// The steps without expectations, and what each passage of each showed.
    steps: BTreeMap<Place, Vec<Vec<Fact>>>,
    /// The values that were not as expected, what each is, and what was there in every passage that was judged.
    values: BTreeMap<Place, (String, Vec<Option<Node>>)>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn trial(&mut self, scenario: &Scenario, run: &Run) {
        if let Some(trouble) = run.failures.iter().find(|failure| TROUBLE.contains(&failure.what.as_str())) {
            let why = format!("{}: {}, so nothing is filled in", trouble.what, trouble.actual);
            self.note(&trouble.span, &why);
            return;
        }
        for (index, step) in scenario.steps.iter().enumerate() {
            let passages: Vec<&Passage> = run.passages.iter().filter(|one| one.step == index).collect();
            match &step.expect {
                Some(expect) if *expect != Expectations::default() => {}
                _ if !can_be_filled_in(step) => {}
                // What an alias would be elsewhere, a named step is here: it may stand in many places.
                _ if step.span.note().is_some() => self.note(&step.span, "a named step is not edited"),
                _ if self.is_own(&step.span) => {
                    let seen = passages.iter().map(|passage| facts(run, step, passage));
                    self.steps.entry(place(&step.span)).or_default().extend(seen);
                }
                _ => {}
            }
            for failure in run.failures.iter().filter(|failure| failure.step == index) {
                if failure.span.note().is_some() {
                    self.note(&failure.span, &format!("{}: a named value is not edited", failure.what));
                } else if self.is_own(&failure.span) {
                    let found = passages.iter().map(|passage| actual(run, passage, &failure.what));
                    let known = (failure.what.clone(), Vec::new());
                    self.values.entry(place(&failure.span)).or_insert(known).1.extend(found);
                }
            }
        }
    }

    fn is_own(&self, span: &Span) -> bool {
        span.file() == Some(self.path)
    }

    fn write(mut self, text: &str) -> Accepted {
        let mut edits = Edits::new(text);
        for (at, seen) in std::mem::take(&mut self.steps) {
            let (facts, differ) = common(&seen);
            if differ {
                self.note_at(at, "its exchanges differ: only what they have in common is filled in");
            }
            if facts.is_empty() {
                continue;
            }
            let expect = Entry::new("expect", facts::tree(&facts));
            if let Err(Refused(why)) = edits.add_to_mapping(at, &expect) {
                self.note_at(at, &why);
            }
        }
        for (at, (what, found)) in std::mem::take(&mut self.values) {
            let first = found.first().cloned().flatten();
            let same = found.iter().all(|one| *one == first);
            let done = match first {
                Some(value) if same => edits.replace(at, &value).map_err(|Refused(why)| why),
                Some(_) => Err("it differs from one exchange to the next".to_owned()),
                None => Err("this is to be changed by hand".to_owned()),
            };
            if let Err(why) = done {
                self.note_at(at, &format!("{what}: {why}"));
            }
        }
        let (edited, changes) = edits.done();
        let Self { mut notes, path, .. } = self;
        notes.dedup();
        if load_text(path, &edited).is_err() {
            notes.push(format!("{}: its layout leaves no room for expectations", path.display()));
            return Accepted { text: text.to_owned(), changes: 0, notes };
        }
        Accepted { text: edited, changes, notes }
    }

    fn note(&mut self, span: &Span, why: &str) {
        self.notes.push(format!("{}:{}: {why}", span.file().unwrap_or(self.path).display(), span.line()));
    }

    fn note_at(&mut self, (line, _): Place, why: &str) {
        self.notes.push(format!("{}:{line}: {why}", self.path.display()));
    }
}

fn place(span: &Span) -> Place {
    (span.line(), span.column())
}

/// Whether the step does something that expectations could be filled in for.
fn can_be_filled_in(step: &Step) -> bool {
    matches!(
        step.kind,
        StepKind::Request(_)
            | StepKind::Open(_)
            | StepKind::Send(_)
            | StepKind::Respond(_)
            | StepKind::Advance(_)
    )
}
