//! The commands on a configuration in memory.

use std::sync::Mutex;

use config::{Dhcp4, ServerConfig4, Written4};

use super::*;
use crate::Pending;

struct Fake(Mutex<Arc<ServerConfig4>>);

fn resolve(written: Written4) -> Result<Arc<ServerConfig4>, Vec<config::ConfigError>> {
    config::resolve4(Arc::new(written), &config::ResolveEnv::default()).map(Arc::new)
}

impl Host<Dhcp4> for Fake {
    fn running(&self) -> Arc<ServerConfig4> {
        Arc::clone(&self.0.lock().unwrap())
    }

    fn edit(&self, edit: Edit<Dhcp4>) -> Pending<'_, Answer> {
        let mut written = (*self.running().written).clone();
        let answer = edit(&mut written).and_then(|answer| {
            let config = resolve(written).map_err(|errors| Answer::from(faults(&errors)))?;
            *self.0.lock().unwrap() = config;
            Ok(answer)
        });
        Box::pin(async { answer.unwrap_or_else(|refused| refused) })
    }
}

impl crate::host_cmds::Host<Dhcp4> for Fake {}

pub(crate) struct Session {
    table: CommandTable,
    host: Arc<Fake>,
}

impl Session {
    pub(crate) fn new(text: &str) -> Self {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        let (written, errors) = config::parse4(value);
        assert!(errors.is_empty(), "{errors:?}");
        let host = Arc::new(Fake(Mutex::new(resolve(written).unwrap())));
        let table = CommandTable::new();
        register::<Dhcp4>(&table, Arc::clone(&host) as _).unwrap();
        crate::class_cmds::register::<Dhcp4>(&table, Arc::clone(&host) as _).unwrap();
        crate::host_cmds::register::<Dhcp4>(&table, Arc::clone(&host) as _).unwrap();
        Self { table, host }
    }

    pub(crate) fn ask(&self, line: &str) -> Answer {
        let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
        let mut command = Command::new(name);
        if !arguments.is_empty() {
            let limits = json::Limits::default();
            command.arguments = Some(json::parse_command(arguments.as_bytes(), limits).unwrap());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.table.dispatch(command))
    }

    pub(crate) fn play(&self, lines: &[(&str, &str)]) {
        for (line, wanted) in lines {
            let before = self.host.running();
            let answer = self.ask(line);
            let text = format!("{} {}", answer.result, answer.text.unwrap_or_default());
            let fits = if wanted.ends_with("integer") || wanted.ends_with("'unknown'") {
                text == *wanted
            } else {
                text.starts_with(wanted)
            };
            assert!(fits, "{line}\n answered {text}\n wanted   {wanted}");
            if answer.result != 0 {
                assert!(Arc::ptr_eq(&before, &self.host.running()), "{line} changed something");
            }
        }
    }

    /// The subnet's map as it was written.
    fn written(&self, id: u32) -> String {
        let config = self.host.running();
        let subnet = config.written.subnets.iter().find(|subnet| subnet.id.0 == id).unwrap();
        json::to_string(&subnet.element.map.clone().into())
    }
}

const TWO: &str = r#"{ "Dhcp4": { "valid-lifetime": 4000,
    "shared-networks": [ { "name": "net", "subnet4": [ { "id": 2, "subnet": "10.0.2.0/24" } ] } ],
    "subnet4": [ { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10-10.0.1.20" } ],
        "valid-lifetime": 3000, "max-valid-lifetime": 4000,
        "option-data": [ { "name": "routers", "data": "10.0.1.1" } ] } ] } }"#;

#[test]
fn subnets_come_change_and_go() {
    let session = Session::new(TWO);
    session.play(&[
        ("subnet4-add", "1 no arguments specified for the 'subnet4-add' command"),
        ("subnet4-add []", "1 arguments specified for the 'subnet4-add' command are not a map"),
        ("subnet4-add {}", "1 invalid number of arguments 0 for the 'subnet4-add' command. Expecting 'subnet4' list"),
        (r#"subnet4-add {"x":1}"#, "1 missing 'subnet4' argument for the 'subnet4-add' command"),
        (r#"subnet4-add {"subnet4":1}"#, "1 'subnet4' argument specified for the 'subnet4-add' command is not a list"),
        (
            r#"subnet4-add {"subnet4":[]}"#,
            "1 invalid number of subnets specified for the 'subnet4-add' command. Expected one subnet",
        ),
        (
            r#"subnet4-add {"subnet4":[{"id":5,"subnet":"10.0.5.0/24","reservations":[]}]}"#,
            "1 must not specify host reservations with 'subnet4-add'. Use 'reservation-add' to add a reservation to a subnet",
        ),
        (
            r#"subnet4-add {"subnet4":[{"id":1,"subnet":"10.0.5.0/24"}]}"#,
            "1 ID of the new IPv4 subnet '1' is already in use",
        ),
        (
            r#"subnet4-add {"subnet4":[{"id":5,"subnet":"10.0.1.0/24"}]}"#,
            "1 subnet with the prefix of '10.0.1.0/24' already exists",
        ),
        (r#"subnet4-add {"subnet4":[{"id":5,"subnet":"10.0.5.0/24"}]}"#, "0 IPv4 subnet added"),
        (
            r#"subnet4-update {"subnet4":[{"subnet":"10.0.5.0/24"}]}"#,
            "1 must specify subnet id with 'subnet4-update' command.",
        ),
        (
            r#"subnet4-update {"subnet4":[{"id":9,"subnet":"10.0.5.0/24"}]}"#,
            "1 Can't find subnet '9' to update",
        ),
        (
            r#"subnet4-update {"subnet4":[{"id":5,"subnet":"10.0.5.0/24","option-data":[{"name":"routers","data":"x"}]}]}"#,
            "1 ",
        ),
        (
            r#"subnet4-update {"subnet4":[{"id":5,"subnet":"10.0.5.0/24","valid-lifetime":7}]}"#,
            "0 IPv4 subnet updated",
        ),
        (r#"subnet4-update {"subnet4":[{"id":2,"subnet":"10.0.2.0/24"}]}"#, "0 IPv4 subnet updated"),
    ]);
    let config = session.host.running();
    assert_eq!(config.subnet(SubnetId(5)).unwrap().params.valid_lifetime.default.0, 7);
    assert!(config.network_of(config.subnet(SubnetId(2)).unwrap()).is_some());
    session.play(&[
        (
            "subnet4-del {}",
            "1 invalid number of arguments specified for the 'subnet4-del command. Expected subnet identifier",
        ),
        (r#"subnet4-del {"id":"a"}"#, "1 subnet identifier specified for the 'subnet4-del' is not a number"),
        (r#"subnet4-del {"id":9}"#, "3 no subnet with id 9 found"),
        (r#"subnet4-del {"id":5}"#, "0 IPv4 subnet 10.0.5.0/24 (id 5) deleted"),
        (r#"subnet4-del {"id":5}"#, "3 no subnet with id 5 found"),
        ("subnet4-get {}", "1 invalid number of arguments 0 for the 'subnet4-get' command. Expecting 'id' or 'subnet'"),
        (r#"subnet4-get {"id":"a"}"#, "1 'id' parameter must be an integer"),
        (r#"subnet4-get {"id":5}"#, "3 No subnet with id 5 found"),
        (r#"subnet4-get {"subnet":"10.0.5.0/24"}"#, "3 No 10.0.5.0/24 subnet found"),
        (r#"subnet4-get {"subnet":"10.0.2.0/24"}"#, "0 Info about IPv4 subnet 10.0.2.0/24 (id 2) returned"),
    ]);
    let answer = session.ask(r#"subnet4-add {"subnet4":[{"id":6,"subnet":"10.0.6.0/24"}]}"#).into_value();
    assert_eq!(
        json::to_string(&answer),
        r#"{ "arguments": { "subnets": [ { "id": 6, "subnet": "10.0.6.0/24" } ] }, "result": 0, "text": "IPv4 subnet added" }"#
    );
}

#[test]
fn parts_of_a_subnet_come_and_go() {
    let session = Session::new(TWO);
    session.play(&[
        (
            r#"subnet4-delta-add {"subnet4":[{"id":1}]}"#,
            "1 subnet configuration failed: mandatory 'subnet' parameter is missing for a subnet being configured",
        ),
        (
            r#"subnet4-delta-add {"subnet4":[{"id":1,"subnet":"10.0.1.0/24","valid-lifetime":true}]}"#,
            "1 'valid-lifetime' parameter is not an integer",
        ),
        (
            r#"subnet4-delta-add {"subnet4":[{"id":1,"subnet":"10.0.1.0/24","valid-lifetime":2000,
                "option-data":[{"code":3,"data":"10.0.1.2"},{"name":"time-servers","data":"10.0.1.9"}],
                "pools":[{"pool":"10.0.1.10 - 10.0.1.20","option-data":[{"code":6,"data":"10.0.1.3"}]},{"pool":"10.0.1.64/28"}]}]}"#,
            "0 IPv4 subnet updated",
        ),
    ]);
    let value = json::parse_command(session.written(1).as_bytes(), json::Limits::default()).unwrap();
    let wanted = r#"{"id":1,"subnet":"10.0.1.0/24","valid-lifetime":2000,"max-valid-lifetime":4000,
        "option-data":[{"name":"routers","code":3,"data":"10.0.1.2"},{"name":"time-servers","data":"10.0.1.9"}],
        "pools":[{"pool":"10.0.1.10-10.0.1.20","option-data":[{"code":6,"data":"10.0.1.3"}]},{"pool":"10.0.1.64/28"}]}"#;
    let wanted = json::parse_command(wanted.as_bytes(), json::Limits::default()).unwrap();
    for part in ["valid-lifetime", "max-valid-lifetime"] {
        assert_eq!(value.get(part), wanted.get(part), "{part}");
    }
    let config = session.host.running();
    let subnet = config.subnet(SubnetId(1)).unwrap();
    assert_eq!(subnet.pools.len(), 2);
    let data = |list: &str| {
        let options = value.get(list).and_then(Value::as_list).unwrap().iter();
        options.map(|o| o.get("data").and_then(Value::as_str).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(data("option-data"), ["10.0.1.2", "10.0.1.9"]);
    session.play(&[(
        r#"subnet4-delta-del {"subnet4":[{"id":1,"subnet":"10.0.1.0/24","valid-lifetime":0,
            "option-data":[{"name":"routers"}],
            "pools":[{"pool":"10.0.1.10-10.0.1.20","option-data":[{"code":6}]},{"pool":"10.0.1.64-10.0.1.79"}]}]}"#,
        "0 IPv4 subnet updated",
    )]);
    let config = session.host.running();
    let subnet = config.subnet(SubnetId(1)).unwrap();
    assert_eq!(subnet.params.valid_lifetime.default.0, 4000);
    assert_eq!(subnet.pools.len(), 1);
    let written = session.written(1);
    assert!(
        written.contains("time-servers") && !written.contains("routers") && !written.contains("10.0.1.3"),
        "{written}"
    );
}

#[test]
fn networks_come_and_go() {
    let session = Session::new(TWO);
    session.play(&[
        ("network4-list", "0 1 IPv4 network found"),
        ("network4-get {}", "1 invalid 'network4-get': missing mandatory 'name' parameter"),
        (r#"network4-get {"name":5}"#, "1 'name' parameter must be a string"),
        (r#"network4-get {"name":"x"}"#, "3 No 'x' shared network found"),
        (r#"network4-get {"name":"net"}"#, "0 Info about IPv4 shared network 'net' returned"),
        (
            r#"network4-add {"shared-networks":[{"name":"net"}]}"#,
            "1 duplicate network 'net' found in the configuration",
        ),
        (
            r#"network4-add {"shared-networks":[{"name":"new","subnet4":[{"id":1,"subnet":"10.0.9.0/24"}]}]}"#,
            "1 ID of the new IPv4 subnet '1' is already in use",
        ),
        (
            r#"network4-add {"shared-networks":[{"name":"new","subnet4":[{"id":9,"subnet":"10.0.9.0/24"}]}]}"#,
            "0 A new IPv4 shared network 'new' added",
        ),
        (r#"network4-subnet-add {"name":"new"}"#, "1 missing 'id' argument for the 'network4-subnet-add' command"),
        (r#"network4-subnet-add {"id":1}"#, "1 missing 'name' argument for the 'network4-subnet-add' command"),
        (r#"network4-subnet-add {"name":"x","id":1}"#, "3 no IPv4 shared network with name 'x' found"),
        (r#"network4-subnet-add {"name":"new","id":77}"#, "3 no IPv4 subnet with id '77' found"),
        (
            r#"network4-subnet-add {"name":"new","id":1}"#,
            "0 IPv4 subnet 10.0.1.0/24 (id 1) is now part of shared network 'new'",
        ),
        (r#"network4-subnet-add {"name":"net","id":1}"#, "1 subnet 1 being added"),
        (
            r#"network4-subnet-del {"name":"net","id":1}"#,
            "3 The IPv4 subnet with id 1 is not part of the shared network with name 'net' found",
        ),
        (
            r#"network4-subnet-del {"name":"new","id":1}"#,
            "0 IPv4 subnet 10.0.1.0/24 (id 1) is now removed from shared network 'new'",
        ),
        ("network4-del {}", "1 network name ('name') is required for the 'network4-del' command"),
        (r#"network4-del {"name":"x"}"#, "3 no shared network with name 'x' found"),
        (
            r#"network4-del {"name":"new","subnets-action":"burn"}"#,
            "1 Invalid value for subnets-action parameter: burn, Supported values: 'keep' and 'delete'.",
        ),
        (r#"network4-del {"name":"new","subnets-action":"keep"}"#, "0 IPv4 shared network 'new' deleted"),
        (r#"network4-del {"name":"net","subnets-action":"delete"}"#, "0 IPv4 shared network 'net' deleted"),
        ("network4-list", "3 0 IPv4 networks found"),
    ]);
    let config = session.host.running();
    let ids: Vec<u32> = config.subnets.iter().map(|subnet| subnet.id.0).collect();
    assert_eq!(ids, [1, 9]);
    assert!(config.subnets.iter().all(|subnet| subnet.network.is_none()));
}
