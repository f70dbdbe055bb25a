//! Variants of one task, measured in turn.
//!
//! A machine that others use as well slows down and speeds up; what is measured a moment later is slowed as much. So the
//! figure that counts is the median of the ratios within each round.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time that this thread has run on a processor: what others run meanwhile does not count.
#[must_use]
pub fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// As [`processor_time`], of all threads of this process since it began.
#[must_use]
pub fn time_of_process() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Tasks between two preparations. What a host records grows with each exchange; a test has tens of them, not millions.
const BATCH: u32 = 250;

/// A variant: runs its task some times, and says how long that took; what it prepares does not count.
pub struct Variant<'a> {
    /// Its name in the table.
    pub name: String,
    /// Runs the task as often as it is told.
    pub run: Box<dyn FnMut(u32) -> Duration + 'a>,
}

impl<'a> Variant<'a> {
    /// A variant that prepares with `prepare` and is measured while it runs `task`.
    pub fn new<T>(
        name: impl Into<String>,
        mut prepare: impl FnMut() -> T + 'a,
        mut task: impl FnMut(&mut T) + 'a,
    ) -> Self {
        let run = Box::new(move |mut times: u32| {
            let mut took = Duration::ZERO;
            while times > 0 {
                let mut prepared = prepare();
                // What comes first is not measured: it finds functions and grows buffers.
                for _ in 0..BATCH / 8 {
                    task(&mut prepared);
                }
                let batch = times.min(BATCH);
                let began = processor_time();
                for _ in 0..batch {
                    task(&mut prepared);
                }
                took += processor_time() - began;
                times -= batch;
            }
            took
        });
        Self { name: name.into(), run }
    }
}

/// Nanoseconds per task and ratio to the first variant, each the median over all rounds.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The variant.
    pub name: String,
    /// Nanoseconds per task.
    pub nanos: f64,
    /// Ratio to the first variant: lower quartile, median, upper quartile.
    pub ratio: [f64; 3],
}

/// Measures all variants in turn, `rounds` times, each time with `times` tasks.
pub fn measure(variants: &mut [Variant<'_>], rounds: usize, times: u32) -> Vec<Figure> {
    let mut all = vec![Vec::with_capacity(rounds); variants.len()];
    for _ in 0..rounds {
        for (variant, figures) in variants.iter_mut().zip(&mut all) {
            figures.push((variant.run)(times).as_nanos() as f64 / f64::from(times));
        }
    }
    let first = all[0].clone();
    let figures = variants.iter().zip(all).map(|(variant, nanos)| {
        let ratios: Vec<f64> = nanos.iter().zip(&first).map(|(one, base)| one / base).collect();
        Figure {
            name: variant.name.clone(),
            nanos: quantile(nanos, 0.5),
            ratio: [0.25, 0.5, 0.75].map(|at| quantile(ratios.clone(), at)),
        }
    });
    figures.collect()
}

fn quantile(mut values: Vec<f64>, at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at).round() as usize]
}

/// Prints figures as lines of a table.
pub fn print(title: &str, figures: &[Figure]) {
    println!("{title}");
    for Figure { name, nanos, ratio: [low, median, high] } in figures {
        println!("  {name:<28} {:>10.3} us   {median:>6.2}x  ({low:.2}-{high:.2})", nanos / 1000.0);
    }
}
