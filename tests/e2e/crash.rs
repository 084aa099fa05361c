//! kill -9 under load: no lease that a client was told of is missing, no address is told to two.

use std::time::{Duration, Instant};

use base::{Random, XorShift};
use harness::{Load, LoadSettings, Server, World, now_micros, soak, stored_leases};
use serde_json::Value;

use crate::site;

/// Rounds of the short run and of the long one.
const ROUNDS: (u32, u32) = (10, 50);
/// A killed server serves again this soon, also on a machine that does much else.
const RESTART: Duration = Duration::from_secs(10);

/// Kills and restarts while clients lease, check and release.
fn killed(seed: u64, rounds: u32, before_the_kill: impl Fn(&Server, &mut XorShift)) {
    let Some(world) = World::new() else { return };
    eprintln!("seed {seed}");
    let mut random = XorShift::new(seed);
    let (mut server, relay) = site::site(&world);
    server.start();
    let file = server.prefix.lease_file();
    let settings = LoadSettings {
        rate: 600,
        window: 256,
        checks: 20,
        releases: 15,
        retry: Duration::from_millis(700),
        seed,
        ..site::load()
    };
    let load = Load::start(&relay, settings);
    let (mut slowest, mut rows) = (Duration::ZERO, 0);
    for round in 1..=rounds {
        std::thread::sleep(Duration::from_millis(10 + random.below(1500)));
        before_the_kill(&server, &mut random);
        server.kill();
        // What clients were told until now must be in the files as they are.
        let (history, now) = (load.history(), now_micros());
        let leases = stored_leases(&file);
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
    assert_eq!(history.missing(&stored_leases(&file), now_micros()), [""; 0], "seed {seed}");
    assert!(slowest < RESTART, "seed {seed}: a restart took {slowest:?}");
    assert!(
        history.grants.len() > rounds as usize * 20,
        "a load that is none: {} ACKs",
        history.grants.len()
    );
    let again: u32 = exchanges.iter().map(|e| e.again).sum();
    let naks = exchanges.iter().filter(|e| e.ended_with == 6).count();
    eprintln!(
        "{rounds} kills, {} ACKs, {} releases, {rows} leases in the file, {naks} NAKs, {again} packets sent again, \
         slowest restart {slowest:?}; nothing missing, nothing double",
        history.grants.len(),
        history.releases.len(),
    );
    holds_what_it_promised(&mut server, &relay, &history);
}

/// The server itself agrees: every holder gets its own address again.
fn holds_what_it_promised(server: &mut Server, relay: &harness::Space, history: &harness::History) {
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

#[test]
fn killed_under_load() {
    let rounds = if soak() { ROUNDS.1 } else { ROUNDS.0 };
    // Another seed each time; the one of a failure can be put here.
    killed(now_micros(), rounds, |_, _| ());
}

/// The same in the middle of a cleanup of the lease file.
#[test]
fn killed_during_cleanup() {
    let rounds = if soak() { ROUNDS.1 } else { ROUNDS.0 / 2 };
    killed(now_micros(), rounds, |server, random| {
        let answer = server.command("kea-lfc-start", Value::Null);
        assert!(["kea-lfc started", "kea-lfc already running"].contains(&answer.text.as_str()), "{answer:?}");
        std::thread::sleep(Duration::from_micros(random.below(20_000)));
    });
}
