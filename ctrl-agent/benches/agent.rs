//! Commands per second through the control agent, beside the least that passing a command on can cost and, where it is
//! installed, beside Kea's agent, in one run: `cargo bench -p ctrl-agent`.
//!
//! Behind each agent stands the same server, which answers at once with as many octets as `status-get` has. *Passed on*
//! is a program that reads, passes on and writes, and looks at nothing; *answered* one that has no server behind it, and
//! its answer ready. Agents and server share one processor, the clients have another one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark ends when something is wrong"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use control::unix::KEEP;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// How long a figure is taken, and how often: the best counts.
const TIME: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;

/// Clients that ask at once; the programs of the limit serve one.
const CLIENTS: [usize; 3] = [1, 4, 16];

const COMMAND: &str = r#"{"command":"status-get","service":["dhcp4"]}"#;

/// Octets of an answer to `status-get`.
const ANSWER: usize = 640;

const KEA: &str = "/usr/sbin/kea-ctrl-agent";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["server", path] => server(Path::new(path)),
        ["passed-on", port, path] => limit(port, Some(Path::new(path))),
        ["answered", port] => limit(port, None),
        _ => compare(),
    }
}

/// Binds the calling thread, and what it starts, to a processor.
fn only_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor).unwrap();
    // With one processor there is nothing to bind to.
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

/// A program of this run, which ends with it.
struct Program(Child);

impl Program {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// This benchmark in another role.
    fn role(words: &[&str]) -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).args(words))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An agent that listens at a port.
struct Subject {
    name: &'static str,
    port: u16,
    clients: &'static [usize],
    _program: Program,
}

fn agent(name: &'static str, program: &Path, place: &Path, socket: &Path) -> Subject {
    let (port, place) = (free_port(), place.join(name.replace(' ', "-")));
    std::fs::create_dir(&place).unwrap();
    let config = place.join("kea-ctrl-agent.conf");
    let text = configuration(port, socket);
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    if program != Path::new(KEA) {
        command.arg("-X");
    }
    command.arg("-c").arg(config);
    for variable in ["KEA_PIDFILE_DIR", "KEA_LOG_FILE_DIR"] {
        command.env(variable, &place);
    }
    command.env("KEA_CONTROL_SOCKET_DIR", socket.parent().unwrap()).env("KEA_LOCKFILE_DIR", "none");
    Subject { name, port, clients: &CLIENTS, _program: Program::start(&mut command) }
}

fn configuration(port: u16, socket: &Path) -> String {
    format!(
        r#"{{ "Control-agent": {{ "http-host": "127.0.0.1", "http-port": {port},
            "control-sockets": {{ "dhcp4": {{ "socket-type": "unix", "socket-name": "{}" }} }},
            "loggers": [ {{ "name": "kea-ctrl-agent", "severity": "WARN",
                "output_options": [ {{ "output": "stderr" }} ] }} ] }} }}"#,
        socket.display()
    )
}

fn compare() {
    let place = tempfile::tempdir().unwrap();
    let socket = place.path().join("kea-dhcp4.sock");
    only_on(1);
    let path = socket.to_str().unwrap();
    let _server = Program::role(&["server", path]);
    wait_for(|| socket.exists());
    let limit = |name, words: &[&str], last: Option<&str>| {
        let port = free_port();
        let program = Program::role(&[words, &[&port.to_string()], last.as_slice()].concat());
        Subject { name, port, clients: &[1], _program: program }
    };
    let mut subjects = vec![
        agent("here", Path::new(env!("CARGO_BIN_EXE_kea-ctrl-agent")), place.path(), &socket),
        limit("passed on", &["passed-on"], Some(path)),
        limit("answered", &["answered"], None),
    ];
    if Path::new(KEA).exists() {
        subjects.push(agent("Kea", Path::new(KEA), place.path(), &socket));
    }
    only_on(0);
    for subject in &subjects {
        wait_for(|| TcpStream::connect(("127.0.0.1", subject.port)).is_ok());
    }

    print!("{:<28}", "commands/s");
    for subject in &subjects {
        print!("{:>11}", subject.name);
    }
    println!();
    for clients in CLIENTS {
        for kept in [false, true] {
            let mut best = vec![0.0_f64; subjects.len()];
            for _ in 0..ROUNDS {
                for (best, subject) in best.iter_mut().zip(&subjects) {
                    if subject.clients.contains(&clients) {
                        *best = best.max(rate(subject.port, clients, kept));
                    }
                }
            }
            let how = if kept { "kept" } else { "a connection each" };
            print!("{:<28}", format!("{clients} client(s), {how}"));
            for best in best {
                print!("{:>11}", if best > 0.0 { format!("{best:.0}") } else { "-".to_owned() });
            }
            println!();
        }
    }
}

fn wait_for(mut what: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !what() {
        assert!(begin.elapsed() < Duration::from_secs(10), "a program does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Commands per second that so many clients get answered.
fn rate(port: u16, clients: usize, kept: bool) -> f64 {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let begin = Instant::now();
    let threads: Vec<_> = (0..clients).map(|_| std::thread::spawn(move || ask(address, kept))).collect();
    let answered: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    f64::from(answered) / begin.elapsed().as_secs_f64()
}

fn ask(address: SocketAddr, kept: bool) -> u32 {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{COMMAND}",
        COMMAND.len()
    );
    let (begin, mut answered) = (Instant::now(), 0);
    let mut buffer = vec![0; 64 << 10];
    let mut stream = None;
    while begin.elapsed() < TIME {
        let connection = stream.get_or_insert_with(|| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream
        });
        connection.write_all(request.as_bytes()).unwrap();
        read_message(connection, &mut buffer).expect("an answer");
        answered += 1;
        if !kept {
            stream = None;
        }
    }
    answered
}

/// Reads an HTTP message; the length of its head and of all, `None` at the end of the connection.
fn read_message(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<(usize, usize)> {
    let (mut filled, mut whole) = (0, None);
    loop {
        let count = stream.read(buffer.get_mut(filled..)?).ok().filter(|count| *count > 0)?;
        filled += count;
        let got = buffer.get(..filled)?;
        if whole.is_none() {
            whole = got.windows(4).position(|four| four == b"\r\n\r\n").map(|end| {
                let head = String::from_utf8_lossy(got.get(..end).unwrap_or_default()).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                (end + 4, end + 4 + length.and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0))
            });
        }
        if let Some((head, whole)) = whole
            && filled >= whole
        {
            return Some((head, whole));
        }
    }
}

/// The server: answers at once, and keeps a connection where that is asked for.
fn server(path: &Path) {
    let listener = UnixListener::bind(path).unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || serve(stream));
    }
}

fn serve(mut stream: UnixStream) {
    let answer = format!(r#"{{ "result": 0, "text": "{}" }}"#, "x".repeat(ANSWER));
    let mut buffer = [0; 4096];
    // Commands of this benchmark come in one piece.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let kept = buffer.get(..count).is_some_and(|command| command.starts_with(KEEP));
        if stream.write_all(answer.as_bytes()).is_err() || !kept {
            break;
        }
    }
}

/// The least: one client after the other, over one connection to the server if there is one.
fn limit(port: &str, server: Option<&Path>) {
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>().unwrap())).unwrap();
    let mut server = server.map(|path| UnixStream::connect(path).unwrap());
    let (mut buffer, mut answer) = (vec![0; 4096], vec![b' '; 4096]);
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        while let Some((head, whole)) = read_message(&mut stream, &mut buffer) {
            let mut length = ANSWER;
            if let Some(server) = &mut server {
                let command = [KEEP, buffer.get(head..whole).unwrap()].concat();
                server.write_all(&command).unwrap();
                length = server.read(&mut answer).unwrap();
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n\r\n"
            );
            let message = [head.as_bytes(), answer.get(..length).unwrap()].concat();
            if stream.write_all(&message).is_err() {
                break;
            }
        }
    }
}
