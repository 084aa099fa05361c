//! Commands with their answers, on a database in a temporary directory.

mod beside;
mod classes;
mod errors;
mod history;
mod objects;
mod odd;
mod place;
mod race;
mod random;
mod safety;
mod tags;
mod v6;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use backend::{ConfigBackend, Identity};
use base::{Family, ServerTag, Timestamp};
use config::{Dhcp4, Dhcp6, Protocol, Written};
use control::{Command, CommandTable};
use json::Value;

use place::Place;

use super::{Host, register};

struct Server<P: Protocol> {
    backends: Vec<Arc<dyn ConfigBackend>>,
    file: Mutex<Written<P>>,
    changes: AtomicU32,
}

impl<P: Protocol> Host<P> for Server<P> {
    fn backends(&self) -> Vec<Arc<dyn ConfigBackend>> {
        self.backends.clone()
    }

    fn tag(&self) -> ServerTag {
        ServerTag::new("abc").unwrap()
    }

    fn file(&self) -> Option<Arc<Written<P>>> {
        Some(Arc::new(self.file.lock().unwrap().clone()))
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000)
    }

    fn changed(&self, _: &Identity) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }
}

/// A server with the tag `abc`, and its database, in which nothing is yet.
pub(super) struct SessionOf<P: Protocol> {
    table: CommandTable,
    server: Arc<Server<P>>,
    runtime: tokio::runtime::Runtime,
    place: Arc<Place>,
}

pub(super) type Session = SessionOf<Dhcp4>;
pub(super) type Session6 = SessionOf<Dhcp6>;

pub(super) fn value(text: &str) -> Value {
    json::parse_command(text.as_bytes(), json::Limits::default()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

impl<P: Protocol> SessionOf<P> {
    pub(super) fn new() -> Self {
        Self::at(Arc::new(Place::new()))
    }

    /// Another server with the same database.
    pub(super) fn beside(&self) -> Self {
        Self::at(Arc::clone(&self.place))
    }

    fn at(place: Arc<Place>) -> Self {
        let server = Arc::new(Server {
            backends: vec![place.open(P::FAMILY)],
            file: Mutex::default(),
            changes: AtomicU32::new(0),
        });
        let table = CommandTable::new();
        register(&table, Arc::clone(&server) as Arc<dyn Host<P>>).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { table, server, runtime, place }
    }

    /// With servers of these tags.
    pub(super) fn with(tags: &[&str]) -> Self {
        let session = Self::new();
        for tag in tags {
            let command = if P::FAMILY == Family::V4 { "remote-server4-set" } else { "remote-server6-set" };
            session.ok(command, &format!(r#"{{"servers": [{{"server-tag": "{tag}"}}]}}"#));
        }
        session
    }

    pub(super) fn database(&self) -> &dyn ConfigBackend {
        self.server.backends[0].as_ref()
    }

    /// What stands in the file of the server.
    pub(super) fn file(&self, text: &str) {
        let (written, errors) = config::parse_map(value(text), config::ParseEnv::default());
        assert!(errors.is_empty(), "{errors:?}");
        *self.server.file.lock().unwrap() = written;
    }

    pub(super) fn changes(&self) -> u32 {
        self.server.changes.load(Ordering::Relaxed)
    }

    /// The whole answer.
    pub(super) fn ask(&self, command: &str, arguments: &str) -> Value {
        // Where a test names the database, it means the one that it runs on.
        let arguments = arguments.replace(r#""type": "sqlite""#, &format!(r#""type": "{}""#, place::kind()));
        let command = Command::new(command).with_arguments(value(&arguments));
        self.runtime.block_on(self.table.dispatch(command)).into_value()
    }

    /// The arguments of an answer that has to be good.
    pub(super) fn ok(&self, command: &str, arguments: &str) -> Value {
        let answer = self.ask(command, arguments);
        assert_eq!(
            answer.get("result"),
            Some(&Value::from(0i64)),
            "{command} {arguments}: {}",
            json::to_string(&answer)
        );
        answer.get("arguments").cloned().unwrap_or_default()
    }

    /// The whole answer has to be this.
    pub(super) fn expect(&self, command: &str, arguments: &str, wanted: &str) {
        let answer = self.ask(command, arguments);
        let wanted = value(wanted);
        assert!(
            answer == wanted,
            "{command} {arguments}\n answered {}\n wanted   {}",
            json::to_string(&answer),
            json::to_string(&wanted)
        );
    }

    /// Refused with a text that has this in it.
    pub(super) fn refused(&self, command: &str, arguments: &str, text: &str) {
        let answer = self.ask(command, arguments);
        let found = answer.get("text").and_then(Value::as_str).unwrap_or_default();
        let result = answer.get("result").and_then(Value::as_int);
        assert!(
            result == Some(1) && found.contains(text) && answer.get("arguments").is_none(),
            "{command} {arguments}\n answered {}\n wanted   {text}",
            json::to_string(&answer)
        );
    }
}

/// What each kind of object can be told, `4` standing for the family, in Kea's names.
const NAMES: [(&str, &[&str]); 11] = [
    ("remote-server4", &["del", "get", "get-all", "set"]),
    ("remote-global-parameter4", &["del", "get", "get-all", "set"]),
    ("remote-option-def4", &["del", "get", "get-all", "set"]),
    ("remote-class4", &["del", "get", "get-all", "set"]),
    ("remote-network4", &["del", "get", "list", "set"]),
    ("remote-subnet4", &["del-by-id", "del-by-prefix", "get-by-id", "get-by-prefix", "list", "set"]),
    ("remote-option4-global", &["del", "get", "get-all", "set"]),
    ("remote-option4-network", &["del", "set"]),
    ("remote-option4-subnet", &["del", "set"]),
    ("remote-option4-pool", &["del", "set"]),
    // Of this server alone.
    ("remote", &["audit4-get", "config4-rollback"]),
];

#[test]
fn every_command_of_both_families_has_its_name() {
    for (family, digit) in [(Family::V4, "4"), (Family::V6, "6")] {
        let all =
            NAMES.iter().flat_map(|(object, verbs)| verbs.iter().map(move |verb| format!("{object}-{verb}")));
        let mut wanted: Vec<String> = all.map(|name| name.replace('4', digit)).collect();
        if family == Family::V6 {
            wanted.extend(["del", "set"].map(|verb| format!("remote-option6-pd-pool-{verb}")));
        }
        wanted.sort();
        let mut names: Vec<&str> = super::command_definitions(family).map(|d| d.name).collect();
        names.sort_unstable();
        assert_eq!(names, wanted);
    }
}

#[test]
fn commands_come_and_go_with_the_library() {
    let session = Session::new();
    assert_eq!(session.table.definitions().len(), 39);
    session.table.deregister_provider(super::PROVIDER);
    assert_eq!(session.ask("remote-server4-get-all", "{}").get("result"), Some(&Value::from(2i64)));
}

macro_rules! tests {
    ($($module:ident: $($test:ident),+;)*) => {
        /// Tests of commands by module, with the text of the module. All but those of random arguments.
        const TESTS: &[(&str, &[(&str, fn())])] = &[$((
            include_str!(concat!(stringify!($module), ".rs")),
            &[$((stringify!($test), $module::$test)),+],
        )),*];
    };
}

tests! {
    beside: subnets_of_one_network, rapid_commit_of_one_network, lifetimes_are_those_of_an_object_of_the_database, globals_with_the_subnets_below_them, globals_that_no_file_may_have,
        definitions_of_octets_that_are_there, a_definition_that_hides_another, definitions_that_expressions_name, classes_of_the_file_that_the_database_replaces, a_subnet_of_the_file_that_is_replaced_is_in_nobodys_way,
        names_that_the_database_takes_for_one, arguments_that_no_command_has, what_answers_show;
    classes: set_and_shown, refused_arguments, order_and_dependencies, options_and_definitions_of_a_class;
    errors: servers, remote, server_tags, subnets_and_networks, parameters, option_definitions, options;
    history: a_dry_run_shows_each_server_and_stores_nothing, a_dry_run_knows_what_hides_what, the_audit_says_what_was_done, an_earlier_revision_comes_back, a_way_back_is_checked_as_any_write,
        a_way_back_brings_no_name_of_a_class_that_is_gone;
    objects: servers, a_subnet_with_everything, subnets_by_number_and_prefix, networks, global_parameters, option_definitions, global_options, options_with_classes_as_keys, options_at_every_level;
    safety: a_subnet_whose_network_its_server_lacks, overlapping_subnets, a_pool_outside_of_its_subnet_is_never_stored, an_option_that_some_server_has_no_definition_of, definitions_in_use, values_that_do_not_fit_those_inherited, what_is_stored_runs, classes_that_nobody_defined, a_class_that_is_used, prefix_pools_name_classes_too, a_parameter_that_others_need, a_class_is_tried_on_each_server_that_differs;
    tags: subnets_of_servers, networks_of_servers, own_options_and_definitions_before_those_of_all, globals_of_a_server_before_those_of_all, deleting_a_server_says_what_goes_with_it;
    v6: a_subnet_with_prefixes_is_stored_shown_and_run, what_a_server_could_not_run_is_refused, networks_classes_definitions_and_globals;
    race: two_nodes_write_at_once;
}

/// What holds on one database holds on all of them.
fn all_on(kind: testdb::Kind) {
    let mut failed = Vec::new();
    for (text, tests) in TESTS {
        assert_eq!(text.matches("#[test]").count(), tests.len(), "all tests are listed: {tests:?}");
        for (name, test) in *tests {
            if std::panic::catch_unwind(|| place::on(kind, test)).is_err() {
                failed.push(*name);
            }
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

#[test]
fn everything_on_mariadb() {
    all_on(testdb::Kind::MariaDb);
}

#[test]
fn everything_on_postgresql() {
    all_on(testdb::Kind::PostgreSql);
}
