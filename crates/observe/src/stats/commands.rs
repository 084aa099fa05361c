//! The `statistic-*` commands.

use base::Micros;
use json::Value;

use super::history::{Limit, MAX_SAMPLES};
use super::registry::Registry;

/// What a command answers: result 0 or 1, a text, or arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandOutcome {
    pub result: u32,
    /// Empty when the answer has arguments.
    pub text: String,
    pub arguments: Option<Value>,
}

impl CommandOutcome {
    fn ok(text: impl Into<String>) -> Self {
        Self { result: 0, text: text.into(), arguments: None }
    }

    fn error(text: impl Into<String>) -> Self {
        Self { result: 1, text: text.into(), arguments: None }
    }

    fn with(arguments: Value) -> Self {
        Self { result: 0, text: String::new(), arguments: Some(arguments) }
    }
}

/// The commands by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticCommand {
    Get,
    GetAll,
    GlobalGetAll,
    Remove,
    RemoveAll,
    Reset,
    ResetAll,
    SampleAgeSet,
    SampleAgeSetAll,
    SampleCountSet,
    SampleCountSetAll,
}

impl StatisticCommand {
    /// All of them with their names, for a command table.
    pub const ALL: [(&'static str, Self); 11] = [
        ("statistic-get", Self::Get),
        ("statistic-get-all", Self::GetAll),
        ("statistic-global-get-all", Self::GlobalGetAll),
        ("statistic-remove", Self::Remove),
        ("statistic-remove-all", Self::RemoveAll),
        ("statistic-reset", Self::Reset),
        ("statistic-reset-all", Self::ResetAll),
        ("statistic-sample-age-set", Self::SampleAgeSet),
        ("statistic-sample-age-set-all", Self::SampleAgeSetAll),
        ("statistic-sample-count-set", Self::SampleCountSet),
        ("statistic-sample-count-set-all", Self::SampleCountSetAll),
    ];

    /// What it takes, in the notation of command definitions, and what it does, for references.
    #[must_use]
    pub const fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Get => ("name:string", "The samples of a statistic."),
            Self::GetAll => ("", "The samples of all statistics."),
            Self::GlobalGetAll => ("", "The samples of the statistics that belong to no subnet."),
            Self::Remove => ("name:string", "Removes a statistic."),
            Self::RemoveAll => ("", "Removes all statistics."),
            Self::Reset => ("name:string", "Sets a statistic to zero."),
            Self::ResetAll => ("", "Sets all statistics to zero."),
            Self::SampleAgeSet => {
                ("name:string,duration:integer", "How old samples of a statistic may get, in seconds.")
            }
            Self::SampleAgeSetAll => ("duration:integer", "How old samples may get, in seconds."),
            Self::SampleCountSet => {
                ("name:string,max-samples:integer", "How many samples of a statistic are kept.")
            }
            Self::SampleCountSetAll => {
                ("max-samples:integer", "How many samples of each statistic are kept.")
            }
        }
    }

    /// Runs the command with its `arguments` member, if it has one.
    #[must_use]
    pub fn run(self, registry: &Registry, arguments: Option<&Value>, now: Micros) -> CommandOutcome {
        self.answer(registry, arguments, now).unwrap_or_else(CommandOutcome::error)
    }

    fn answer(
        self,
        registry: &Registry,
        arguments: Option<&Value>,
        now: Micros,
    ) -> Result<CommandOutcome, String> {
        let found = |found: bool, name: &str, done: &str| {
            if found {
                Ok(CommandOutcome::ok(format!("Statistic '{name}' {done}")))
            } else {
                Err(format!("No '{name}' statistic found"))
            }
        };
        match self {
            Self::Get => {
                let name = name(arguments)?;
                let mut samples = json::Map::new();
                if let Some(list) = registry.samples(name) {
                    samples.insert(name.to_owned(), list);
                }
                Ok(CommandOutcome::with(samples.into()))
            }
            Self::GetAll => Ok(CommandOutcome::with(registry.all_samples(|_| true).into())),
            Self::GlobalGetAll => {
                Ok(CommandOutcome::with(registry.all_samples(|name| !name.starts_with("subnet[")).into()))
            }
            Self::Remove => {
                let name = name(arguments)?;
                found(registry.remove(name), name, "removed.")
            }
            Self::RemoveAll => {
                registry.remove_all();
                Ok(CommandOutcome::ok(
                    "Warning: statistic-remove-all command is deprecated. All statistics removed.",
                ))
            }
            Self::Reset => {
                let name = name(arguments)?;
                found(registry.reset(name, now), name, "reset.")
            }
            Self::ResetAll => {
                registry.reset_all(now);
                Ok(CommandOutcome::ok("All statistics reset to neutral values."))
            }
            Self::SampleAgeSet => {
                let (name, limit) = (name(arguments)?, age(arguments)?);
                found(registry.set_limit(name, limit, now), name, "duration limit is set.")
            }
            Self::SampleAgeSetAll => {
                registry.set_limit_all(age(arguments)?, now);
                Ok(CommandOutcome::ok("All statistics duration limit are set."))
            }
            Self::SampleCountSet => {
                let (name, limit) = (name(arguments)?, count(arguments)?);
                found(registry.set_limit(name, limit, now), name, "count limit is set.")
            }
            Self::SampleCountSetAll => {
                let limit = count(arguments)?;
                if limit == Limit::Count(0) {
                    return Err("'max-samples' parameter must not be zero".to_owned());
                }
                registry.set_limit_all(limit, now);
                Ok(CommandOutcome::ok("All statistics count limit are set."))
            }
        }
    }
}

fn parameter<'a>(arguments: Option<&'a Value>, name: &str) -> Result<&'a Value, String> {
    if let Some(arguments) = arguments
        && arguments.as_map().is_none()
    {
        return Err(format!("'arguments' expected to be a map, not {}.", arguments.type_name()));
    }
    arguments
        .and_then(|arguments| arguments.get(name))
        .ok_or_else(|| format!("Missing mandatory '{name}' parameter."))
}

fn name(arguments: Option<&Value>) -> Result<&str, String> {
    parameter(arguments, "name")?
        .as_str()
        .ok_or_else(|| "'name' parameter expected to be a string.".to_owned())
}

fn number(arguments: Option<&Value>, name: &str, most: u32) -> Result<u32, String> {
    let number = parameter(arguments, name)?
        .as_int()
        .ok_or_else(|| format!("'{name}' parameter expected to be an integer."))?;
    if number < 0 {
        return Err(format!("'{name}' parameter must not be negative"));
    }
    u32::try_from(number)
        .ok()
        .filter(|number| *number <= most)
        .ok_or_else(|| format!("'{name}' parameter must not be greater than {most}"))
}

fn count(arguments: Option<&Value>) -> Result<Limit, String> {
    number(arguments, "max-samples", MAX_SAMPLES).map(Limit::Count)
}

fn age(arguments: Option<&Value>) -> Result<Limit, String> {
    number(arguments, "duration", u32::MAX).map(Limit::Age)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn registry() -> Registry {
        let registry = Registry::new(TimeZone::UTC);
        registry.counter("pkt4-received").set(0, Micros(1));
        const NAMES: super::super::counter::Names = &["total-addresses"];
        registry.group("subnet[1]", &NAMES).set(0, 5, Micros(1));
        registry
    }

    fn run(registry: &Registry, command: &str, arguments: Option<Value>) -> (u32, String) {
        let (_, command) = StatisticCommand::ALL.into_iter().find(|(name, _)| *name == command).unwrap();
        let outcome = command.run(registry, arguments.as_ref(), Micros(10));
        (outcome.result, outcome.text)
    }

    fn named(name: &str) -> Value {
        [("name", name.into())].into()
    }

    #[test]
    fn texts_are_those_that_programs_know() {
        let missing_name = (1, "Missing mandatory 'name' parameter.");
        let missing_count = (1, "Missing mandatory 'max-samples' parameter.");
        let missing_age = (1, "Missing mandatory 'duration' parameter.");
        let unknown = (1, "No 'nope' statistic found");
        let with = |name: &str, key: &str, value: Value| Some([("name", name.into()), (key, value)].into());
        let only = |key: &str, value: Value| Some([(key, value)].into());
        let int = |v: i64| Value::from(v);
        let cases: Vec<(&str, Option<Value>, (u32, &str))> = vec![
            ("statistic-get", None, missing_name),
            ("statistic-get", Some(Value::map()), missing_name),
            (
                "statistic-get",
                Some(Vec::<Value>::new().into()),
                (1, "'arguments' expected to be a map, not list."),
            ),
            (
                "statistic-get",
                Some([("name", int(1))].into()),
                (1, "'name' parameter expected to be a string."),
            ),
            ("statistic-get", Some(named("nope")), (0, "")),
            ("statistic-get-all", None, (0, "")),
            ("statistic-reset", None, missing_name),
            ("statistic-reset", Some(named("nope")), unknown),
            ("statistic-reset", Some(named("pkt4-received")), (0, "Statistic 'pkt4-received' reset.")),
            ("statistic-sample-count-set", Some(named("pkt4-received")), missing_count),
            ("statistic-sample-count-set", only("max-samples", int(3)), missing_name),
            ("statistic-sample-count-set", with("nope", "max-samples", int(3)), unknown),
            (
                "statistic-sample-count-set",
                with("pkt4-received", "max-samples", int(3)),
                (0, "Statistic 'pkt4-received' count limit is set."),
            ),
            (
                "statistic-sample-count-set",
                with("pkt4-received", "max-samples", int(-1)),
                (1, "'max-samples' parameter must not be negative"),
            ),
            (
                "statistic-sample-count-set",
                with("pkt4-received", "max-samples", "3".into()),
                (1, "'max-samples' parameter expected to be an integer."),
            ),
            ("statistic-sample-count-set-all", None, missing_count),
            (
                "statistic-sample-count-set-all",
                only("max-samples", int(0)),
                (1, "'max-samples' parameter must not be zero"),
            ),
            (
                "statistic-sample-count-set-all",
                only("max-samples", int(4_294_967_297)),
                (1, "'max-samples' parameter must not be greater than 1000000"),
            ),
            (
                "statistic-sample-count-set-all",
                only("max-samples", int(5)),
                (0, "All statistics count limit are set."),
            ),
            ("statistic-sample-age-set", Some(named("pkt4-received")), missing_age),
            ("statistic-sample-age-set", only("duration", int(3)), missing_name),
            ("statistic-sample-age-set", with("nope", "duration", int(3)), unknown),
            (
                "statistic-sample-age-set",
                with("pkt4-received", "duration", int(3)),
                (0, "Statistic 'pkt4-received' duration limit is set."),
            ),
            ("statistic-sample-age-set-all", None, missing_age),
            (
                "statistic-sample-age-set-all",
                only("duration", int(3)),
                (0, "All statistics duration limit are set."),
            ),
            (
                "statistic-sample-age-set-all",
                only("duration", 1.5.into()),
                (1, "'duration' parameter expected to be an integer."),
            ),
            ("statistic-reset-all", None, (0, "All statistics reset to neutral values.")),
            ("statistic-remove", Some(named("nope")), unknown),
            ("statistic-remove", Some(named("pkt4-received")), (0, "Statistic 'pkt4-received' removed.")),
            ("statistic-remove", Some(named("pkt4-received")), (1, "No 'pkt4-received' statistic found")),
            (
                "statistic-remove-all",
                Some([("a", int(1))].into()),
                (0, "Warning: statistic-remove-all command is deprecated. All statistics removed."),
            ),
        ];
        let registry = registry();
        for (command, arguments, (result, text)) in cases {
            let shown = format!("{command} {arguments:?}");
            assert_eq!(run(&registry, command, arguments), (result, text.to_owned()), "{shown}");
        }
    }

    #[test]
    fn get_answers_a_map_even_for_nothing() {
        let registry = registry();
        let get = |name: &str| {
            StatisticCommand::Get.run(&registry, Some(&named(name)), Micros(1)).arguments.unwrap()
        };
        assert_eq!(get("nope"), Value::map());
        assert_eq!(get("subnet[1].total-addresses").as_map().unwrap().len(), 1);
        let keys = |command: StatisticCommand| -> Vec<String> {
            let arguments = command.run(&registry, None, Micros(1)).arguments.unwrap();
            arguments.as_map().unwrap().keys().map(ToString::to_string).collect()
        };
        assert_eq!(keys(StatisticCommand::GetAll), ["pkt4-received", "subnet[1].total-addresses"]);
        assert_eq!(keys(StatisticCommand::GlobalGetAll), ["pkt4-received"]);
    }

    /// What the public test suite for DHCP servers checks after two packets, a removal, two more and a reset.
    #[test]
    fn history_through_removal_and_reset() {
        let registry = registry();
        let counter = registry.counter("pkt4-received");
        let values = || -> Vec<i64> {
            let samples = registry.samples("pkt4-received").unwrap();
            let list = samples.as_list().unwrap();
            list.iter().map(|pair| pair.as_list().unwrap()[0].as_int().unwrap()).collect()
        };
        let two = |at: u64| {
            counter.increment(Micros(at));
            counter.increment(Micros(at + 1));
        };
        two(2);
        assert_eq!(values(), [2, 1, 0]);
        run(&registry, "statistic-remove", Some(named("pkt4-received")));
        assert_eq!(registry.samples("pkt4-received"), None);
        two(4);
        assert_eq!(values(), [2, 1]);
        run(&registry, "statistic-reset", Some(named("pkt4-received")));
        two(20);
        assert_eq!(values(), [2, 1, 0]);
    }
}
