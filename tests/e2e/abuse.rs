//! What a hostile or broken peer does to the control socket while clients are served.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use harness::{Load, LoadSettings, Server, World, status_text, unix, until};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::site;

/// A command among all this is answered so soon.
const ANSWER: Duration = Duration::from_secs(2);

fn answers_soon(server: &Server) {
    let begin = Instant::now();
    let _ = server.tell("version-get", serde_json::Value::Null);
    assert!(begin.elapsed() < ANSWER, "an answer only after {:?}", begin.elapsed());
}

/// Kilobytes in use.
fn resident(server: &Server) -> u64 {
    let text = status_text(server.pid(), "VmRSS").expect("a process");
    text.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number of kilobytes")
}

fn connect(server: &Server) -> Option<UnixStream> {
    let stream = UnixStream::connect(server.prefix.socket()).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("timeout");
    Some(stream)
}

/// Everything clients do meanwhile must go as if nothing happened.
fn under_load(act: impl FnOnce(&mut Server)) {
    let Some(world) = World::new() else { return };
    let (mut server, relay) = site::site(&world);
    server.start();
    let load = Load::start(&relay, LoadSettings { rate: 100, window: 32, ..site::load() });
    until("clients are served", || load.acks() > 20);
    let before = resident(&server);
    act(&mut server);
    answers_soon(&server);
    let grown = resident(&server).saturating_sub(before);
    // What 256 connections may hold is bounded; what was sent here is far more.
    assert!(grown < 128 << 10, "{grown} kB more than before");
    std::thread::sleep(Duration::from_millis(200));
    let (_, exchanges) = load.stop();
    let lost: Vec<_> = exchanges.iter().filter(|e| e.end != harness::End::Granted || e.again > 1).collect();
    assert!(lost.is_empty(), "{} of {} exchanges suffered: {lost:?}", lost.len(), exchanges.len());
    assert!(server.stop().success());
}

/// More descriptors for this test than the usual 1,024.
fn many_descriptors() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit of descriptors");
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(16_384), hard).expect("limit of descriptors");
}

#[test]
fn idle_and_half_sent_connections() {
    many_descriptors();
    under_load(|server| {
        let mut open = Vec::new();
        for number in 0..3000 {
            // A server that is over its cap closes others; it never refuses for long.
            let Some(mut stream) = connect(server) else { continue };
            if number % 3 == 0 {
                let _: std::io::Result<()> = stream.write_all(br#"{ "command": "list-com"#);
            }
            open.push(stream);
            if number % 500 == 499 {
                answers_soon(server);
            }
        }
        assert!(open.len() > 2500, "only {} connections", open.len());
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("a process").count();
        assert!(descriptors < 400, "{descriptors} descriptors are open");
        // Octet by octet is a command as well, if it is not too slow.
        let mut slow = connect(server).expect("a connection");
        for octet in br#"{ "command": "version-get" }"# {
            slow.write_all(&[*octet]).expect("an octet");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut answer = String::new();
        slow.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains("\"result\": 0"), "{answer}");
    });
}

#[test]
fn nesting_size_and_rubbish() {
    under_load(|server| {
        let socket = server.prefix.socket();
        let deep = |open: &str| open.repeat(200_000).into_bytes();
        let within = |open: &str, start: &str| [start.as_bytes(), &deep(open)].concat();
        let mut bad: Vec<(&str, Vec<u8>)> = vec![
            ("lists", deep("[")),
            ("maps", deep("{\"a\":")),
            ("lists in arguments", within("[", r#"{ "command": "config-set", "arguments": "#)),
            (
                "maps in a context",
                within(
                    "{\"a\":",
                    r#"{ "command": "config-test", "arguments": { "Dhcp4": { "user-context": "#,
                ),
            ),
            ("a large command", [br#"{ "command": ""#, "x".repeat(17 << 20).as_bytes()].concat()),
            ("no JSON", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
            ("not UTF-8", b"{ \"command\": \"\xff\xfe\" }".to_vec()),
            ("NUL", b"\0\0\0\0".to_vec()),
            (
                "a digit more",
                [br#"{ "command": "x", "arguments": { "a": "#, "9".repeat(100_000).as_bytes(), b" } }"]
                    .concat(),
            ),
        ];
        let keys: String = (0..200_000).map(|n| format!("\"k{n}\": {n},")).collect();
        bad.push((
            "many keys",
            format!(r#"{{ "command": "config-test", "arguments": {{ {keys} "Dhcp4": {{}} }} }}"#)
                .into_bytes(),
        ));
        for (what, octets) in bad {
            let begin = Instant::now();
            // The server may close before it has read all of it.
            let answer = unix(&socket, &octets);
            assert!(begin.elapsed() < Duration::from_secs(8), "{what}: {:?}", begin.elapsed());
            if let Ok(answer) = answer.as_ref().map(String::as_str) {
                assert!(
                    answer.is_empty() || answer.contains("\"result\": 1") || answer.contains("\"result\": 2"),
                    "{what}: {answer}"
                );
            }
            answers_soon(server);
        }
        // Answers that nobody reads.
        let unread: Vec<UnixStream> = (0..100)
            .filter_map(|_| {
                let mut stream = connect(server)?;
                stream.write_all(br#"{ "command": "config-get" }"#).ok()?;
                Some(stream)
            })
            .collect();
        answers_soon(server);
        drop(unread);
    });
}
