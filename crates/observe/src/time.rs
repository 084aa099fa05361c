//! Calendar time of samples and log lines.

use std::fmt::Write;

use base::Micros;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Local date and time of a moment; the far ends of the calendar for moments beyond it.
pub(crate) fn local(at: Micros, zone: &TimeZone) -> DateTime {
    let stamp = i64::try_from(at.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    zone.to_datetime(stamp.unwrap_or(Timestamp::MAX))
}

/// `YYYY-MM-DD hh:mm:ss.uuuuuu`
pub(crate) fn sample_time(at: Micros, zone: &TimeZone) -> String {
    let t = local(at, zone);
    let mut text = String::with_capacity(26);
    let _ = write!(
        text,
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        at.0 % 1_000_000
    );
    text
}
