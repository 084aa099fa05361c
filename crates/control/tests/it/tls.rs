//! HTTPS as clients meet it.
use std::sync::Arc;
use std::time::Duration;

use crate::common::{HttpFixture, quick_limits};
use control::gate::{Admission, Gate};
use control::http::client::{Login, PostError, Target, post};
use control::http::{Bytes, Credentials, HttpHandle, HttpServer, HttpSettings, StatusCode, table_handler};
use control::tls::{Certificate, ClientTls, ServerTls, TlsFiles};
use control::{Limits, Origin};
use testdb::Certificates;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct World {
    _directory: tempfile::TempDir,
    certificates: Certificates,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { certificates: Certificates::make(directory.path()), _directory: directory }
    }

    fn settings(&self, cert_required: bool) -> HttpSettings {
        let files = TlsFiles {
            trust_anchor: self.certificates.certificate("ca"),
            cert_file: self.certificates.certificate("server"),
            key_file: self.certificates.key("server"),
            cert_required,
        };
        HttpSettings { tls: Some(ServerTls::load(&files).unwrap()), ..HttpSettings::default() }
    }

    /// A client that trusts `anchor` and shows the certificate `own`.
    fn target(&self, port: u16, anchor: &str, own: Option<&str>) -> Target {
        let files = own.map(|own| (self.certificates.certificate(own), self.certificates.key(own)));
        let own = files.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
        let tls = ClientTls::load(&self.certificates.certificate(anchor), own).unwrap();
        Target { host: "127.0.0.1".to_owned(), port, tls: Some(tls), ..Target::default() }
    }

    /// A server of high availability that goes to another.
    fn peer(&self, port: u16, anchor: &str, own: &str) -> Target {
        let own = (self.certificates.certificate(own), self.certificates.key(own));
        let anchor = self.certificates.certificate(anchor);
        let tls = ClientTls::load_for_peers(&anchor, Some((&own.0, &own.1))).unwrap();
        Target { host: "127.0.0.2".to_owned(), port, tls: Some(tls), ..Target::default() }
    }
}

async fn echo(target: &Target) -> Result<(StatusCode, String), PostError> {
    let (status, body) = post(target, Bytes::from_static(br#"{ "command": "echo" }"#)).await?;
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

fn served(outcome: &Result<(StatusCode, String), PostError>) -> bool {
    matches!(outcome, Ok((StatusCode::OK, body)) if body == r#"[ { "result": 0 } ]"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shows_which_certificate() {
    let world = World::new();
    for required in [true, false] {
        let fixture = HttpFixture::start(Limits::HTTP, &world.settings(required));
        let port = fixture.address.port();
        for (own, good) in
            [(Some("client"), true), (Some("old"), true), (Some("stranger"), !required), (None, !required)]
        {
            let outcome = echo(&world.target(port, "ca", own)).await;
            assert_eq!(served(&outcome), good, "required: {required}, {own:?}: {outcome:?}");
        }
        // A server that nobody vouches for, one of another name, and none that speaks TLS.
        assert!(matches!(echo(&world.target(port, "other", None)).await, Err(PostError::Handshake { .. })));
        let elsewhere = Target { host: "127.0.0.2".to_owned(), ..world.target(port, "ca", Some("client")) };
        assert!(echo(&elsewhere).await.is_err());
        let plain = Target { tls: None, ..world.target(port, "ca", None) };
        assert!(echo(&plain).await.is_err());
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_change_in_place() {
    let world = World::new();
    let fixture = HttpFixture::start(Limits::HTTP, &world.settings(true));
    let port = fixture.address.port();
    assert!(!served(&echo(&world.target(port, "ca", None)).await));
    let login = Credentials::new("r", [("admin", "1234")]);
    let settings = HttpSettings { credentials: login, ..world.settings(false) };
    fixture.handle.update(&settings, table_handler(crate::common::table(), "dhcp4")).unwrap();
    let target = world.target(port, "ca", None);
    assert_eq!(echo(&target).await.unwrap().0, StatusCode::UNAUTHORIZED);
    let login = Login { user: "admin".to_owned(), password: "1234".to_owned() };
    assert!(served(&echo(&Target { login: Some(login), ..target }).await));
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_are_not_finished_end() {
    let world = World::new();
    let fixture = HttpFixture::start(quick_limits(), &world.settings(false));
    let mut silent = TcpStream::connect(fixture.address).await.unwrap();
    let mut halting = TcpStream::connect(fixture.address).await.unwrap();
    halting.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    for stream in [&mut silent, &mut halting] {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "the connection is still open");
    }
    assert!(served(&echo(&world.target(fixture.address.port(), "ca", None)).await));
    fixture.stop().await;
}

/// Whoever one authority vouches for, by whatever name, and with a certificate of X.509 version 1 as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_look_at_no_name() {
    let world = World::new();
    for (server, good) in [("server", true), ("old", true), ("stranger", false)] {
        let files = TlsFiles {
            trust_anchor: world.certificates.certificate("ca"),
            cert_file: world.certificates.certificate(server),
            key_file: world.certificates.key(server),
            cert_required: true,
        };
        let settings =
            HttpSettings { tls: Some(ServerTls::load(&files).unwrap()), ..HttpSettings::default() };
        let handler = table_handler(crate::common::table(), "dhcp4");
        let address = ([127, 0, 0, 2], 0).into();
        let server = HttpServer::bind(address, Limits::HTTP, &settings, handler).unwrap();
        let port = server.address().port();
        let _handle = server.serve();
        let outcome = echo(&world.peer(port, "ca", "client")).await;
        assert_eq!(served(&outcome), good, "{outcome:?}");
        assert_eq!(served(&echo(&world.peer(port, "other", "client")).await), !good);
        assert!(!served(&echo(&world.peer(port, "ca", "stranger")).await));
    }
}

/// Lets in whom it was told to, and remembers who came.
struct Doorman(std::sync::Mutex<Vec<Origin>>);

impl Gate for Doorman {
    fn admit(&self, command: &str, origin: &Origin) -> Admission {
        self.0.lock().unwrap().push(origin.clone());
        match (command, &origin.certificate) {
            ("echo", Some(Certificate { subject: Some(subject), .. })) if subject == "client" => {
                Admission::Granted
            }
            ("echo", None) => Admission::Unauthorized,
            _ => Admission::Forbidden,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gate_knows_who_asks() {
    let world = World::new();
    let doorman = Arc::new(Doorman(std::sync::Mutex::default()));
    let table = crate::common::table();
    table.set_gate(Some(doorman.clone()));
    let start = |settings: &HttpSettings| -> (u16, HttpHandle) {
        let handler = table_handler(table.clone(), "dhcp4");
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), Limits::HTTP, settings, handler).unwrap();
        (server.address().port(), server.serve())
    };
    let (port, _handle) = start(&world.settings(true));
    assert!(served(&echo(&world.target(port, "ca", Some("client"))).await));
    let (status, body) = echo(&world.target(port, "ca", Some("old"))).await.unwrap();
    assert_eq!((status, body.as_str()), (StatusCode::FORBIDDEN, r#"{ "result": 403, "text": "Forbidden" }"#));
    let (port, _handle) = start(&HttpSettings::default());
    let plain = Target { tls: None, ..world.target(port, "ca", None) };
    assert_eq!(echo(&plain).await.unwrap().0, StatusCode::UNAUTHORIZED);

    let seen = doorman.0.lock().unwrap();
    let certificate = |subject: &str| {
        Some(Certificate { subject: Some(subject.to_owned()), issuer: Some("Kea".to_owned()) })
    };
    let facts: Vec<_> = seen.iter().map(|o| (o.secure, o.certificate.clone(), o.peer.as_str())).collect();
    assert_eq!(
        facts,
        [
            (true, certificate("client"), "127.0.0.1"),
            (true, certificate("old"), "127.0.0.1"),
            (false, None, "127.0.0.1"),
        ]
    );
}
