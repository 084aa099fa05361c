//! The parameters of the library.

use base::{Family, SubnetId};
use json::{Kind, Map, Value};

use super::PROVIDER;
use super::key::{Exchange, Label, type_code};

/// What is measured, and what is told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `enable-monitoring`.
    pub(super) monitoring: bool,
    /// Seconds that are measured together.
    pub(super) width: u32,
    /// `stats-mgr-reporting`.
    pub(super) reporting: bool,
    /// Seconds between two reports of an alarm.
    pub(super) again: u32,
    pub(super) alarms: Vec<(Label, Marks)>,
}

/// Means of a duration that an alarm begins and ends with: milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) high: u32,
    pub(super) low: u32,
}

/// Reads maps; collects what is wrong.
struct Reader {
    family: Family,
    faults: Vec<String>,
}

impl Settings {
    /// Reads the parameters of the library; the error names everything that is wrong.
    pub fn load(parameters: &Map, family: Family) -> Result<Self, Vec<String>> {
        let mut reader = Reader { family, faults: Vec::new() };
        let known = [
            "enable-monitoring",
            "interval-width-secs",
            "stats-mgr-reporting",
            "alarm-report-secs",
            "alarms",
        ];
        reader.known(parameters, &known);
        let settings = Self {
            monitoring: reader.flag(parameters, "enable-monitoring", false),
            width: reader
                .number(parameters, "interval-width-secs", 1, |value| {
                    format!("invalid interval-width-secs: '{value}', must be greater than 0")
                })
                .unwrap_or(60),
            reporting: reader.flag(parameters, "stats-mgr-reporting", true),
            again: reader
                .number(parameters, "alarm-report-secs", 0, |value| {
                    format!("invalid alarm-report-secs: '{value}', cannot be less than 0")
                })
                .unwrap_or(300),
            alarms: reader.alarms(parameters),
        };
        if reader.faults.is_empty() { Ok(settings) } else { Err(reader.faults) }
    }
}

impl Reader {
    fn fault(&mut self, text: impl std::fmt::Display) {
        self.faults.push(format!("{PROVIDER}: {text}"));
    }

    fn known(&mut self, map: &Map, names: &[&str]) {
        for (name, value) in map {
            if !names.contains(&name.as_str()) && !matches!(name.as_str(), "comment" | "user-context") {
                self.fault(format_args!("spurious '{name}' parameter ({})", value.pos()));
            }
        }
    }

    fn flag(&mut self, map: &Map, name: &str, usual: bool) -> bool {
        let Some(value) = map.get(name) else { return usual };
        value.as_bool().unwrap_or_else(|| {
            self.fault(format_args!("'{name}' parameter is not a boolean"));
            usual
        })
    }

    /// A number of 32 bits; `small` is what to say of one below `least`.
    fn number(&mut self, map: &Map, name: &str, least: i64, small: impl Fn(i64) -> String) -> Option<u32> {
        let value = map.get(name)?;
        let fault = match value.kind {
            Kind::Int(number) if number < least => small(number),
            Kind::Int(number) => match u32::try_from(number) {
                Ok(number) => return Some(number),
                Err(_) => format!("'{name}' value {number} is out of range, at most {}", u32::MAX),
            },
            _ => format!("'{name}' parameter is not an integer"),
        };
        self.fault(fault);
        None
    }

    fn text<'m>(&mut self, map: &'m Map, name: &str) -> Option<&'m str> {
        let Some(value) = map.get(name) else {
            self.fault(format_args!("'{name}' parameter is required"));
            return None;
        };
        let text = value.as_str();
        if text.is_none() {
            self.fault(format_args!("'{name}' parameter is not a string"));
        }
        text
    }

    fn alarms(&mut self, parameters: &Map) -> Vec<(Label, Marks)> {
        let Some(value) = parameters.get("alarms") else { return Vec::new() };
        let Some(list) = value.as_list() else {
            self.fault("'alarms' parameter is not a list");
            return Vec::new();
        };
        let mut seen: Vec<Label> = Vec::new();
        let mut alarms = Vec::new();
        for value in list {
            let Some((label, marks, enabled)) = self.alarm(value) else { continue };
            if seen.contains(&label) {
                self.fault(format_args!("cannot add Alarm to store: alarm already exists for: {label}"));
                continue;
            }
            if enabled {
                alarms.push((label.clone(), marks));
            }
            seen.push(label);
        }
        alarms
    }

    fn alarm(&mut self, value: &Value) -> Option<(Label, Marks, bool)> {
        let Some(map) = value.as_map() else {
            self.fault("an entry of 'alarms' is not a map");
            return None;
        };
        self.known(map, &["duration-key", "enable-alarm", "high-water-ms", "low-water-ms"]);
        let label = match map.get("duration-key").map(Value::as_map) {
            Some(Some(key)) => self.label(key),
            Some(None) => {
                self.fault("'duration-key' parameter is not a map");
                None
            }
            None => {
                self.fault("'duration-key' parameter is required");
                None
            }
        };
        let enabled = self.flag(map, "enable-alarm", true);
        let mut mark = |name: &str| {
            if !map.contains_key(name) {
                self.fault(format_args!("'{name}' parameter is required"));
            }
            self.number(map, name, 1, |value| format!("{name}: '{value}', must be greater than 0"))
        };
        let (high, low) = (mark("high-water-ms")?, mark("low-water-ms")?);
        if low >= high {
            let text = format!("'low-water-ms': {low}, must be less than 'high-water-ms': {high}");
            self.fault(text);
            return None;
        }
        Some((label?, Marks { high, low }, enabled))
    }

    fn label(&mut self, key: &Map) -> Option<Label> {
        self.known(key, &["query-type", "response-type", "start-event", "stop-event", "subnet-id"]);
        let (query, response) = (self.message(key, "query-type"), self.message(key, "response-type"));
        let (start, stop) = (self.text(key, "start-event"), self.text(key, "stop-event"));
        let subnet = if key.contains_key("subnet-id") {
            self.number(key, "subnet-id", 0, |value| format!("subnet-id: '{value}', cannot be less than 0"))
        } else {
            Some(0)
        };
        let exchange = Exchange { query: query?, response: response?, subnet: SubnetId(subnet?) };
        Some(Label::new(self.family, &exchange, (start?, stop?)))
    }

    fn message(&mut self, key: &Map, name: &str) -> Option<u8> {
        let text = self.text(key, name)?;
        let code = type_code(self.family, text);
        if code.is_none() {
            let protocol = match self.family {
                Family::V4 => "DHCP",
                Family::V6 => "DHCPV6",
            };
            self.fault(format_args!(
                "'{name}' parameter is invalid, '{text}' is not a valid {protocol} message type"
            ));
        }
        code
    }
}
