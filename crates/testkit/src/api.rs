//! The description of each command in `share/api`, as far as programs read it: what `libdhcp_rbac` takes access and
//! library from, and what the OpenAPI document and the manual pages are made of.

use std::path::PathBuf;

use control::{Access, CommandDef};
use json::{Map, Value};

/// Holds the files against a daemon's definitions; with `UPDATE_REFERENCE=1` writes them anew. A file lists every
/// daemon that has the command.
///
/// # Panics
/// When a file is missing or says something else.
pub fn check<'a>(definitions: impl IntoIterator<Item = &'a CommandDef>, daemon: &str) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../share/api"));
    let mut stale = Vec::new();
    for definition in definitions {
        let path = folder.join(format!("{}.json", definition.name));
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let wanted = described(definition, daemon, &there);
        if there == wanted {
            continue;
        }
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::create_dir_all(&folder).expect("share/api can be made");
            std::fs::write(&path, wanted).expect("share/api can be written to");
        } else {
            stale.push(definition.name);
        }
    }
    assert!(stale.is_empty(), "share/api is not what {daemon} has; run with UPDATE_REFERENCE=1: {stale:?}");
}

/// Holds the manual page of a program against what it is made of; with `UPDATE_REFERENCE=1` writes it anew.
///
/// # Panics
/// When the page is missing or says something else.
pub fn check_manual(program: &str, made: &str) {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/man")).join(format!("{program}.8"));
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("docs/man can be made");
        std::fs::write(&path, made).expect("docs/man can be written to");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "{} is stale; run with UPDATE_REFERENCE=1", path.display());
}

fn described(definition: &CommandDef, daemon: &str, there: &str) -> String {
    let limits = json::Limits::default();
    let before = json::parse_command(there.as_bytes(), limits).ok();
    let member = |name: &str| before.as_ref().and_then(|value| value.get(name));
    // What the other daemons say of it stays.
    let mut arguments = member("arguments").and_then(Value::as_map).cloned().unwrap_or_default();
    arguments.insert(daemon.to_owned(), definition.arguments.into());
    let support: Vec<Value> = arguments.keys().map(|name| name.as_str().into()).collect();
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    put("name", definition.name.into());
    put("access", if definition.access == Access::Read { "read" } else { "write" }.into());
    put("brief", vec![definition.summary.into()].into());
    put("arguments", arguments.into());
    put("support", support.into());
    if definition.provider != CommandDef::BUILT_IN {
        let hook = definition.provider.trim_start_matches("libdhcp_");
        // Access lists know it under the name of its folder in Kea.
        put("hook", if hook == "ha" { "high_availability" } else { hook }.into());
    }
    json::to_string_pretty(&map.into(), 4) + "\n"
}
