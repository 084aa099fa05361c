use std::collections::{BTreeMap, BTreeSet};

use base::{Random, XorShift};
use ncr::{Change, ConflictResolution, Dhcid};

use super::*;
use crate::tests::zone::{Message, Zone, answer};
use crate::{Report, Server};

#[derive(Default)]
struct Ends {
    finished: usize,
    failed: usize,
    others: Vec<String>,
}

impl Report for Ends {
    fn event(&mut self, _: Option<&NameChangeRequest>, event: &Event<'_>) {
        match event {
            Event::Finished { success, .. } => {
                self.finished += 1;
                self.failed += usize::from(!success);
            }
            Event::Sent { .. } | Event::Attempted { .. } | Event::Rejected { .. } => {}
            other => self.others.push(format!("{other:?}")),
        }
    }
}

fn settings() -> Arc<Settings> {
    let domain = |name: &str| {
        let servers = vec![Server { address: "192.0.2.53:53".parse().unwrap(), key: None }];
        Domain { name: Name::parse(name).unwrap(), servers }
    };
    Arc::new(Settings {
        forward: Domains::new(vec![domain("example.com")], None),
        reverse: Domains::new(vec![domain("2.0.192.in-addr.arpa")], None),
    })
}

fn request(change: Change, client: u8, name: &str, address: u8) -> NameChangeRequest {
    NameChangeRequest {
        change,
        forward: true,
        reverse: true,
        fqdn: format!("{name}.example.com.").into(),
        address: IpAddr::from([192, 0, 2, address]),
        dhcid: Dhcid::from_octets(&[0, 1, 1, client]).unwrap(),
        lease_expires: None,
        ttl: 600,
        conflict_resolution: ConflictResolution::CheckWithDhcid,
    }
}

/// A manager with a clock.
struct World {
    manager: Manager,
    random: XorShift,
    ends: Ends,
    now: u64,
}

impl World {
    fn new(limits: Limits, seed: u64) -> Self {
        let mut manager = Manager::new(limits);
        manager.configure(settings());
        Self { manager, random: XorShift::new(seed), ends: Ends::default(), now: 0 }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Manager, &mut Surroundings<'_>) -> T) -> T {
        let mut surroundings = Surroundings {
            time: 1_700_000_000,
            now: self.now,
            timeout: 500_000,
            random: &mut self.random,
            report: &mut self.ends,
        };
        work(&mut self.manager, &mut surroundings)
    }

    fn start(&mut self) {
        self.with(Manager::start);
    }

    fn sent(&mut self) -> Vec<(u64, u64, Vec<u8>)> {
        let mut sent = Vec::new();
        while let Some(output) = self.manager.output() {
            if let Output::Send { slot, attempt, octets, .. } = output {
                sent.push((slot, attempt, octets));
            }
        }
        sent
    }
}

#[test]
fn bounded_and_in_order() {
    let mut world = World::new(Limits { queue: 3, transactions: 2 }, 1);
    for (client, name, address) in [(1, "a", 1), (2, "b", 2), (3, "c", 3)] {
        assert_eq!(world.manager.push(request(Change::Add, client, name, address)), Ok(()));
    }
    assert_eq!(world.manager.push(request(Change::Add, 4, "d", 4)), Err(Full));
    world.start();
    assert_eq!((world.manager.queued(), world.manager.running()), (1, 2));
    assert_eq!(world.ends.others, ["AtMost { queued: 1, running: 2 }"]);
    assert_eq!(world.manager.push(request(Change::Add, 4, "d", 4)), Ok(()));
    assert_eq!(world.manager.deadline(), Some(500_000));
    // What waits is thrown away; what is in work stays.
    world.manager.clear_queue();
    assert_eq!((world.manager.queued(), world.manager.running()), (0, 2));
    assert_eq!(world.sent().len(), 2);
}

/// Whatever two requests have in common, the later one waits.
#[test]
fn one_at_a_time() {
    for (client, name, address, waits) in
        [(1, "b", 2, true), (2, "A", 2, true), (2, "b", 1, true), (2, "b", 2, false)]
    {
        let mut world = World::new(Limits::default(), 1);
        world.manager.push(request(Change::Remove, 1, "a", 1)).unwrap();
        world.manager.push(request(Change::Add, client, name, address)).unwrap();
        world.start();
        assert_eq!(world.manager.running(), if waits { 1 } else { 2 }, "{client} {name} {address}");
        // With the first one done, the second begins.
        while world.manager.running() == 1 && world.ends.finished == 0 {
            for (slot, attempt, octets) in world.sent() {
                let done = answer(Message::read(&octets).id, 0);
                world.with(|manager, with| manager.answered(slot, attempt, &done, with));
            }
        }
        world.start();
        assert_eq!(world.manager.queued(), 0);
    }
}

#[test]
fn what_is_not_to_be_done() {
    let mut world = World::new(Limits::default(), 1);
    let mut elsewhere = request(Change::Add, 1, "a", 1);
    elsewhere.fqdn = "a.example.net.".into();
    let mut unnameable = request(Change::Add, 2, "b", 2);
    unnameable.fqdn = "\\999.example.com.".into();
    world.manager.push(elsewhere).unwrap();
    world.manager.push(unnameable).unwrap();
    world.start();
    assert_eq!((world.manager.queued(), world.manager.running()), (0, 0));
    assert!(world.ends.others[0].starts_with("NoMatch(Forward"), "{:?}", world.ends.others);
    assert!(world.ends.others[1].starts_with("BadName"), "{:?}", world.ends.others);
    // Without domains a direction is left out, and without both the request.
    world.manager.configure(Arc::default());
    world.ends.others.clear();
    world.manager.push(request(Change::Add, 1, "a", 1)).unwrap();
    world.start();
    assert_eq!(world.ends.others, ["Ignored(Forward)", "Ignored(Reverse)", "Dropped"]);
    assert!(world.manager.chains.is_empty() && world.manager.jobs.is_empty());
}

/// Answers of attempts that were given up are no answers to later ones.
#[test]
fn late_answers() {
    let mut world = World::new(Limits::default(), 1);
    world.manager.push(request(Change::Add, 1, "a", 1)).unwrap();
    world.start();
    let (slot, first, octets) = world.sent().remove(0);
    world.now = 499_999;
    world.with(|manager, with| manager.expire(with));
    assert!(world.sent().is_empty());
    world.now = 500_000;
    world.with(|manager, with| manager.expire(with));
    let (_, second, again) = world.sent().remove(0);
    let late = answer(Message::read(&octets).id, 0);
    world.with(|manager, with| manager.answered(slot, first, &late, with));
    world.with(|manager, with| manager.failed(slot, first, "x".to_owned(), with));
    assert!(world.sent().is_empty(), "nothing happens");
    let right = answer(Message::read(&again).id, 0);
    world.with(|manager, with| manager.answered(slot, second, &right, with));
    assert_eq!(world.sent().len(), 1, "on to the other direction");
}

/// What the zone must hold when requests are done one after the other.
#[derive(Default)]
struct Model {
    /// Owner and addresses.
    names: BTreeMap<String, (u8, BTreeSet<String>)>,
    pointers: BTreeMap<String, (String, u8)>,
}

impl Model {
    fn request(&mut self, request: &NameChangeRequest) -> bool {
        let client = request.dhcid.octets()[3];
        let (name, address) = (request.fqdn.to_string(), request.address.to_string());
        let pointer = Name::of_address(request.address).to_string();
        match request.change {
            Change::Add => {
                let entry = self.names.entry(name.clone()).or_insert_with(|| (client, BTreeSet::new()));
                if entry.0 != client {
                    return false;
                }
                entry.1 = BTreeSet::from([address]);
                self.pointers.insert(pointer, (name, client));
            }
            Change::Remove => {
                if let Some((owner, addresses)) = self.names.get_mut(&name)
                    && *owner == client
                {
                    addresses.remove(&address);
                    if addresses.is_empty() {
                        self.names.remove(&name);
                    }
                }
                if self.pointers.get(&pointer).is_some_and(|(points_to, _)| *points_to == name) {
                    self.pointers.remove(&pointer);
                }
            }
        }
        true
    }

    fn zone(&self) -> Zone {
        let mut zone = Zone::default();
        let mark = |client: u8| BTreeSet::from([base::encode_hex(&[0, 1, 1, client])]);
        for (name, (owner, addresses)) in &self.names {
            zone.0.insert(name.clone(), BTreeMap::from([(1, addresses.clone()), (49, mark(*owner))]));
        }
        for (name, (points_to, client)) in &self.pointers {
            let records = BTreeMap::from([(12, BTreeSet::from([points_to.clone()])), (49, mark(*client))]);
            zone.0.insert(name.clone(), records);
        }
        zone
    }
}

/// Requests of a few clients for a few names and addresses, over a network that loses, doubles and delays, to a server
/// that does what it is told: in the end DNS says what it would say had they been done one after the other.
#[test]
fn as_if_one_after_the_other() {
    for seed in 1..=200 {
        let mut world = World::new(Limits { queue: 1000, transactions: 8 }, seed);
        let mut fate = XorShift::new(seed * 7919);
        let (mut zone, mut model) = (Zone::default(), Model::default());
        let (mut pushed, mut refused) = (0, 0);
        // Answers on their way: when, for which attempt.
        let mut flying: Vec<(u64, u64, u64, Vec<u8>)> = Vec::new();
        // How often the present update of a slot was lost.
        let mut lost: BTreeMap<u64, u32> = BTreeMap::new();
        while pushed < 60 || world.manager.running() + world.manager.queued() > 0 {
            if pushed < 60 {
                let change = if fate.below(3) == 0 { Change::Remove } else { Change::Add };
                let name = ["a", "b", "c", "d", "e"][usize::try_from(fate.below(5)).unwrap()];
                let small = |fate: &mut XorShift, n| u8::try_from(fate.below(n)).unwrap();
                let request = request(change, small(&mut fate, 4), name, small(&mut fate, 6));
                refused += usize::from(!model.request(&request));
                world.manager.push(request).unwrap();
                pushed += 1;
            }
            world.start();
            for (slot, attempt, octets) in world.sent() {
                let message = Message::read(&octets);
                let times = lost.entry(slot).or_default();
                // The third is never lost, so that no request fails for it.
                let chance = if *times < 2 { fate.below(10) } else { 9 };
                *times += 1;
                if chance == 0 {
                    continue;
                }
                let rcode = zone.update(&message);
                if chance == 1 {
                    continue;
                }
                let late = if chance == 2 { 600_000 } else { fate.below(400_000) };
                if chance > 2 {
                    lost.remove(&slot);
                }
                let reply = answer(message.id, rcode);
                if chance == 3 {
                    flying.push((world.now + late + 50_000, slot, attempt, reply.clone()));
                }
                flying.push((world.now + late, slot, attempt, reply));
            }
            let next = flying.iter().map(|(at, ..)| *at).chain(world.manager.deadline()).min();
            world.now = next
                .unwrap_or(world.now)
                .min(world.now + if pushed < 60 { 30_000 } else { u64::MAX - world.now });
            let now = world.now;
            world.with(|manager, with| manager.expire(with));
            let arrived: Vec<_> = flying.extract_if(.., |(at, ..)| *at <= now).collect();
            for (_, slot, attempt, octets) in arrived {
                world.with(|manager, with| manager.answered(slot, attempt, &octets, with));
            }
        }
        assert_eq!(world.ends.finished, 60, "seed {seed}");
        assert_eq!(world.ends.failed, refused, "seed {seed}: those of names that others have");
        assert_eq!(zone, model.zone(), "seed {seed}");
        assert!(world.manager.jobs.is_empty() && world.manager.chains.is_empty());
        assert!(world.manager.attempts.is_empty() && world.manager.ready.is_empty());
    }
}
