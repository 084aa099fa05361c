//! Hook libraries by name: Kea loads shared objects, here each known one is either part of the program, or not there
//! yet and refused by name. What counts in `hooks-libraries` is the base name: `/usr/lib/kea/hooks/libdhcp_ha.so`,
//! `libdhcp_ha.so` and `libdhcp_ha` are the same.

mod known;

pub use known::{Daemon, LIBRARIES, Library, Module, Standing, base_name, find};

use config::HookLibrary;
use json::Pos;

/// A library that a configuration lists and that is served.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// Brings its commands and callouts.
    Module { module: Module, parameters: json::Map },
    /// Needs nothing; the note says why, for the log.
    Accepted { name: &'static str, note: &'static str },
}

impl Loaded {
    /// The base name of the library.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted { name, .. } => name,
            Self::Module { module, .. } => {
                let standing = Standing::Module(*module);
                LIBRARIES
                    .iter()
                    .find(|library| library.standing == standing)
                    .map_or("", |library| library.name)
            }
        }
    }
}

/// Why a library can not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({pos})")]
pub struct LoadError {
    pub text: String,
    pub pos: Pos,
}

/// What `hooks-libraries` of a daemon stands for, in the order of the list; or everything that is wrong with it.
pub fn load(libraries: &[HookLibrary], daemon: Daemon) -> Result<Vec<Loaded>, Vec<LoadError>> {
    let mut loaded: Vec<Loaded> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: Vec<&'static str> = Vec::new();
    for entry in libraries {
        let mut error = |text: String| errors.push(LoadError { text, pos: entry.pos.clone() });
        let Some(library) = find(&entry.library) else {
            error(format!("hook library '{}' is not known", entry.library));
            continue;
        };
        if seen.contains(&library.name) {
            error(format!("hook library '{}' is listed more than once", entry.library));
            continue;
        }
        seen.push(library.name);
        if !library.daemons.contains(&daemon) {
            error(format!("hook library '{}' is not for {}", entry.library, daemon.name()));
            continue;
        }
        match library.standing {
            Standing::Module(module) => {
                loaded.push(Loaded::Module { module, parameters: entry.parameters.clone() });
            }
            Standing::BuiltIn(note) => loaded.push(Loaded::Accepted { name: library.name, note }),
            Standing::Missing => {
                error(format!("hook library '{}' ({}) is not supported yet", entry.library, library.purpose))
            }
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn entries(names: &[&str]) -> Vec<HookLibrary> {
        names
            .iter()
            .map(|name| HookLibrary {
                library: (*name).to_owned(),
                parameters: json::Map::new(),
                pos: Pos::default(),
            })
            .collect()
    }

    #[test]
    fn libraries_of_the_configuration_backend() {
        for name in ["libdhcp_cb_cmds.so", "/usr/lib/kea/hooks/libdhcp_cb_cmds.so", "libdhcp_cb_cmds"] {
            let wanted = Loaded::Module { module: Module::CbCmds, parameters: json::Map::new() };
            assert_eq!(wanted.name(), "libdhcp_cb_cmds");
            assert_eq!(load(&entries(&[name]), Daemon::Dhcp4).unwrap(), [wanted]);
        }
        for name in ["libdhcp_mysql_cb.so", "libdhcp_mysql.so", "libdhcp_pgsql_cb.so", "/x/libdhcp_pgsql.so"]
        {
            let loaded = load(&entries(&[name]), Daemon::Dhcp4).unwrap();
            assert!(matches!(loaded.as_slice(), [Loaded::Accepted { .. }]), "{name}");
        }
    }

    #[test]
    fn what_is_installed_is_what_there_is() {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../share/hooks"));
        let wanted: BTreeMap<String, String> = LIBRARIES
            .iter()
            .filter_map(|library| Some((format!("{}.so", library.name), library.placeholder()?)))
            .collect();
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            for (name, text) in &wanted {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        let there: BTreeMap<String, String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read_to_string(path).unwrap())
            })
            .collect();
        assert_eq!(there, wanted);
    }

    #[test]
    fn every_problem_is_named() {
        let list = [
            "libdhcp_radius.so",
            "/opt/libmine.so",
            "libdhcp_cb_cmds.so",
            "libdhcp_cb_cmds",
            "libddns_gss_tsig.so",
        ];
        let errors = load(&entries(&list), Daemon::Dhcp4).unwrap_err();
        let texts: Vec<_> = errors.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "hook library 'libdhcp_radius.so' (RADIUS) is not supported yet",
                "hook library '/opt/libmine.so' is not known",
                "hook library 'libdhcp_cb_cmds' is listed more than once",
                "hook library 'libddns_gss_tsig.so' is not for kea-dhcp4",
            ]
        );
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(LIBRARIES.windows(2).all(|pair| pair[0].name < pair[1].name));
        for library in LIBRARIES {
            assert_eq!(find(library.name), Some(library));
        }
    }
}
