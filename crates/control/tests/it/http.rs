//! The HTTP server as clients meet it, octet by octet.
use std::io::{Read, Write};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{HttpFixture, in_background, quick_limits, small_limits};
use control::Limits;
use control::http::{Credentials, Handler, HttpServer, HttpSettings, Reply};

const BAD: &str = r#"{ "result": 400, "text": "Bad Request" }"#;

fn post(body: &str) -> String {
    post_with("", body)
}

fn post_with(headers: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends, closes our side, and reads to the end.
fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(sent.as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Reads one response from a connection that stays open.
fn read_response(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    let mut octet = [0];
    while !octets.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        octets.push(octet[0]);
    }
    let head = String::from_utf8(octets).unwrap();
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn assert_response(response: &str, status: &str, body: &str) {
    assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{response}");
    assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{response}");
    assert!(response.contains("Content-Type: application/json\r\n"), "{response}");
    assert_eq!(response.matches("HTTP/1.").count(), 1, "{response}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands() {
    let fixture = HttpFixture::start(Limits::HTTP, &HttpSettings::default());
    let address = fixture.address;
    in_background(move || {
        for (body, expected) in [
            (r#"{"command":"echo"}"#, r#"[ { "result": 0 } ]"#),
            (r#"{"command":"echo","service":[]}"#, r#"[ { "result": 0 } ]"#),
            (r#"{"command":"echo","service":["dhcp4"]}"#, r#"[ { "result": 0 } ]"#),
            (
                r#"{"command":"echo","service":["dhcp6"]}"#,
                r#"[ { "result": 1, "text": "unsupported service 'dhcp6', expected 'dhcp4'" } ]"#,
            ),
            (
                r#"{"command":"echo","service":["dhcp4","dhcp6"]}"#,
                r#"[ { "result": 1, "text": "service value has more than one item" } ]"#,
            ),
            (
                r#"{"command":"echo","service":"dhcp4"}"#,
                r#"[ { "result": 1, "text": "service value must be a list" } ]"#,
            ),
            (r#"{"command":"foo"}"#, r#"[ { "result": 2, "text": "'foo' command not supported." } ]"#),
            ("", r#"[ { "result": 1, "text": "Command processing failed: NULL command parameter" } ]"#),
            (
                "[]",
                r#"[ { "result": 1, "text": "Error during command processing: invalid command: expected toplevel entry to be a map, got list instead" } ]"#,
            ),
        ] {
            assert_response(&exchange(address, &post(body)), "200 OK", expected);
        }
        let elsewhere = post(r#"{"command":"echo"}"#).replace("POST /", "POST /some/path");
        assert_response(&exchange(address, &elsewhere), "200 OK", r#"[ { "result": 0 } ]"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_not_commands() {
    let fixture = HttpFixture::start(small_limits(), &HttpSettings::default());
    let address = fixture.address;
    in_background(move || {
        let good = post(r#"{"command":"echo"}"#);
        let length = "Content-Length: 18\r\n";
        assert!(good.contains(length));
        for (sent, status) in [
            (post("{"), "400 Bad Request"),
            (post("  "), "400 Bad Request"),
            (post(r#"{"command":"echo"} x"#), "400 Bad Request"),
            (good.replace("POST", "PUT"), "400 Bad Request"),
            (good.replace("POST", "GET"), "400 Bad Request"),
            (good.replace("POST", "OPTIONS"), "400 Bad Request"),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "400 Bad Request"),
            (good.replace("Content-Type: application/json\r\n", ""), "400 Bad Request"),
            (good.replace("application/json", "application/x-www-form-urlencoded"), "400 Bad Request"),
            (good.replace(length, ""), "400 Bad Request"),
            (good.replace(length, "Content-Length: abc\r\n"), "400 Bad Request"),
            (good.replace(length, "Content-Length: -1\r\n"), "400 Bad Request"),
            (good.replace(length, "Content-Length: 18446744073709551615\r\n"), "413 Payload Too Large"),
            (good.replace(length, "Content-Length: 99999999999999999999999\r\n"), "400 Bad Request"),
            // Two opinions on where the request ends.
            (good.replace(length, "Content-Length: 5\r\nContent-Length: 18\r\n"), "400 Bad Request"),
            (good.replace(length, "Content-Length: 18\r\nTransfer-Encoding: chunked\r\n"), "400 Bad Request"),
            (good.replace(length, "Transfer-Encoding: chunked\r\nContent-Length: 18\r\n"), "400 Bad Request"),
            (
                good.replace(length, "Transfer-Encoding: chunked\r\n").replace("{\"", "12\r\n{\"")
                    + "\r\n0\r\n\r\n",
                "400 Bad Request",
            ),
            ("GARBAGE\r\n\r\n".to_owned(), "400 Bad Request"),
            ("POST /\r\n\r\n".to_owned(), "400 Bad Request"),
            (good.replace("Host: x", "Ho st: x"), "400 Bad Request"),
            (good.replace(length, "Content-Length: 1073741824\r\n"), "413 Payload Too Large"),
            (post(&format!("[\"{}\"]", "x".repeat(70_000))), "413 Payload Too Large"),
            (
                post_with(&format!("X: {}\r\n", "x".repeat(20_000)), "[]"),
                "431 Request Header Fields Too Large",
            ),
            (post_with(&"X: y\r\n".repeat(150), "[]"), "431 Request Header Fields Too Large"),
            (
                post(&format!("[\"{}\"]", "[".repeat(200))).replace("[\"", "[").replace("\"]", "]"),
                "400 Bad Request",
            ),
        ] {
            let response = exchange(address, &sent);
            let (code, reason) = status.split_once(' ').unwrap();
            let body = format!("{{ \"result\": {code}, \"text\": \"{reason}\" }}");
            assert_response(&response, status, &body);
        }
        let head = exchange(address, &good.replace("POST", "HEAD"));
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        let charset = good.replace("application/json", "APPLICATION/json; charset=utf-8");
        assert_response(&exchange(address, &charset), "200 OK", r#"[ { "result": 0 } ]"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_stay_open_and_requests_may_be_pipelined() {
    let fixture = HttpFixture::start(Limits::HTTP, &HttpSettings::default());
    let address = fixture.address;
    in_background(move || {
        let good = post(r#"{"command":"echo"}"#);
        let mut stream = TcpStream::connect(address).unwrap();
        for _ in 0..3 {
            stream.write_all(good.as_bytes()).unwrap();
            assert_response(&read_response(&mut stream), "200 OK", r#"[ { "result": 0 } ]"#);
        }
        // A bad body spoils only its own request.
        stream.write_all(post("{").as_bytes()).unwrap();
        assert_response(&read_response(&mut stream), "400 Bad Request", BAD);
        stream.write_all((good.clone() + &good.replace("echo", "food") + &good).as_bytes()).unwrap();
        for body in [
            r#"[ { "result": 0 } ]"#,
            r#"[ { "result": 2, "text": "'food' command not supported." } ]"#,
            r#"[ { "result": 0 } ]"#,
        ] {
            assert_response(&read_response(&mut stream), "200 OK", body);
        }
        // A good request, then garbage: both are answered, in order.
        stream.write_all((good.clone() + "GARBAGE\r\n\r\n").as_bytes()).unwrap();
        assert_response(&read_response(&mut stream), "200 OK", r#"[ { "result": 0 } ]"#);
        assert_response(&read_response(&mut stream), "400 Bad Request", BAD);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");

        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(post_with("Connection: close\r\n", r#"{"command":"echo"}"#).as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert_response(&all, "200 OK", r#"[ { "result": 0 } ]"#);

        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(good.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert!(all.starts_with("HTTP/1.0 200 OK\r\n") && all.ends_with(r#"[ { "result": 0 } ]"#), "{all}");

        // A client of old that asks for it may ask again.
        let mut stream = TcpStream::connect(address).unwrap();
        let kept = post_with("Connection: keep-alive\r\n", r#"{"command":"echo"}"#);
        for _ in 0..2 {
            stream.write_all(kept.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
            let response = read_response(&mut stream);
            assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
            assert!(response.to_ascii_lowercase().contains("connection: keep-alive\r\n"), "{response}");
        }

        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(post_with("Expect: 100-continue\r\n", r#"{"command":"echo"}"#).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert!(all.ends_with(r#"[ { "result": 0 } ]"#), "{all}");
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_run_out_of_time() {
    let fixture = HttpFixture::start(quick_limits(), &HttpSettings::default());
    let address = fixture.address;
    in_background(move || {
        let good = post(r#"{"command":"echo"}"#);
        let timeout = r#"{ "result": 408, "text": "Request Timeout" }"#;
        for part in ["", "POST / HTTP/1.1\r\nHost: x\r\n", &good[..good.len() - 4]] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(part.as_bytes()).unwrap();
            let begin = Instant::now();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert_response(&answer, "408 Request Timeout", timeout);
            assert!(
                begin.elapsed() >= Duration::from_millis(400) && begin.elapsed() < Duration::from_secs(5)
            );
        }
        // One octet now and then wins no time.
        let mut stream = TcpStream::connect(address).unwrap();
        let begin = Instant::now();
        for octet in good.as_bytes() {
            if stream.write_all(&[*octet]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(30));
            if begin.elapsed() > Duration::from_millis(900) {
                break;
            }
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert_response(&answer, "408 Request Timeout", timeout);
        // Silence between requests closes without a word; a command that takes longer than all limits does not.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(good.replace("echo", "slow").as_bytes()).unwrap();
        assert_response(
            &read_response(&mut stream),
            "200 OK",
            r#"[ { "result": 0, "text": "slow but sure" } ]"#,
        );
        let begin = Instant::now();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        assert!(begin.elapsed() >= Duration::from_millis(900));
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_and_unread_answers() {
    let limits = Limits { connections: 50, connections_per_peer: 40, ..quick_limits() };
    let fixture = HttpFixture::start(limits, &HttpSettings::default());
    let address = fixture.address;
    in_background(move || {
        let good = post(r#"{"command":"echo"}"#);
        let crowd: Vec<_> = (0..300)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                let _ = stream.write_all(b"POST / HT");
                stream
            })
            .collect();
        let begin = Instant::now();
        assert_response(&exchange(address, &good), "200 OK", r#"[ { "result": 0 } ]"#);
        assert!(begin.elapsed() < Duration::from_secs(1));
        let mut first = crowd.into_iter().next().unwrap();
        let mut told = String::new();
        let _ = first.read_to_string(&mut told);
        assert_response(&told, "429 Too Many Requests", r#"{ "result": 429, "text": "Too Many Requests" }"#);

        let mut lazy = TcpStream::connect(address).unwrap();
        lazy.write_all(post(r#"{"command":"big"}"#).as_bytes()).unwrap();
        for _ in 0..10 {
            let begin = Instant::now();
            assert_response(&exchange(address, &good), "200 OK", r#"[ { "result": 0 } ]"#);
            assert!(begin.elapsed() < Duration::from_millis(500));
        }
        std::thread::sleep(Duration::from_secs(4));
        let mut rest = Vec::new();
        let _ = lazy.read_to_end(&mut rest);
        assert!(rest.len() < 20_000_000, "who never reads is cut off");
        let whole = exchange(address, &post(r#"{"command":"big"}"#));
        assert!(whole.len() > 20_000_000 && whole.ends_with(r#""result": 0 } ]"#));
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authentication_and_extra_headers() {
    let settings = HttpSettings {
        credentials: Credentials::new("kea-dhcpv4-server", [("admin", "1234")]),
        headers: vec![("X-Extra".to_owned(), "yes".to_owned())],
        ..HttpSettings::default()
    };
    let fixture = HttpFixture::start(small_limits(), &settings);
    let address = fixture.address;
    in_background(move || {
        let body = r#"{"command":"echo"}"#;
        let unauthorized = r#"{ "result": 401, "text": "Unauthorized" }"#;
        for header in [
            "",
            "Authorization: Basic !!\r\n",
            "Authorization: Basic YWRtaW46MTIz\r\n",
            "Authorization: Bearer 12345678\r\n",
        ] {
            let response = exchange(address, &post_with(header, body));
            assert_response(&response, "401 Unauthorized", unauthorized);
            assert!(
                response.contains("Www-Authenticate: Basic realm=\"kea-dhcpv4-server\"\r\n"),
                "{response}"
            );
            assert!(response.contains("X-Extra: yes\r\n"), "{response}");
        }
        let good = "Authorization: Basic YWRtaW46MTIzNA==\r\n";
        let response = exchange(address, &post_with(good, body));
        assert_response(&response, "200 OK", r#"[ { "result": 0 } ]"#);
        assert!(response.contains("X-Extra: yes\r\n"), "{response}");
        // Refusals of what cannot be read have them too; as Kea, nobody has shown who they are.
        let long = post_with(&format!("{good}X: {}\r\n", "x".repeat(20_000)), body);
        let response = exchange(address, &long);
        assert!(response.starts_with("HTTP/1.1 401 ") && response.contains("x-extra: yes\r\n"), "{response}");
        assert!(response.contains("WWW-Authenticate: Basic realm="), "{response}");
        // Strangers learn nothing else, not even that their request is bad.
        assert_response(&exchange(address, &post("{")), "401 Unauthorized", unauthorized);
        assert_response(
            &exchange(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            "401 Unauthorized",
            unauthorized,
        );
        assert_response(&exchange(address, &post_with(good, "{")), "400 Bad Request", BAD);
        // After a 401 the connection is good for another try.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(post(body).as_bytes()).unwrap();
        assert_response(&read_response(&mut stream), "401 Unauthorized", unauthorized);
        stream.write_all(post_with(good, body).as_bytes()).unwrap();
        assert_response(&read_response(&mut stream), "200 OK", r#"[ { "result": 0 } ]"#);
    })
    .await;
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_lets_commands_finish() {
    let fixture = HttpFixture::start(Limits::HTTP, &HttpSettings::default());
    let address = fixture.address;
    let _idle = TcpStream::connect(address).unwrap();
    let slow = tokio::task::spawn_blocking(move || exchange(address, &post(r#"{"command":"slow"}"#)));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begin = Instant::now();
    fixture.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(4));
    assert!(slow.await.unwrap().ends_with(r#"[ { "result": 0, "text": "slow but sure" } ]"#));
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_addresses_of_both_families() {
    let serve = |address: SocketAddr, only_v6| {
        let handler: Handler = Arc::new(|request| {
            Box::pin(async move { Reply::json(format!("{} {}", request.peer, request.origin.peer)) })
        });
        let settings = HttpSettings { only_v6, ..HttpSettings::default() };
        HttpServer::bind(address, Limits::HTTP, &settings, handler)
    };
    let v6 = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let server = serve(v6(0), false).unwrap();
    let port = server.address().port();
    let handle = server.serve();
    in_background(move || {
        for (target, client) in [
            (SocketAddr::from(([127, 0, 0, 1], port)), "127.0.0.1"),
            (SocketAddr::from((Ipv6Addr::LOCALHOST, port)), "::1"),
        ] {
            let answer = exchange(target, &post("{}"));
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{target}: {answer}");
            let (socket, name) = answer.rsplit("\r\n").next().unwrap().split_once(' ').unwrap();
            assert_eq!(socket.parse::<SocketAddr>().unwrap().ip().to_string(), client);
            assert_eq!(name, client);
        }
    })
    .await;
    handle.stop(Duration::from_secs(5)).await;
    // Beside a socket for IPv4.
    let v4 = serve(SocketAddr::from(([0, 0, 0, 0], 0)), false).unwrap();
    assert!(serve(v6(v4.address().port()), true).is_ok());
}
