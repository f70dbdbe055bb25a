//! What has to be timed: exchanges, callbacks, starts. In passes of their own, with nothing recorded and nothing counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::scenario::Replay;
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

use super::interval::Interval;
use super::stopwatch::Stopwatch;
use crate::error::Error;

/// Virtual time between two repetitions of the steps on one host, so that what a plugin limits by time is free again.
pub(super) const APART: Duration = Duration::from_secs(60);

/// Repetitions on a fresh host that are not timed: they find functions and grow buffers.
const WARMING: u32 = 2;

/// Wall-clock time of one sample. Long enough for the clock, short enough for many.
const SAMPLE: Duration = Duration::from_millis(4);

/// Repetitions in one sample at most.
const MOST_IN_SAMPLE: u32 = 1000;

/// Samples that are taken, however long that takes, and at most.
const SAMPLES: std::ops::RangeInclusive<usize> = 10..=200;

/// Starts that are timed. After a few more a template begins to look for an image of the start.
const STARTS: u32 = 10;

/// A scenario that is timed, with so many other streams open.
#[derive(Clone, Copy)]
pub(super) struct Timed<'a> {
    pub(super) replay: &'a Replay,
    pub(super) streams: u32,
}

impl Timed<'_> {
    /// A fresh host with the other streams open.
    pub(super) fn fresh(self) -> Box<Host> {
        let mut host = self.replay.fresh();
        for _ in 0..self.streams {
            host.open(self.replay.request());
        }
        host
    }

    /// Nanoseconds per exchange.
    pub(super) fn exchanges(self, budget: Duration) -> Result<Interval, Error> {
        let samples = self.samples(budget, None, |_| ())?;
        Ok(Interval::of(&samples))
    }

    /// Nanoseconds per call of each callback, by VM and name.
    pub(super) fn callbacks(
        self,
        budget: Duration,
    ) -> Result<BTreeMap<(usize, &'static str), Interval>, Error> {
        let watch = Stopwatch::default();
        let mut all: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        self.samples(budget, Some(&watch), |watch| {
            for (key, (took, calls)) in watch.take() {
                all.entry(key).or_default().push(took.as_nanos() as f64 / f64::from(calls));
            }
        })?;
        Ok(all.into_iter().map(|(key, samples)| (key, Interval::of(&samples))).collect())
    }

    /// Takes samples, each on a fresh host: nanoseconds per exchange.
    fn samples(
        self,
        budget: Duration,
        watch: Option<&Stopwatch>,
        mut each: impl FnMut(&Stopwatch),
    ) -> Result<Vec<f64>, Error> {
        let began = Instant::now();
        let mut samples = Vec::new();
        let mut times = 1;
        while samples.len() < *SAMPLES.end() && (samples.len() < *SAMPLES.start() || began.elapsed() < budget)
        {
            let mut host = self.fresh();
            for _ in 0..WARMING {
                host = self.replay.play(host).map_err(Error::Run)?.0;
                host.advance(APART);
            }
            if let Some(watch) = watch {
                host.watch(Box::new(watch.clone()));
            }
            let began = Instant::now();
            let (mut took, mut exchanges) = (Duration::ZERO, 0);
            for _ in 0..times {
                let began = Instant::now();
                let (played, opened) = self.replay.play(host).map_err(Error::Run)?;
                took += began.elapsed();
                host = played;
                exchanges += opened;
                host.advance(APART);
            }
            if times == 1 && samples.is_empty() {
                let one = began.elapsed().max(Duration::from_nanos(1));
                times = (SAMPLE.as_nanos() / one.as_nanos()).clamp(1, MOST_IN_SAMPLE.into()) as u32;
            }
            samples.push(took.as_nanos() as f64 / exchanges.max(1) as f64);
            if let Some(watch) = watch {
                each(watch);
            }
        }
        // The first one was short, to see how long one takes.
        if times > 1 {
            samples.remove(0);
        }
        Ok(samples)
    }

    /// Nanoseconds from a loaded module to a configured host.
    pub(super) fn start(self) -> Interval {
        let one = || {
            let began = Instant::now();
            let host = self.replay.fresh();
            let took = began.elapsed();
            drop(host);
            took.as_nanos() as f64
        };
        Interval::of(&(0..STARTS).map(|_| one()).collect::<Vec<_>>())
    }
}

/// How long this plugin takes to compile, without a cache.
pub(super) fn compile(plugin: &Plugin, options: &LoadOptions) -> Result<Duration, Error> {
    // A process compiles the same bytes once: with another custom section they are not the same.
    let mut wasm = plugin.wasm().to_vec();
    wasm.extend_from_slice(&[0, 6, 5, b'b', b'e', b'n', b'c', b'h']);
    let began = Instant::now();
    Plugin::from_bytes(plugin.name(), &wasm, &LoadOptions { cache: None, ..options.clone() })?;
    Ok(began.elapsed())
}
