//! Encrypted connections to real servers: what each `ssl-mode` takes and refuses.

use std::path::PathBuf;

use sql::{Access, Error, Link, Tls, TlsMode};
use testdb::Certificates;
use testdb::{Database, Kind, Options, Server};

struct World {
    _directory: tempfile::TempDir,
    certificates: Certificates,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(directory.path());
        Self { _directory: directory, certificates }
    }

    /// A server with the certificate of this name.
    fn server(&self, kind: Kind, name: &str) -> Server {
        let tls = testdb::Tls {
            certificate: self.certificates.certificate(name),
            key: self.certificates.key(name),
            authority: self.certificates.certificate("ca"),
        };
        Server::start(kind, Options { tls: Some(tls), ..Options::default() })
    }

    fn tls(&self, mode: TlsMode, anchor: Option<&str>, identity: Option<&str>) -> Tls {
        Tls {
            mode,
            trust_anchor: anchor.map(|name| self.certificates.certificate(name)),
            identity: identity.map(|name| (self.certificates.certificate(name), self.certificates.key(name))),
        }
    }
}

fn open(database: &Database, tls: Tls) -> Result<Box<dyn Link>, Error> {
    let access = Access {
        host: database.host.clone(),
        port: database.port,
        tls,
        ..Access::local(&database.name, &database.user, &database.password)
    };
    Ok(match database.kind {
        Kind::MariaDb => Box::new(mysql::MySql::open(&access)?),
        Kind::PostgreSql => Box::new(postgres::PostgreSql::open(&access)?),
    })
}

fn first(link: &dyn Link, sql: &str) -> String {
    let mut text = String::new();
    link.query(sql, &[], &mut |row| {
        row.text(0)?.clone_into(&mut text);
        Ok(())
    })
    .unwrap();
    text
}

/// Whether the server says that it encrypts this connection.
fn is_encrypted(kind: Kind, link: &dyn Link) -> bool {
    let answer = first(
        link,
        match kind {
            Kind::MariaDb => {
                "SELECT CAST(VARIABLE_VALUE AS CHAR) FROM information_schema.SESSION_STATUS \
                 WHERE VARIABLE_NAME = 'SSL_CIPHER'"
            }
            Kind::PostgreSql => "SELECT coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        },
    );
    !answer.is_empty()
}

#[test]
fn each_mode_on_servers_that_encrypt() {
    let world = World::new();
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        // The certificate of the second is of the authority, but of no host.
        let servers = ["server", "client"].map(|name| world.server(kind, name));
        let [named, nameless] = servers.each_ref().map(Server::database);
        for (database, mode, anchor, works, encrypted) in [
            (&named, TlsMode::Disable, None, true, false),
            (&named, TlsMode::Prefer, None, true, true),
            (&named, TlsMode::Require, None, true, true),
            (&named, TlsMode::VerifyCa, Some("ca"), true, true),
            (&named, TlsMode::VerifyCa, Some("other"), false, false),
            (&named, TlsMode::VerifyFull, Some("ca"), true, true),
            (&named, TlsMode::VerifyFull, Some("other"), false, false),
            (&nameless, TlsMode::Require, None, true, true),
            // With MySQL, names are always looked at with the rest.
            (&nameless, TlsMode::VerifyCa, Some("ca"), kind == Kind::PostgreSql, true),
            (&nameless, TlsMode::VerifyFull, Some("ca"), false, false),
        ] {
            let case = format!("{kind:?} {mode:?} {anchor:?}");
            match open(database, world.tls(mode, anchor, None)) {
                Ok(link) => {
                    assert!(works, "{case}");
                    assert_eq!(is_encrypted(kind, link.as_ref()), encrypted, "{case}");
                }
                Err(error) => {
                    assert!(!works, "{case}: {error}");
                    assert!(!error.to_string().contains(&database.password), "{case}: {error}");
                }
            }
        }
        let missing = Tls {
            trust_anchor: Some(PathBuf::from("/nonexistent/ca.pem")),
            ..world.tls(TlsMode::VerifyCa, None, None)
        };
        assert!(open(&named, missing).is_err(), "{kind:?}: a trust anchor that is not there");
    }
}

#[test]
fn certificates_of_clients() {
    let world = World::new();
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let server = world.server(kind, "server");
        let database = server.database();
        let with = |identity| open(&database, world.tls(TlsMode::VerifyFull, Some("ca"), identity));
        if kind == Kind::MariaDb {
            server.sql("mysql", "ALTER USER keatest@'%' REQUIRE SUBJECT '/O=kea-rs/CN=client'");
            assert!(with(None).is_err(), "the user needs a certificate");
            assert!(is_encrypted(kind, with(Some("client")).unwrap().as_ref()));
        } else {
            let link = with(Some("client")).unwrap();
            let subject =
                first(link.as_ref(), "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
            assert!(subject.contains("CN=client"), "{subject}");
        }
        assert!(with(Some("stranger")).is_err(), "{kind:?}: another authority vouches for it");
    }
}

#[test]
fn each_mode_on_servers_that_do_not_encrypt() {
    let world = World::new();
    for kind in [Kind::MariaDb, Kind::PostgreSql] {
        let database = testdb::shared(kind).database();
        for (mode, works) in [
            (TlsMode::Disable, true),
            (TlsMode::Prefer, true),
            (TlsMode::Require, false),
            (TlsMode::VerifyCa, false),
            (TlsMode::VerifyFull, false),
        ] {
            let opened = open(&database, world.tls(mode, Some("ca"), None));
            assert_eq!(opened.is_ok(), works, "{kind:?} {mode:?}: {:?}", opened.err());
            if let Ok(link) = opened {
                assert!(!is_encrypted(kind, link.as_ref()), "{kind:?} {mode:?}");
            }
        }
    }
}
