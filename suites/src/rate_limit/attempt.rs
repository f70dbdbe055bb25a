//! One schedule tried: carried out, judged, and where that says more, carried out again in another way.

use std::collections::BTreeMap;

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::scenario::Scenario;

use super::deed::Deed;
use super::judge::{Tally, Violation, judge, time};
use super::play::{Trace, play};
use super::suite::Suite;

/// The hosts that a schedule is tried on.
pub(super) struct Attempt<'a> {
    pub(super) suite: &'a Suite,
    /// Realtime at the start; nothing: as the host is described.
    pub(super) start: Option<u64>,
    pub(super) workers: usize,
    /// Who goes on where workers meet; nothing: they never do.
    pub(super) interleaving: Option<&'a [u32]>,
}

impl Attempt<'_> {
    /// Carries it out and judges it.
    pub(super) fn try_deeds(&self, deeds: &[Deed]) -> Result<Tally, Violation> {
        let claim = &self.suite.claim;
        let (trace, _) = self.play(deeds, false)?;
        let tally = judge(claim, &trace)?;
        // Where each decision is claimed, this has been judged with them.
        if !claim.exact && tally.refused > 0 && self.interleaving.is_none() {
            self.refusals_are_free(deeds, &trace)?;
        }
        if self.suite.larger.is_some() && self.interleaving.is_none() {
            self.larger_is_no_stricter(deeds, &trace)?;
        }
        Ok(tally)
    }

    /// What is seen of it, and its steps as a scenario.
    pub(super) fn told(&self, deeds: &[Deed]) -> (Trace, Option<Scenario>) {
        match self.play(deeds, false) {
            Ok((trace, host)) => (trace, Some(host.as_scenario())),
            Err(_) => (Trace::default(), None),
        }
    }

    pub(super) fn play(&self, deeds: &[Deed], larger: bool) -> Result<(Trace, Host), Violation> {
        let Self { suite, start, workers, interleaving } = *self;
        let template = suite.template(start, workers, larger).map_err(|error| Violation {
            property: "start",
            place: 0,
            expected: "the chain starts, whatever the clock says".to_owned(),
            actual: format!("{error:?}"),
        })?;
        let mut host = template.fresh();
        host.allow("trap").allow("stall");
        let trace = play(
            &suite.claim,
            &mut host,
            workers,
            interleaving.unwrap_or(&[]),
            &suite.plugins,
            deeds.iter().cloned(),
        );
        host.findings().iter().map(|found| found.id.clone()).collect::<Vec<_>>().into_iter().for_each(|id| {
            host.allow(id);
        });
        Ok((trace, host))
    }

    /// Requests that are refused leave no trace: without them all others are admitted as before.
    fn refusals_are_free(&self, deeds: &[Deed], trace: &Trace) -> Result<(), Violation> {
        let stepped =
            deeds.iter().any(|deed| matches!(deed, Deed::SetClock(_) | Deed::Push(_) | Deed::Fault(_)));
        if stepped || trace.requests.iter().any(|seen| seen.admitted.is_none()) {
            return Ok(());
        }
        let is_refused = |place: usize| {
            trace.requests.iter().any(|seen| seen.place == place && seen.admitted == Some(false))
        };
        let kept: Vec<Deed> = deeds
            .iter()
            .enumerate()
            .filter(|(at, _)| !is_refused(*at))
            .map(|(_, deed)| deed.clone())
            .collect();
        let (again, _) = self.play(&kept, false)?;
        let Some(number) = again.requests.iter().position(|seen| seen.admitted != Some(true)) else {
            return Ok(());
        };
        let mut admitted = trace.requests.iter().enumerate().filter(|(_, seen)| seen.admitted == Some(true));
        let Some((original, seen)) = admitted.nth(number) else { return Ok(()) };
        let before = &trace.requests[..original];
        Err(Violation {
            property: "free-refusal",
            place: seen.place,
            expected:
                "a refused request changes nothing: without those that were refused all others are admitted"
                    .to_owned(),
            actual: format!(
                "request {} is admitted at {}; without the {} that were refused before, it is refused",
                original + 1,
                time(seen.at),
                before.iter().filter(|seen| seen.admitted == Some(false)).count(),
            ),
        })
    }

    /// A larger limit has admitted no fewer at any time.
    fn larger_is_no_stricter(&self, deeds: &[Deed], trace: &Trace) -> Result<(), Violation> {
        let (of_larger, _) = self.play(deeds, true)?;
        let mut counts: BTreeMap<&[u8], (u64, u64)> = BTreeMap::new();
        for (number, (small, large)) in trace.requests.iter().zip(&of_larger.requests).enumerate() {
            let count = counts.entry(&small.key).or_default();
            count.0 += u64::from(small.admitted == Some(true));
            count.1 += u64::from(large.admitted == Some(true));
            if count.1 < count.0 {
                return Err(Violation {
                    property: "larger",
                    place: small.place,
                    expected: "with a larger limit no fewer requests are admitted".to_owned(),
                    actual: format!(
                        "up to request {}, {} are admitted, and with the larger limit {}",
                        number + 1,
                        count.0,
                        count.1
                    ),
                });
            }
        }
        Ok(())
    }
}
