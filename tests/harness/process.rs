//! Processes whose output is kept, and commands that end.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::wait::PATIENCE;

/// How soon a signal that was not heard is sent again.
const AGAIN: Duration = Duration::from_millis(500);

/// What was run, where, and where its output is; printed when a test fails.
pub(crate) type Journal = Arc<Mutex<Vec<Record>>>;

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) command: String,
    pub(crate) outcome: String,
    /// Output of a process that runs on; that of a command is in `outcome`.
    pub(crate) output: Option<PathBuf>,
}

/// A program that runs beside the test. Dropping kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `program` in the network namespace `space`, or in that of the test.
    pub(crate) fn start(name: &str, command: &mut Command, output: PathBuf, journal: &Journal) -> Self {
        let file = fs::OpenOptions::new().create(true).append(true).open(&output).expect("file for output");
        let error = file.try_clone().expect("file for output");
        command.stdin(Stdio::null()).stdout(file).stderr(error);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        journal.lock().unwrap().push(Record {
            command: format!("{command:?}"),
            outcome: format!("started as process {}", child.id()),
            output: Some(output.clone()),
        });
        Self { name: name.to_owned(), child, output }
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All it has put out so far, on both channels.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Its status if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("status of a child")
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("process number"));
        // One that has just ended needs no signal.
        let _: nix::Result<()> = kill(pid, signal);
    }

    /// Sends a signal until the output has `heard`: dhcpcd 9 forgets one that comes while it talks to its privileged
    /// process.
    pub fn signal_until(&self, signal: Signal, heard: &str) {
        let mut last: Option<Instant> = None;
        crate::until(&format!("{} hears {signal}", self.name), || {
            if last.is_none_or(|at| at.elapsed() > AGAIN) {
                self.signal(signal);
                last = Some(Instant::now());
            }
            self.output().contains(heard)
        });
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        crate::eventually(&format!("the end of {}", self.name), PATIENCE, || self.ended())
    }

    /// Asks it to end and waits.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        // Fails only when it has ended.
        let _: std::io::Result<()> = self.child.kill();
        let _: std::io::Result<ExitStatus> = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A command that ended.
#[derive(Clone, Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Exit code, or minus the signal.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status.code().or_else(|| self.status.signal().map(|s| -s)).unwrap_or(i32::MIN)
    }
}

/// Runs a command with this standard input until it ends.
pub(crate) fn run(command: &mut Command, stdin: &[u8], journal: &Journal) -> Finished {
    run_within(command, stdin, journal, PATIENCE)
}

pub(crate) fn run_within(
    command: &mut Command,
    stdin: &[u8],
    journal: &Journal,
    patience: Duration,
) -> Finished {
    // Files instead of pipes: a background process that keeps the channel open does not hold us up.
    let mut out = tempfile::tempfile().expect("file for output");
    let mut error = tempfile::tempfile().expect("file for output");
    command.stdin(Stdio::piped());
    command.stdout(out.try_clone().expect("file for output"));
    command.stderr(error.try_clone().expect("file for output"));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A program may well end without reading.
    let _: std::io::Result<()> = child.stdin.take().expect("standard input").write_all(stdin);
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("status of a child") {
            break Some(status);
        }
        if begin.elapsed() > patience {
            let _: std::io::Result<()> = child.kill();
            let _: std::io::Result<ExitStatus> = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let (stdout, stderr) = (read(&mut out), read(&mut error));
    let shown = |text: &str| text.chars().take(4000).collect::<String>();
    journal.lock().unwrap().push(Record {
        command: format!("{command:?}"),
        outcome: format!("{status:?}\n{}{}", shown(&stdout), shown(&stderr)),
        output: None,
    });
    let Some(status) = status else { panic!("{command:?} has not ended after {patience:?}") };
    Finished { status, stdout, stderr }
}

fn read(file: &mut fs::File) -> String {
    use std::io::{Read, Seek};
    let mut octets = Vec::new();
    file.rewind().expect("file for output");
    file.read_to_end(&mut octets).expect("file for output");
    String::from_utf8_lossy(&octets).into_owned()
}

/// A command line for a network namespace, or for that of the test.
pub(crate) fn command(
    space: Option<&str>,
    program: &OsStr,
    arguments: &[&OsStr],
    directory: &Path,
) -> Command {
    let mut command = match space {
        Some(space) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", space]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(arguments).current_dir(directory);
    // Nothing of the environment may change what a program does.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KEA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Whether no thread of a process runs any more, as after SIGSTOP: the signal reaches them one by one.
#[must_use]
pub(crate) fn stands(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        let id = thread.file_name().to_str().and_then(|id| id.parse().ok());
        id.and_then(|id| status_text(id, "State")).is_some_and(|state| state.starts_with('T'))
    })
}

/// A line of `/proc/PID/status`, such as `VmRSS`.
#[must_use]
pub fn status_text(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
