//! Databases of configurations, host reservations and leases, of every kind, as the maps of `config-databases`,
//! `hosts-databases` and `lease-database` name them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::Family;
use config::DatabaseAccess;
use sql::{Access, Database, Dialect, Hosts, Tls, TlsMode};
use tokio::sync::Notify;

pub use sql::{Leases, LeasesStatus, LegalRow, LegalRows, Record};

/// The database of an entry of `config-databases`, which is opened at the first call. `file` is where the file of a
/// `sqlite` entry lies.
#[must_use]
pub fn open(entry: &DatabaseAccess, file: &Path, family: Family) -> Database {
    match entry.kind.as_str() {
        mysql::KIND => mysql::open(access(entry), family),
        postgres::KIND => postgres::open(access(entry), family),
        _ => sqlite::open(file, family),
    }
}

/// The host reservations of an entry of `hosts-databases`, opened as by [`open`].
#[must_use]
pub fn open_hosts(entry: &DatabaseAccess, file: &Path, family: Family) -> Hosts {
    Hosts::new(open(entry, file, family), entry.read_only)
}

/// The leases of a `lease-database` that is no file, opened at the first call; `None` for kinds that keep no leases.
/// `trouble` is notified whenever the database does not answer.
#[must_use]
pub fn open_leases<R: Record>(entry: &DatabaseAccess, trouble: Arc<Notify>) -> Option<Leases<R>> {
    let dialect = dialect(entry)?;
    Some(Leases::new(dialect, || open(entry, Path::new(""), R::FAMILY), trouble))
}

/// The legal log of parameters of `libdhcp_legal_log`, opened at the first call; `None` for kinds that keep none.
#[must_use]
pub fn open_legal_log(entry: &DatabaseAccess, family: Family) -> Option<LegalRows> {
    Some(LegalRows::new(open(entry, Path::new(""), family), dialect(entry)?))
}

/// The kind of a database that is reached by an address.
fn dialect(entry: &DatabaseAccess) -> Option<Dialect> {
    match entry.kind.as_str() {
        mysql::KIND => Some(Dialect::MySql),
        postgres::KIND => Some(Dialect::PostgreSql),
        _ => None,
    }
}

/// How to reach the server of an entry.
#[must_use]
pub fn access(entry: &DatabaseAccess) -> Access {
    let seconds = |number: u32, usual: Duration| {
        if number == 0 { usual } else { Duration::from_secs(number.into()) }
    };
    Access {
        host: entry.host.clone(),
        port: entry.port,
        name: entry.name.clone(),
        user: entry.user.clone(),
        password: entry.password.clone(),
        connect_timeout: seconds(entry.connect_timeout, Access::CONNECT_TIMEOUT),
        statement_timeout: seconds(entry.answer_timeout, Access::STATEMENT_TIMEOUT),
        tls: tls(entry),
    }
}

/// As with Kea, giving files turns encryption on. A trust anchor is given to be used: without `ssl-mode` the server's
/// certificate has to be one that it vouches for.
fn tls(entry: &DatabaseAccess) -> Tls {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let (anchor, certificate) = (path(&entry.tls.trust_anchor), path(&entry.tls.cert_file));
    let unsaid = match (&anchor, &certificate) {
        (Some(_), _) => TlsMode::VerifyCa,
        (None, Some(_)) => TlsMode::Require,
        (None, None) => TlsMode::Disable,
    };
    let mode = TlsMode::from_word(&entry.tls.mode).unwrap_or(unsaid);
    Tls { mode, trust_anchor: anchor, identity: certificate.zip(path(&entry.tls.key_file)) }
}

#[cfg(test)]
mod tests {
    use config::{DatabaseTls, OnFail, SyncMode};

    use super::*;

    fn entry(mode: &str, anchor: &str, certificate: &str) -> DatabaseAccess {
        DatabaseAccess {
            kind: "postgresql".into(),
            name: "kea".into(),
            host: "db".into(),
            port: 0,
            user: "kea".into(),
            password: "secret".into(),
            persist: true,
            sync: SyncMode::Os,
            lfc_interval: 0,
            max_row_errors: 0,
            on_fail: OnFail::StopRetryExit,
            max_reconnect_tries: 0,
            reconnect_wait_time: 0,
            retry_on_startup: false,
            read_only: false,
            connect_timeout: 0,
            answer_timeout: 7,
            tls: DatabaseTls {
                mode: mode.into(),
                trust_anchor: anchor.into(),
                cert_file: certificate.into(),
                key_file: certificate.into(),
            },
        }
    }

    #[test]
    fn encryption_as_asked_for() {
        for (mode, anchor, certificate, wanted) in [
            ("", "", "", TlsMode::Disable),
            ("", "ca.pem", "", TlsMode::VerifyCa),
            ("", "", "me.pem", TlsMode::Require),
            ("disable", "ca.pem", "me.pem", TlsMode::Disable),
            ("verify-full", "ca.pem", "", TlsMode::VerifyFull),
        ] {
            let access = access(&entry(mode, anchor, certificate));
            assert_eq!(access.tls.mode, wanted, "{mode} {anchor} {certificate}");
            assert_eq!(access.tls.identity.is_some(), !certificate.is_empty());
            assert_eq!(
                (access.connect_timeout, access.statement_timeout.as_secs()),
                (Access::CONNECT_TIMEOUT, 7)
            );
            assert!(!format!("{access:?}").contains("secret"));
        }
    }
}
