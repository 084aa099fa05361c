//! `config-import` and `config-export` on SQLite: what every server runs before and after, by hand and at random.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use backend::{ConfigBackend, Objects, Pulled, ServerSelector};
use base::ServerTag;
use config::{Dhcp4, Dhcp6, ResolveEnv, ServerConfig, Written};
use migrate::{Protocol, differences};

/// A directory with files of servers and a database.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    /// Exit code and what was said; `files` are of the directory.
    fn admin(&self, arguments: &[&str], files: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_kea-admin"))
            .args(arguments)
            .args(files)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn import(&self, files: &[&str]) -> (i32, String) {
        self.admin(&["config-import", "sqlite", "-n", "kea.db", "-o", "out", "-y"], files)
    }

    /// What a server gets.
    fn objects<P: Protocol>(&self, tag: &str) -> Objects {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let database = sqlite::open(self.at("kea.db"), P::FAMILY);
        match runtime.block_on(database.pull(ServerTag::new(tag).unwrap(), None)).unwrap() {
            Pulled::Everything { objects, .. } => objects,
            other => panic!("{other:?}"),
        }
    }
}

fn read<P: Protocol>(path: &Path) -> Written<P> {
    let (written, errors) = P::parse(config::read_file(path, P::NAME).unwrap().value);
    assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    written
}

fn resolved<P: Protocol>(written: &Written<P>) -> Result<ServerConfig<P>, String> {
    P::resolve(Arc::new(written.clone()), &ResolveEnv::default()).map_err(|errors| format!("{errors:?}"))
}

/// What the server `tag` runs with the file that an import left; the file has to do alone as well.
fn runs<P: Protocol>(place: &Place, tag: &str, file: &str) -> ServerConfig<P> {
    let rest = read::<P>(&place.at(&format!("out/{tag}/{file}")));
    resolved(&rest).unwrap_or_else(|error| panic!("the file of {tag} alone: {error}"));
    let selector = ServerSelector::One(ServerTag::new(tag).unwrap());
    resolved(&P::merge(&rest, &place.objects::<P>(tag), &selector)).unwrap()
}

/// That a server runs what its file said before it moved.
fn as_before<P: Protocol>(place: &Place, tag: &str, file: &str) {
    let before = resolved(&read::<P>(&place.at(file))).unwrap();
    let now = runs::<P>(place, tag, file);
    let mut written = Written::clone(&now.written);
    for name in ["server-tag", "config-control", "hooks-libraries"] {
        match before.written.globals.get(name) {
            Some(value) => written.globals.insert(name.to_owned(), value.clone()),
            None => written.globals.remove(name),
        };
    }
    assert_eq!(differences(&before.written, &written), Vec::<String>::new(), "{tag}");
    for (before, now) in before.subnets.iter().zip(&now.subnets) {
        assert_eq!((before.id, &before.params), (now.id, &now.params), "{tag}");
        assert_eq!(format!("{:?}", before.own), format!("{:?}", now.own), "{tag}");
    }
}

#[test]
fn a_second_import_leaves_the_first_server_alone() {
    let place = Place::new();
    let of = |subnets: &str, member: u32, test: &str| {
        format!(
            r#"{{ "Dhcp4": {{ "subnet4": [ {subnets} ],
              "client-classes": [ {{ "name": "c", "test": "{test}" }} ],
              "shared-networks": [ {{ "name": "n", "interface": "lo",
                "subnet4": [ {{ "id": {member}, "subnet": "10.{member}.0.0/16" }} ] }} ] }} }}"#
        )
    };
    place.write(
        "x.conf",
        &of(
            r#"{ "id": 1, "subnet": "12.0.0.0/8" }, { "id": 2, "subnet": "11.0.0.0/8" }"#,
            5,
            "option[12].exists",
        ),
    );
    place.write(
        "y.conf",
        &of(
            r#"{ "id": 1, "subnet": "192.168.0.0/16" }, { "id": 9, "subnet": "11.0.0.0/8" }, { "id": 7, "subnet": "13.0.0.0/8" }"#,
            6,
            "option[61].exists",
        ),
    );
    let (code, text) = place.import(&["x=x.conf"]);
    assert_eq!(code, 0, "{text}");
    let before = place.objects::<Dhcp4>("x");
    let (code, text) = place.import(&["y=y.conf"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("y: subnet 1 (192.168.0.0/16): the database has 12.0.0.0/8 under this id"),
        "{text}"
    );
    assert_eq!(place.objects::<Dhcp4>("x"), before);
    as_before::<Dhcp4>(&place, "x", "x.conf");
    as_before::<Dhcp4>(&place, "y", "y.conf");
    let got: Vec<u32> = place.objects::<Dhcp4>("y").subnets.keys().map(|id| id.0).collect();
    assert_eq!(got, [7]);
    // Two at once have much in common, which is not for all servers.
    place.write(
        "z.conf",
        r#"{ "Dhcp4": { "valid-lifetime": 77, "subnet4": [ { "id": 20, "subnet": "10.20.0.0/16" } ] } }"#,
    );
    place.write(
        "w.conf",
        r#"{ "Dhcp4": { "valid-lifetime": 77, "subnet4": [ { "id": 20, "subnet": "10.20.0.0/16" } ] } }"#,
    );
    let (code, text) = place.import(&["z=z.conf", "w=w.conf"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(place.objects::<Dhcp4>("x"), before);
}

#[test]
fn a_server_that_fetches_from_another_database_is_not_torn_from_it() {
    let place = Place::new();
    let of = |database: &str| {
        format!(
            r#"{{ "Dhcp4": {{ "valid-lifetime": 100, "hooks-libraries": [ {{ "library": "libdhcp_cb_cmds.so" }} ],
              "config-control": {{ "config-fetch-wait-time": 7,
                "config-databases": [ {{ "type": "sqlite", "name": "{database}" }} ] }} }} }}"#
        )
    };
    place.write("x.conf", &of("old.db"));
    let (code, text) = place.import(&["x=x.conf"]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains(
            "server 'x': x.conf gets a part of its configuration from the sqlite database 'old.db'"
        )
    );
    assert!(!place.at("kea.db").exists() && !place.at("out").exists());
    place.write("x.conf", &of("kea.db"));
    let (code, text) = place.import(&["x=x.conf"]);
    assert_eq!(code, 0, "{text}");
    let rest = std::fs::read_to_string(place.at("out/x/x.conf")).unwrap();
    assert!(rest.contains("\"kea.db\"") && rest.contains("\"config-fetch-wait-time\": 7"), "{rest}");
    as_before::<Dhcp4>(&place, "x", "x.conf");
}

#[test]
fn nothing_is_made_for_who_declines_or_asks() {
    let place = Place::new();
    place.write("x.conf", r#"{ "Dhcp4": { "valid-lifetime": 100 } }"#);
    let export = ["config-export", "sqlite", "-n", "typo.db", "-o", "out"];
    let (code, text) = place.admin(&export, &["x="]);
    assert!(code == 1 && text.contains("/typo.db does not exist"), "{text}");
    let import = ["config-import", "sqlite", "-n", "kea.db", "-o", "out"];
    let (code, text) = place.admin(&import, &["x=x.conf"]);
    assert!(code == 1 && text.contains("aborted by user"), "{text}");
    assert_eq!(place.admin(&["config-import", "sqlite", "-n", "kea.db", "--dry-run"], &["x=x.conf"]).0, 0);
    let left: Vec<_> =
        std::fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x.conf"]);
}

#[test]
fn no_server_is_called_any() {
    let place = Place::new();
    place.write("o6.conf", r#"{ "Dhcp6": { "preferred-lifetime": 100 } }"#);
    let (code, text) =
        place.admin(&["config-import", "sqlite", "-6", "-n", "kea.db", "-o", "out", "-y"], &["any=o6.conf"]);
    assert_eq!(code, 1);
    assert!(text.contains("'any' is reserved and must not be used as a server-tag"), "{text}");
    place.write("o4.conf", r#"{ "Dhcp4": { "server-tag": "any" } }"#);
    let (code, text) = place.import(&["o4.conf"]);
    assert!(code == 1 && text.contains("'any' is reserved"), "{text}");
}

/// Numbers from a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// Some of these members, each with a share of `many`.
    fn some(&mut self, many: usize, members: &[&[&str]]) -> Vec<String> {
        let mut some = Vec::new();
        for forms in members {
            if self.one_in(many) {
                some.push(self.of(forms).to_owned());
            }
        }
        some
    }
}

const LIFETIMES: &[&[&str]] = &[
    &[r#""valid-lifetime": 4000"#, r#""valid-lifetime": 9000"#],
    &[r#""min-valid-lifetime": 1000"#, r#""min-valid-lifetime": 8000"#],
    &[r#""max-valid-lifetime": 9000"#, r#""max-valid-lifetime": 20000"#],
    &[r#""renew-timer": 500"#],
    &[r#""t1-percent": 0.4"#, r#""t1-percent": 0.9"#],
    &[r#""t2-percent": 0.8"#, r#""t2-percent": 0.95"#],
    &[r#""calculate-tee-times": true"#],
    &[r#""ddns-qualifying-suffix": "example.org.""#],
    &[r#""user-context": { "a": [ 1, "b" ] }"#],
    &[r#""comment": "c""#],
];
const LIFETIMES6: &[&[&str]] = &[
    &[r#""preferred-lifetime": 3000"#],
    &[r#""min-preferred-lifetime": 500"#, r#""min-preferred-lifetime": 2500"#],
    &[r#""rapid-commit": true"#],
];
const OPTIONS: &[&[&str]] = &[
    &[r#"{ "name": "foo", "data": "7" }"#, r#"{ "code": 222, "data": "8" }"#],
    &[r#"{ "name": "bar", "data": "1, x" }"#],
    &[r#"{ "code": 230, "csv-format": false, "data": "0102" }"#],
];
const DEFINITIONS: &[&[&str]] = &[
    &[
        r#"{ "name": "foo", "code": 222, "type": "uint8" }"#,
        r#"{ "name": "foo", "code": 222, "type": "string" }"#,
    ],
    &[r#"{ "name": "bar", "code": 223, "type": "record", "record-types": "uint8, string" }"#],
];
const CLASSES: &[&[&str]] = &[
    &[r#"{ "name": "c", "test": "option[12].exists" }"#, r#"{ "name": "c", "test": "option[foo].exists" }"#],
    &[r#"{ "name": "d", "valid-lifetime": 100 }"#, r#"{ "name": "d", "template-test": "option[foo].hex" }"#],
    &[r#"{ "name": "e", "test": "member('c')" }"#],
];

fn list(members: &mut Vec<String>, name: &str, items: &[String]) {
    if !items.is_empty() {
        members.push(format!(r#""{name}": [ {} ]"#, items.join(", ")));
    }
}

/// Members of a subnet or network; `deep` is of subnets.
fn members(random: &mut Random, v6: bool, deep: bool) -> Vec<String> {
    let mut members = random.some(7, LIFETIMES);
    if v6 {
        members.extend(random.some(7, LIFETIMES6));
        let ids =
            [r#""interface-id": "port""#, r#""interface-id": "0x616264""#, r#""interface-id": "a\u0001b""#];
        members.extend(random.some(4, &[&ids]));
    } else {
        members.extend(random.some(7, &[&[r#""next-server": "192.0.2.1""#], &[r#""authoritative": true"#]]));
    }
    members.extend(random.some(5, &[&[r#""interface": "lo""#]]));
    if deep {
        members.extend(
            random.some(6, &[&[r#""hostname-char-set": "[^a-z]""#], &[r#""client-classes": [ "c" ]"#]]),
        );
    }
    let options = random.some(6, OPTIONS);
    list(&mut members, "option-data", &options);
    members
}

fn subnet(random: &mut Random, v6: bool, used: &mut Vec<usize>) -> Option<String> {
    let (id, net) = (1 + random.below(6), 1 + random.below(6));
    if used.contains(&id) || used.contains(&(net + 100)) {
        return None;
    }
    used.extend([id, net + 100]);
    let mut members = members(random, v6, true);
    let prefix = if v6 { format!("2001:db8:{net}::/64") } else { format!("10.{net}.0.0/16") };
    members.push(format!(r#""id": {id}, "subnet": "{prefix}""#));
    if random.one_in(2) {
        let pool = if v6 { format!("2001:db8:{net}::/80") } else { format!("10.{net}.0.1 - 10.{net}.0.9") };
        let id = if random.one_in(4) { r#", "pool-id": 7"# } else { "" };
        members.push(format!(r#""pools": [ {{ "pool": "{pool}"{id} }} ]"#));
    }
    if random.one_in(4) {
        let address = if v6 {
            format!(r#""ip-addresses": [ "2001:db8:{net}::5" ]"#)
        } else {
            format!(r#""ip-address": "10.{net}.0.5""#)
        };
        let options = random.some(2, &OPTIONS[..1]);
        members.push(format!(
            r#""reservations": [ {{ "hw-address": "02:00:00:00:00:01", {address}, "option-data": [ {} ] }} ]"#,
            options.join(", ")
        ));
    }
    Some(format!("{{ {} }}", members.join(", ")))
}

fn configuration(random: &mut Random, v6: bool) -> String {
    let digit = if v6 { 6 } else { 4 };
    let mut globals = random.some(3, LIFETIMES);
    globals.extend(random.some(
        4,
        &[
            &[r#""dhcp-ddns": { "enable-updates": false }"#],
            &[r#""host-reservation-identifiers": [ "hw-address" ]"#],
            &[r#""config-control": { "config-fetch-wait-time": 9 }"#],
            &[r#""reservations": [ { "hw-address": "02:00:00:00:00:09", "hostname": "h", "option-data": [ { "code": 222, "data": "5" } ] } ]"#],
        ],
    ));
    if v6 {
        globals.extend(random.some(3, &LIFETIMES6[..2]));
    }
    for (name, forms, many) in
        [("option-def", DEFINITIONS, 2), ("option-data", OPTIONS, 3), ("client-classes", CLASSES, 3)]
    {
        let mut items = random.some(many, forms);
        if random.one_in(3) {
            items.reverse();
        }
        list(&mut globals, name, &items);
    }
    let mut used = Vec::new();
    let mut networks = Vec::new();
    for name in ["n", "m", "N"] {
        if random.one_in(3) {
            let mut network = members(random, v6, false);
            let subnets: Vec<String> = (0..2).filter_map(|_| subnet(random, v6, &mut used)).collect();
            list(&mut network, &format!("subnet{digit}"), &subnets);
            network.push(format!(r#""name": "{name}""#));
            networks.push(format!("{{ {} }}", network.join(", ")));
        }
    }
    list(&mut globals, "shared-networks", &networks);
    let subnets: Vec<String> = (0..3).filter_map(|_| subnet(random, v6, &mut used)).collect();
    list(&mut globals, &format!("subnet{digit}"), &subnets);
    format!(r#"{{ "Dhcp{digit}": {{ {} }} }}"#, globals.join(", "))
}

/// Two configurations that servers start with.
fn pair<P: Protocol>(place: &Place, random: &mut Random, v6: bool) {
    for name in ["x.conf", "y.conf"] {
        loop {
            place.write(name, &configuration(random, v6));
            let (written, errors) = P::parse(config::read_file(&place.at(name), P::NAME).unwrap().value);
            if errors.is_empty() && resolved(&written).is_ok() {
                break;
            }
        }
    }
}

fn moves<P: Protocol>(seed: u64, v6: bool) {
    let place = Place::new();
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    pair::<P>(&place, &mut random, v6);
    let shown = || {
        let text = |name| std::fs::read_to_string(place.at(name)).unwrap();
        format!("seed {seed}, DHCPv{}:\n{}\n{}", if v6 { 6 } else { 4 }, text("x.conf"), text("y.conf"))
    };
    let family = if v6 { "-6" } else { "-4" };
    let reach = ["sqlite", family, "-n", "kea.db", "-y", "-o"];
    let import = |files: &[&str]| {
        let (code, text) = place.admin(&[&["config-import"], &reach[..], &["out"]].concat(), files);
        assert_eq!(code, 0, "{text}\n{}", shown());
    };
    let outcome = std::panic::catch_unwind(|| {
        if seed.is_multiple_of(3) {
            import(&["x=x.conf", "y=y.conf"]);
        } else {
            import(&["x=x.conf"]);
            let before = place.objects::<P>("x");
            import(&["y=y.conf"]);
            assert_eq!(place.objects::<P>("x"), before);
        }
        for tag in ["x", "y"] {
            let file = format!("{tag}.conf");
            as_before::<P>(&place, tag, &file);
            let from = format!("{tag}=out/{tag}/{file}");
            let (code, text) = place.admin(&[&["config-export"], &reach[..], &["back"]].concat(), &[&from]);
            assert_eq!(code, 0, "{text}");
            let (mut whole, mut back) =
                (read::<P>(&place.at(&file)), read::<P>(&place.at(&format!("back/{tag}/{file}"))));
            for name in ["server-tag", "config-control", "hooks-libraries"] {
                whole.globals.remove(name);
                back.globals.remove(name);
            }
            assert_eq!(differences(&whole, &back), Vec::<String>::new());
        }
    });
    assert!(outcome.is_ok(), "{}", shown());
}

/// `MOVING_PAIRS` says how many pairs of servers, `MOVING_FIRST` the first seed.
#[test]
fn servers_at_random_run_what_they_ran() {
    let number = |name, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let first: u64 = number("MOVING_FIRST", 1);
    for seed in first..first + number("MOVING_PAIRS", 24) {
        if seed.is_multiple_of(2) { moves::<Dhcp6>(seed, true) } else { moves::<Dhcp4>(seed, false) }
    }
}
