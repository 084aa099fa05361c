//! How many packets wait together, as `status-get` tells it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Packets over which the averages run.
const SPANS: [f64; 3] = [10.0, 100.0, 1000.0];

/// Averages of the number of packets that waited together for a worker, over the last 10, 100 and 1000 packets.
#[derive(Debug, Default)]
pub(crate) struct QueueLoad([AtomicU64; 3]);

impl QueueLoad {
    /// So many packets were taken from a socket together. Workers may overtake one another: a figure is lost then.
    pub(crate) fn taken(&self, packets: usize) {
        let packets = f64::from(u32::try_from(packets).unwrap_or(u32::MAX));
        for (cell, span) in self.0.iter().zip(SPANS) {
            let average = f64::from_bits(cell.load(Ordering::Relaxed));
            let next = average + (packets - average) * packets / (packets + span);
            cell.store(next.to_bits(), Ordering::Relaxed);
        }
    }

    pub(crate) fn averages(&self) -> [f64; 3] {
        self.0.each_ref().map(|cell| f64::from_bits(cell.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_the_span_the_faster_it_follows() {
        let load = QueueLoad::default();
        assert_eq!(load.averages(), [0.0; 3]);
        load.taken(1);
        let [short, middle, long] = load.averages();
        assert!(1.0 > short && short > middle && middle > long && long > 0.0);
        (0..10_000).for_each(|_| load.taken(20));
        assert!(load.averages().iter().all(|average| (average - 20.0).abs() < 0.01));
        (0..20).for_each(|_| load.taken(1));
        let [short, _, long] = load.averages();
        assert!(short < 5.0 && long > 15.0, "{short} {long}");
    }
}
