//! The UNIX socket as clients meet it.
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use crate::common::{UnixFixture, in_background, quick_limits, small_limits};
use control::Limits;
use control::unix::{ClientError, ClientTimeouts, UnixClient, request};

fn ask(path: &Path, octets: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(octets).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_keas() {
    let fixture = UnixFixture::start(Limits::UNIX);
    let path = fixture.path.clone();
    in_background(move || {
        let envelope = |text| {
            format!(
                r#"{{ "result": 1, "text": "Error during command processing: invalid command: {text}" }}"#
            )
        };
        for (sent, expected) in [
            (r#"{"command":"foo"}"#, r#"{ "result": 2, "text": "'foo' command not supported." }"#.to_owned()),
            (r#"{"command":""}"#, r#"{ "result": 2, "text": "'' command not supported." }"#.to_owned()),
            (r#"{}"#, envelope("does not contain mandatory 'command'")),
            (r#"[]"#, envelope("expected toplevel entry to be a map, got list instead")),
            (r#"{"command":5}"#, envelope("expected 'command' to be a string, got integer instead")),
            (r#"{"command":"foo","bar":1}"#, envelope("unsupported parameter 'bar'")),
            (r#""x""#, r#"{ "result": 1, "text": "invalid first character \"" }"#.to_owned()),
            ("abc", r#"{ "result": 1, "text": "invalid first character a" }"#.to_owned()),
            (" x", r#"{ "result": 1, "text": "invalid character x" }"#.to_owned()),
            (
                r#"{"command":"echo","arguments":{"a":[1,2]},"service":"whatever"}"#,
                r#"{ "arguments": { "a": [ 1, 2 ] }, "result": 0 }"#.to_owned(),
            ),
            ("# comment\n{ /* { */ \"command\":\"echo\" } trailing {", r#"{ "result": 0 }"#.to_owned()),
            (
                r#"{"command":"list-commands"}"#,
                r#"{ "arguments": [ "big", "echo", "list-commands", "slow" ], "result": 0 }"#.to_owned(),
            ),
        ] {
            assert_eq!(ask(&path, sent.as_bytes()), expected, "{sent}");
        }
        let answer = ask(&path, br#"{ "command" "x"}"#);
        assert!(answer.contains(r#""result": 1"#) && answer.contains("in <wire>:"), "{answer}");
        let answer = ask(&path, b"{ \"command\": \"\xff\" }");
        assert!(answer.contains(r#""result": 1"#), "{answer}");
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socat_needs_no_half_close() {
    let fixture = UnixFixture::start(Limits::UNIX);
    let path = fixture.path.clone();
    in_background(move || {
        for tail in ["-,ignoreeof", "-"] {
            let mut socat = Process::new("socat")
                .arg(format!("UNIX:{}", path.display()))
                .arg(tail)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            socat.stdin.take().unwrap().write_all(b"{ \"command\": \"echo\" }\n").unwrap();
            let output = socat.wait_with_output().unwrap();
            assert!(output.status.success());
            assert_eq!(String::from_utf8(output.stdout).unwrap(), r#"{ "result": 0 }"#, "{tail}");
        }
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_half_closes_and_silence() {
    let fixture = UnixFixture::start(quick_limits());
    let path = fixture.path.clone();
    in_background(move || {
        // One octet at a time, then nothing more from us.
        let mut stream = UnixStream::connect(&path).unwrap();
        for octet in br#"{"command":"echo"}"# {
            stream.write_all(&[*octet]).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, r#"{ "result": 0 }"#);
        // Half a command and a half-close: no answer, as Kea.
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(br#"{"command":"ec"#).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "");
        // Half a command and silence.
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(br#"{"command":"fo"#).unwrap();
        let begin = Instant::now();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(
            answer,
            r#"{ "result": 1, "text": "Connection over control channel timed out, discarded partial command of 14 bytes" }"#
        );
        assert!(begin.elapsed() >= Duration::from_millis(400));
        // Nothing at all.
        let mut stream = UnixStream::connect(&path).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, r#"{ "result": 1, "text": "Connection over control channel timed out" }"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_commands_are_refused_at_once() {
    let fixture = UnixFixture::start(small_limits());
    let path = fixture.path.clone();
    in_background(move || {
        let begin = Instant::now();
        for octet in ["[", "{\"a\":"] {
            let mut stream = UnixStream::connect(&path).unwrap();
            // The server answers long before it has all of it.
            let _ = stream.write_all(octet.repeat(200_000).as_bytes());
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            assert_eq!(
                answer,
                r#"{ "result": 1, "text": "elements nested too deeply: more than 100 levels" }"#
            );
        }
        let mut stream = UnixStream::connect(&path).unwrap();
        let _ = stream.write_all(format!("{{\"command\":\"{}", "x".repeat(100_000)).as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert_eq!(answer, r#"{ "result": 1, "text": "command of more than 65536 octets" }"#);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert_eq!(ask(&path, br#"{"command":"echo"}"#), r#"{ "result": 0 }"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections_lock_nobody_out() {
    let fixture = UnixFixture::start(Limits::UNIX);
    let path = fixture.path.clone();
    in_background(move || {
        let mut crowd: Vec<UnixStream> = (0..1000).map(|_| UnixStream::connect(&path).unwrap()).collect();
        for stream in &mut crowd {
            let _ = stream.write_all(b"{");
        }
        let begin = Instant::now();
        assert_eq!(ask(&path, br#"{"command":"echo"}"#), r#"{ "result": 0 }"#);
        assert!(begin.elapsed() < Duration::from_secs(1));
        // The cap holds: all but 256 have been told so.
        let first = &mut crowd[0];
        let mut answer = Vec::new();
        // What it sent was not read, so its end is not a clean one.
        let _ = first.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer, r#"{ "result": 1, "text": "too many connections to the control socket" }"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unread_giant_answer_blocks_nobody() {
    let fixture = UnixFixture::start(quick_limits());
    let path = fixture.path.clone();
    in_background(move || {
        let mut lazy = UnixStream::connect(&path).unwrap();
        lazy.write_all(br#"{"command":"big"}"#).unwrap();
        for _ in 0..20 {
            let begin = Instant::now();
            assert_eq!(ask(&path, br#"{"command":"echo"}"#), r#"{ "result": 0 }"#);
            assert!(begin.elapsed() < Duration::from_millis(500));
        }
        // A reader gets all of it.
        let answer = ask(&path, br#"{"command":"big"}"#);
        assert!(answer.len() > 20_000_000 && answer.ends_with(r#""result": 0 }"#));
        // Who never reads is cut off.
        std::thread::sleep(Duration::from_secs(4));
        let mut rest = Vec::new();
        lazy.read_to_end(&mut rest).unwrap();
        assert!(rest.len() < 20_000_000);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_lets_commands_finish() {
    let fixture = UnixFixture::start(Limits::UNIX);
    let (path, client_path) = (fixture.path.clone(), fixture.path.clone());
    let _idle = UnixStream::connect(&path).unwrap();
    let slow = tokio::task::spawn_blocking(move || ask(&client_path, br#"{"command":"slow"}"#));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    fixture.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!(slow.await.unwrap(), r#"{ "result": 0, "text": "slow but sure" }"#);
    assert!(!path.exists() && !path.with_extension("sock.lock").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client() {
    let fixture = UnixFixture::start(Limits::UNIX);
    let answer = request(&fixture.path, br#"{"command":"echo"}"#, ClientTimeouts::default()).await.unwrap();
    assert_eq!(answer, br#"{ "result": 0 }"#);
    let hasty = ClientTimeouts { answer: Duration::from_millis(50), ..ClientTimeouts::default() };
    let late = request(&fixture.path, br#"{"command":"slow"}"#, hasty).await;
    assert!(matches!(late, Err(ClientError::Timeout)));
    let small = ClientTimeouts { size: 1000, ..ClientTimeouts::default() };
    let giant = request(&fixture.path, br#"{"command":"big"}"#, small).await;
    assert!(matches!(giant, Err(ClientError::TooLong(1000))), "{giant:?}");
    // An answer that comes before all of the command is read.
    let long = format!("{}{}", "[".repeat(200), " ".repeat(10_000_000));
    let answer = request(&fixture.path, long.as_bytes(), ClientTimeouts::default()).await.unwrap();
    assert_eq!(answer, br#"{ "result": 1, "text": "elements nested too deeply: more than 100 levels" }"#);
    let path = fixture.path.clone();
    fixture.stop().await;
    let error = request(&path, b"{}", ClientTimeouts::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "No such file or directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_kept_for_who_asks() {
    let fixture = UnixFixture::start(quick_limits());
    let path = fixture.path.clone();
    in_background(move || {
        let mut stream = UnixStream::connect(&path).unwrap();
        let answer = |stream: &mut UnixStream| {
            let mut piece = [0; 200];
            let count = stream.read(&mut piece).unwrap();
            String::from_utf8(piece[..count].to_vec()).unwrap()
        };
        for _ in 0..3 {
            stream.write_all(b"\t \t{ \"command\": \"echo\", \"arguments\": 5 }").unwrap();
            assert_eq!(answer(&mut stream), r#"{ "arguments": 5, "result": 0 }"#);
        }
        // Places are those of the command itself.
        stream.write_all(b"\t \t{ ? }").unwrap();
        let kept = answer(&mut stream);
        assert_eq!(kept, ask(&path, b"{ ? }"));
        // The last command does not ask for another.
        stream.write_all(b"{ \"command\": \"echo\" }").unwrap();
        assert_eq!(answer(&mut stream), r#"{ "result": 0 }"#);
        assert_eq!(answer(&mut stream), "");
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_keeps_connections() {
    let command = br#"{ "command": "echo" }"#;
    let timeouts = ClientTimeouts::default();
    // A server that closes after each answer, as Kea does: every command has a connection of its own.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kea.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut piece = [0; 100];
            let count = stream.read(&mut piece).unwrap();
            assert_eq!(piece[..count], b"\t \t{ \"command\": \"echo\" }"[..]);
            stream.write_all(br#"{ "result": 0 }"#).unwrap();
        }
    });
    let client = UnixClient::new(path);
    for _ in 0..3 {
        assert_eq!(client.request(command, timeouts).await.unwrap(), br#"{ "result": 0 }"#);
    }
    server.join().unwrap();
    assert!(matches!(client.request(command, timeouts).await, Err(ClientError::Connect(_))));

    // Ours, with one connection for all commands.
    let fixture = UnixFixture::start(Limits { connections: 1, ..Limits::UNIX });
    let client = UnixClient::new(fixture.path.clone());
    for _ in 0..5 {
        assert_eq!(client.request(command, timeouts).await.unwrap(), br#"{ "result": 0 }"#);
    }
    // Commands at once have connections of their own.
    let fixture = {
        fixture.stop().await;
        UnixFixture::start(Limits::UNIX)
    };
    let client = std::sync::Arc::new(UnixClient::new(fixture.path.clone()));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = std::sync::Arc::clone(&client);
            tokio::spawn(async move { client.request(command, timeouts).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), br#"{ "result": 0 }"#);
    }
    fixture.stop().await;
}
