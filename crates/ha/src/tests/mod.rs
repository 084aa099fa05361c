//! What two servers make of a world with faults.

mod world;

use base::{Family, Timestamp};

use crate::{
    Action, Failure, Machine, MaintenanceStart, Mode, Now, PartnerState, Plan, State, Told, wire::Heartbeat,
};
use world::{Faults, NONE, World, relationship};

/// Worlds that each property is tried in.
const SEEDS: u64 = 25;

fn normal(mode: Mode) -> State {
    if mode == Mode::LoadBalancing { State::LoadBalancing } else { State::HotStandby }
}

fn healthy(world: &World, mode: Mode) -> bool {
    [0, 1].map(|at| world.state(at)) == [normal(mode); 2]
}

#[test]
fn a_start_leads_to_normal_operation() {
    for mode in [Mode::HotStandby, Mode::LoadBalancing] {
        let mut world = World::new(mode, 20, NONE, 1);
        world.run(10);
        assert!(healthy(&world, mode), "{:?} {:?}", world.state(0), world.state(1));
        world.run(100);
        assert!(world.acknowledged >= 40);
        assert_eq!(world.twice, 0);
        assert!(world.agree());
    }
}

#[test]
fn the_other_takes_over_and_hands_back() {
    for mode in [Mode::HotStandby, Mode::LoadBalancing] {
        for at in 0..2 {
            let mut world = World::new(mode, 20, NONE, 2);
            world.run(60);
            world.crash(at, 120);
            world.run(90);
            assert_eq!(world.state(1 - at), State::PartnerDown, "{mode:?} {at}");
            let served = world.acknowledged;
            world.run(60);
            assert!(world.acknowledged > served);
            world.run(30);
            assert!(healthy(&world, mode), "{mode:?} {at}: {:?} {:?}", world.state(0), world.state(1));
            world.run(60);
            assert_eq!(world.twice, 0);
            assert!(world.agree());
        }
    }
}

/// Where servers only crash, no address is ever given to two clients; and afterwards both know the same leases.
#[test]
fn crashes_give_nothing_away() {
    for seed in 0..SEEDS {
        for mode in [Mode::HotStandby, Mode::LoadBalancing] {
            let faults = Faults { crashes: true, lost: 2, ..NONE };
            let mut world = World::new(mode, 30, faults, seed);
            world.run(600);
            world.heal();
            world.run(150);
            assert_eq!(world.twice, 0, "{mode:?} seed {seed}");
            assert!(healthy(&world, mode), "{mode:?} seed {seed}: {:?} {:?}", world.state(0), world.state(1));
            assert!(world.agree(), "{mode:?} seed {seed}");
            assert!(world.acknowledged > 200, "{mode:?} seed {seed}: {}", world.acknowledged);
        }
    }
}

/// Where load is balanced and clients reach both servers, no address is given to two clients while the servers do not
/// hear each other: neither sees unanswered clients, so neither takes the other for dead.
#[test]
fn load_balancing_outlives_partitions() {
    for seed in 0..SEEDS {
        let mut world = World::new(Mode::LoadBalancing, 30, NONE, seed);
        world.run(20);
        world.fault(Faults { partitions: true, ..NONE });
        world.run(600);
        assert!(world.visited.contains(&State::CommunicationRecovery), "seed {seed}");
        assert!(!world.visited.contains(&State::PartnerDown), "seed {seed}");
        world.heal();
        world.run(150);
        assert_eq!(world.twice, 0, "seed {seed}");
        assert!(
            healthy(&world, Mode::LoadBalancing),
            "seed {seed}: {:?} {:?}",
            world.state(0),
            world.state(1)
        );
        assert!(world.agree(), "seed {seed}");
    }
}

/// Whatever happens, the two find together again.
#[test]
fn all_faults_together_heal() {
    for seed in 0..SEEDS {
        for mode in [Mode::HotStandby, Mode::LoadBalancing] {
            let faults = Faults { partitions: true, crashes: true, lost: 10, skew: 5 };
            let mut world = World::new(mode, 30, faults, seed);
            world.run(600);
            world.heal();
            world.run(200);
            assert!(healthy(&world, mode), "{mode:?} seed {seed}: {:?} {:?}", world.state(0), world.state(1));
            assert!(world.agree(), "{mode:?} seed {seed}");
        }
    }
}

#[test]
fn clocks_that_differ_too_much_end_it() {
    let mut world = World::new(Mode::HotStandby, 5, Faults { skew: 61, ..NONE }, 1);
    world.run(10);
    assert_eq!([world.state(0), world.state(1)], [State::Terminated; 2]);
    let mut world = World::new(Mode::HotStandby, 5, Faults { skew: 59, ..NONE }, 1);
    world.run(10);
    assert!(healthy(&world, Mode::HotStandby));
}

#[test]
fn too_many_changes_are_fetched_instead() {
    let mut world = World::new(Mode::LoadBalancing, 40, NONE, 3);
    world.run(20);
    world.part(300);
    world.run(280);
    assert_eq!(world.state(0), State::CommunicationRecovery);
    world.run(60);
    assert!(world.visited.contains(&State::Syncing));
    assert!(healthy(&world, Mode::LoadBalancing), "{:?} {:?}", world.state(0), world.state(1));
    world.run(60);
    assert!(world.agree());
}

/// A machine alone, on a clock that the test moves.
struct Alone {
    machine: Machine<u32>,
    now: u64,
}

impl Alone {
    fn new(mode: Mode, own: &str, more: &str) -> Self {
        let now = Now { steady: 0, wall: Timestamp(1000) };
        Self { machine: Machine::new(relationship(mode, own, more), Family::V4, now), now: 0 }
    }

    fn at(&self) -> Now {
        Now { steady: self.now * 1_000_000, wall: Timestamp(1000 + self.now) }
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.machine.next(self.at())).collect()
    }

    /// The partner says that it is in a state.
    fn hears(&mut self, state: State) -> State {
        self.now += 1;
        let heartbeat = Heartbeat { state, time: self.at().wall, scopes: Vec::new(), unsent: Some(0) };
        self.machine.heartbeat_done(Ok(heartbeat), self.at());
        self.actions();
        if self.machine.state() == State::Syncing {
            self.machine.synchronized(Ok(()), self.at());
            self.actions();
        }
        self.machine.state()
    }

    /// The partner does not answer for some time.
    fn silence(&mut self, seconds: u64) -> State {
        for _ in 0..seconds {
            self.now += 1;
            let failure = Failure::Unreachable("refused".to_owned());
            self.machine.heartbeat_done(Err(failure), self.at());
            self.actions();
        }
        self.machine.state()
    }
}

#[test]
fn a_standby_waits_for_clients_that_nobody_serves() {
    let mut alone = Alone::new(Mode::HotStandby, "server2", "");
    assert_eq!(alone.hears(State::Ready), State::Ready);
    assert_eq!(alone.hears(State::HotStandby), State::HotStandby);
    assert_eq!(alone.silence(20), State::HotStandby);
    for client in 0..4_u8 {
        assert_eq!(alone.silence(1), State::HotStandby, "{client}");
        alone.machine.overheard(&[client], 1000, &client, alone.at());
        alone.machine.overheard(&[client], 3001, &client, alone.at());
    }
    let report = json::to_string(&alone.machine.report(alone.at()).into());
    for part in [
        r#""analyzed-packets": 8"#,
        r#""connecting-clients": 4"#,
        r#""unacked-clients": 4"#,
        r#""unacked-clients-left": 0"#,
        r#""communication-interrupted": true"#,
        r#""last-state": "unavailable""#,
    ] {
        assert!(report.contains(part), "{part} {report}");
    }
    assert_eq!(alone.silence(1), State::PartnerDown);
    assert_eq!(alone.machine.plan(), Plan { partner: Told::Never, backups: true });
}

#[test]
fn a_primary_needs_no_more_than_silence() {
    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    assert_eq!(alone.hears(State::Waiting), State::Ready);
    assert_eq!(alone.hears(State::Ready), State::HotStandby);
    assert_eq!(alone.silence(5), State::HotStandby);
    assert_eq!(alone.silence(1), State::PartnerDown);
    assert_eq!(alone.hears(State::Waiting), State::PartnerDown);
    assert_eq!(alone.hears(State::Ready), State::HotStandby);
}

#[test]
fn pauses_hold_until_an_operator_goes_on() {
    let more = r#""state-machine": { "states": [ { "state": "waiting", "pause": "once" },
                                                 { "state": "ready", "pause": "always" } ] },"#;
    let mut alone = Alone::new(Mode::HotStandby, "server1", more);
    assert_eq!(alone.hears(State::Waiting), State::Waiting);
    assert!(alone.machine.unpause() && !alone.machine.unpause());
    assert_eq!(alone.hears(State::Waiting), State::Ready);
    assert_eq!(alone.hears(State::Ready), State::Ready);
    assert!(alone.machine.unpause());
    assert_eq!(alone.hears(State::Ready), State::HotStandby);
    assert!(alone.machine.reset());
    assert_eq!(alone.hears(State::Waiting), State::Ready);
    assert!(alone.machine.unpause());
}

#[test]
fn maintenance_and_its_end() {
    let mut keeper = Alone::new(Mode::HotStandby, "server2", "");
    keeper.hears(State::Ready);
    assert_eq!(keeper.hears(State::HotStandby), State::HotStandby);
    keeper.machine.may_maintain().unwrap();
    keeper.machine.maintain(MaintenanceStart::Accepted);
    assert_eq!(keeper.machine.state(), State::PartnerInMaintenance);
    assert_eq!(keeper.machine.heartbeat(keeper.at()).scopes, ["server1"]);
    assert_eq!(keeper.machine.plan().partner, Told::Now);
    assert_eq!(keeper.hears(State::InMaintenance), State::PartnerInMaintenance);
    assert!(keeper.machine.may_maintain().is_err());
    assert_eq!(keeper.machine.may_cancel(), Ok(State::HotStandby));
    keeper.machine.cancel(Some(PartnerState::In(State::InMaintenance)));
    keeper.actions();
    assert_eq!(keeper.machine.state(), State::HotStandby);
    keeper.machine.maintain(MaintenanceStart::Accepted);
    assert_eq!(keeper.silence(1), State::PartnerDown);

    let mut kept = Alone::new(Mode::HotStandby, "server1", "");
    kept.hears(State::Waiting);
    assert_eq!(kept.hears(State::Ready), State::HotStandby);
    kept.machine.maintenance_notified(false, Some(PartnerState::In(State::HotStandby))).unwrap();
    kept.actions();
    assert_eq!(kept.machine.state(), State::InMaintenance);
    assert!(kept.machine.heartbeat(kept.at()).scopes.is_empty());
    assert_eq!(kept.hears(State::PartnerInMaintenance), State::InMaintenance);
    let told = Some(PartnerState::In(State::PartnerInMaintenance));
    kept.machine.maintenance_notified(true, told).unwrap();
    kept.actions();
    assert_eq!(kept.machine.state(), State::HotStandby);
    assert_eq!(kept.machine.maintenance_notified(true, None).unwrap_err().0, 1);
    kept.machine.maintain(MaintenanceStart::Unreachable);
    assert_eq!(kept.machine.state(), State::PartnerDown);
}

#[test]
fn a_server_in_maintenance_cannot_put_its_partner_there() {
    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    alone.hears(State::Waiting);
    alone.machine.maintain(MaintenanceStart::Accepted);
    let refused = alone.machine.maintenance_notified(false, None).unwrap_err();
    let text = "Unable to transition the server from the partner-in-maintenance to in-maintenance state.";
    assert_eq!(refused, (1001, text.to_owned()));
}

#[test]
fn refused_leases_of_many_clients_end_it() {
    let mut alone = Alone::new(Mode::HotStandby, "server1", r#""max-rejected-lease-updates": 2,"#);
    alone.hears(State::Waiting);
    alone.hears(State::Ready);
    let conflict = Failure::Conflict("no subnet".to_owned());
    for (client, state) in [(1, State::HotStandby), (1, State::HotStandby), (2, State::Terminated)] {
        alone.machine.updated(|| (vec![client], Timestamp(9999)), Err(&conflict), alone.at());
        alone.actions();
        assert_eq!(alone.machine.state(), state);
    }
    assert_eq!(alone.machine.heartbeat(alone.at()).scopes, ["server1"]);
    // Only the clients of its own are its to reclaim.
    assert!(alone.machine.reclaims(Some(0)) && !alone.machine.reclaims(Some(1)));
}

#[test]
fn a_partner_that_was_not_restarted_is_not_waited_for_long() {
    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    assert_eq!(alone.hears(State::Terminated), State::Waiting);
    assert_eq!(alone.machine.deadline(), Some(2_000_000));
    alone.now += 599;
    assert_eq!(alone.hears(State::Terminated), State::Terminated);
    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    assert_eq!(alone.hears(State::Terminated), State::Waiting);
    assert_eq!(alone.hears(State::Waiting), State::Ready);
}

#[test]
fn no_lease_between_the_partners_fetch_and_its_share() {
    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    assert_eq!(alone.silence(6), State::PartnerDown);
    alone.machine.sync_complete(alone.at());
    assert_eq!(alone.actions(), [Action::Serve(false)]);
    alone.hears(State::Syncing);
    assert_eq!(alone.machine.state(), State::PartnerDown);
    let now = alone.at();
    let heartbeat = Heartbeat { state: State::Ready, time: now.wall, scopes: Vec::new(), unsent: Some(0) };
    alone.machine.heartbeat_done(Ok(heartbeat), now);
    assert_eq!(alone.actions(), [Action::Serve(true)]);
    assert_eq!(alone.machine.state(), State::HotStandby);

    let mut alone = Alone::new(Mode::HotStandby, "server1", "");
    alone.silence(6);
    alone.machine.sync_complete(alone.at());
    assert_eq!(alone.actions(), [Action::Serve(false)]);
    let failure = Failure::Unreachable("refused".to_owned());
    alone.machine.heartbeat_done(Err(failure), alone.at());
    assert_eq!(alone.actions(), [Action::Serve(true)]);
}

#[test]
fn scopes_of_an_operator() {
    let mut alone = Alone::new(Mode::LoadBalancing, "server1", "");
    assert!(alone.machine.serve_scopes(["server3"]).is_err());
    assert_eq!(alone.actions().first(), Some(&Action::Serve(false)));
    alone.machine.serve_scopes(["HA_server1", "server2"]).unwrap();
    assert_eq!(alone.actions(), [Action::Serve(true)]);
    assert_eq!(alone.machine.heartbeat(alone.at()).scopes, ["server1", "server2"]);
}
