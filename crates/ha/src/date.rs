//! Dates of HTTP (RFC 9110 section 5.6.7), as partners tell each other the time, and as status reports show it.

use base::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

fn stamp(at: Timestamp) -> jiff::Timestamp {
    i64::try_from(at.0)
        .ok()
        .and_then(|at| jiff::Timestamp::from_second(at).ok())
        .unwrap_or(jiff::Timestamp::MAX)
}

/// `Thu, 07 Nov 2019 08:49:37 GMT`
pub(crate) fn write(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp(at)).unwrap_or_default()
}

pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let stamp = DateTimeParser::new().parse_timestamp(text).ok()?;
    u64::try_from(stamp.as_second()).ok().map(Timestamp)
}

/// `2019-11-07 08:49:37`
pub(crate) fn plain(at: Timestamp) -> String {
    stamp(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_trip() {
        let at = Timestamp(1_573_116_577);
        assert_eq!(write(at), "Thu, 07 Nov 2019 08:49:37 GMT");
        assert_eq!(read("Thu, 07 Nov 2019 08:49:37 GMT"), Some(at));
        assert_eq!(plain(at), "2019-11-07 08:49:37");
        assert_eq!(read("yesterday"), None);
    }
}
