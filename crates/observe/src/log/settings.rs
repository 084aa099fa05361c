//! The `loggers` configuration, checked.

use json::{Pos, Value};

use super::pattern::{Pattern, PatternError};
use crate::logger::{Level, Threshold};

/// A severity setting; `Debug` carries its debug level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Logs nothing.
    None,
    Level(Level),
}

impl Severity {
    /// The keyword in any case; `debug_level` counts for `DEBUG` only.
    #[must_use]
    pub fn from_keyword(keyword: &str, debug_level: u8) -> Option<Self> {
        let level = match keyword.to_ascii_uppercase().as_str() {
            "FATAL" => Level::Fatal,
            "ERROR" => Level::Error,
            "WARN" => Level::Warn,
            "INFO" => Level::Info,
            "DEBUG" => Level::Debug(debug_level),
            "NONE" => return Some(Self::None),
            _ => return None,
        };
        Some(Self::Level(level))
    }

    pub(super) fn threshold(self) -> Threshold {
        match self {
            Self::None => Threshold::NONE,
            Self::Level(level) => Threshold::up_to(level),
        }
    }
}

/// Syslog facility number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(pub u8);

impl Facility {
    /// The default of `syslog`.
    pub const LOCAL0: Self = Self(16);

    const NAMES: [(&'static str, u8); 22] = [
        ("KERN", 0),
        ("USER", 1),
        ("MAIL", 2),
        ("DAEMON", 3),
        ("AUTH", 4),
        ("SYSLOG", 5),
        ("LPR", 6),
        ("NEWS", 7),
        ("UUCP", 8),
        ("CRON", 9),
        ("AUTHPRIV", 10),
        ("FTP", 11),
        ("NTP", 12),
        ("SECURITY", 13),
        ("LOCAL0", 16),
        ("LOCAL1", 17),
        ("LOCAL2", 18),
        ("LOCAL3", 19),
        ("LOCAL4", 20),
        ("LOCAL5", 21),
        ("LOCAL6", 22),
        ("LOCAL7", 23),
    ];

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, number)| Self(*number))
    }
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Stdout,
    Stderr,
    Syslog(Facility),
    /// A file; the daemon has completed and checked its path.
    File(String),
}

impl Target {
    /// The `output` keyword of the configuration, also the form of KEA_LOGGER_DESTINATION.
    pub fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("'output' must not be empty".to_owned()),
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            "syslog" => Ok(Self::Syslog(Facility::LOCAL0)),
            _ => match text.strip_prefix("syslog:") {
                Some("") => Ok(Self::Syslog(Facility::LOCAL0)),
                Some(name) => Facility::from_name(name)
                    .map(Self::Syslog)
                    .ok_or_else(|| format!("unknown syslog facility '{name}'")),
                None => Ok(Self::File(text.to_owned())),
            },
        }
    }
}

/// One entry of `output-options`.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSettings {
    pub target: Target,
    /// Write each line at once; otherwise lines are gathered, but never those of ERROR and FATAL.
    pub flush: bool,
    /// Bytes after which a file is rotated; below [`Self::LEAST_ROTATION`] it never is.
    pub max_size: u64,
    /// Rotated files kept, at least one.
    pub max_versions: u32,
    /// `None`: the default of the target.
    pub pattern: Option<Pattern>,
}

impl OutputSettings {
    /// Smaller values of `maxsize` turn rotation off.
    pub const LEAST_ROTATION: u64 = 204_800;
    pub const DEFAULT_MAX_SIZE: u64 = 10_240_000;
    pub const DEFAULT_MAX_VERSIONS: u32 = 1;

    /// An output with the defaults of everything else.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            flush: true,
            max_size: Self::DEFAULT_MAX_SIZE,
            max_versions: Self::DEFAULT_MAX_VERSIONS,
            pattern: None,
        }
    }

    /// From the members as the configuration has them; an empty pattern means the default.
    pub fn from_parts(
        output: &str,
        flush: bool,
        max_size: u64,
        max_versions: u32,
        pattern: &str,
    ) -> Result<Self, String> {
        let pattern = match pattern {
            "" => None,
            text => Some(
                Pattern::new(text).map_err(|PatternError(reason)| format!("pattern '{text}': {reason}"))?,
            ),
        };
        Ok(Self { target: Target::from_text(output)?, flush, max_size, max_versions, pattern })
    }

    pub(super) fn rotation(&self) -> Option<(u64, u32)> {
        (self.max_size >= Self::LEAST_ROTATION).then(|| (self.max_size, self.max_versions.max(1)))
    }
}

/// One entry of `loggers`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggerSettings {
    /// The root logger or one below it (`kea-dhcp4.packets`; the root may be left out).
    pub name: String,
    /// `None`: that of the parent, with its debug level.
    pub severity: Option<Severity>,
    /// Empty: those of the parent.
    pub outputs: Vec<OutputSettings>,
}

impl LoggerSettings {
    /// From the members as the configuration has them; an empty severity is inherited. Refuses unknown severities
    /// and debug levels above 99.
    pub fn from_parts(
        name: &str,
        severity: &str,
        debug_level: u8,
        outputs: Vec<OutputSettings>,
    ) -> Result<Self, String> {
        if name.is_empty() {
            return Err("the 'name' of a logger must not be empty".to_owned());
        }
        if debug_level > Level::MAX_DEBUG {
            return Err(format!("'debuglevel' must be between 0 and {}", Level::MAX_DEBUG));
        }
        let severity = match severity {
            "" => None,
            keyword => Some(Severity::from_keyword(keyword, debug_level).ok_or_else(|| {
                format!(
                    "unknown severity '{keyword}' of logger '{name}': FATAL, ERROR, WARN, INFO, DEBUG or NONE expected"
                )
            })?),
        };
        Ok(Self { name: name.to_owned(), severity, outputs })
    }
}

/// What is wrong in a `loggers` list, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({pos})")]
pub struct LogConfigError {
    pub text: String,
    pub pos: Pos,
}

/// Reads a whole `loggers` list; all errors are reported.
pub fn parse_loggers(list: &Value) -> Result<Vec<LoggerSettings>, Vec<LogConfigError>> {
    let mut reader = Reader::default();
    let loggers: Vec<LoggerSettings> =
        reader.list(list, "loggers").iter().filter_map(|entry| reader.logger(entry)).collect();
    if reader.errors.is_empty() { Ok(loggers) } else { Err(reader.errors) }
}

#[derive(Default)]
struct Reader {
    errors: Vec<LogConfigError>,
}

impl Reader {
    fn error(&mut self, text: impl Into<String>, pos: &Pos) {
        self.errors.push(LogConfigError { text: text.into(), pos: pos.clone() });
    }

    fn list<'a>(&mut self, value: &'a Value, name: &str) -> &'a [Value] {
        value.as_list().unwrap_or_else(|| {
            self.error(format!("'{name}' must be a list"), &value.pos());
            &[]
        })
    }

    /// Reports members that are not known and non-maps.
    fn members(&mut self, entry: &Value, what: &str, known: &[&str]) -> bool {
        let Some(map) = entry.as_map() else {
            self.error(format!("an entry of '{what}' must be a map"), &entry.pos());
            return false;
        };
        for (key, value) in map {
            if !known.contains(&key.as_str()) {
                self.error(format!("unknown keyword '{key}' in '{what}'"), &value.pos());
            }
        }
        true
    }

    fn member<'a, T>(
        &mut self,
        entry: &'a Value,
        name: &str,
        shape: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = entry.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.error(format!("'{name}' must be {shape}"), &value.pos());
        }
        read
    }

    fn logger(&mut self, entry: &Value) -> Option<LoggerSettings> {
        const KNOWN: [&str; 7] =
            ["name", "severity", "debuglevel", "output-options", "output_options", "user-context", "comment"];
        if !self.members(entry, "loggers", &KNOWN) {
            return None;
        }
        if entry.get("name").is_none() {
            self.error("a logger needs a 'name'", &entry.pos());
        }
        let name = self.member(entry, "name", "a string", Value::as_str)?;
        let severity = self.member(entry, "severity", "a string", Value::as_str).unwrap_or("");
        let debug_level = self
            .member(entry, "debuglevel", "an integer between 0 and 99", |value| {
                value.as_int().and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 99)
            })
            .unwrap_or(0);
        if entry.get("output-options").is_some()
            && let Some(old) = entry.get("output_options")
        {
            self.error("'output_options' is the old name of 'output-options'; give one of them", &old.pos());
        }
        let outputs = entry.get("output-options").or_else(|| entry.get("output_options"));
        let outputs = match outputs {
            Some(list) => {
                let entries = self.list(list, "output-options");
                if list.as_list().is_some_and(<[Value]>::is_empty) {
                    self.error("'output-options' must not be empty", &list.pos());
                }
                entries.iter().filter_map(|output| self.output(output)).collect()
            }
            None => Vec::new(),
        };
        LoggerSettings::from_parts(name, severity, debug_level, outputs)
            .map_err(|text| self.error(text, &entry.pos()))
            .ok()
    }

    fn output(&mut self, entry: &Value) -> Option<OutputSettings> {
        if !self.members(entry, "output-options", &["output", "flush", "maxsize", "maxver", "pattern"]) {
            return None;
        }
        if entry.get("output").is_none() {
            self.error("an entry of 'output-options' needs an 'output'", &entry.pos());
        }
        let output = self.member(entry, "output", "a string", Value::as_str)?;
        let flush = self.member(entry, "flush", "true or false", Value::as_bool).unwrap_or(true);
        let max_size = self
            .member(entry, "maxsize", "an integer of 0 or more", |value| u64::try_from(value.as_int()?).ok())
            .unwrap_or(OutputSettings::DEFAULT_MAX_SIZE);
        let max_versions = self
            .member(entry, "maxver", "an integer of 0 or more", |value| u32::try_from(value.as_int()?).ok())
            .unwrap_or(OutputSettings::DEFAULT_MAX_VERSIONS);
        let pattern = self.member(entry, "pattern", "a string", Value::as_str).unwrap_or("");
        OutputSettings::from_parts(output, flush, max_size, max_versions, pattern)
            .map_err(|text| self.error(text, &entry.pos()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(members: Value) -> Value {
        [("name", "kea-dhcp4".into()), ("output-options", vec![members].into())].into()
    }

    #[test]
    fn full_entry() {
        let entry: Value = [
            ("name", "kea-dhcp4.packets".into()),
            ("severity", "debug".into()),
            ("debuglevel", 55_u8.into()),
            ("comment", "c".into()),
            (
                "output_options",
                vec![
                    [
                        ("output", "kea.log".into()),
                        ("flush", false.into()),
                        ("maxsize", 204_800_i64.into()),
                        ("maxver", 8_u8.into()),
                        ("pattern", "%m\n".into()),
                    ]
                    .into(),
                    [("output", "syslog:Local7".into())].into(),
                ]
                .into(),
            ),
        ]
        .into();
        let loggers = parse_loggers(&vec![entry].into()).unwrap();
        assert_eq!(
            loggers,
            [LoggerSettings {
                name: "kea-dhcp4.packets".into(),
                severity: Some(Severity::Level(Level::Debug(55))),
                outputs: vec![
                    OutputSettings {
                        target: Target::File("kea.log".into()),
                        flush: false,
                        max_size: 204_800,
                        max_versions: 8,
                        pattern: Some(Pattern::new("%m\n").unwrap()),
                    },
                    OutputSettings::new(Target::Syslog(Facility(23))),
                ],
            }]
        );
    }

    #[test]
    fn what_is_missing_is_inherited() {
        let entry: Value = [("name", "kea-dhcp4.packets".into()), ("debuglevel", 9_u8.into())].into();
        let loggers = parse_loggers(&vec![entry].into()).unwrap();
        assert_eq!((loggers[0].severity, loggers[0].outputs.len()), (None, 0));
    }

    #[test]
    fn errors_are_all_reported() {
        for (entry, text) in [
            ("x".into(), "must be a map"),
            ([("severity", "INFO".into())].into(), "needs a 'name'"),
            ([("name", "".into())].into(), "must not be empty"),
            ([("name", 1_u8.into())].into(), "'name' must be a string"),
            ([("name", "a".into()), ("severity", "LOUD".into())].into(), "unknown severity 'LOUD'"),
            ([("name", "a".into()), ("debuglevel", 100_u8.into())].into(), "between 0 and 99"),
            ([("name", "a".into()), ("debuglevel", (-1_i64).into())].into(), "between 0 and 99"),
            ([("name", "a".into()), ("colour", 1_u8.into())].into(), "unknown keyword 'colour'"),
            (
                [("name", "a".into()), ("output-options", Vec::<Value>::new().into())].into(),
                "must not be empty",
            ),
            (output([("flush", true.into())].into()), "needs an 'output'"),
            (output([("output", "".into())].into()), "must not be empty"),
            (output([("output", "syslog:nowhere".into())].into()), "unknown syslog facility"),
            (output([("output", "f".into()), ("maxsize", (-1_i64).into())].into()), "'maxsize' must be"),
            (output([("output", "f".into()), ("maxver", true.into())].into()), "'maxver' must be"),
            (output([("output", "f".into()), ("pattern", "%k".into())].into()), "pattern '%k'"),
        ] {
            let shown = format!("{entry:?}");
            let errors = parse_loggers(&vec![entry].into()).unwrap_err();
            assert!(errors.len() == 1 && errors[0].text.contains(text), "{shown}: {errors:?}");
        }
        let two: Value = vec![Value::from("x"), Value::from("y")].into();
        assert_eq!(parse_loggers(&two).unwrap_err().len(), 2);
        assert_eq!(parse_loggers(&Value::map()).unwrap_err().len(), 1);
    }

    #[test]
    fn rotation_needs_the_least_size() {
        let mut output = OutputSettings::new(Target::Stdout);
        assert_eq!(output.rotation(), Some((10_240_000, 1)));
        output.max_size = 204_799;
        assert_eq!(output.rotation(), None);
        (output.max_size, output.max_versions) = (204_800, 0);
        assert_eq!(output.rotation(), Some((204_800, 1)));
    }
}
