//! Values of statistics that are not plain integers.

/// A value of one of the five types of statistics.
#[derive(Clone, Debug, PartialEq)]
pub enum StatisticValue {
    Integer(i64),
    /// 128 bits, for the capacity of IPv6 pools.
    BigInteger(i128),
    Float(f64),
    /// Microseconds.
    Duration(u64),
    Text(String),
}

impl StatisticValue {
    /// The neutral value of the same type, which a reset sets.
    #[must_use]
    pub fn neutral(&self) -> Self {
        match self {
            Self::Integer(_) => Self::Integer(0),
            Self::BigInteger(_) => Self::BigInteger(0),
            Self::Float(_) => Self::Float(0.0),
            Self::Duration(_) => Self::Duration(0),
            Self::Text(_) => Self::Text(String::new()),
        }
    }

    /// What error texts call the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) => "integer",
            Self::BigInteger(_) => "big integer",
            Self::Float(_) => "floating point",
            Self::Duration(_) => "duration",
            Self::Text(_) => "string",
        }
    }

    /// The sum (for strings the concatenation), saturating; `None` for values of different types.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.saturating_add(*b)),
            (Self::BigInteger(a), Self::BigInteger(b)) => Self::BigInteger(a.saturating_add(*b)),
            (Self::Float(a), Self::Float(b)) => Self::Float(a + b),
            (Self::Duration(a), Self::Duration(b)) => Self::Duration(a.saturating_add(*b)),
            (Self::Text(a), Self::Text(b)) => Self::Text(format!("{a}{b}")),
            _ => return None,
        })
    }

    /// As commands answer it; a duration is `hh:mm:ss.uuuuuu`.
    #[must_use]
    pub fn to_json(&self) -> json::Value {
        match self {
            Self::Integer(v) => (*v).into(),
            Self::BigInteger(v) => (*v).into(),
            Self::Float(v) => (*v).into(),
            Self::Duration(v) => duration_text(*v).into(),
            Self::Text(v) => v.as_str().into(),
        }
    }
}

fn duration_text(micros: u64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    format!("{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_in_hours() {
        assert_eq!(duration_text(0), "00:00:00.000000");
        assert_eq!(duration_text(3_723_000_004), "01:02:03.000004");
        assert_eq!(duration_text(360_000_000_000), "100:00:00.000000");
    }

    #[test]
    fn sums_need_equal_types() {
        use StatisticValue::{Float, Integer, Text};
        assert_eq!(Integer(i64::MAX).plus(&Integer(1)), Some(Integer(i64::MAX)));
        assert_eq!(Text("a".into()).plus(&Text("b".into())), Some(Text("ab".into())));
        assert_eq!(Integer(1).plus(&Float(1.0)), None);
        assert_eq!(Text("a".into()).neutral(), Text(String::new()));
    }
}
