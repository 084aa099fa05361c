//! How long DNS entries live (RFC 4702 section 5).

use base::Seconds;

/// Share of the lifetime where nothing else is configured.
const SHARE: f64 = 0.33333;
/// Seconds that entries live at least where nothing else is configured.
const FLOOR: u32 = 600;

/// `ddns-ttl` and its relatives. A 0 is as good as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TtlRule {
    /// `ddns-ttl`: the others do not matter then.
    pub fixed: Option<u32>,
    /// `ddns-ttl-percent`: share of the lease's lifetime.
    pub percent: Option<f64>,
    /// `ddns-ttl-min`.
    pub min: Option<u32>,
    /// `ddns-ttl-max`.
    pub max: Option<u32>,
}

impl TtlRule {
    /// Seconds that the entries of a lease with this lifetime live.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // The cast saturates.
    pub fn of(&self, lifetime: Seconds) -> u32 {
        let set = |value: Option<u32>| value.filter(|v| *v > 0);
        if let Some(fixed) = set(self.fixed) {
            return fixed;
        }
        let share = self.percent.filter(|p| *p > 0.0).unwrap_or(SHARE);
        let ttl = (share * f64::from(lifetime.0)).round() as u32;
        let floor = set(self.min).unwrap_or(FLOOR);
        if ttl < floor { floor } else { ttl.min(set(self.max).unwrap_or(u32::MAX)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives() {
        let none = TtlRule::default();
        for (rule, lifetime, expected) in [
            (none, 3600, 1200),
            (none, 900, 600),
            (none, 0, 600),
            (none, u32::MAX, 1_431_641_448),
            (TtlRule { fixed: Some(50), min: Some(100), ..none }, 3600, 50),
            (TtlRule { fixed: Some(0), ..none }, 3600, 1200),
            (TtlRule { percent: Some(0.5), ..none }, 3600, 1800),
            (TtlRule { percent: Some(1.0), ..none }, u32::MAX, u32::MAX),
            (TtlRule { min: Some(2000), ..none }, 3600, 2000),
            (TtlRule { min: Some(10), ..none }, 90, 30),
            (TtlRule { max: Some(1000), ..none }, 3600, 1000),
            // The floor goes before the ceiling.
            (TtlRule { max: Some(500), ..none }, 900, 600),
        ] {
            assert_eq!(rule.of(Seconds(lifetime)), expected, "{rule:?} {lifetime}");
        }
    }
}
