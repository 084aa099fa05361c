//! Commands of Kea that are not built yet, and are described by no API file: access lists of operators name them all the
//! same, and mean what they mean there.

use control::Access::{self, Read, Write};

/// Name, access, and library as access lists have it; sorted.
const COMMANDS: &[(&str, Access, &str)] = &[
    ("cache-clear", Write, "host_cache"),
    ("cache-flush", Write, "host_cache"),
    ("cache-get", Read, "host_cache"),
    ("cache-get-by-id", Read, "host_cache"),
    ("cache-insert", Write, "host_cache"),
    ("cache-load", Write, "host_cache"),
    ("cache-remove", Write, "host_cache"),
    ("cache-size", Read, "host_cache"),
    ("cache-write", Write, "host_cache"),
    ("gss-tsig-get", Read, "gss_tsig"),
    ("gss-tsig-get-all", Read, "gss_tsig"),
    ("gss-tsig-key-del", Write, "gss_tsig"),
    ("gss-tsig-key-expire", Write, "gss_tsig"),
    ("gss-tsig-key-get", Read, "gss_tsig"),
    ("gss-tsig-list", Read, "gss_tsig"),
    ("gss-tsig-purge", Write, "gss_tsig"),
    ("gss-tsig-purge-all", Write, "gss_tsig"),
    ("gss-tsig-rekey", Write, "gss_tsig"),
    ("gss-tsig-rekey-all", Write, "gss_tsig"),
    ("libreload", Write, ""),
    ("sflq-pool4-del", Write, "lease_cmds"),
    ("sflq-pool4-get-all", Read, "lease_cmds"),
    ("sflq-pool4-get-by-range", Read, "lease_cmds"),
    ("sflq-pool4-get-by-subnet", Read, "lease_cmds"),
    ("sflq-pool4-rebuild", Write, "lease_cmds"),
    ("sflq-pool6-del", Write, "lease_cmds"),
    ("sflq-pool6-get-all", Read, "lease_cmds"),
    ("sflq-pool6-get-by-range", Read, "lease_cmds"),
    ("sflq-pool6-get-by-subnet", Read, "lease_cmds"),
    ("sflq-pool6-rebuild", Write, "lease_cmds"),
];

/// Access and library of a command that is not built.
pub(super) fn find(name: &str) -> Option<(Access, &'static str)> {
    let at = COMMANDS.binary_search_by_key(&name, |(name, ..)| name).ok()?;
    COMMANDS.get(at).map(|(_, access, hook)| (*access, *hook))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_them_is_described() {
        assert!(COMMANDS.is_sorted_by_key(|(name, ..)| name));
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../share/api"));
        for (name, ..) in COMMANDS {
            assert!(!folder.join(format!("{name}.json")).exists(), "{name} is built: take its row out");
        }
        assert_eq!(find("cache-flush"), Some((Write, "host_cache")));
        assert_eq!(find("list-commands"), None);
    }
}
