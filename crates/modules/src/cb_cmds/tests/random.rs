//! Random writes, none of them forced: what was answered with 0 runs on every server, what was refused changed nothing.
//!
//! `CB_RANDOM_SEEDS=200 CB_RANDOM_STEPS=1000` plays more of them than each run of the tests does; `CB_RANDOM_FIRST` is the
//! first seed, with which a failure is played again.

use std::fmt::Write as _;

use backend::suite::wait;
use backend::{Pulled, ServerSelector, merge};
use base::{Family, ServerTag};
use config::{Dhcp4, Dhcp6, Protocol};
use json::Value;

use super::super::check::problems;
use super::SessionOf;

/// Numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.next() % u64::try_from(of.len()).unwrap();
        of[usize::try_from(at).unwrap()]
    }

    fn in_ten(&mut self, many: u64) -> bool {
        self.next() % 10 < many
    }
}

/// Prefixes with a pool in each; some overlap.
const PREFIXES4: [(&str, &str); 4] = [
    ("10.0.0.0/8", "10.0.0.10-10.0.0.20"),
    ("10.1.0.0/16", "10.1.0.10-10.1.0.20"),
    ("192.0.2.0/24", "192.0.2.10-192.0.2.20"),
    ("198.51.100.0/24", "198.51.100.10-198.51.100.20"),
];
const PREFIXES6: [(&str, &str); 4] = [
    ("2001:db8::/32", "2001:db8::10-2001:db8::20"),
    ("2001:db8:1::/48", "2001:db8:1::10-2001:db8:1::20"),
    ("2001:db9::/48", "2001:db9::10-2001:db9::20"),
    ("2001:dba::/48", "2001:dba::10-2001:dba::20"),
];

/// What a server has in its file while others have none.
const FILE4: &str = r#"{
    "option-def": [{"name": "foo", "code": 222, "type": "string"}],
    "option-data": [{"name": "foo", "data": "abc"}],
    "client-classes": [{"name": "fc", "test": "option[foo].exists"}],
    "shared-networks": [{"name": "f", "subnet4": [{"id": 3, "subnet": "198.51.100.0/24", "interface": "lo"}]}],
    "subnet4": [{"id": 4, "subnet": "192.0.2.0/24", "client-classes": ["fc"], "t1-percent": 0.6}]
}"#;
const FILE6: &str = r#"{
    "option-def": [{"name": "foo", "code": 222, "type": "string"}],
    "option-data": [{"name": "foo", "data": "abc"}],
    "client-classes": [{"name": "fc", "test": "option[foo].exists"}],
    "shared-networks": [{"name": "f", "subnet6": [
        {"id": 3, "subnet": "2001:dba::/48", "interface": "lo", "rapid-commit": true}]}],
    "subnet6": [{"id": 4, "subnet": "2001:db9::/48", "client-classes": ["fc"], "t1-percent": 0.6}]
}"#;

fn tags(dice: &mut Dice) -> &'static str {
    dice.one(&[r#"["all"]"#, r#"["all"]"#, r#"["abc"]"#, r#"["xyz"]"#, r#"["abc", "xyz"]"#])
}

fn tag(dice: &mut Dice) -> &'static str {
    dice.one(&[r#"["all"]"#, r#"["abc"]"#, r#"["xyz"]"#])
}

fn option(dice: &mut Dice) -> String {
    let code = dice.one(&["222", "222", "223", "7"]);
    let data = dice.one(&[
        r#""data": "5""#,
        r#""data": "abc""#,
        r#""data": "70000""#,
        r#""data": "0102", "csv-format": false"#,
        r#""data": "01020304", "csv-format": false"#,
    ]);
    let mut option = format!(r#"{{"code": {code}, {data}"#);
    if dice.in_ten(1) {
        option.push_str(r#", "space": "inner""#);
    }
    if dice.in_ten(3) {
        let _ = write!(option, r#", "client-classes": ["{}"]"#, class(dice));
    }
    option + "}"
}

fn class(dice: &mut Dice) -> &'static str {
    dice.one(&["a", "b", "c", "fc", "KNOWN"])
}

fn network(dice: &mut Dice) -> &'static str {
    dice.one(&["n", "m", "f"])
}

/// Members that networks and subnets have in common.
fn scope(dice: &mut Dice, family: Family) -> String {
    let mut members = String::new();
    let mut add = |dice: &mut Dice, chance, choices: &[&str]| {
        if dice.in_ten(chance) {
            members.push_str(", ");
            members.push_str(dice.one(choices));
        }
    };
    add(dice, 4, &[r#""interface": "lo""#, r#""interface": "eth0""#]);
    add(dice, 3, &[r#""min-valid-lifetime": 50"#, r#""min-valid-lifetime": 9000"#]);
    add(dice, 3, &[r#""max-valid-lifetime": 6000"#, r#""max-valid-lifetime": 100"#]);
    add(dice, 2, &[r#""valid-lifetime": 60"#, r#""valid-lifetime": 8000"#]);
    add(dice, 2, &[r#""t1-percent": 0.4"#, r#""t1-percent": 0.8"#]);
    add(dice, 1, &[r#""t2-percent": 0.5"#, r#""t2-percent": 0.9"#]);
    add(dice, 1, &[r#""ddns-ttl-min": 10"#, r#""ddns-ttl-percent": 0.5"#]);
    match family {
        Family::V4 => add(dice, 2, &[r#""authoritative": true"#, r#""authoritative": false"#]),
        Family::V6 => {
            add(dice, 3, &[r#""rapid-commit": true"#, r#""rapid-commit": false"#]);
            add(dice, 2, &[r#""min-preferred-lifetime": 40"#, r#""max-preferred-lifetime": 5000"#]);
        }
    }
    if dice.in_ten(3) {
        let _ = write!(members, r#", "option-data": [{}]"#, option(dice));
    }
    if dice.in_ten(2) {
        let _ = write!(members, r#", "client-classes": ["{}"]"#, class(dice));
    }
    members
}

/// A command, with `4` for the family, and its arguments.
fn command(dice: &mut Dice, family: Family, revision: u64) -> (&'static str, String) {
    let prefixes = if family == Family::V4 { PREFIXES4 } else { PREFIXES6 };
    let (prefix, pool) = prefixes[usize::try_from(dice.next() % 4).unwrap()];
    let id = 1 + dice.next() % 4;
    let def = dice.one(&["222", "222", "223"]);
    match dice.next() % 26 {
        0..=3 => {
            let mut parameters = Vec::new();
            for choices in [
                [r#""valid-lifetime": 1000"#, r#""valid-lifetime": 50"#, r#""valid-lifetime": 9500"#],
                [
                    r#""min-valid-lifetime": 50"#,
                    r#""max-valid-lifetime": 6000"#,
                    r#""max-valid-lifetime": 9600"#,
                ],
                [r#""t1-percent": 0.3"#, r#""t2-percent": 0.7"#, r#""t1-percent": 0.85"#],
                [r#""cache-threshold": 1.5"#, r#""ddns-ttl": 5"#, r#""ddns-ttl-min": 3"#],
            ] {
                if dice.in_ten(4) {
                    parameters.push(dice.one(&choices));
                }
            }
            let parameters = if parameters.is_empty() { vec![r#""renew-timer": 5"#] } else { parameters };
            let map = parameters.join(", ");
            (
                "remote-global-parameter4-set",
                format!(r#"{{"server-tags": {}, "parameters": {{{map}}}}}"#, tag(dice)),
            )
        }
        4 | 5 => {
            let name =
                dice.one(&["valid-lifetime", "t1-percent", "t2-percent", "min-valid-lifetime", "ddns-ttl"]);
            let tag = tag(dice);
            ("remote-global-parameter4-del", format!(r#"{{"server-tags": {tag}, "parameters": ["{name}"]}}"#))
        }
        6 | 7 => {
            let (tag, name) = (tag(dice), dice.one(&["foo", "bar"]));
            let kind = dice.one(&["uint8", "uint32", "string", "ipv4-address"]);
            let object = format!(r#"{{"name": "{name}", "code": {def}, "type": "{kind}"}}"#);
            ("remote-option-def4-set", format!(r#"{{"server-tags": {tag}, "option-defs": [{object}]}}"#))
        }
        8 => {
            let tag = tag(dice);
            (
                "remote-option-def4-del",
                format!(r#"{{"server-tags": {tag}, "option-defs": [{{"code": {def}}}]}}"#),
            )
        }
        9..=11 => {
            let (tags, name) = (tags(dice), dice.one(&["a", "b", "c"]));
            let test = dice.one(&[
                "option[foo].exists",
                "option[bar].hex == 0x05",
                "member('a')",
                "member('KNOWN')",
            ]);
            let mut object = format!(r#"{{"name": "{name}", "test": "{test}""#);
            if dice.in_ten(3) {
                let _ = write!(object, r#", "option-data": [{}]"#, option(dice));
            }
            if dice.in_ten(2) {
                let _ =
                    write!(object, r#", "option-def": [{{"name": "own", "code": {def}, "type": "uint8"}}]"#);
            }
            let follow = dice.one(&["null", r#""a""#, r#""c""#]);
            let follow = format!(r#""follow-class-name": {follow}"#);
            (
                "remote-class4-set",
                format!(r#"{{"server-tags": {tags}, {follow}, "client-classes": [{object}}}]}}"#),
            )
        }
        12 => ("remote-class4-del", format!(r#"{{"client-classes": [{{"name": "{}"}}]}}"#, class(dice))),
        13..=15 => {
            let (tags, name, scope) = (tags(dice), network(dice), scope(dice, family));
            let object = format!(r#"{{"name": "{name}"{scope}}}"#);
            ("remote-network4-set", format!(r#"{{"server-tags": {tags}, "shared-networks": [{object}]}}"#))
        }
        16 => {
            let action = dice.one(&["keep", "delete"]);
            let name = network(dice);
            let object = format!(r#""shared-networks": [{{"name": "{name}"}}]"#);
            ("remote-network4-del", format!(r#"{{"subnets-action": "{action}", {object}}}"#))
        }
        17..=20 => {
            let (tags, mut scope) = (tags(dice), scope(dice, family));
            let network = if dice.in_ten(7) { format!("\"{}\"", network(dice)) } else { "null".to_owned() };
            if dice.in_ten(5) {
                let _ = write!(scope, r#", "pools": [{{"pool": "{pool}""#);
                if dice.in_ten(3) {
                    let _ = write!(scope, r#", "option-data": [{}]"#, option(dice));
                }
                scope.push_str("}]");
            }
            let object =
                format!(r#"{{"id": {id}, "subnet": "{prefix}", "shared-network-name": {network}{scope}}}"#);
            ("remote-subnet4-set", format!(r#"{{"server-tags": {tags}, "subnets": [{object}]}}"#))
        }
        21 if dice.in_ten(5) => ("remote-subnet4-del-by-id", format!(r#"{{"subnets": [{{"id": {id}}}]}}"#)),
        21 => ("remote-subnet4-del-by-prefix", format!(r#"{{"subnets": [{{"subnet": "{prefix}"}}]}}"#)),
        22 | 23 => {
            let option = option(dice);
            let options = format!(r#""options": [{option}]"#);
            match dice.next() % 4 {
                0 => ("remote-option4-subnet-set", format!(r#"{{"subnets": [{{"id": {id}}}], {options}}}"#)),
                1 => {
                    ("remote-option4-pool-set", format!(r#"{{"pools": [{{"pool": "{pool}"}}], {options}}}"#))
                }
                2 => {
                    let name = network(dice);
                    let object = format!(r#""shared-networks": [{{"name": "{name}"}}]"#);
                    ("remote-option4-network-set", format!("{{{object}, {options}}}"))
                }
                _ => ("remote-option4-global-set", format!(r#"{{"server-tags": {}, {options}}}"#, tag(dice))),
            }
        }
        24 => {
            let options = format!(r#""options": [{{"code": {def}}}]"#);
            ("remote-option4-global-del", format!(r#"{{"server-tags": {}, {options}}}"#, tag(dice)))
        }
        _ => match dice.next() % 3 {
            0 => ("remote-server4-set", r#"{"servers": [{"server-tag": "xyz"}]}"#.to_owned()),
            1 => ("remote-server4-del", r#"{"servers": [{"server-tag": "xyz"}]}"#.to_owned()),
            _ => ("remote-config4-rollback", format!(r#"{{"revision": {}}}"#, dice.next() % revision.max(1))),
        },
    }
}

/// What is wrong with servers, with the object of each.
fn wrong<P: Protocol>(session: &SessionOf<P>) -> Option<String> {
    for name in ["abc", "xyz", "all", "none"] {
        let tag = ServerTag::new(name).unwrap();
        let Pulled::Everything { objects, .. } = wait(session.database().pull(tag.clone(), None)).unwrap()
        else {
            return Some(format!("{name}: pulls nothing"));
        };
        let file = session.server.file.lock().unwrap();
        let none = config::Written::default();
        let base = if name == "abc" { &*file } else { &none };
        let mut texts = problems(merge(base, &objects, &ServerSelector::of(&[tag])));
        // What others have in their files, nobody can know.
        texts.retain(|text| name == "abc" || !text.contains("'fc'"));
        if !texts.is_empty() {
            return Some(format!("{name}: {texts:?}"));
        }
    }
    None
}

/// Everything that is stored.
fn stored<P: Protocol>(session: &SessionOf<P>) -> String {
    let (db, any) = (session.database(), || ServerSelector::Any);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        wait(db.servers()).unwrap(),
        wait(db.globals(any())).unwrap(),
        wait(db.option_defs(any())).unwrap(),
        wait(db.options(any())).unwrap(),
        wait(db.classes(any())).unwrap(),
        wait(db.networks(any())).unwrap(),
        wait(db.subnets(any())).unwrap(),
    )
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn play<P: Protocol>(file: &str) {
    let (first, seeds, steps) =
        (number("CB_RANDOM_FIRST", 1), number("CB_RANDOM_SEEDS", 2), number("CB_RANDOM_STEPS", 100));
    let mut accepted = 0;
    for seed in first..first + seeds {
        let mut dice = Dice(seed);
        let session = SessionOf::<P>::with(&["abc", "xyz"]);
        if seed % 2 == 0 {
            session.file(file);
        }
        let (mut done, mut revision) = (String::new(), 0);
        for _ in 0..steps {
            let (name, arguments) = command(&mut dice, P::FAMILY, revision);
            let name = if P::FAMILY == Family::V4 { name.to_owned() } else { name.replace('4', "6") };
            let before = stored(&session);
            let answer = session.ask(&name, &arguments);
            if answer.get("result") != Some(&Value::from(0i64)) {
                assert_eq!(before, stored(&session), "seed {seed}: refused {name} {arguments}\n after{done}");
                continue;
            }
            accepted += 1;
            revision += 1;
            let _ = write!(done, "\n  {name} {arguments}");
            if let Some(why) = wrong(&session) {
                panic!("seed {seed}: {why}\n after{done}");
            }
        }
    }
    assert!(accepted * 10 > seeds * steps, "only {accepted} commands did anything");
}

#[test]
fn what_is_answered_with_0_runs_everywhere_v4() {
    play::<Dhcp4>(FILE4);
}

#[test]
fn what_is_answered_with_0_runs_everywhere_v6() {
    play::<Dhcp6>(FILE6);
}
