//! The tables hold what the code that reads them relies on.

use base::Family;
use config::keywords::{self, AGENT, Backend, D2, DHCP4, DHCP6, Status, Table, Translation, Type};

fn all() -> Vec<&'static Table> {
    let mut tables = vec![&DHCP4, &DHCP6, &D2, &AGENT];
    let mut at = 0;
    while let Some(table) = tables.get(at).copied() {
        at += 1;
        for keyword in table.keywords {
            if let Type::Map(inner) | Type::Maps(inner) = keyword.kind
                && !tables.iter().any(|t| std::ptr::eq(*t, inner))
            {
                tables.push(inner);
            }
        }
    }
    tables
}

#[test]
fn names_are_in_order_and_found() {
    for table in all() {
        for pair in table.keywords.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}: {} {}", table.name, pair[0].name, pair[1].name);
        }
        for keyword in table.keywords {
            assert!(std::ptr::eq(table.get(keyword.name).unwrap(), keyword));
            assert!(!keyword.doc.is_empty() && keyword.doc.ends_with('.'), "{}", keyword.name);
        }
        assert!(table.get("no such keyword").is_none());
    }
}

#[test]
fn old_spellings_lead_somewhere() {
    for table in all() {
        for keyword in table.keywords {
            let Status::Old(translation) = keyword.status else { continue };
            let (home, names): (&Table, &[&str]) = match &translation {
                Translation::Name(to) | Translation::Item(to) => (table, &[*to]),
                Translation::Global(to) => (&DHCP4, &[*to]),
                Translation::ConflictResolution => (table, &["ddns-conflict-resolution-mode"]),
                Translation::ReservationMode => {
                    (table, &["reservations-global", "reservations-in-subnet", "reservations-out-of-pool"])
                }
            };
            for name in names {
                let target = home.get(name).unwrap_or_else(|| panic!("{}: {name}", keyword.name));
                assert!(!matches!(target.status, Status::Old(_)));
            }
        }
    }
}

#[test]
fn defaults_fit_their_own_types() {
    for table in all() {
        for keyword in table.keywords {
            let Some(value) = keyword.default.value() else { continue };
            let fits = match keyword.kind {
                Type::Bool => value.as_bool().is_some(),
                Type::Int(min, max) => value.as_int().is_some_and(|i| (min..=max).contains(&i)),
                Type::Real => value.as_real().is_some(),
                Type::Str => value.as_str().is_some(),
                Type::Text(max) => value.as_str().is_some_and(|s| s.len() <= max),
                Type::Word(words) | Type::WordAnyCase(words) | Type::WordOrBool(words, _) => {
                    value.as_str().is_some_and(|s| words.contains(&s))
                }
                Type::Ipv4 | Type::Ipv6 | Type::Address => {
                    value.as_str().is_some_and(|s| s.parse::<std::net::IpAddr>().is_ok())
                }
                Type::Strings | Type::Maps(_) => value.as_list().is_some(),
                Type::Map(_) | Type::FreeMap => value.as_map().is_some(),
            };
            assert!(fits, "{}: {}", table.name, keyword.name);
        }
    }
}

#[test]
fn what_a_backend_stores_among_the_globals() {
    for name in
        ["valid-lifetime", "server-hostname", "t1-percent", "ip-reservations-unique", "store-extended-info"]
    {
        assert_eq!(keywords::global_parameter(Family::V4, name).unwrap().name, name);
    }
    for (map, members) in [
        ("expired-leases-processing", 6),
        ("dhcp-queue-control", 3),
        ("multi-threading", 3),
        ("sanity-checks", 2),
        ("dhcp-ddns", 8),
        ("compatibility", 4),
    ] {
        let keyword = DHCP4.get(map).unwrap();
        assert_eq!(keyword.backend, Backend::Leaves);
        let Type::Map(table) = keyword.kind else { panic!("{map}") };
        let stored = table
            .keywords
            .iter()
            .filter(|k| keywords::global_parameter(Family::V4, &format!("{map}.{}", k.name)).is_some());
        assert_eq!(stored.count(), members, "{map}");
    }
}

#[test]
fn the_reference_names_every_table() {
    let text = keywords::reference();
    for part in [
        "## Dhcp4\n",
        "## Dhcp4/subnet4\n",
        "## Dhcp4/subnet4/pools\n",
        "## Dhcp6\n",
        "## Dhcp6/subnet6/pd-pools\n",
        "## Control-agent\n",
        "`persist-sync`",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.lines().filter(|l| l.starts_with("| `")).count() > 250);
}

/// Run with `UPDATE_REFERENCE=1` to write the page anew.
#[test]
fn the_reference_in_the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/keywords.md");
    let made = keywords::reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, &made).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == made, "docs/reference/keywords.md is not what the keyword tables say; write it anew");
}
