//! HTTPS in front of the agent, and behind it.

use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::world::{Agent, FakeServer, Place, shell_program};
use control::http::{Credentials, HttpServer, HttpSettings, table_handler};
use control::tls::{ServerTls, TlsFiles};
use control::{Access, Answer, CommandDef, CommandTable, Limits};
use testdb::Certificates;

/// The shell with further arguments: whether it succeeded, and all that it printed.
fn shell(port: u16, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(shell_program())
        .args(["--host", "localhost", "--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn encrypted_on_both_sides() {
    let place = Place::new();
    let certificates = Certificates::make(place.path("").as_path());
    let pem = |name: &str| certificates.certificate(name).to_str().unwrap().to_owned();
    let key = |name: &str| certificates.key(name).to_str().unwrap().to_owned();
    let _dhcp4 = FakeServer::start(&place.socket("kea-dhcp4.sock"));

    // A server of its own HTTPS socket, which wants a certificate and a password.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let entered = runtime.enter();
    let table = Arc::new(CommandTable::new());
    let who = CommandDef::built_in("who", Access::Read, "", "For tests.");
    table
        .register(who, |command: control::Command| async move {
            let subject = command.origin.certificate.and_then(|c| c.subject).unwrap_or_default();
            Answer::ok(format!("{subject} as {}", command.origin.user.unwrap_or_default()))
        })
        .unwrap();
    let files = TlsFiles {
        trust_anchor: certificates.certificate("ca"),
        cert_file: certificates.certificate("server"),
        key_file: certificates.key("server"),
        cert_required: true,
    };
    let settings = HttpSettings {
        tls: Some(ServerTls::load(&files).unwrap()),
        credentials: Credentials::new("x", [("agent", "s3cret")]),
        ..HttpSettings::default()
    };
    let any = ([127, 0, 0, 1], 0).into();
    let server = HttpServer::bind(any, Limits::HTTP, &settings, table_handler(table, "dhcp6")).unwrap();
    let behind = server.address().port();
    let _handle = server.serve();
    drop(entered);

    std::fs::write(place.path("password"), "agent:s3cret\n").unwrap();
    let config = format!(
        r#"{{ "Control-agent": {{ "http-host": "127.0.0.1", "http-port": 0,
            "trust-anchor": "{ca}", "cert-file": "{cert}", "key-file": "{key}", "cert-required": true,
            "http-headers": [ {{ "name": "Strict-Transport-Security", "value": "max-age=1" }} ],
            "control-sockets": {{
                "dhcp4": {{ "socket-type": "unix", "socket-name": "kea-dhcp4.sock" }},
                "dhcp6": {{ "socket-type": "https", "socket-address": "localhost", "socket-port": {behind},
                    "trust-anchor": "{ca}", "cert-file": "{client}", "key-file": "{client_key}",
                    "password-file": "{password}" }} }} }} }}"#,
        ca = pem("ca"),
        cert = pem("server"),
        key = key("server"),
        client = pem("client"),
        client_key = key("client"),
        password = place.path("password").display(),
    );
    let agent = Agent::start(&place, &config, &[]);
    assert!(!agent.log().contains("NOT SECURE"), "{}", agent.log());
    let ca = pem("ca");
    let trusting = ["--ca", ca.as_str()];
    // No TLS, no certificate, one of another authority.
    assert!(!shell(agent.port, &["list-commands"]).0);
    assert!(!shell(agent.port, &[&trusting[..], &["list-commands"]].concat()).0);
    let stranger = [pem("stranger"), key("stranger")];
    let own = ["--cert", &stranger[0], "--key", &stranger[1]];
    assert!(!shell(agent.port, &[&trusting[..], &own, &["list-commands"]].concat()).0);
    for name in ["client", "old"] {
        let files = [pem(name), key(name)];
        let own = ["--cert", &files[0], "--key", &files[1]];
        let to = |rest: &[&str]| shell(agent.port, &[&trusting[..], &own, rest].concat());
        assert!(to(&["config-get"]).1.contains("\"trust-anchor\""));
        assert!(!to(&["config-get"]).1.contains("s3cret"));
        assert!(to(&["--service", "dhcp4", "config-get"]).1.contains("4000"));
        let (good, text) = to(&["--service", "dhcp6", "--table", "who"]);
        assert_eq!((good, text.as_str()), (true, "client as agent\n"));
        // Each of several gets what is for it alone.
        let (good, text) = to(&["--service", "dhcp4", "--service", "dhcp6", "who"]);
        assert!(good && text.contains("client as agent") && !text.contains("more than one"), "{text}");
    }
    drop(agent);

    // What cannot be loaded is told before anything starts.
    place.write_config(&config.replace("server.key", "gone.key"));
    let output = place.program().arg("-t").arg(place.config()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("load of private key file '"), "{text}");
}
