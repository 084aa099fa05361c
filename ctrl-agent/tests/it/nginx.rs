//! The example of `etc/nginx.conf.example` with the real nginx in front of the agent.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::{Agent, FakeServer, Place, shell_program};
use testdb::Certificates;

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The shell through nginx: whether it succeeded, and all that it printed.
fn shell(port: u16, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(shell_program())
        .args(["--host", "localhost", "--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn behind_a_reverse_proxy() {
    let place = Place::new();
    let certificates = Certificates::make(place.path("").as_path());
    let _server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let config = r#"{ "Control-agent": { "http-host": "127.0.0.1", "http-port": 0, "control-sockets": {
        "dhcp4": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" } } } }"#;
    let agent = Agent::start(&place, config, &[]);

    // A port that is free now; nobody else asks for one between here and the start of nginx, or the test fails.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/nginx.conf.example"));
    let directory = place.path("").display().to_string();
    let text = example
        .unwrap()
        .replace("listen 443", &format!("listen 127.0.0.1:{port}"))
        .replace("/etc/kea/tls/", &format!("{}/", directory.trim_end_matches('/')))
        .replace("127.0.0.1:8000", &format!("127.0.0.1:{}", agent.port));
    std::fs::write(place.path("nginx.conf"), text).unwrap();
    let globals = format!("daemon off; master_process off; pid {}/nginx.pid; error_log stderr;", directory);
    let child = Command::new("nginx")
        .arg("-p")
        .arg(&directory)
        .args(["-e", "stderr", "-c"])
        .arg(place.path("nginx.conf"))
        .args(["-g", &globals])
        .spawn()
        .expect("nginx is installed");
    let _nginx = Nginx(child);
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nginx does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }

    let pem = |name: &str| certificates.certificate(name).display().to_string();
    let key = |name: &str| certificates.key(name).display().to_string();
    let (ca, client, client_key) = (pem("ca"), pem("client"), key("client"));
    let own = ["--ca", &ca, "--cert", &client, "--key", &client_key, "--path", "kea"];
    let to = |rest: &[&str], input: &str| shell(port, &[&own[..], rest].concat(), input);
    let (good, text) = to(&["--service", "dhcp4", "echo"], r#""a": [ 1 ]"#);
    assert!(good && text.contains("\"a\": [ 1 ]"), "{text}");
    // The agent itself, and something large there and back.
    assert!(to(&["list-commands"], "").1.contains("config-get"));
    let long = format!(r#""a": "{}""#, "x".repeat(3_000_000));
    let (good, text) = to(&["--service", "dhcp4", "echo"], &long);
    assert!(good && text.len() > 3_000_000, "{}", text.get(..200).unwrap_or(&text));
    for page in ["livez", "readyz"] {
        let url = format!("https://localhost:{port}/{page}");
        let arguments = ["-sS", "--cacert", &ca, "--cert", &client, "--key", &client_key, &url];
        let output = Command::new("curl").args(arguments).output().expect("curl is installed");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n", "{output:?}");
    }
    // Who shows no certificate, or one that nobody vouches for, does not reach it.
    let (good, text) = shell(port, &["--ca", &ca, "--path", "kea", "list-commands"], "");
    assert!(!good && text.contains("HTTP Error 400"), "{text}");
    let (stranger, stranger_key) = (pem("stranger"), key("stranger"));
    let foreign =
        ["--ca", &ca, "--cert", &stranger, "--key", &stranger_key, "--path", "kea", "list-commands"];
    let (good, text) = shell(port, &foreign, "");
    assert!(!good && text.contains("HTTP Error 400"), "{text}");
}
