//! kill -9 under load: no lease that a client was told of is missing, no address is told to two.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{Random, XorShift};
use harness::{
    End, History, Load, LoadSettings, Server, Space, Speech, V4, V6, World, now_micros, soak, stored_leases,
    stored_leases6,
};
use serde_json::Value;

use crate::site;

/// Rounds of the short run and of the long one.
const ROUNDS: (u32, u32) = (10, 50);
/// A killed server serves again this soon, also on a machine that does much else.
const RESTART: Duration = Duration::from_secs(10);

/// Leases by what they are of.
type Stored<S> = HashMap<<S as Speech>::Address, Arc<<S as Speech>::Lease>>;

/// A server, its lease file and how it is read: what differs by protocol.
struct Site<S: Speech> {
    server: Server,
    relay: Space,
    file: PathBuf,
    stored: fn(&Path) -> Stored<S>,
    load: LoadSettings<S>,
}

fn site4(world: &World) -> Site<V4> {
    let (server, relay) = site::site(world);
    let file = server.prefix.lease_file();
    Site { server, relay, file, stored: stored_leases, load: site::load() }
}

fn site6(world: &World) -> Site<V6> {
    let (server, relay) = site::site6(world);
    let file = server.prefix.lease_file6();
    let load = LoadSettings::new(site::RELAY6, site::SERVER6);
    Site { server, relay, file, stored: stored_leases6, load }
}

/// Kills and restarts while clients lease, check and release; answers what they were told.
fn killed<S: Speech>(
    site: &mut Site<S>,
    rounds: u32,
    before_the_kill: impl Fn(&Server, &mut XorShift),
) -> History<S> {
    // Another seed each time; the one of a failure can be put here.
    let seed = now_micros();
    eprintln!("seed {seed}");
    let mut random = XorShift::new(seed);
    let Site { server, relay, file, stored, load } = site;
    server.start();
    let settings = LoadSettings {
        rate: 600,
        window: 256,
        checks: 20,
        releases: 15,
        retry: Duration::from_millis(700),
        seed,
        ..load.clone()
    };
    let load = Load::start(relay, settings);
    let (mut slowest, mut rows) = (Duration::ZERO, 0);
    for round in 1..=rounds {
        std::thread::sleep(Duration::from_millis(10 + random.below(1500)));
        before_the_kill(server, &mut random);
        server.kill();
        // What clients were told until now must be in the files as they are.
        let (history, now) = (load.history(), now_micros());
        let leases = stored(file);
        rows = leases.len();
        let missing = history.missing(&leases, now);
        assert!(
            missing.is_empty(),
            "seed {seed}, round {round}: {} leases missing: {missing:#?}",
            missing.len()
        );
        let doubles = history.doubles();
        assert!(doubles.is_empty(), "seed {seed}, round {round}: {doubles:#?}");
        let begin = Instant::now();
        server.start();
        slowest = slowest.max(begin.elapsed());
    }
    let (history, exchanges) = load.stop();
    assert_eq!(history.doubles(), [""; 0], "seed {seed}");
    assert_eq!(history.missing(&stored(file), now_micros()), [""; 0], "seed {seed}");
    assert!(slowest < RESTART, "seed {seed}: a restart took {slowest:?}");
    assert!(
        history.grants.len() > rounds as usize * 20,
        "a load that is none: {} grants",
        history.grants.len()
    );
    let again: u32 = exchanges.iter().map(|e| e.again).sum();
    let refused = exchanges.iter().filter(|e| e.end == End::Refused).count();
    eprintln!(
        "{rounds} kills, {} grants, {} releases, {rows} leases in the file, {refused} refused, {again} packets sent \
         again, slowest restart {slowest:?}; nothing missing, nothing double",
        history.grants.len(),
        history.releases.len(),
    );
    history
}

/// The server itself agrees: every holder gets its own address again.
fn holds_what_it_promised(server: &mut Server, relay: &Space, history: &History) {
    let held = history.holding(now_micros());
    assert!(
        usize::try_from(server.statistic("subnet[1].assigned-addresses")).expect("a count") >= held.len()
    );
    let mut dialog = harness::Dialog::new(relay, site::RELAY, site::SERVER);
    let step = (held.len() / 200).max(1);
    for grant in held.into_iter().step_by(step) {
        let check = testkit::Packet4::request_init_reboot(&grant.client, grant.address);
        let answer = dialog.ask(check, Duration::from_secs(3)).expect("an answer to a holder");
        assert_eq!((answer.kind(), answer.yiaddr), (5, grant.address), "{grant:?}");
    }
}

fn rounds(share: u32) -> u32 {
    if soak() { ROUNDS.1 } else { ROUNDS.0 / share }
}

/// A cleanup of the lease file begins, and the kill comes in the middle of it.
fn cleaning(server: &Server, random: &mut XorShift) {
    let answer = server.command("kea-lfc-start", Value::Null);
    assert!(["kea-lfc started", "kea-lfc already running"].contains(&answer.text.as_str()), "{answer:?}");
    std::thread::sleep(Duration::from_micros(random.below(20_000)));
}

#[test]
fn killed_under_load() {
    let Some(world) = World::new() else { return };
    let mut site = site4(&world);
    let history = killed(&mut site, rounds(1), |_, _| ());
    holds_what_it_promised(&mut site.server, &site.relay, &history);
}

#[test]
fn killed_during_cleanup() {
    let Some(world) = World::new() else { return };
    let mut site = site4(&world);
    let history = killed(&mut site, rounds(2), cleaning);
    holds_what_it_promised(&mut site.server, &site.relay, &history);
}

/// The same of kea-dhcp6: addresses and prefixes.
#[test]
fn dhcp6_killed_under_load() {
    let Some(world) = World::new() else { return };
    let mut site = site6(&world);
    let history = killed(&mut site, rounds(1), |_, _| ());
    let held = history.holding(now_micros()).len();
    let counted = |name: &str| usize::try_from(site.server.statistic(name)).expect("a count");
    assert!(counted("subnet[1].assigned-nas") + counted("subnet[1].assigned-pds") >= held);
    assert!(counted("subnet[1].assigned-pds") > 0, "prefixes were delegated");
}

#[test]
fn dhcp6_killed_during_cleanup() {
    let Some(world) = World::new() else { return };
    killed(&mut site6(&world), rounds(2), cleaning);
}
