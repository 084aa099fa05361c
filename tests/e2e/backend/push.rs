//! When a change is served: at once where push is on, by the timer where it is off, and what that costs clients.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use harness::{Dialog, End, Load, LoadSettings, World, soak, until};
use serde_json::json;
use testdb::Kind;
use testkit::Packet4;

use super::{HQ_RELAY, Pair, Store, fill, mac, on_every_database, pair, soon, subnet};

on_every_database! {
    push_is_on => |store| pushed(store);
    push_is_off => |store| left_to_the_timer(store);
    live_under_load => |store| live_under_load(store);
}

/// Writes a subnet at hq for branch.
fn write(pair: &Pair, id: u32) {
    let (prefix, pool) = (format!("10.0.{id}.0/24"), format!("10.0.{id}.100-10.0.{id}.120"));
    pair.hq.tell("remote-subnet4-set", subnet(id, &prefix, &pool, &["branch"]));
}

/// Whoever says nothing has push, and so has who asks for it; the timer is far away.
fn pushed(store: &Store) {
    let Some(world) = World::new() else { return };
    let pair = pair(&world, store, |config| {
        config["config-control"]["config-fetch-wait-time"] = json!(3600);
        if config["server-tag"] == "branch" {
            config["config-control"]["config-push"] = json!(true);
        }
    });
    write(&pair, 2);
    soon("branch serves it", || pair.branch.served() == [2]);
    let (prefix, pool) = ("10.0.1.0/24", "10.0.1.100-10.0.1.120");
    pair.branch.tell("remote-subnet4-set", subnet(1, prefix, pool, &["hq"]));
    soon("hq serves it", || pair.hq.served() == [1]);
}

/// With `config-push` false a change is served when the timer says so, and not before.
fn left_to_the_timer(store: &Store) {
    const WAIT: Duration = Duration::from_secs(4);
    let Some(world) = World::new() else { return };
    let pair = pair(&world, store, |config| {
        config["config-control"]["config-push"] = json!(false);
        config["config-control"]["config-fetch-wait-time"] = json!(WAIT.as_secs());
    });
    // The first change shows when the timer is due; the second comes right after it.
    write(&pair, 2);
    until("the timer brings a change", || pair.branch.served() == [2]);
    let begin = Instant::now();
    write(&pair, 3);
    until("the timer brings the next one", || pair.branch.served() == [2, 3]);
    let took = begin.elapsed();
    assert!(took > WAIT / 2, "the timer was not due, yet it was served after {took:?}");
    assert!(took < WAIT * 2, "{took:?}");
}

#[test]
fn the_timer_tries_again_on_mariadb() {
    the_timer_tries_again(Kind::MariaDb);
}

#[test]
fn the_timer_tries_again_on_postgresql() {
    the_timer_tries_again(Kind::PostgreSql);
}

/// The safety net: a change that could not be run is not tried each second, but each time that the timer is due, so that
/// what mends it needs nobody to push it.
fn the_timer_tries_again(kind: Kind) {
    const WAIT: u64 = 3;
    let Some(world) = World::new() else { return };
    let store = Store::server(kind);
    let Store::Server(backend) = &store else { return };
    let pair = pair(&world, &store, |config| {
        config["config-control"]["config-fetch-wait-time"] = json!(WAIT);
    });
    pair.hq.tell(
        "remote-network4-set",
        json!({ "server-tags": [ "hq" ], "shared-networks": [ { "name": "campus" } ] }),
    );
    let mut stray = subnet(2, "10.0.2.0/24", "10.0.2.100-10.0.2.120", &["branch"]);
    stray["subnets"][0]["shared-network-name"] = json!("campus");
    stray["force"] = json!(true);
    pair.hq.tell("remote-subnet4-set", stray);
    let failures = || pair.branch.log().matches("DHCP4_CB_PERIODIC_FETCH_UPDATES_FAIL").count();
    until("branch has seen what it cannot run", || failures() > 0);
    let (begin, before) = (Instant::now(), failures());
    until("branch tries again", || failures() >= before + 2);
    let took = begin.elapsed();
    assert!(took > Duration::from_secs(WAIT), "two more attempts within {took:?}");
    assert_eq!(pair.branch.served(), [0u64; 0]);
    // By hand, as nobody should: without a revision, so that there is nothing to push.
    let quiet = match kind {
        Kind::MariaDb => "SET @disable_audit = 1;",
        Kind::PostgreSql => "SET kea.disable_audit = 'true';",
    };
    let mend = "UPDATE dhcp4_subnet SET shared_network_name = NULL;";
    backend.server.sql(&backend.database.name, &format!("{quiet} {mend}"));
    until("the timer finds it mended", || pair.branch.served() == [2]);
}

/// One subnet of many changes again and again at another server while clients come: how long until a client is told
/// something else, and whether anybody had to ask twice. The figures are printed; the long form has those of the aim.
fn live_under_load(store: &Store) {
    let Some(world) = World::new() else { return };
    let (many, rate, changes) = if soak() { (10_000, 1000, 20) } else { (500, 200, 5) };
    fill(&world, store, "hq", 0..many);
    let Pair { hq, branch, relays } = pair(&world, store, |_| ());
    let asks = Ipv4Addr::new(10, 0, 1, 3);
    relays.ip(&format!("address add {asks}/24 dev to-hq"));
    let mut dialog = Dialog::new(&relays, asks, Ipv4Addr::new(10, 0, 1, 1));
    let change = |lifetime: u32| {
        let mut arguments = subnet(1, "10.0.0.0/15", "10.1.0.0/16", &["hq"]);
        arguments["subnets"][0]["valid-lifetime"] = json!(lifetime);
        branch.tell("remote-subnet4-set", arguments);
    };
    change(1000);
    soon("hq serves it", || hq.served().contains(&1));
    let settings: LoadSettings =
        LoadSettings { rate, window: 512, ..LoadSettings::new(HQ_RELAY, Ipv4Addr::new(10, 0, 1, 1)) };
    let load = Load::start(&relays, settings);
    until("clients are served", || load.acks() > 50);
    let mut took = Vec::new();
    for lifetime in 1001..=1000 + changes {
        change(lifetime);
        let committed = Instant::now();
        until("a client is told", || {
            let offer = dialog.ask(Packet4::discover(&mac(1)), Duration::from_millis(200));
            offer.is_some_and(|offer| offer.option(51) == Some(&lifetime.to_be_bytes()[..]))
        });
        took.push(committed.elapsed());
        // The load has its time as well.
        std::thread::sleep(Duration::from_millis(400));
    }
    let (history, exchanges) = load.stop();
    let again = exchanges.iter().filter(|exchange| exchange.again > 0).count();
    let lost = exchanges.iter().filter(|exchange| exchange.end != End::Granted).count();
    took.sort();
    let (median, last) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "{}: live after {median:.1?} (median), {last:.1?} (longest) of {changes} changes, {many} subnets beside it; \
         {} exchanges at {rate}/s, {again} asked again, {lost} lost",
        store.name(),
        exchanges.len()
    );
    assert_eq!(history.doubles(), [""; 0]);
    assert!(exchanges.len() > 300, "a load that is none: {}", exchanges.len());
    assert_eq!((again, lost), (0, 0), "clients suffered");
    // Others build on the machine of the tests: the aim is 100 ms, and 1 s where the database cannot notify.
    let bound = if store.notifies() { 1000 } else { 3000 };
    assert!(median < Duration::from_millis(bound), "{took:?}");
}
