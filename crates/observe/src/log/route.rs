//! Which lines of which logger go where, worked out from the settings.

use std::collections::HashMap;
use std::sync::Arc;

use super::output::Output;
use super::pattern::Pattern;
use super::settings::{LoggerSettings, OutputSettings, Severity, Target};
use crate::logger::{Level, Threshold, loggers};

/// One output of a logger.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    pub(super) output: Arc<Output>,
    pub(super) pattern: Arc<Pattern>,
    pub(super) flush: bool,
}

/// Everything that the subscriber needs to write a line. Swapped whole.
#[derive(Debug)]
pub(super) struct Routes {
    /// In the order of [`loggers`].
    pub(super) by_logger: Vec<Route>,
    pub(super) outputs: HashMap<String, Arc<Output>>,
}

#[derive(Clone, Debug)]
pub(super) struct Route {
    /// With the root.
    pub(super) name: Arc<str>,
    pub(super) threshold: Threshold,
    pub(super) sinks: Arc<[Sink]>,
}

/// A logger's settings after inheritance.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Effective {
    pub(super) threshold: Threshold,
    pub(super) outputs: Vec<OutputSettings>,
}

/// The name with its root.
pub(super) fn full_name(root: &str, name: &str) -> String {
    let below = name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if below { name.to_owned() } else { format!("{root}.{name}") }
}

/// The settings of each logger: those of its own entry, where they are given, else those of the nearest parent with
/// an entry, else the defaults. Of several entries for one name the last counts.
pub(super) fn effective(
    root: &str,
    settings: &[LoggerSettings],
    default: &OutputSettings,
    verbose: bool,
) -> Vec<Effective> {
    let entries: HashMap<String, &LoggerSettings> =
        settings.iter().map(|entry| (full_name(root, &entry.name), entry)).collect();
    loggers()
        .iter()
        .map(|logger| {
            let mut severity = None;
            let mut outputs: &[OutputSettings] = &[];
            let name = format!("{root}.{}", logger.name());
            let mut ancestor = Some(name.as_str());
            while let Some(name) = ancestor {
                if let Some(entry) = entries.get(name) {
                    severity = severity.or(entry.severity);
                    if outputs.is_empty() {
                        outputs = &entry.outputs;
                    }
                }
                ancestor = name.rsplit_once('.').map(|(parent, _)| parent);
            }
            let threshold = if verbose {
                Threshold::ALL
            } else {
                severity.unwrap_or(Severity::Level(Level::Info)).threshold()
            };
            let outputs = if outputs.is_empty() { vec![default.clone()] } else { outputs.to_vec() };
            Effective { threshold, outputs }
        })
        .collect()
}

/// What two outputs share when they mean the same place.
pub(super) fn output_key(target: &Target) -> String {
    match target {
        Target::Stdout => "stdout".to_owned(),
        Target::Stderr => "stderr".to_owned(),
        Target::Syslog(facility) => format!("syslog:{}", facility.0),
        Target::File(path) => format!("file:{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logger::logger_index;

    fn entry(name: &str, severity: &str, level: u8, outputs: &[&str]) -> LoggerSettings {
        let outputs = outputs.iter().map(|o| OutputSettings::new(Target::from_text(o).unwrap())).collect();
        LoggerSettings::from_parts(name, severity, level, outputs).unwrap()
    }

    fn of(settings: &[LoggerSettings], logger: &str) -> (Threshold, Vec<String>) {
        let default = OutputSettings::new(Target::Stdout);
        let all = effective("kea-dhcp4", settings, &default, false);
        let found = &all[logger_index(logger)];
        (found.threshold, found.outputs.iter().map(|o| output_key(&o.target)).collect())
    }

    fn debug(level: u8) -> Threshold {
        Threshold::up_to(Level::Debug(level))
    }

    #[test]
    fn settings_are_inherited_one_by_one() {
        let settings = [
            entry("kea-dhcp4", "DEBUG", 40, &["a.log"]),
            entry("kea-dhcp4.packets", "ERROR", 0, &[]),
            entry("kea-dhcp4.leases", "", 99, &["b.log", "syslog"]),
            entry("kea-dhcp4.eval", "DEBUG", 0, &[]),
            entry("dhcpsrv", "NONE", 0, &[]),
            entry("kea-dhcp6.options", "FATAL", 0, &["c.log"]),
        ];
        assert_eq!(of(&settings, "dhcp4"), (debug(40), vec!["file:a.log".into()]));
        assert_eq!(of(&settings, "packets"), (Threshold::up_to(Level::Error), vec!["file:a.log".into()]));
        assert_eq!(of(&settings, "leases"), (debug(40), vec!["file:b.log".into(), "syslog:16".into()]));
        assert_eq!(of(&settings, "eval"), (debug(0), vec!["file:a.log".into()]));
        assert_eq!(of(&settings, "dhcpsrv").0, Threshold::NONE);
        assert_eq!(of(&settings, "options").0, debug(40));
    }

    #[test]
    fn without_a_root_entry_the_defaults_remain() {
        let settings =
            [entry("kea-dhcp4.leases", "WARN", 0, &["x"]), entry("kea-dhcp4.leases", "INFO", 0, &["y"])];
        assert_eq!(of(&settings, "leases"), (Threshold::INFO, vec!["file:y".into()]));
        assert_eq!(of(&settings, "dhcp4"), (Threshold::INFO, vec!["stdout".into()]));
    }

    #[test]
    fn verbose_overrides_every_severity() {
        let settings = [entry("kea-dhcp4", "NONE", 0, &[])];
        let all = effective("kea-dhcp4", &settings, &OutputSettings::new(Target::Stdout), true);
        assert!(all.iter().all(|logger| logger.threshold == Threshold::ALL));
    }

    #[test]
    fn names_get_their_root() {
        for (name, full) in [
            ("kea-dhcp4", "kea-dhcp4"),
            ("kea-dhcp4.packets", "kea-dhcp4.packets"),
            ("packets", "kea-dhcp4.packets"),
            ("kea-dhcp4x", "kea-dhcp4.kea-dhcp4x"),
        ] {
            assert_eq!(full_name("kea-dhcp4", name), full);
        }
    }
}
