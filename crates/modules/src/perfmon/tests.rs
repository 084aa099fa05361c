use std::sync::atomic::AtomicU64;

use control::{Command, CommandTable};
use engine::monitor::Monitor as _;
use json::Value;

use super::*;

/// 2026-11-27 18:43:00 UTC
const START: u64 = 1_795_804_980_000_000;

struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::Relaxed))
    }

    fn steady(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Bench {
    clock: Arc<Hand>,
    registry: Arc<Registry>,
    monitor: Arc<Monitor>,
}

impl Host for Bench {
    fn monitor(&self) -> Option<Arc<Monitor>> {
        Some(Arc::clone(&self.monitor))
    }
}

fn parse(text: &str) -> Value {
    json::parse_command(text.as_bytes(), json::Limits::default()).unwrap()
}

fn load(text: &str) -> Result<Settings, Vec<String>> {
    let value = parse(text);
    Settings::load(value.as_map().unwrap(), Family::V4)
}

fn bench(parameters: &str) -> Bench {
    let clock = Arc::new(Hand(AtomicU64::new(START)));
    let registry = Arc::new(Registry::default());
    let settings = load(parameters).unwrap();
    let (time, figures) = (Arc::clone(&clock), Arc::clone(&registry));
    Bench { clock, registry, monitor: Arc::new(Monitor::new(&settings, Family::V4, time, figures)) }
}

impl Bench {
    fn go(&self, micros: u64) {
        self.clock.0.fetch_add(micros, Ordering::Relaxed);
    }

    /// A DHCPDISCOVER that waits 7 microseconds with the kernel and 20 in the batch, and is answered in so many.
    fn answer(&self, micros: u64, subnet: Option<u32>, stamped: bool) {
        let received = stamped.then(|| self.clock.now());
        self.go(7);
        let read = self.clock.now();
        self.go(20);
        let Some(started) = self.monitor.begin() else { return };
        self.go(micros);
        self.monitor.answered(&Answered {
            query: 1,
            response: 2,
            subnet: subnet.map(SubnetId),
            received,
            read,
            started,
            label: &"x",
        });
    }

    fn statistic(&self, name: &str) -> Option<StatisticValue> {
        self.registry.value(name)
    }
}

const MONITORED: &str = r#"{ "enable-monitoring": true, "interval-width-secs": 5 }"#;

#[test]
fn means_of_an_interval_are_statistics() {
    let bench = bench(MONITORED);
    for micros in [100, 300] {
        bench.answer(micros, Some(9), true);
    }
    let total = "perfmon.DHCPDISCOVER-DHCPOFFER.composite-total_response.mean-usecs";
    assert_eq!(bench.statistic(total), None, "the interval is not over");
    bench.go(5_000_001);
    bench.answer(50, None, false);
    // That of the subnet ends with its next answer.
    assert_eq!(bench.statistic(total), Some(StatisticValue::Integer(227)));
    let of_subnet = format!("subnet-id[9].{total}");
    assert_eq!(bench.statistic(&of_subnet), None);
    bench.answer(50, Some(9), true);
    assert_eq!(bench.statistic(&of_subnet), Some(StatisticValue::Integer(227)));
    for (events, mean) in [
        ("socket_received-buffer_read", 7),
        ("buffer_read-process_started", 20),
        ("process_started-process_completed", 200),
    ] {
        let name = format!("subnet-id[9].perfmon.DHCPDISCOVER-DHCPOFFER.{events}.mean-usecs");
        assert_eq!(bench.statistic(&name), Some(StatisticValue::Integer(mean)), "{name}");
    }
    // A clock that is set back begins an interval.
    bench.clock.0.fetch_sub(1_000_000_000, Ordering::Relaxed);
    bench.answer(1000, None, false);
    assert_eq!(bench.statistic(total), Some(StatisticValue::Integer((70 + 77) / 2)));
}

#[test]
fn nothing_is_measured_unless_asked_for() {
    let bench = bench("{}");
    assert_eq!(bench.monitor.begin(), None);
    bench.answer(100, Some(1), true);
    assert!(bench.monitor.state().durations.all().is_empty());
}

#[test]
fn alarms_go_off_and_are_cleared() {
    let bench = bench(
        r#"{ "enable-monitoring": true, "interval-width-secs": 1, "alarm-report-secs": 10, "alarms": [
            { "duration-key": { "query-type": "DHCPDISCOVER", "response-type": "DHCPOFFER",
                "start-event": "process_started", "stop-event": "process_completed" },
              "high-water-ms": 5, "low-water-ms": 2 } ] }"#,
    );
    let on = || bench.monitor.state().triggered.len();
    let second = |micros: u64| {
        bench.answer(micros, None, false);
        bench.go(1_500_000);
        // Ends the interval before.
        bench.answer(micros, None, false);
        bench.go(1_500_000);
    };
    second(4_000);
    assert_eq!(on(), 0, "between the marks it stays off");
    second(6_000);
    assert_eq!(on(), 1);
    second(4_000);
    assert_eq!(on(), 1, "between the marks it stays on");
    second(1_000);
    second(1_000);
    assert_eq!(on(), 0);
}

#[test]
fn faults_of_parameters() {
    for (parameters, fault) in [
        (r#"{ "enable-monitoring": 1 }"#, "'enable-monitoring' parameter is not a boolean"),
        (r#"{ "interval-width-secs": 0 }"#, "invalid interval-width-secs: '0', must be greater than 0"),
        (r#"{ "alarm-report-secs": -1 }"#, "invalid alarm-report-secs: '-1', cannot be less than 0"),
        (r#"{ "alarms": {} }"#, "'alarms' parameter is not a list"),
        (
            r#"{ "alarms": [ { "high-water-ms": 2, "low-water-ms": 1 } ] }"#,
            "'duration-key' parameter is required",
        ),
    ] {
        assert_eq!(load(parameters).unwrap_err(), [format!("libdhcp_perfmon: {fault}")], "{parameters}");
    }
    let alarm = |key: &str, rest: &str| {
        load(&format!(
            r#"{{ "alarms": [ {{ "duration-key": {{ "response-type": "", "start-event": "a", "stop-event": "b", {key} }},
                {rest} }} ] }}"#
        ))
    };
    let (key, marks) = (r#""query-type": "*""#, r#""high-water-ms": 2, "low-water-ms": 1"#);
    assert!(alarm(key, marks).is_ok());
    for (key, rest, fault) in [
        (
            r#""query-type": "SOLICIT""#,
            marks,
            "'query-type' parameter is invalid, 'SOLICIT' is not a valid DHCP message type",
        ),
        (r#""subnet-id": 1"#, marks, "'query-type' parameter is required"),
        (key, r#""high-water-ms": 0, "low-water-ms": 1"#, "high-water-ms: '0', must be greater than 0"),
        (
            key,
            r#""high-water-ms": 5, "low-water-ms": 5"#,
            "'low-water-ms': 5, must be less than 'high-water-ms': 5",
        ),
    ] {
        assert_eq!(alarm(key, rest).unwrap_err(), [format!("libdhcp_perfmon: {fault}")]);
    }
    assert!(
        load(r#"{ "interval": 1 }"#).unwrap_err()[0]
            .starts_with("libdhcp_perfmon: spurious 'interval' parameter")
    );
}

#[tokio::test]
async fn commands_show_and_switch() {
    let bench = Arc::new(bench(MONITORED));
    let table = CommandTable::new();
    register(&table, Arc::<Bench>::clone(&bench) as Arc<dyn Host>).unwrap();
    let ask = async |name: &str, arguments: &str| {
        let command = Command::new(name).with_arguments(parse(arguments));
        json::to_string(&table.dispatch(command).await.into_value())
    };
    bench.answer(100, Some(9), false);
    bench.go(6_000_000);
    let none = ask("perfmon-get-all-durations", "{}").await;
    assert!(none.contains("perfmon-get-all-durations: 6 found") && none.contains("<none>"), "{none}");
    bench.answer(50, None, false);
    let rows = ask("perfmon-get-all-durations", r#"{ "result-set-format": true }"#).await;
    let row = r#"[ "DHCPDISCOVER", "DHCPOFFER", "process_started", "process_completed", 0, "2026-11-27 18:43:00.000127", 1, 100, 100, 100, 100 ]"#;
    assert!(rows.contains(row), "{rows}");
    let off = ask("perfmon-control", r#"{ "enable-monitoring": false }"#).await;
    assert!(off.contains(r#""enable-monitoring": false, "stats-mgr-reporting": true"#), "{off}");
    assert_eq!(bench.monitor.begin(), None);
    let fault = ask("perfmon-control", r#"{ "enable": true }"#).await;
    assert!(fault.contains("spurious 'enable' parameter") && fault.contains(r#""result": 1"#), "{fault}");
    bench.monitor.restore();
    assert!(bench.monitor.begin().is_some(), "a configuration has the last word");
}
