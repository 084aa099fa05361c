//! The `perfmon-*` commands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand, result};
use json::{Map, Value};

use super::durations::Interval;
use super::key::{Exchange, Span, type_name};
use super::messages::{ControlDone, ControlError, DurationsDone, DurationsError};
use super::{Moment, Monitor, PROVIDER};

static COMMANDS: [CommandDef; 2] = [
    CommandDef {
        name: "perfmon-control",
        summary: "Switches the measurement of answers and its statistics on or off, until the next configuration.",
        access: Access::Write,
        provider: PROVIDER,
        arguments: "enable-monitoring:boolean?,stats-mgr-reporting:boolean?",
    },
    CommandDef {
        name: "perfmon-get-all-durations",
        summary: "What was measured in the last interval of each duration.",
        access: Access::Write,
        provider: PROVIDER,
        arguments: "result-set-format:boolean?",
    },
];

/// The commands, for references and access rules.
pub fn command_definitions() -> impl Iterator<Item = &'static CommandDef> {
    COMMANDS.iter()
}

/// What commands find the measurement through.
pub trait Host: Send + Sync + 'static {
    /// That of the running configuration.
    fn monitor(&self) -> Option<Arc<Monitor>>;
}

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register(table: &CommandTable, host: Arc<dyn Host>) -> Result<(), DuplicateCommand> {
    let handlers: [fn(&Monitor, &Command) -> Answer; 2] = [control, durations];
    for (definition, handler) in COMMANDS.iter().zip(handlers) {
        let host = Arc::clone(&host);
        table.register(*definition, move |command: Command| {
            let host = Arc::clone(&host);
            async move {
                match host.monitor() {
                    Some(monitor) => handler(&monitor, &command),
                    None => Answer::error("nothing is measured"),
                }
            }
        })?;
    }
    Ok(())
}

/// Flags among arguments: those of `names`, and no others.
fn flags<const N: usize>(command: &Command, names: [&str; N]) -> Result<[Option<bool>; N], String> {
    let mut flags = [None; N];
    let Some(arguments) = &command.arguments else { return Ok(flags) };
    let map = arguments.as_map().ok_or("arguments of the command are not a map")?;
    for (name, value) in map {
        let place = names.iter().position(|known| known == name).and_then(|at| flags.get_mut(at));
        let place = place.ok_or_else(|| format!("spurious '{name}' parameter"))?;
        *place = Some(value.as_bool().ok_or_else(|| format!("'{name}' parameter is not a boolean"))?);
    }
    Ok(flags)
}

fn control(monitor: &Monitor, command: &Command) -> Answer {
    let [monitoring, reporting] = match flags(command, ["enable-monitoring", "stats-mgr-reporting"]) {
        Ok(flags) => flags,
        Err(reason) => {
            observe::log!(ControlError { reason: &reason });
            return Answer::error(reason);
        }
    };
    let set = |flag: &std::sync::atomic::AtomicBool, value: Option<bool>| match value {
        Some(value) => {
            flag.store(value, Ordering::Relaxed);
            value
        }
        None => flag.load(Ordering::Relaxed),
    };
    let (monitoring, reporting) = (set(&monitor.monitoring, monitoring), set(&monitor.reporting, reporting));
    let word = |on: bool| if on { "enabled" } else { "disabled" };
    observe::log!(ControlDone { monitoring: word(monitoring), reporting: word(reporting) });
    let arguments = [("enable-monitoring", monitoring), ("stats-mgr-reporting", reporting)];
    Answer::ok("perfmon-control success").and_arguments(arguments.map(|(name, on)| (name, Value::from(on))))
}

fn durations(monitor: &Monitor, command: &Command) -> Answer {
    let [rows] = match flags(command, ["result-set-format"]) {
        Ok(flags) => flags,
        Err(reason) => {
            observe::log!(DurationsError { reason: &reason });
            return Answer::error(reason);
        }
    };
    let rows = rows.unwrap_or(false);
    let all = monitor.state().durations.all();
    let count = all.len();
    observe::log!(DurationsDone { durations: count });
    let formatted = if rows {
        ("durations-result-set", table(monitor, &all))
    } else {
        ("durations", list(monitor, &all))
    };
    let arguments = [
        ("interval-width-secs", Value::from(monitor.settings.width)),
        ("timestamp", Moment(monitor.clock.now()).to_string().into()),
        ("result-set-format", rows.into()),
        formatted,
    ];
    let code = if count > 0 { result::OK } else { result::EMPTY };
    let text = format!("perfmon-get-all-durations: {count} found");
    Answer::with_result(code, text).and_arguments(arguments)
}

type Measured = (Exchange, Span, Option<Interval>);

/// The columns of a duration, as both forms call them.
const COLUMNS: [(&str, &str); 11] = [
    ("query-type", "query-type"),
    ("response-type", "response-type"),
    ("start-event", "start-event"),
    ("end-event", "stop-event"),
    ("subnet-id", "subnet-id"),
    ("interval-start", "start-time"),
    ("occurrences", "occurrences"),
    ("min-duration-usecs", "min-duration-usecs"),
    ("max-duration-usecs", "max-duration-usecs"),
    ("total-duration-usecs", "total-duration-usecs"),
    ("mean-duration-usecs", "mean-duration-usecs"),
];

/// How many of them are the key.
const KEY: usize = 5;

fn values(monitor: &Monitor, (exchange, span, interval): &Measured) -> [Value; COLUMNS.len()] {
    let number = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
    let (start, stop) = span.events();
    let of = |value: fn(&Interval) -> u64| number(interval.as_ref().map_or(0, value));
    let began = interval.as_ref().map_or_else(|| "<none>".to_owned(), |i| Moment(i.start).to_string());
    [
        type_name(monitor.family, exchange.query).into(),
        type_name(monitor.family, exchange.response).into(),
        start.into(),
        stop.into(),
        exchange.subnet.0.into(),
        began.into(),
        of(|interval| interval.occurrences),
        of(|interval| interval.min),
        of(|interval| interval.max),
        of(|interval| interval.total),
        of(Interval::mean),
    ]
}

fn list(monitor: &Monitor, all: &[Measured]) -> Value {
    let one = |measured: &Measured| {
        let (mut key, mut element) = (Map::new(), Map::new());
        for (at, ((_, name), value)) in COLUMNS.iter().zip(values(monitor, measured)).enumerate() {
            let map = if at < KEY { &mut key } else { &mut element };
            map.insert((*name).to_owned(), value);
        }
        element.insert("duration-key".to_owned(), Value::from(key));
        Value::from(element)
    };
    all.iter().map(one).collect::<Vec<_>>().into()
}

fn table(monitor: &Monitor, all: &[Measured]) -> Value {
    let columns: Vec<Value> = COLUMNS.iter().map(|(name, _)| Value::from(*name)).collect();
    let rows: Vec<Value> =
        all.iter().map(|measured| values(monitor, measured).into_iter().collect::<Vec<_>>().into()).collect();
    Value::from(Map::from_iter([
        ("columns".to_owned(), Value::from(columns)),
        ("rows".to_owned(), Value::from(rows)),
    ]))
}
