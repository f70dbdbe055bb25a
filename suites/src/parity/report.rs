//! What parity came to, scenario by scenario.

use super::Trial;
use super::compare::Divergence;
use super::known::{Known, KnownDifference};
use super::views::{View, Views};

/// What came of one scenario.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was played on both sides.
    Played {
        /// Where they part; empty when they are equal.
        divergences: Vec<Divergence>,
        /// Envoy writes what it should not, and the mock says so in place of doing it too: the exchanges differ as told.
        foretold: bool,
        /// Envoy's side.
        envoy: Views,
        /// The mock's.
        mock: Views,
        /// What the mock found, by id.
        findings: Vec<String>,
    },
    /// Envoy did not survive it.
    EnvoyDied {
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
        /// The mock had said so.
        foretold: bool,
    },
    /// It cannot be played on a real proxy.
    NotPlayable(String),
    /// The mock could not carry it out.
    MockFailed(String),
}

/// One scenario of a report.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of its trial.
    pub name: String,
    /// The part of the suite that it belongs to: the folders of its file.
    pub area: String,
    /// What is masked in its log, and why.
    pub masks: Vec<(String, String)>,
    /// What came of it.
    pub outcome: Outcome,
    /// Differences that are known.
    pub known: Vec<KnownDifference>,
}

/// How a scenario is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// Both sides are the same in all views.
    Equal,
    /// They differ, and it is known.
    Known,
    /// They differ.
    Different,
    /// They are the same, and a difference was said to be known.
    Gone,
    /// They cannot be compared.
    NotPlayable(&'a str),
    /// The mock could not carry it out.
    Unusable(&'a str),
}

impl Judgement<'_> {
    /// One word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Known => "known difference",
            Self::Different => "different",
            Self::Gone => "known difference gone",
            Self::NotPlayable(_) => "not playable",
            Self::Unusable(_) => "unusable",
        }
    }

    /// Whether the whole fails by it.
    #[must_use]
    pub const fn is_red(self) -> bool {
        matches!(self, Self::Different | Self::Gone | Self::Unusable(_))
    }
}

impl Entry {
    pub(super) fn new(trial: &Trial, outcome: Outcome, known: &Known) -> Self {
        let masks = trial.scenario.parity.iter().flat_map(|parity| &parity.mask);
        Self {
            name: trial.name.clone(),
            area: trial.area.clone(),
            masks: masks.map(|mask| (mask.regex.as_str().to_owned(), mask.why.clone())).collect(),
            outcome,
            known: known.of(&trial.name),
        }
    }

    /// Whether it was played on both sides.
    #[must_use]
    pub fn played(&self) -> bool {
        matches!(self.outcome, Outcome::Played { .. } | Outcome::EnvoyDied { .. })
    }

    /// Whether the view is the same on both sides; `None` when it was not compared.
    #[must_use]
    pub fn equal(&self, view: View) -> Option<bool> {
        match &self.outcome {
            Outcome::Played { divergences, .. } => {
                Some(divergences.iter().all(|divergence| divergence.view != view))
            }
            Outcome::EnvoyDied { foretold, .. } => Some(*foretold),
            Outcome::NotPlayable(_) | Outcome::MockFailed(_) => None,
        }
    }

    /// What is known of a view.
    #[must_use]
    pub fn known_in(&self, view: View) -> Option<&KnownDifference> {
        self.known.iter().find(|known| known.views.contains(&view))
    }

    /// How it is judged.
    #[must_use]
    pub fn judgement(&self) -> Judgement<'_> {
        match &self.outcome {
            Outcome::NotPlayable(why) => return Judgement::NotPlayable(why),
            Outcome::MockFailed(why) => return Judgement::Unusable(why),
            _ => {}
        }
        let differs = |view| self.equal(view) == Some(false);
        if View::ALL.into_iter().any(|view| differs(view) && self.known_in(view).is_none()) {
            Judgement::Different
        } else if self.gone().is_some() {
            Judgement::Gone
        } else if View::ALL.into_iter().any(differs) {
            Judgement::Known
        } else {
            Judgement::Equal
        }
    }

    /// A difference that is said to be known and is not there, and the view.
    #[must_use]
    pub fn gone(&self) -> Option<(View, &KnownDifference)> {
        let known = View::ALL.into_iter().filter(|view| self.equal(*view) == Some(true));
        known.filter_map(|view| Some((view, self.known_in(view)?))).find(|(_, known)| !known.sometimes)
    }
}

/// What came of all scenarios.
#[derive(Clone, Debug)]
pub struct Report {
    /// Envoy's version.
    pub envoy: String,
    /// The scenarios, in the order in which they were given.
    pub entries: Vec<Entry>,
    /// The differences that are known.
    pub known: Known,
}

impl Report {
    /// Scenarios that were compared.
    #[must_use]
    pub fn played(&self) -> usize {
        self.entries.iter().filter(|entry| entry.played()).count()
    }

    /// Of those, how many are the same in `view`.
    #[must_use]
    pub fn equal(&self, view: View) -> usize {
        self.entries.iter().filter(|entry| entry.equal(view) == Some(true)).count()
    }

    /// How many are judged so.
    #[must_use]
    pub fn count(&self, is: impl Fn(Judgement<'_>) -> bool) -> usize {
        self.entries.iter().filter(|entry| is(entry.judgement())).count()
    }

    /// Whether all is as it should be.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.count(|is| is.is_red()) == 0
    }
}
