//! Line patterns: the conversions of log4cplus that the Kea manual lists.

use std::fmt::Write;
use std::sync::OnceLock;

use base::Micros;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::time::local;

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(pub String);

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Text(String),
    Field(Field, Width),
    /// The whole record as a JSON object and a line feed.
    Json,
}

/// Minimum and maximum width of a field: shorter ones are filled with blanks, longer ones lose their beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Width {
    left: bool,
    least: usize,
    most: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
enum Field {
    Time(Vec<TimeItem>, Zone),
    Severity,
    /// So many of the last parts of its name; 0: all.
    Logger(usize),
    /// Diagnostic contexts, of which there are none.
    Nothing,
    Process,
    Thread,
    ThreadName,
    Message,
    /// Milliseconds since the start of the program.
    Elapsed,
    File,
    FileBase,
    Line,
    Module,
    Host,
    DomainHost,
    Environment(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Zone {
    Utc,
    Local,
}

#[derive(Clone, Debug, PartialEq)]
enum TimeItem {
    Text(String),
    /// A `strftime` conversion, or `q` and `Q` for milliseconds.
    Part(char),
}

const TIME_PARTS: &str = "aAbBcCdDeFghHIjklmMpqQrRsSTuUwWxXyYzZ";

/// The largest width of a field; more is a mistake.
const MOST_WIDTH: usize = 4096;

/// One log event, ready to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) at: Micros,
    pub(super) zone: &'a TimeZone,
    pub(super) severity: &'a str,
    /// With the root: `kea-dhcp4.packets`.
    pub(super) logger: &'a str,
    pub(super) message: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) module: &'a str,
    /// Milliseconds since the start of the program.
    pub(super) elapsed: u64,
}

impl Pattern {
    /// The name of the layout that is no pattern: a JSON object in each line, for collectors of logs. An extension of
    /// this server.
    pub const JSON: &str = "json";

    /// Compiles a pattern; conversions that are not supported are refused.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text == Self::JSON {
            return Ok(Self { items: vec![Item::Json] });
        }
        let mut items = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                plain.push(c);
                continue;
            }
            let mut width = Width::default();
            if chars.next_if_eq(&'-').is_some() {
                width.left = true;
            }
            width.least = number(&mut chars)?.unwrap_or(0);
            if chars.next_if_eq(&'.').is_some() {
                width.most = Some(number(&mut chars)?.ok_or_else(|| bad("a width must follow '.'"))?);
            }
            let conversion = chars.next().ok_or_else(|| bad("ends with an unfinished conversion"))?;
            let mut braces = || -> Result<Option<String>, PatternError> {
                if chars.next_if_eq(&'{').is_none() {
                    return Ok(None);
                }
                let mut inner = String::new();
                loop {
                    match chars.next() {
                        Some('}') => return Ok(Some(inner)),
                        Some(c) => inner.push(c),
                        None => return Err(bad("'{' is not closed")),
                    }
                }
            };
            let field = match conversion {
                '%' => {
                    plain.push('%');
                    continue;
                }
                'n' => {
                    plain.push('\n');
                    continue;
                }
                'd' | 'D' => {
                    let zone = if conversion == 'd' { Zone::Utc } else { Zone::Local };
                    let format = braces()?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
                    Field::Time(time_items(&format)?, zone)
                }
                'E' => Field::Environment(braces()?.ok_or_else(|| bad("%E needs a name in braces"))?),
                'p' => Field::Severity,
                'c' => match braces()?.map(|parts| parts.parse()) {
                    None => Field::Logger(0),
                    Some(Ok(parts)) => Field::Logger(parts),
                    Some(Err(_)) => return Err(bad("%c takes a number in braces")),
                },
                'x' => Field::Nothing,
                'X' => {
                    braces()?;
                    Field::Nothing
                }
                'i' => Field::Process,
                't' => Field::Thread,
                'T' => Field::ThreadName,
                'm' => Field::Message,
                'r' => Field::Elapsed,
                'F' => Field::File,
                'b' => Field::FileBase,
                'L' => Field::Line,
                'l' => {
                    flush(&mut plain, &mut items);
                    items.push(Item::Field(Field::File, Width::default()));
                    plain.push(':');
                    Field::Line
                }
                'M' => Field::Module,
                'h' => Field::Host,
                'H' => Field::DomainHost,
                other => return Err(bad(&format!("the conversion %{other} is not supported"))),
            };
            flush(&mut plain, &mut items);
            items.push(Item::Field(field, width));
        }
        flush(&mut plain, &mut items);
        Ok(Self { items })
    }

    /// Kea's default of files, stdout and stderr.
    #[must_use]
    pub fn default_line() -> Self {
        Self::built_in("%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n")
    }

    /// Kea's default of syslog, which knows the time and the process itself.
    #[must_use]
    pub fn default_syslog() -> Self {
        Self::built_in("%-5p [%c.%t] %m\n")
    }

    fn built_in(text: &str) -> Self {
        Self::new(text).unwrap_or(Self { items: vec![Item::Field(Field::Message, Width::default())] })
    }

    /// Appends the line of `record`.
    pub(super) fn write(&self, record: &Record<'_>, line: &mut String) {
        for item in &self.items {
            match item {
                Item::Text(text) => line.push_str(text),
                Item::Field(field, width) => {
                    let start = line.len();
                    field.write(record, line);
                    width.apply(line, start);
                }
                Item::Json => write_json(record, line),
            }
        }
    }
}

/// A record as a JSON object: the message's identifier and its text apart, the time in UTC.
fn write_json(record: &Record<'_>, line: &mut String) {
    let (id, text) = record.message.split_once(' ').unwrap_or((record.message, ""));
    let time = i64::try_from(record.at.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let time = time.map(|time| format!("{time:.6}")).unwrap_or_default();
    let quoted = |text: &str| json::to_string(&text.into());
    let mut thread = String::new();
    push_thread_id(&mut thread);
    let _ = writeln!(
        line,
        "{{\"time\":{},\"severity\":{},\"logger\":{},\"pid\":{},\"thread\":{},\"id\":{},\"text\":{}}}",
        quoted(&time),
        quoted(record.severity),
        quoted(record.logger),
        process_id(),
        quoted(&thread),
        quoted(id),
        quoted(text),
    );
}

fn bad(reason: &str) -> PatternError {
    PatternError(reason.to_owned())
}

fn flush(plain: &mut String, items: &mut Vec<Item>) {
    if !plain.is_empty() {
        items.push(Item::Text(std::mem::take(plain)));
    }
}

fn number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<usize>, PatternError> {
    let mut number: Option<usize> = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let digit = usize::try_from(digit).unwrap_or(0);
        let grown = number.unwrap_or(0) * 10 + digit;
        if grown > MOST_WIDTH {
            return Err(PatternError(format!("a width is larger than {MOST_WIDTH}")));
        }
        number = Some(grown);
    }
    Ok(number)
}

fn time_items(format: &str) -> Result<Vec<TimeItem>, PatternError> {
    let mut items = Vec::new();
    let mut plain = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => plain.push('%'),
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some(part) if TIME_PARTS.contains(part) => {
                if !plain.is_empty() {
                    items.push(TimeItem::Text(std::mem::take(&mut plain)));
                }
                items.push(TimeItem::Part(part));
            }
            Some(other) => return Err(bad(&format!("the time conversion %{other} is not supported"))),
            None => return Err(bad("ends with an unfinished time conversion")),
        }
    }
    if !plain.is_empty() {
        items.push(TimeItem::Text(plain));
    }
    Ok(items)
}

impl Width {
    fn apply(self, line: &mut String, start: usize) {
        if self.least == 0 && self.most.is_none() {
            return;
        }
        let field = line.get(start..).unwrap_or_default();
        let length = field.chars().count();
        if let Some(most) = self.most
            && length > most
        {
            let kept: String = field.chars().skip(length - most).collect();
            line.truncate(start);
            line.push_str(&kept);
        } else if length < self.least {
            let blanks = " ".repeat(self.least - length);
            line.insert_str(if self.left { line.len() } else { start }, &blanks);
        }
    }
}

impl Field {
    fn write(&self, record: &Record<'_>, line: &mut String) {
        match self {
            Self::Time(items, Zone::Local) => write_time(items, record.at, record.zone, line),
            Self::Time(items, Zone::Utc) => write_time(items, record.at, &TimeZone::UTC, line),
            Self::Severity => line.push_str(record.severity),
            Self::Logger(parts) => {
                let begin = parts.checked_sub(1).and_then(|last| record.logger.rmatch_indices('.').nth(last));
                let name = begin.and_then(|(dot, _)| record.logger.get(dot + 1..));
                line.push_str(name.unwrap_or(record.logger));
            }
            Self::Nothing => {}
            Self::Process => line.push_str(process_id()),
            Self::Thread => push_thread_id(line),
            Self::ThreadName => match std::thread::current().name() {
                Some(name) => line.push_str(name),
                None => push_thread_id(line),
            },
            Self::Message => write_message(record.message, line),
            Self::Elapsed => {
                let _ = write!(line, "{}", record.elapsed);
            }
            Self::File => line.push_str(record.file),
            Self::FileBase => line.push_str(record.file.rsplit('/').next().unwrap_or_default()),
            Self::Line => {
                let _ = write!(line, "{}", record.line);
            }
            Self::Module => line.push_str(record.module),
            Self::Host => {
                let full = host_name();
                line.push_str(full.split('.').next().unwrap_or(full));
            }
            Self::DomainHost => line.push_str(host_name()),
            Self::Environment(name) => {
                if let Some(value) = std::env::var_os(name) {
                    line.push_str(&value.to_string_lossy());
                }
            }
        }
    }
}

/// The text as it is, but nothing in it can pass for another line or talk to a terminal: control characters are
/// written as escapes, and what follows a line feed is indented.
fn write_message(message: &str, line: &mut String) {
    if !message.chars().any(char::is_control) {
        line.push_str(message);
        return;
    }
    let mut chars = message.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                line.push('\n');
                if chars.peek().is_some_and(|next| !matches!(next, ' ' | '\t' | '\n')) {
                    line.push_str("  ");
                }
            }
            '\t' => line.push('\t'),
            c if c.is_control() => {
                let _ = write!(line, "\\x{:02x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
}

/// The kernel's number of the calling thread, as `top -H` shows it.
fn push_thread_id(line: &mut String) {
    thread_local! {
        static ID: String = nix::unistd::gettid().to_string();
    }
    ID.with(|id| line.push_str(id));
}

fn process_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| std::process::id().to_string())
}

fn host_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let kernel = |name: &str| {
            std::fs::read_to_string(format!("/proc/sys/kernel/{name}"))
                .map(|text| text.trim().to_owned())
                .unwrap_or_default()
        };
        let (host, domain) = (kernel("hostname"), kernel("domainname"));
        if host.contains('.') || domain.is_empty() || domain == "(none)" {
            host
        } else {
            format!("{host}.{domain}")
        }
    })
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn write_time(items: &[TimeItem], at: Micros, zone: &TimeZone, line: &mut String) {
    let t = local(at, zone);
    for item in items {
        match item {
            TimeItem::Text(text) => line.push_str(text),
            TimeItem::Part(part) => write_part(*part, at, t, zone, line),
        }
    }
}

fn write_part(part: char, at: Micros, t: DateTime, zone: &TimeZone, line: &mut String) {
    let fraction = at.0 % 1_000_000;
    let hour12 = if t.hour() % 12 == 0 { 12 } else { t.hour() % 12 };
    let weekday = t.weekday().to_sunday_zero_offset();
    let day =
        |weekday: i8| usize::try_from(weekday).ok().and_then(|d| DAYS.get(d)).copied().unwrap_or_default();
    let month = usize::try_from(t.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    let nested = |parts: &str, line: &mut String| {
        for c in parts.chars() {
            if c.is_ascii_alphabetic() {
                write_part(c, at, t, zone, line);
            } else {
                line.push(c);
            }
        }
    };
    let _ = match part {
        'a' => write!(line, "{}", short(day(weekday))),
        'A' => write!(line, "{}", day(weekday)),
        'b' | 'h' => write!(line, "{}", short(month)),
        'B' => write!(line, "{month}"),
        'C' => write!(line, "{:02}", t.year() / 100),
        'd' => digits(u32::from(t.day().unsigned_abs()), 2, line),
        'e' => write!(line, "{:2}", t.day()),
        'H' => digits(u32::from(t.hour().unsigned_abs()), 2, line),
        'I' => digits(u32::from(hour12.unsigned_abs()), 2, line),
        'j' => write!(line, "{:03}", t.day_of_year()),
        'k' => write!(line, "{:2}", t.hour()),
        'l' => write!(line, "{hour12:2}"),
        'm' => digits(u32::from(t.month().unsigned_abs()), 2, line),
        'M' => digits(u32::from(t.minute().unsigned_abs()), 2, line),
        'p' => write!(line, "{}", if t.hour() < 12 { "AM" } else { "PM" }),
        'q' => digits(u32::try_from(fraction / 1000).unwrap_or(0), 3, line),
        'Q' => write!(line, "{:03}.{:03}", fraction / 1000, fraction % 1000),
        's' => write!(line, "{}", at.seconds().0),
        'S' => digits(u32::from(t.second().unsigned_abs()), 2, line),
        'u' => write!(line, "{}", if weekday == 0 { 7 } else { weekday }),
        'w' => write!(line, "{weekday}"),
        // Weeks that begin on Sunday and on Monday; the days before the first such day are week 0.
        'U' => write!(line, "{:02}", (t.day_of_year() + 6 - i16::from(weekday)) / 7),
        'W' => write!(line, "{:02}", (t.day_of_year() + 6 - i16::from((weekday + 6) % 7)) / 7),
        'y' => write!(line, "{:02}", t.year().rem_euclid(100)),
        'Y' => digits(u32::from(t.year().unsigned_abs()), 4, line),
        'z' | 'Z' => write_zone(part, at, zone, line),
        'c' => {
            nested("a b e H:M:S Y", line);
            Ok(())
        }
        'D' | 'x' => {
            nested("m/d/y", line);
            Ok(())
        }
        'F' => {
            nested("Y-m-d", line);
            Ok(())
        }
        'r' => {
            nested("I:M:S p", line);
            Ok(())
        }
        'R' => {
            nested("H:M", line);
            Ok(())
        }
        'T' | 'X' => {
            nested("H:M:S", line);
            Ok(())
        }
        _ => Ok(()),
    };
}

/// The last `count` decimal digits; the parts of every line, so without the formatting machinery.
fn digits(value: u32, count: u32, line: &mut String) -> std::fmt::Result {
    for place in (0..count).rev() {
        let digit = value / 10_u32.saturating_pow(place) % 10;
        line.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
    Ok(())
}

fn write_zone(part: char, at: Micros, zone: &TimeZone, line: &mut String) -> std::fmt::Result {
    let stamp = i64::try_from(at.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let info = zone.to_offset_info(stamp.unwrap_or(Timestamp::MAX));
    if part == 'Z' {
        return write!(line, "{}", info.abbreviation());
    }
    let minutes = info.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    write!(line, "{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-23 20:47:38.123456 UTC, a Monday.
    const AT: Micros = Micros(1_795_466_858_123_456);

    fn render(pattern: &str, message: &str) -> String {
        let record = Record {
            at: AT,
            zone: &TimeZone::fixed(jiff::tz::offset(1)),
            severity: "INFO",
            logger: "kea-dhcp4.packets",
            message,
            file: "src/v4/accept.rs",
            line: 7,
            module: "engine::v4",
            elapsed: 1235,
        };
        let mut line = String::new();
        Pattern::new(pattern).unwrap().write(&record, &mut line);
        line
    }

    #[test]
    fn default_line_is_kea_s() {
        let (pid, mut tid) = (std::process::id(), String::new());
        push_thread_id(&mut tid);
        let record = "DHCP4_STARTED Kea DHCPv4 server version 3.3.1 started";
        let expected = format!("2026-11-23 21:47:38.123 INFO  [kea-dhcp4.packets/{pid}.{tid}] {record}\n");
        assert_eq!(render("%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n", record), expected);
        assert_eq!(
            Pattern::default_line(),
            Pattern::new("%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n").unwrap()
        );
    }

    #[test]
    fn a_json_object_in_each_line() {
        let line = render("json", "DHCP4_STARTED a \"name\"\nand more");
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1, "{line}");
        let value = json::parse_command(line.trim().as_bytes(), json::Limits::default()).unwrap();
        let member = |name: &str| value.get(name).and_then(json::Value::as_str).unwrap().to_owned();
        assert_eq!(member("time"), "2026-11-23T20:47:38.123456Z");
        assert_eq!(
            (member("severity"), member("logger")),
            ("INFO".to_owned(), "kea-dhcp4.packets".to_owned())
        );
        assert_eq!(member("id"), "DHCP4_STARTED");
        assert_eq!(member("text"), "a \"name\"\nand more");
    }

    #[test]
    fn conversions() {
        for (pattern, expected) in [
            ("%d{%j %H:%M:%S.%q} %c %m%n", "327 20:47:38.123 kea-dhcp4.packets text\n"),
            ("%d", "2026-11-23 20:47:38"),
            ("%D", "2026-11-23 21:47:38"),
            ("%D{%z %Z}", "+0100 +01"),
            ("%d{%a %A %b %B %Z}", "Mon Monday Nov November UTC"),
            ("%d{%c|%x|%X|%p|%I|%y|%U|%W|%w}", "Mon Nov 23 20:47:38 2026|11/23/26|20:47:38|PM|08|26|47|47|1"),
            ("%d{%Q %e %s %F %T}", "123.456 23 1795466858 2026-11-23 20:47:38"),
            ("%8p|%-8p|%.2p|%6.3p|%-6.3p", "    INFO|INFO    |FO|NFO|NFO"),
            ("%.30m", "text"),
            ("%b %F %L %l %M %r", "accept.rs src/v4/accept.rs 7 src/v4/accept.rs:7 engine::v4 1235"),
            ("%c{1}|%c{2}|%c{9}", "packets|kea-dhcp4.packets|kea-dhcp4.packets"),
            ("<%x|%X|%X{client}|%5x>", "<|||     >"),
            ("100%% %m", "100% text"),
            ("%E{NO_SUCH_VARIABLE_HERE}.", "."),
            ("", ""),
        ] {
            assert_eq!(render(pattern, "text"), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for pattern in
            ["%", "%k", "%D{%", "%D{%Y", "%D{%v}", "%E", "%5", "%.m", "%99999m", "%c{x}", "%X{a", "a%-"]
        {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn messages_cannot_forge_lines() {
        assert_eq!(render("%m\n", "name\r\nFATAL forged\x1b[2J"), "name\\x0d\n  FATAL forged\\x1b[2J\n");
        assert_eq!(render("%m", "options:\n  type=053\n\n\tx"), "options:\n  type=053\n\n\tx");
    }

    #[test]
    fn week_numbers_at_the_ends_of_the_year() {
        let week = |date: &str, part: char| {
            let stamp: Timestamp = format!("{date}T00:00:00Z").parse().unwrap();
            let at = Micros(u64::try_from(stamp.as_microsecond()).unwrap());
            let mut line = String::new();
            write_part(part, at, local(at, &TimeZone::UTC), &TimeZone::UTC, &mut line);
            line
        };
        // 2026 began on a Thursday; 2023 on a Sunday.
        for (date, sunday, monday) in [
            ("2026-01-01", "00", "00"),
            ("2026-01-04", "01", "00"),
            ("2026-01-05", "01", "01"),
            ("2023-01-01", "01", "00"),
            ("2026-12-31", "52", "52"),
        ] {
            assert_eq!((week(date, 'U'), week(date, 'W')), (sunday.into(), monday.into()), "{date}");
        }
    }

    proptest! {
        /// Any pattern is refused or writes a line, and any message stays within its line.
        #[test]
        fn no_pattern_and_no_message_does_harm(pattern in "[%a-zA-Z0-9.{}\\-]{0,40}|.{0,20}", message in ".{0,60}|[\\PC\\n\\r\x1b]{0,40}") {
            if Pattern::new(&pattern).is_ok() {
                render(&pattern, &message);
            }
            let line = render("%m", &message);
            prop_assert!(!line.contains('\x1b') && !line.contains('\r'));
            for (number, part) in line.split('\n').enumerate() {
                prop_assert!(number == 0 || part.is_empty() || part.starts_with([' ', '\t']), "{line:?}");
            }
        }
    }
}
