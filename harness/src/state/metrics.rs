//! Counters, gauges and histograms that plugins define.
//!
//! The metrics belong to the process, the ids to a VM: two VMs that define one name count together.
//! Serves: Proxy-Wasm ABI v0.2.1, "Metrics". Envoy 1.40, observed. How a name looks in an exporter
//! (`wasmcustom.` in front, characters replaced) is not held here: names stay as the plugin gave them.

use std::collections::BTreeMap;

use crate::abi::{MetricType, Status};

/// Names a metric in a hostcall. The two low bits are the type; above them, the definitions of that type
/// in this VM are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricId(u32);

impl MetricId {
    /// The id a plugin gave, whether there is such a metric or not.
    #[must_use]
    pub const fn from_abi(number: u32) -> Self {
        Self(number)
    }

    /// The number that crosses the boundary.
    #[must_use]
    pub const fn to_abi(self) -> u32 {
        self.0
    }
}

/// The ids that one VM was given.
#[derive(Clone, Debug, Default)]
pub struct MetricIds {
    /// For each type, the place in [`Metrics::values`] that each definition stands for.
    places: [Vec<usize>; 3],
}

impl MetricIds {
    fn define(&mut self, kind: MetricType, place: usize) -> MetricId {
        let places = &mut self.places[kind.to_abi() as usize];
        places.push(place);
        let count = u32::try_from(places.len()).ok().and_then(|count| count.checked_mul(4));
        MetricId(count.expect("fewer than 2^30 definitions") + kind.to_abi())
    }

    fn place(&self, id: MetricId) -> Option<usize> {
        let count = (id.0 / 4) as usize;
        self.places.get((id.0 % 4) as usize)?.get(count.checked_sub(1)?).copied()
    }
}

/// What a metric has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricValue {
    /// The sum of a counter.
    Counter(u64),
    /// The level of a gauge.
    Gauge(u64),
    /// Every value recorded in a histogram, in order.
    Histogram(Vec<u64>),
}

/// The metrics of a process.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    values: Vec<MetricValue>,
    /// For each name, the place of the metric of each type: one name may have all three.
    names: BTreeMap<Vec<u8>, [Option<usize>; 3]>,
}

impl Metrics {
    /// No metrics.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: Vec::new(), names: BTreeMap::new() }
    }

    /// Gives the VM an id for the metric of this type and name: a new id each time, for a metric that
    /// starts at zero when no VM defined it before.
    pub fn define(&mut self, ids: &mut MetricIds, kind: MetricType, name: &[u8]) -> MetricId {
        let slots = self.names.entry(name.to_vec()).or_default();
        let values = &mut self.values;
        let place = *slots[kind.to_abi() as usize].get_or_insert_with(|| {
            values.push(match kind {
                MetricType::Counter => MetricValue::Counter(0),
                MetricType::Gauge => MetricValue::Gauge(0),
                MetricType::Histogram => MetricValue::Histogram(Vec::new()),
            });
            values.len() - 1
        });
        ids.define(kind, place)
    }

    /// Adds to a counter or a gauge; a gauge wraps.
    ///
    /// # Errors
    /// [`Status::NotFound`] for an unknown id of a counter or gauge; [`Status::BadArgument`] for any other
    /// id, and for a counter when `offset` is not above zero.
    pub fn increment(&mut self, ids: &MetricIds, id: MetricId, offset: i64) -> Result<(), Status> {
        match self.value_mut(ids, id) {
            Some(MetricValue::Counter(sum)) if offset > 0 => *sum = sum.wrapping_add_signed(offset),
            Some(MetricValue::Gauge(level)) => *level = level.wrapping_add_signed(offset),
            Some(_) => return Err(Status::BadArgument),
            None => return Err(unknown(id)),
        }
        Ok(())
    }

    /// Adds `value` to a counter (wrapping), sets a gauge to it, or notes it in a histogram.
    ///
    /// # Errors
    /// [`Status::NotFound`] for an unknown id.
    pub fn record(&mut self, ids: &MetricIds, id: MetricId, value: u64) -> Result<(), Status> {
        match self.value_mut(ids, id).ok_or(Status::NotFound)? {
            MetricValue::Counter(sum) => *sum = sum.wrapping_add(value),
            MetricValue::Gauge(level) => *level = value,
            MetricValue::Histogram(values) => values.push(value),
        }
        Ok(())
    }

    /// The sum of a counter or the level of a gauge.
    ///
    /// # Errors
    /// [`Status::NotFound`] for an unknown id of a counter or gauge; [`Status::BadArgument`] for any other
    /// id, histograms included.
    pub fn get(&self, ids: &MetricIds, id: MetricId) -> Result<u64, Status> {
        match ids.place(id).map(|place| &self.values[place]) {
            Some(&(MetricValue::Counter(value) | MetricValue::Gauge(value))) => Ok(value),
            Some(MetricValue::Histogram(_)) => Err(Status::BadArgument),
            None => Err(unknown(id)),
        }
    }

    /// The metrics called `name`, counter before gauge before histogram.
    pub fn named(&self, name: &[u8]) -> impl Iterator<Item = &MetricValue> {
        self.names.get(name).into_iter().flatten().flatten().map(|&place| &self.values[place])
    }

    /// Every metric with its name, ordered by name, then as in [`Self::named`].
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &MetricValue)> {
        self.names.iter().flat_map(move |(name, places)| {
            places.iter().flatten().map(move |&place| (&name[..], &self.values[place]))
        })
    }

    fn value_mut(&mut self, ids: &MetricIds, id: MetricId) -> Option<&mut MetricValue> {
        ids.place(id).map(|place| &mut self.values[place])
    }
}

/// What Envoy answers for an id it never gave: its type bits decide.
fn unknown(id: MetricId) -> Status {
    match MetricType::from_abi(id.0 % 4) {
        Some(MetricType::Counter | MetricType::Gauge) => Status::NotFound,
        Some(MetricType::Histogram) | None => Status::BadArgument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUS_ONE: u64 = u64::MAX;

    fn one(kind: MetricType) -> (Metrics, MetricIds, MetricId) {
        let (mut metrics, mut ids) = (Metrics::new(), MetricIds::default());
        let id = metrics.define(&mut ids, kind, b"m");
        (metrics, ids, id)
    }

    #[test]
    fn ids_count_by_type_and_a_name_defined_again_gets_another() {
        let (mut metrics, mut ids) = (Metrics::new(), MetricIds::default());
        let mut define = |kind, name: &[u8]| metrics.define(&mut ids, kind, name).to_abi();
        assert_eq!(define(MetricType::Counter, b"a"), 4);
        assert_eq!(define(MetricType::Gauge, b"a"), 5);
        assert_eq!(define(MetricType::Histogram, b""), 6);
        assert_eq!(define(MetricType::Counter, b"a"), 8);
        metrics.record(&ids, MetricId(4), 1).unwrap();
        metrics.record(&ids, MetricId(8), 2).unwrap();
        assert_eq!(metrics.get(&ids, MetricId(4)), Ok(3));
        assert_eq!(metrics.get(&ids, MetricId(5)), Ok(0));
    }

    #[test]
    fn vms_share_metrics_and_not_ids() {
        let (mut metrics, first, id) = one(MetricType::Counter);
        let mut second = MetricIds::default();
        assert_eq!(metrics.get(&second, id), Err(Status::NotFound));
        metrics.define(&mut second, MetricType::Counter, b"other");
        let same = metrics.define(&mut second, MetricType::Counter, b"m");
        assert_eq!(same.to_abi(), 8);
        metrics.increment(&second, same, 5).unwrap();
        assert_eq!(metrics.get(&first, id), Ok(5));
    }

    #[test]
    fn counter_adds_on_increment_and_record() {
        let (mut metrics, ids, id) = one(MetricType::Counter);
        assert_eq!(metrics.increment(&ids, id, 0), Err(Status::BadArgument));
        assert_eq!(metrics.increment(&ids, id, -1), Err(Status::BadArgument));
        metrics.increment(&ids, id, 7).unwrap();
        metrics.record(&ids, id, MINUS_ONE).unwrap();
        assert_eq!(metrics.get(&ids, id), Ok(6));
    }

    #[test]
    fn gauge_wraps_and_is_set_by_record() {
        let (mut metrics, ids, id) = one(MetricType::Gauge);
        metrics.increment(&ids, id, -3).unwrap();
        assert_eq!(metrics.get(&ids, id), Ok(u64::MAX - 2));
        metrics.record(&ids, id, 9).unwrap();
        metrics.increment(&ids, id, 0).unwrap();
        assert_eq!(metrics.get(&ids, id), Ok(9));
    }

    #[test]
    fn histogram_only_records() {
        let (mut metrics, ids, id) = one(MetricType::Histogram);
        assert_eq!(metrics.increment(&ids, id, 1), Err(Status::BadArgument));
        assert_eq!(metrics.get(&ids, id), Err(Status::BadArgument));
        metrics.record(&ids, id, 7).unwrap();
        metrics.record(&ids, id, 5).unwrap();
        assert_eq!(metrics.named(b"m").collect::<Vec<_>>(), [&MetricValue::Histogram(vec![7, 5])]);
    }

    #[test]
    fn unknown_ids_answer_by_their_type_bits() {
        let (mut metrics, ids) = (Metrics::new(), MetricIds::default());
        for number in [0, 1, 2, 3, 4, 5, 6, 7, u32::MAX] {
            let id = MetricId::from_abi(number);
            let want = if number % 4 < 2 { Status::NotFound } else { Status::BadArgument };
            assert_eq!(metrics.increment(&ids, id, 1), Err(want), "{number}");
            assert_eq!(metrics.get(&ids, id), Err(want), "{number}");
            assert_eq!(metrics.record(&ids, id, 1), Err(Status::NotFound), "{number}");
        }
    }

    #[test]
    fn the_snapshot_is_ordered_by_name_and_type() {
        let (mut metrics, mut ids) = (Metrics::new(), MetricIds::default());
        for (kind, name) in
            [(MetricType::Gauge, b"b"), (MetricType::Gauge, b"a"), (MetricType::Counter, b"b")]
        {
            metrics.define(&mut ids, kind, name);
        }
        let (gauge, counter) = (MetricValue::Gauge(0), MetricValue::Counter(0));
        let want = [(&b"a"[..], &gauge), (b"b", &counter), (b"b", &gauge)];
        assert_eq!(metrics.iter().collect::<Vec<_>>(), want);
        assert_eq!(metrics.named(b"none").count(), 0);
    }
}
