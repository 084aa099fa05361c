//! The names of the files, and when one follows the other.

use jiff::civil::Date;
use jiff::{Span, Zoned};

/// What a file is for the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Day,
    Month,
    Year,
}

impl Unit {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "second" => Self::Second,
            "day" => Self::Day,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }
}

/// How long a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) unit: Unit,
    /// 0: for ever.
    pub(super) count: u32,
}

/// When a file began, as its name says it: a second, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Begin {
    Second(i64),
    Day(Date),
}

impl Period {
    /// The beginning of a file that is opened now.
    pub(super) fn begin(self, now: &Zoned) -> Begin {
        match self.unit {
            Unit::Second => Begin::Second(now.timestamp().as_second()),
            _ => Begin::Day(now.date()),
        }
    }

    /// Whether the time of a file is over, and another is due.
    pub(super) fn is_over(self, begin: Begin, now: &Zoned) -> bool {
        match begin {
            Begin::Second(begin) => now.timestamp().as_second() - begin >= i64::from(self.count),
            Begin::Day(begin) => {
                let count = i64::from(self.count);
                let span = match self.unit {
                    Unit::Second | Unit::Day => Span::new().try_days(count),
                    Unit::Month => Span::new().try_months(count),
                    Unit::Year => Span::new().try_years(count),
                };
                // Beyond the end of the calendar there is no other file.
                span.and_then(|span| begin.checked_add(span)).is_ok_and(|end| end <= now.date())
            }
        }
    }

    /// Of the names in a directory, the file of this base name that is still written to.
    pub(super) fn current(
        self,
        names: impl Iterator<Item = String>,
        base: &str,
        now: &Zoned,
    ) -> Option<Begin> {
        let newest = names.filter_map(|name| self.begin_of(&name, base)).max()?;
        (!self.is_over(newest, now)).then_some(newest)
    }

    fn begin_of(self, name: &str, base: &str) -> Option<Begin> {
        let middle = name.strip_prefix(base)?.strip_prefix('.')?.strip_suffix(".txt")?;
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        if self.unit == Unit::Second {
            let second = middle.strip_prefix('T').filter(|second| digits(second, 20))?;
            return second.parse().ok().map(Begin::Second);
        }
        if !digits(middle, 8) {
            return None;
        }
        let (year, rest) = middle.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok().map(Begin::Day)
    }
}

impl Begin {
    /// The name of a file.
    pub(super) fn name(self, base: &str) -> String {
        match self {
            Self::Second(second) => format!("{base}.T{second:020}.txt"),
            Self::Day(day) => format!("{base}.{:04}{:02}{:02}.txt", day.year(), day.month(), day.day()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        format!("{text}[UTC]").parse().unwrap()
    }

    #[test]
    fn names_and_turns() {
        let now = at("2026-11-27T18:43:00");
        for (unit, count, name, last, over) in [
            (Unit::Day, 1, "k.20261127.txt", "2026-11-27T23:59:59", "2026-11-28T00:00:00"),
            (Unit::Day, 3, "k.20261127.txt", "2026-11-29T23:59:59", "2026-11-30T00:00:00"),
            (Unit::Month, 1, "k.20261127.txt", "2026-12-26T00:00:00", "2026-12-27T00:00:00"),
            (Unit::Year, 1, "k.20261127.txt", "2027-11-26T00:00:00", "2027-11-27T00:00:00"),
            (Unit::Second, 15, "k.T00000000001795804980.txt", "2026-11-27T18:43:14", "2026-11-27T18:43:15"),
        ] {
            let period = Period { unit, count };
            let begin = period.begin(&now);
            assert_eq!(begin.name("k"), name);
            assert_eq!(period.begin_of(name, "k"), Some(begin));
            assert!(!period.is_over(begin, &at(last)) && period.is_over(begin, &at(over)), "{unit:?}");
        }
        let endless = Period { unit: Unit::Year, count: u32::MAX };
        assert!(!endless.is_over(endless.begin(&now), &now));
    }

    #[test]
    fn what_was_begun_is_gone_on_with() {
        let names = || {
            [
                "k.20261126.txt",
                "k.20261125.txt",
                "kk.20261127.txt",
                "k.2026112x.txt",
                "k.20269999.txt",
                "k.txt",
            ]
            .map(str::to_owned)
            .into_iter()
        };
        let current = |unit, count, now| Period { unit, count }.current(names(), "k", &at(now));
        assert_eq!(current(Unit::Day, 1, "2026-11-27T00:00:00"), None);
        let found = current(Unit::Day, 2, "2026-11-27T00:00:00").unwrap();
        assert_eq!(found.name("k"), "k.20261126.txt");
        assert_eq!(current(Unit::Second, 9, "2026-11-27T00:00:00"), None);
        assert!(
            current(Unit::Day, 0, "2026-11-26T00:00:00").is_none(),
            "without turns each start has its own"
        );
    }
}
