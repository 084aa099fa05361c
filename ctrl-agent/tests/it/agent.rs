//! The agent as a process: clients in front, control sockets behind.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::{Agent, FakeServer, Place, shell_program};

const LOOPBACK: &str = r#""http-host": "127.0.0.1", "http-port": 0"#;

/// `SOCKETS` of a configuration: dhcp4 is served, d2 has nobody behind it.
fn sockets() -> &'static str {
    r#""control-sockets": { "dhcp4": { "socket-type": "unix", "socket-name": "kea-dhcp4.sock" },
        "d2": { "socket-name": "nobody.sock" } }"#
}

fn config(members: &str) -> String {
    format!(r#"{{ "Control-agent": {{ {members} }} }}"#)
}

fn ordinary() -> String {
    config(&format!("{LOOPBACK}, {}", sockets()))
}

/// Runs a line of shell and returns what it printed.
fn sh(line: &str) -> String {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", line]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The shell with arguments and standard input: exit code, standard output, standard error.
fn shell(arguments: &str, input: &str) -> (i32, String, String) {
    let mut child = Command::new(shell_program())
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn the_three_lines_of_the_manual() {
    let place = Place::new();
    let _server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let agent = Agent::start(&place, &ordinary(), &[]);
    let (shell, port) = (shell_program(), agent.port);
    let path = place.socket("kea-dhcp4.sock");

    let stored = sh(&format!(
        r#"echo '"servers": [ {{ "server-tag": "headquarters", "description": "The machine at HQ (v4)" }} ]' | {} --host 127.0.0.1 --port {port} --service dhcp4 remote-server4-set | jq """#,
        shell.display()
    ));
    assert!(stored.contains("\"server-tag\": \"headquarters\""), "{stored}");
    assert!(stored.contains("\"result\": 0"), "{stored}");

    let config = sh(&format!(
        r#"curl -s -X POST -H "Content-Type: application/json" -d '{{ "command": "config-get", "service": [ "dhcp4" ] }}' http://127.0.0.1:{port}/"#
    ));
    assert_eq!(config, r#"[ { "arguments": { "Dhcp4": { "valid-lifetime": 4000 } }, "result": 0 } ]"#);

    let direct =
        sh(&format!(r#"echo '{{ "command": "config-get" }}' | socat {} -,ignoreeof"#, path.display()));
    assert_eq!(direct, r#"{ "arguments": { "Dhcp4": { "valid-lifetime": 4000 } }, "result": 0 }"#);

    let tool = sh(&format!(
        "echo | {} --port {port} --service dhcp4 config-get | python3 -m json.tool --compact",
        shell.display()
    ));
    assert_eq!(tool.trim(), r#"[{"arguments":{"Dhcp4":{"valid-lifetime":4000}},"result":0}]"#);
}

#[test]
fn services_are_answered_in_their_order() {
    let place = Place::new();
    let server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let agent = Agent::start(&place, &ordinary(), &[]);
    let offline = "unable to forward command to the d2 service: No such file or directory. The server is likely to be offline";
    let not_configured = |name| format!("forwarding socket is not configured for the server type {name}");
    let error = |text: &str| format!(r#"{{ "result": 1, "text": "{text}" }}"#);
    let ok = r#"{ "result": 0, "text": "slow" }"#;
    for (services, answers) in [
        (r#""dhcp4""#, vec![ok.to_owned()]),
        (r#""dhcp6""#, vec![error(&not_configured("dhcp6"))]),
        (r#""d2""#, vec![error(offline)]),
        (r#""foo""#, vec![error(&not_configured("foo"))]),
        (
            r#""foo", "dhcp4", "d2", "dhcp4""#,
            vec![error(&not_configured("foo")), ok.to_owned(), error(offline), ok.to_owned()],
        ),
    ] {
        let body = format!(r#"{{ "command": "slow", "service": [ {services} ] }}"#);
        assert_eq!(agent.post(&body), format!("[ {} ]", answers.join(", ")), "{services}");
    }
    for (body, answer) in [
        (
            r#"{ "command": "foo", "service": [ "dhcp4" ] }"#,
            r#"{ "result": 2, "text": "'foo' command not supported." }"#,
        ),
        (
            r#"{ "command": "x", "service": "dhcp4" }"#,
            r#"{ "result": 1, "text": "service value must be a list" }"#,
        ),
        (
            r#"{ "command": "x", "service": [ 1 ] }"#,
            r#"{ "result": 1, "text": "service name must be a string" }"#,
        ),
        (
            r#"{ "command": "x", "bar": 1, "service": [ "dhcp4" ] }"#,
            r#"{ "result": 1, "text": "Error during command processing: invalid command: unsupported parameter 'bar'" }"#,
        ),
        ("", r#"{ "result": 1, "text": "Command processing failed: NULL command parameter" }"#),
    ] {
        assert_eq!(agent.post(body), format!("[ {answer} ]"), "{body}");
    }
    let many = vec![r#""dhcp4""#; 100].join(", ");
    let refused = agent.post(&format!(r#"{{ "command": "slow", "service": [ {many} ] }}"#));
    assert_eq!(refused, r#"[ { "result": 1, "text": "service value has more than 32 items" } ]"#);
    // The arguments arrive as they were sent, and a large answer comes back whole.
    let numbers = r#"{ "a": 1.50, "b": -0.0, "c": "ü\u00e9" }"#;
    let echoed =
        agent.post(&format!(r#"{{ "command": "echo", "arguments": {numbers}, "service": [ "dhcp4" ] }}"#));
    assert!(echoed.contains("\"result\": 0") && echoed.contains("üé"), "{echoed}");
    let big = agent.post(r#"{ "command": "big", "service": [ "dhcp4" ] }"#);
    assert!(big.len() > 2_000_000 && big.ends_with("\"result\": 0 } ]"));
    drop(server);
    let gone = agent.post(r#"{ "command": "slow", "service": [ "dhcp4" ] }"#);
    assert!(gone.contains("The server is likely to be offline"), "{gone}");
}

#[test]
fn own_commands_and_reconfiguration() {
    let place = Place::new();
    let mut agent = Agent::start(&place, &ordinary(), &[]);
    let own = |agent: &Agent, command: &str| agent.post(&format!(r#"{{ "command": "{command}" }}"#));
    assert_eq!(
        own(&agent, "list-commands"),
        r#"[ { "arguments": [ "build-report", "config-get", "config-reload", "config-set", "config-test", "config-write", "list-commands", "shutdown", "status-get", "version-get" ], "result": 0 } ]"#
    );
    assert!(own(&agent, "version-get").contains("\"text\": \""));
    assert!(own(&agent, "build-report").contains("Kea version"));
    assert!(own(&agent, "status-get").contains(&format!("\"pid\": {}", agent.pid())));
    assert!(own(&agent, "foo").contains("'foo' command not supported. The command has no \\\"service\\\""));
    let running = own(&agent, "config-get");
    assert!(
        running.contains(r#""hooks-libraries": [  ], "http-host": "127.0.0.1", "http-port": 0"#),
        "{running}"
    );

    // What is wrong changes nothing, and everything wrong is named.
    let bad = r#"{ "http-port": 70000, "foo": 1, "trust-anchor": "x.pem",
        "control-sockets": { "dhcp4": { "socket-name": "/elsewhere/x.sock" } } }"#;
    for command in ["config-test", "config-set"] {
        let answer = agent
            .post(&format!(r#"{{ "command": "{command}", "arguments": {{ "Control-agent": {bad} }} }}"#));
        assert!(answer.starts_with("[ { \"result\": 1"), "{answer}");
        for part in ["70000", "foo", "TLS", "/elsewhere"] {
            assert!(answer.contains(part), "{part}: {answer}");
        }
    }
    assert_eq!(own(&agent, "config-get"), running);
    for (arguments, text) in [
        ("", "Missing mandatory 'arguments' parameter."),
        (r#", "arguments": {}"#, "Missing mandatory 'Control-agent' parameter."),
    ] {
        let answer = agent.post(&format!(r#"{{ "command": "config-test"{arguments} }}"#));
        assert_eq!(answer, format!(r#"[ {{ "result": 1, "text": "{text}" }} ]"#));
    }

    // The whole of config-get is good for config-test and config-set.
    let map =
        running.split_once("\"arguments\": ").unwrap().1.rsplit_once(", \"result\"").unwrap().0.to_owned();
    let answer = agent.post(&format!(r#"{{ "command": "config-test", "arguments": {map} }}"#));
    assert_eq!(answer, r#"[ { "result": 0, "text": "Configuration check successful" } ]"#);
    // A new address, and the answer still comes over the old one.
    let moved = map.replace("127.0.0.1", "127.0.0.2");
    let answer = agent.post(&format!(r#"{{ "command": "config-set", "arguments": {moved} }}"#));
    assert_eq!(answer, r#"[ { "result": 0, "text": "Configuration applied successfully." } ]"#);
    agent.wait_for_address("127.0.0.2");
    assert!(own(&agent, "config-get").contains("127.0.0.2"));

    // Written beside the configuration file, and nowhere else.
    let write = |agent: &Agent, name: &str| {
        agent.post(&format!(r#"{{ "command": "config-write", "arguments": {{ "filename": "{name}" }} }}"#))
    };
    let answer = write(&agent, "saved.json");
    assert!(answer.contains("saved.json successful"), "{answer}");
    assert!(std::fs::read_to_string(place.path("saved.json")).unwrap().contains("127.0.0.2"));
    for name in ["/etc/stolen.json", "../stolen.json", "..", "saved/"] {
        let answer = write(&agent, name);
        assert!(answer.contains("\"result\": 1"), "{name}: {answer}");
    }

    // SIGHUP reads the file again: back to the first address. A bad file changes nothing.
    agent.signal("HUP");
    agent.wait_for_address("127.0.0.1");
    assert_eq!(own(&agent, "config-get"), running);
    place.write_config("{ \"Control-agent\": { \"http-port\": \"x\" } }");
    agent.signal("HUP");
    agent.wait_for_log("DCTL_CFG_FILE_RELOAD_ERROR");
    assert!(own(&agent, "config-reload").contains("Config reload failed: "));
    assert_eq!(own(&agent, "config-get"), running);

    let answer = agent.post(r#"{ "command": "shutdown", "arguments": { "exit-value": "x" } }"#);
    assert_eq!(answer, r#"[ { "result": 1, "text": "parameter 'exit-value' is not an integer" } ]"#);
    let answer = agent.post(r#"{ "command": "shutdown", "arguments": { "exit-value": 7 } }"#);
    assert_eq!(answer, r#"[ { "result": 0, "text": "Control Agent is shutting down" } ]"#);
    assert_eq!(agent.wait(), 7);
    assert!(!place.pid_file().exists());
}

#[test]
fn the_same_port_on_another_address() {
    let place = Place::new();
    let mut agent = Agent::start(&place, &ordinary(), &["-X"]);
    let port = agent.port;
    for address in ["127.0.0.3", "0.0.0.0", "127.0.0.1"] {
        let answer = agent.post(&format!(
            r#"{{ "command": "config-set", "arguments": {{ "Control-agent": {{ "http-host": "{address}", "http-port": {port} }} }} }}"#
        ));
        assert_eq!(
            answer, r#"[ { "result": 0, "text": "Configuration applied successfully." } ]"#,
            "{address}"
        );
        agent.wait_for_address(address);
        assert_eq!(agent.port, port);
    }
}

#[test]
fn authentication() {
    let place = Place::new();
    std::fs::write(place.path("user"), "admin\n").unwrap();
    std::fs::write(place.path("password"), "s3cret:x\n").unwrap();
    let map = format!(
        r#""authentication": {{ "type": "basic", "directory": "{}", "clients": [
            {{ "user-file": "user", "password-file": "password" }} ] }}"#,
        place.path("").display()
    );
    let _server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let mut agent = Agent::start(&place, &config(&format!("{LOOPBACK}, {}, {map}", sockets())), &[]);
    let port = agent.port;
    let curl = |flags: &str| {
        sh(&format!(
            r#"curl -s -i {flags} -X POST -H "Content-Type: application/json" -d '{{ "command": "list-commands" }}' http://127.0.0.1:{port}/"#
        ))
    };
    for flags in ["", "-u admin:wrong", "-u root:s3cret:x", "-H 'Authorization: Bearer abcdefgh'"] {
        let response = curl(flags);
        assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{flags}: {response}");
        assert!(response.contains("Basic realm=\"kea-control-agent\""), "{response}");
        assert!(response.ends_with("\r\n\r\n{ \"result\": 401, \"text\": \"Unauthorized\" }"), "{response}");
    }
    assert!(curl("-u admin:s3cret:x").starts_with("HTTP/1.1 200 OK\r\n"));

    let flags = format!("--port {port} --service dhcp4");
    assert_eq!(shell(&format!("{flags} list-commands"), "").0, 1);
    let (code, out, error) =
        shell(&format!("{flags} --auth-user admin --auth-password wrong list-commands"), "");
    assert_eq!(
        (code, out.as_str(), error.as_str()),
        (1, "", "Failed to run: HTTP Error 401: Unauthorized\n")
    );
    let (code, out, _) =
        shell(&format!("{flags} --auth-user admin --auth-password s3cret:x list-commands"), "");
    assert!(code == 0 && out.contains("\"echo\""), "{out}");
    let files = format!(
        "{flags} --auth-user-file {0}/user --auth-password-file {0}/password list-commands",
        place.path("").display()
    );
    assert_eq!(shell(&files, "").0, 0);
    // Nothing of it is in the log, in config-get or in an error.
    agent.signal("TERM");
    assert_eq!(agent.wait(), 0);
    assert!(!agent.log().contains("s3cret"), "{}", agent.log());
}

#[test]
fn the_shell_and_its_exit_codes() {
    let place = Place::new();
    let _server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let agent = Agent::start(&place, &ordinary(), &[]);
    let to = |rest: &str| format!("--port {} --service dhcp4 {rest}", agent.port);
    for (input, echoed) in [
        ("\"a\": 1, \"b\": [ 2 ]", "[ { \"arguments\": { \"a\": 1, \"b\": [ 2 ] }, \"result\": 0 } ]\n"),
        ("{ \"a\": 1 }", "\"a\": 1"),
        ("# nothing\n", "\"result\": 0"),
    ] {
        let (code, out, error) = shell(&to("echo"), input);
        assert!(code == 0 && out.contains(echoed) && error.is_empty(), "{input}: {out}{error}");
    }
    // A result of 1 is an answer all the same.
    assert_eq!(shell(&to("foo"), "").0, 0);
    for (arguments, input, code, text) in [
        (to("echo"), "\"a\": }", 1, "Failed to run: the arguments on standard input are not JSON: "),
        ("--port 1 x".to_owned(), "", 1, "Failed to run: cannot connect to 127.0.0.1 port 1: "),
        ("--host nosuch.invalid x".to_owned(), "", 1, "Failed to run: cannot connect to nosuch.invalid"),
        ("--ca x y".to_owned(), "", 1, "Failed to run: load of CA file 'x' failed: No such file"),
        ("--cert x y".to_owned(), "", 1, "--cert and --key must be used together"),
        ("--port x".to_owned(), "", 2, "argument --port: invalid value: 'x'"),
        (to("--timeout 1 sleep"), "", 1, "Connection timeout"),
    ] {
        let (got, out, error) = shell(&arguments, input);
        assert!(got == code && out.is_empty() && error.contains(text), "{arguments}: {got} {out}{error}");
    }
    assert_eq!(shell("-v", "").0, 0);
}

#[test]
fn security_rules() {
    let place = Place::new();
    let refused = |config: &str, parts: &[&str]| {
        place.write_config(config);
        for flag in ["-t", "-c"] {
            let output = place.program().arg(flag).arg(place.config()).output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{config}");
            for part in parts {
                assert!(text.contains(part), "{flag}: {part}: {text}");
            }
        }
    };
    let open = config(r#""http-host": "0.0.0.0", "http-port": 0"#);
    refused(&open, &["Unsecured HTTP control channel (0.0.0.0:0)"]);
    // An empty list of clients lets everybody in.
    refused(
        &config(r#""http-host": "::", "http-port": 0, "authentication": { "type": "basic", "clients": [] }"#),
        &["Unsecured HTTP control channel"],
    );
    let clear = config(
        r#""http-host": "0.0.0.0", "http-port": 0, "authentication": { "type": "basic",
            "clients": [ { "user": "u", "password": "topsecret" } ] },
            "control-sockets": { "dhcp4": { "socket-name": "/var/tmp/x.sock" } },
            "loggers": [ { "name": "kea-ctrl-agent", "output-options": [ { "output": "/var/tmp/x.log" } ] } ]"#,
    );
    refused(
        &clear,
        &[
            "use of clear text 'user' is NOT SECURE",
            "use of clear text 'password' is NOT SECURE",
            "'/var/tmp', supported path is",
            "invalid path in `output`",
        ],
    );
    let output = place.program().arg("-t").arg(place.config()).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("topsecret"));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Unsecured"), "there is authentication");
    // -X turns all of it into warnings.
    let clear = clear.replace("/var/tmp/x.log", "stdout");
    let agent = Agent::start(&place, &clear, &["-X"]);
    for id in
        ["CTRL_AGENT_SECURITY_WARNING", "COMMAND_UNIX_SOCKET_PATH_SECURITY_WARNING", "DCTL_CONFIG_COMPLETE"]
    {
        agent.wait_for_log(id);
    }
    assert!(!agent.log().contains("topsecret"));
    drop(agent);
    // Nobody is asked on loopback: allowed, with a warning.
    let agent = Agent::start(&place, &ordinary(), &[]);
    agent.wait_for_log("COMMAND_HTTP_SOCKET_SECURITY_WARNING");
    // And only once.
    let second = place.program().arg("-c").arg(place.config()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("Launch failed: PID: "));
    drop(agent);
}

#[test]
fn command_line() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let output = place.program().args(arguments).output().unwrap();
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, version, _) = run(&["-v"]);
    assert!(code == 0 && version.trim().split('.').count() == 3, "{version}");
    assert!(run(&["-V"]).1.starts_with(&version));
    assert!(run(&["-W"]).1.contains("Kea version"));
    for arguments in [&[][..], &["-z"], &["-t"], &["-d"]] {
        let (code, out, error) = run(arguments);
        assert!(code == 1 && out.is_empty() && error.starts_with("Usage error: "), "{arguments:?} {error}");
    }
    let (code, _, error) = run(&["-t", "/nonexistent"]);
    assert!(code == 1 && error.contains("Unable to open file /nonexistent"), "{error}");
    place.write_config(&ordinary());
    let (code, out, _) = run(&["-t", place.config().to_str().unwrap()]);
    assert!(code == 0 && out.contains("control sockets: d2 dhcp4"), "{out}");
}

#[test]
fn a_crowd_at_the_door() {
    let place = Place::new();
    let _server = FakeServer::start(&place.socket("kea-dhcp4.sock"));
    let agent = Agent::start(&place, &ordinary(), &[]);
    let crowd: Vec<_> = (0..400)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect((agent.address.as_str(), agent.port)).unwrap();
            let _ = stream.write_all(b"POST / HTTP/1.1\r\n");
            stream
        })
        .collect();
    let begin = Instant::now();
    let answer = agent.post(r#"{ "command": "config-get", "service": [ "dhcp4" ] }"#);
    assert!(answer.contains("valid-lifetime"), "{answer}");
    assert!(begin.elapsed() < Duration::from_secs(2));
    drop(crowd);
}
