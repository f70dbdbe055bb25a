//! A median, and how sure it is.

use statrs::statistics::{Data, OrderStatistics};

/// A median with its 95 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// How many samples it is of.
    pub(super) samples: usize,
}

/// Times that the samples are drawn anew.
const DRAWS: usize = 1000;

impl Interval {
    /// The median of `samples`, and the interval that holds the medians of 95 % of a thousand sets of as many samples,
    /// drawn from them with replacement. The draws are the same each time.
    pub(super) fn of(samples: &[f64]) -> Self {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let mut medians = vec![0.0; DRAWS];
        let mut drawn = vec![0.0; samples.len()];
        for place in &mut medians {
            for value in &mut drawn {
                *value = samples[(next() % samples.len() as u64) as usize];
            }
            *place = Data::new(&mut drawn[..]).median();
        }
        let mut medians = Data::new(medians);
        let (low, high) = (medians.quantile(0.025), medians.quantile(0.975));
        let median = Data::new(samples.to_vec()).median();
        Self { median, low, high, samples: samples.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn the_interval_is_around_the_median_and_always_the_same() {
        let samples: Vec<f64> = (0..101).map(|number| f64::from(number * 37 % 101)).collect();
        let one = Interval::of(&samples);
        assert_eq!(one.median, 50.0);
        assert!((30.0..45.0).contains(&one.low) && (55.0..70.0).contains(&one.high), "{one:?}");
        assert_eq!(one, Interval::of(&samples));
    }

    #[test]
    fn equal_samples_leave_no_doubt() {
        let one = Interval::of(&[3.0; 12]);
        assert_eq!((one.low, one.median, one.high), (3.0, 3.0, 3.0));
    }
}
