//! The house rules that a program can check: who may import whom, that each dependency says why it is there, that
//! files stay readable, and that nothing forbids less than it should.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Outcome, command, root};

/// Which of our crates each crate may import (docs/architecture.md, "Layers"). What is not listed is forbidden.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("json", &[]),
    ("wire", &["base"]),
    ("observe", &["base", "json"]),
    ("options", &["base", "wire"]),
    ("expr", &["base", "wire", "options"]),
    ("lease", &["base", "json"]),
    ("host", &["base"]),
    ("ncr", &["base", "json"]),
    ("config", &["base", "json", "options", "expr", "host", "ncr"]),
    ("memfile", &["base", "json", "lease", "observe"]),
    ("backend", &["base", "json", "options", "host", "config", "observe"]),
    ("sql", &["base", "json", "host", "config", "backend", "lease", "observe"]),
    ("sqlite", &["base", "backend", "sql"]),
    ("mysql", &["base", "backend", "sql"]),
    ("postgres", &["base", "backend", "sql"]),
    ("databases", &["base", "config", "sql", "sqlite", "mysql", "postgres"]),
    ("migrate", &["base", "json", "options", "config", "backend"]),
    ("engine", &["base", "json", "wire", "options", "expr", "host", "config", "lease", "ncr", "observe"]),
    ("control", &["base", "json", "observe"]),
    ("ha", &["base", "json", "observe"]),
    ("hooks", &["base", "json", "config", "control", "engine", "observe"]),
    (
        "modules",
        &[
            "base", "json", "options", "expr", "ha", "host", "config", "backend", "control", "engine",
            "hooks", "lease", "ncr", "observe", "wire",
        ],
    ),
    ("dns", &["wire"]),
    ("updater", &["base", "dns", "ncr"]),
    ("net", &["base"]),
    ("daemon", &["base", "json", "observe"]),
    ("channels", &["config", "control", "daemon", "observe"]),
    ("process", &["base", "config", "control", "daemon", "json", "observe"]),
    ("testdb", &[]),
    (
        "testkit",
        &[
            "base", "json", "wire", "options", "config", "control", "lease", "engine", "memfile", "modules",
            "ncr", "observe",
        ],
    ),
    (
        "server",
        &[
            "base",
            "json",
            "config",
            "backend",
            "channels",
            "control",
            "daemon",
            "engine",
            "ha",
            "hooks",
            "host",
            "lease",
            "memfile",
            "modules",
            "ncr",
            "net",
            "observe",
            "databases",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that wire everything together and may import anything but each other.
const PROGRAMS: &[&str] = &["dhcp4", "dhcp6", "ddns", "ctrl-agent", "shell", "tests"];

/// Crates that must not reach a runtime, a socket or a database, not even through others.
const WITHOUT_IO: &[&str] = &[
    "base", "json", "wire", "options", "expr", "lease", "host", "ncr", "config", "engine", "backend",
    "migrate", "dns", "updater", "ha",
];
const IO: &[&str] = &["tokio", "hyper", "nix", "libc", "socket2", "rusqlite"];

/// Who may opt out of `forbid(unsafe_code)`.
const UNSAFE: &[&str] = &["net"];

/// Lines above which a file wants splitting.
const LONG: usize = 900;

pub(crate) fn run(_: &[String]) -> Outcome {
    let metadata = command::output("cargo", &["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut faults = layers(&metadata);
    faults.extend(manifests());
    faults.extend(files());
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("{} faults", faults.len())) }
}

/// Checks imports between our crates, and that crates without IO stay so.
fn layers(metadata: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let packages = list(&metadata["packages"]);
    let ours: BTreeSet<String> =
        packages.iter().filter(|p| members.contains(&text(&p["id"]))).map(|p| text(&p["name"])).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &packages {
        let dependencies = list(&package["dependencies"]);
        // Tests may use what the crate itself may not.
        let normal =
            dependencies.iter().filter(|d| d["kind"].is_null() && !d["optional"].as_bool().unwrap_or(false));
        imports.entry(text(&package["name"])).or_default().extend(normal.map(|d| text(&d["name"])));
    }
    for name in &ours {
        let Some(direct) = imports.get(name) else { continue };
        let direct_ours: Vec<&String> = direct.iter().filter(|d| ours.contains(*d)).collect();
        if PROGRAMS.contains(&name.as_str()) {
            faults.extend(
                direct_ours
                    .iter()
                    .filter(|d| PROGRAMS.contains(&d.as_str()))
                    .map(|d| format!("program {name} imports program {d}")),
            );
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(crate_name, _)| crate_name == name) else {
            faults.push(format!("crate {name} is in no layer: add it to LAYERS and to docs/architecture.md"));
            continue;
        };
        faults.extend(
            direct_ours
                .iter()
                .filter(|d| !allowed.contains(&d.as_str()))
                .map(|d| format!("crate {name} must not import {d}")),
        );
        if WITHOUT_IO.contains(&name.as_str()) {
            faults.extend(
                direct
                    .iter()
                    .filter(|d| IO.contains(&d.as_str()))
                    .map(|d| format!("crate {name} must not use {d}")),
            );
        }
    }
    faults
}

/// Checks the manifests: a reason for each dependency, shared lints, no unsafe code but where it belongs.
fn manifests() -> Vec<String> {
    let mut faults = Vec::new();
    let manifest = read(&root().join("Cargo.toml"));
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let mut explained = false;
    for line in section.lines() {
        if line.starts_with('#') {
            explained = true;
        } else if line.contains('=') && !line.starts_with(' ') {
            if !explained && !line.contains("path =") {
                faults.push(format!("dependency without a reason: {line}"));
            }
            explained = line.contains("path =");
        }
    }
    for path in tree(&root(), "Cargo.toml") {
        let text = read(&path);
        if !text.contains("[package]") || path.starts_with(root().join("fuzz")) {
            continue;
        }
        let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let own = text.contains("unsafe_code = \"allow\"");
        if own != UNSAFE.contains(&name.as_str()) {
            faults.push(format!("{name}: unsafe code is for {UNSAFE:?} only"));
        }
        if !own && !text.contains("[lints]\nworkspace = true") {
            faults.push(format!("{name}: does not use the lints of the workspace"));
        }
    }
    faults
}

/// Checks the source files.
fn files() -> Vec<String> {
    let mut faults = Vec::new();
    for path in tree(&root(), ".rs") {
        let text = read(&path);
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        if shown.starts_with("fuzz/") || shown.starts_with("crates/xtask/") {
            continue;
        }
        let lines = text.lines().count();
        if lines > LONG {
            faults.push(format!("{shown}: {lines} lines; split it by theme"));
        }
        for banned in ["#[ignore", "should_panic", "todo!(", "unimplemented!(", "FIXME", "XXX"] {
            if text.contains(banned) {
                faults.push(format!("{shown}: contains {banned}"));
            }
        }
    }
    faults
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Files of our own whose names end so.
fn tree(directory: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(tree(&path, end));
            }
        } else if name.ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_rules_hold() {
        run(&[]).unwrap();
    }

    #[test]
    fn a_forbidden_import_is_found() {
        let package = |name: &str, dependencies: &[&str]| {
            let dependencies: Vec<Value> = dependencies
                .iter()
                .map(|d| serde_json::json!({ "name": d, "kind": null, "optional": false }))
                .collect();
            serde_json::json!({ "id": name, "name": name, "dependencies": dependencies })
        };
        let metadata = serde_json::json!({
            "workspace_members": ["wire", "config", "engine", "dhcp4", "shell"],
            "packages": [
                package("wire", &["base", "config"]), package("config", &[]), package("engine", &["tokio"]),
                package("dhcp4", &["shell", "tokio"]), package("shell", &[]),
            ],
        });
        let faults = layers(&metadata);
        for expected in
            ["wire must not import config", "engine must not use tokio", "dhcp4 imports program shell"]
        {
            assert!(faults.iter().any(|f| f.contains(expected)), "{expected} in {faults:?}");
        }
        assert_eq!(faults.len(), 3);
    }
}
