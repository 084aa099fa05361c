//! The parameters of the library.

use std::path::PathBuf;

use jiff::Zoned;
use jiff::fmt::strtime;
use json::{Kind, Map, Value};
use observe::{Facility, Pattern};

use super::PROVIDER;
use super::rotation::{Period, Unit};

/// Where entries go, and in what form.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub timestamp: TimeFormat,
    pub store: Store,
}

/// Where entries go.
#[derive(Clone, Debug, PartialEq)]
pub enum Store {
    Files(Files),
    Syslog(Syslog),
    /// The database that the configuration names.
    Database,
}

/// Files of a directory, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// As written, until the server has judged it; empty for the default.
    pub directory: PathBuf,
    pub base_name: String,
    pub(super) period: Period,
    /// Run with the name of a file that was closed; empty for none.
    pub prerotate: PathBuf,
    /// Run with the name of a file that was opened; empty for none.
    pub postrotate: PathBuf,
    /// All lines of an entry but the last have a hyphen after their time in place of a blank.
    pub(super) mark: bool,
}

/// The system log.
#[derive(Clone, Debug, PartialEq)]
pub struct Syslog {
    /// As written.
    pub(super) name: String,
    pub(super) facility: Facility,
    pub(super) pattern: Pattern,
}

/// How the time of an entry is written (`timestamp-format`): `strftime`, and `%Q` for milliseconds with three more
/// digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Time(String),
    Fraction,
}

impl TimeFormat {
    const DEFAULT: &str = "%Y-%m-%d %H:%M:%S %Z";

    fn new(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let next = if c == '%' { chars.next() } else { None };
            if next == Some('Q') {
                pieces.push(Piece::Time(std::mem::take(&mut plain)));
                pieces.push(Piece::Fraction);
                continue;
            }
            plain.push(c);
            plain.extend(next);
        }
        pieces.push(Piece::Time(plain));
        let format = Self(pieces);
        let mut tried = String::new();
        format.write(&Zoned::default(), &mut tried).map_err(|error| error.to_string())?;
        Ok(format)
    }

    /// Appends a moment.
    pub(super) fn write(&self, at: &Zoned, line: &mut String) -> Result<(), jiff::Error> {
        use std::fmt::Write;
        for piece in &self.0 {
            match piece {
                Piece::Time(format) => line.push_str(&strtime::format(format, at)?),
                Piece::Fraction => {
                    let micros = at.subsec_nanosecond() / 1000;
                    let _ = write!(line, "{:03}.{:03}", micros / 1000, micros % 1000);
                }
            }
        }
        Ok(())
    }
}

impl Settings {
    /// Reads the parameters of the library; the error names everything that is wrong. Expressions are the
    /// configuration's business.
    pub fn load(parameters: &Map) -> Result<Self, Vec<String>> {
        let mut reader = Reader { parameters, faults: Vec::new() };
        let settings = reader.settings();
        if reader.faults.is_empty() { Ok(settings) } else { Err(reader.faults) }
    }
}

/// Parameters of a store of files, of the system log, of both, and of databases.
const OF_FILES: &[&str] =
    &["path", "base-name", "time-unit", "count", "prerotate", "postrotate", "mark-continuation-lines"];
const OF_SYSLOG: &[&str] = &["facility", "pattern"];
const OF_DATABASES: &[&str] = &[
    "name",
    "host",
    "port",
    "user",
    "password",
    "password-file",
    "on-fail",
    "max-reconnect-tries",
    "reconnect-wait-time",
    "retry-on-startup",
    "connect-timeout",
    "read-timeout",
    "write-timeout",
    "tcp-user-timeout",
    "ssl-mode",
    "trust-anchor",
    "cert-file",
    "key-file",
    "cipher-list",
];
const COMMON: &[&str] = &[
    "type",
    "timestamp-format",
    "request-parser-format",
    "response-parser-format",
    "comment",
    "user-context",
];

struct Reader<'a> {
    parameters: &'a Map,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    fn settings(&mut self) -> Settings {
        let kind = self.text("type").unwrap_or("logfile");
        let own = match kind {
            "logfile" => OF_FILES,
            "syslog" => OF_SYSLOG,
            "mysql" | "postgresql" => OF_DATABASES,
            _ => {
                self.fault(format_args!("type '{kind}' is none of logfile, syslog, mysql and postgresql"));
                return self.files();
            }
        };
        for (name, value) in self.parameters {
            // Where a database is reached may be said without using it: as in Kea, the type alone is changed then.
            if ![own, COMMON, OF_DATABASES].iter().any(|of| of.contains(&name.as_str())) {
                let known = [OF_FILES, OF_SYSLOG].iter().any(|of| of.contains(&name.as_str()));
                let why = if known { format!("of type {kind}") } else { "of this library".to_owned() };
                self.faults.push(format!("{PROVIDER}: '{name}' is no parameter {why} ({})", value.pos()));
            }
        }
        match kind {
            "logfile" => self.files(),
            "syslog" => self.syslog(),
            // Rows have a time of their own.
            _ => Settings { timestamp: self.timestamp(), store: Store::Database },
        }
    }

    fn files(&mut self) -> Settings {
        let base_name = self.text("base-name").unwrap_or("kea-legal").to_owned();
        if base_name.is_empty() || base_name.contains(['/', '\0']) {
            self.fault("'base-name' is not the name of a file");
        }
        let unit = match self.text("time-unit") {
            None => Unit::Day,
            Some(word) => Unit::from_word(word).unwrap_or_else(|| {
                let words = "second, day, month, year";
                self.fault(format_args!("unknown time unit type: {word}, expected one of: {words}"));
                Unit::Day
            }),
        };
        let count = match self.parameters.get("count").map(|value| &value.kind) {
            None => 1,
            Some(Kind::Int(count)) => u32::try_from(*count).unwrap_or_else(|_| {
                let range = u32::MAX;
                self.fault(format_args!("count value: {count} is out of range, expected value: 0..{range}"));
                1
            }),
            Some(_) => {
                self.fault("'count' is not an integer");
                1
            }
        };
        let mark = match self.parameters.get("mark-continuation-lines").map(|value| &value.kind) {
            None => true,
            Some(Kind::Bool(mark)) => *mark,
            Some(_) => {
                self.fault("'mark-continuation-lines' is not a boolean");
                true
            }
        };
        let timestamp = self.timestamp();
        let directory = self.text("path").unwrap_or_default();
        if self.parameters.contains_key("path") && directory.is_empty() {
            self.fault("path cannot be blank");
        }
        let [prerotate, postrotate] =
            ["prerotate", "postrotate"].map(|name| PathBuf::from(self.text(name).unwrap_or_default()));
        let directory = PathBuf::from(directory);
        let period = Period { unit, count };
        Settings {
            timestamp,
            store: Store::Files(Files { directory, base_name, period, prerotate, postrotate, mark }),
        }
    }

    fn syslog(&mut self) -> Settings {
        let name = self.text("facility").unwrap_or("local0").to_owned();
        let facility = Facility::from_name(&name).unwrap_or_else(|| {
            self.fault(format_args!("unknown syslog facility '{name}'"));
            Facility::LOCAL0
        });
        let pattern = match self.text("pattern").map(Pattern::new) {
            None => Pattern::default_syslog(),
            Some(Ok(pattern)) => pattern,
            Some(Err(error)) => {
                self.fault(format_args!("'pattern': {error}"));
                Pattern::default_syslog()
            }
        };
        Settings {
            // The pattern has the time.
            timestamp: self.timestamp(),
            store: Store::Syslog(Syslog { name, facility, pattern }),
        }
    }

    fn timestamp(&mut self) -> TimeFormat {
        let text = self.text("timestamp-format").filter(|text| !text.is_empty());
        TimeFormat::new(text.unwrap_or(TimeFormat::DEFAULT)).unwrap_or_else(|error| {
            self.fault(format_args!("'timestamp-format': {error}"));
            TimeFormat(Vec::new())
        })
    }

    fn text(&mut self, name: &str) -> Option<&'a str> {
        let parameters = self.parameters;
        let value = parameters.get(name)?;
        let text = Value::as_str(value);
        if text.is_none() {
            self.fault(format_args!("'{name}' is not a string"));
        }
        text
    }

    fn fault(&mut self, what: impl std::fmt::Display) {
        self.faults.push(format!("{PROVIDER}: {what}"));
    }
}
