//! The places that lines go to. None of them may hold up the packet path for long: a pipe or terminal whose reader
//! has stopped is waited for briefly and then skipped until it takes lines again, and what was lost is said.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::Micros;
use jiff::tz::TimeZone;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::file::LogFile;
use super::settings::Facility;
use crate::logger::Level;
use crate::time::local;

/// How long a line may wait for the reader of a pipe, in milliseconds; once it has stopped, only FATAL waits.
const PATIENCE: u16 = 20;
const PATIENCE_OF_LAST_WORDS: u16 = 200;

/// After a failure the syslog socket is tried again this much later, in microseconds.
const SYSLOG_RETRY: u64 = 1_000_000;

#[derive(Debug)]
pub(super) enum Output {
    Stream(Mutex<Stream>),
    File(Mutex<LogFile>),
    Syslog(Mutex<Syslog>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Output {
    /// Writes one line. `Err` when it is lost.
    pub(super) fn write(&self, line: &str, level: Level, flush: bool, at: Micros) -> io::Result<()> {
        let urgent = level.verbosity() <= Level::Error.verbosity();
        match self {
            Self::Stream(stream) => lock(stream).write(line, level),
            Self::File(file) => lock(file).write(line.as_bytes(), flush || urgent),
            Self::Syslog(syslog) => lock(syslog).write(line, level, at),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::File(file) => lock(file).flush(),
            _ => Ok(()),
        }
    }

    pub(super) fn reopen(&self) -> io::Result<()> {
        match self {
            Self::File(file) => lock(file).reopen_if_moved(),
            _ => Ok(()),
        }
    }

    pub(super) fn set_rotation(&self, rotation: Option<(u64, u32)>) {
        if let Self::File(file) = self {
            lock(file).set_rotation(rotation);
        }
    }
}

/// Standard output or standard error.
#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// A pipe, terminal or socket: writing may wait for a reader.
    may_wait: bool,
    /// The reader had stopped when the last line came.
    stuck: bool,
    lost: u64,
    /// The last line broke off.
    torn: bool,
}

impl Stream {
    /// Its own handle of an open descriptor.
    pub(super) fn new(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        let file = File::from(descriptor.try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        let may_wait = kind.is_fifo() || kind.is_socket() || kind.is_char_device();
        Ok(Self { file, may_wait, stuck: false, lost: 0, torn: false })
    }

    fn write(&mut self, line: &str, level: Level) -> io::Result<()> {
        let mut patience = match level {
            Level::Fatal => PATIENCE_OF_LAST_WORDS,
            _ if self.stuck => 0,
            _ => PATIENCE,
        };
        if self.lost > 0 {
            let end = if self.torn { "\n" } else { "" };
            let note = format!("{end}{} log lines were lost here: nobody was reading\n", self.lost);
            self.put(note.as_bytes(), patience)?;
            (self.lost, self.torn) = (0, false);
        }
        // A pipe that reports to be writable takes this much at once.
        for (number, part) in line.as_bytes().chunks(4096).enumerate() {
            let done = self.put(part, patience);
            self.torn |= done.is_err() && number > 0;
            done?;
            patience = patience.max(PATIENCE);
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], patience: u16) -> io::Result<()> {
        if self.may_wait && !ready(&self.file, patience) {
            self.stuck = true;
            self.lost += 1;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.stuck = false;
        self.file.write_all(bytes)
    }
}

fn ready(file: &File, milliseconds: u16) -> bool {
    let mut descriptors = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
    match poll(&mut descriptors, PollTimeout::from(milliseconds)) {
        Ok(0) => false,
        // A signal may cut the waiting short; the line is written then.
        Ok(_) | Err(_) => true,
    }
}

/// The local syslog daemon.
#[derive(Debug)]
pub(super) struct Syslog {
    path: std::path::PathBuf,
    facility: Facility,
    ident: String,
    zone: TimeZone,
    socket: Option<UnixDatagram>,
    retry_at: Micros,
    /// How long a daemon that is busy is waited for.
    patience: Option<Duration>,
}

impl Syslog {
    pub(super) const PATH: &'static str = "/dev/log";

    pub(super) fn new(path: &std::path::Path, facility: Facility, ident: &str, zone: TimeZone) -> Self {
        Self {
            path: path.to_owned(),
            facility,
            ident: ident.to_owned(),
            zone,
            socket: None,
            retry_at: Micros(0),
            patience: None,
        }
    }

    pub(super) fn that_waits(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    pub(super) fn write(&mut self, line: &str, level: Level, at: Micros) -> io::Result<()> {
        let urgency: u8 = match level {
            Level::Fatal => 2,
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug(_) => 7,
        };
        let t = local(at, &self.zone);
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = usize::try_from(t.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or("Jan");
        let datagram = format!(
            "<{}>{month} {:2} {:02}:{:02}:{:02} {}[{}]: {}",
            u16::from(self.facility.0) * 8 + u16::from(urgency),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            self.ident,
            std::process::id(),
            line.trim_end_matches('\n')
        );
        if let Some(socket) = &self.socket {
            match socket.send(datagram.as_bytes()) {
                Ok(_) => return Ok(()),
                // A full socket loses this line; anything else is a daemon that went away.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => self.socket = None,
            }
        } else if at < self.retry_at {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.retry_at = Micros(at.0.saturating_add(SYSLOG_RETRY));
        let socket = UnixDatagram::unbound()?;
        match self.patience {
            None => socket.set_nonblocking(true)?,
            patience => socket.set_write_timeout(patience)?,
        }
        socket.connect(&self.path)?;
        socket.send(datagram.as_bytes())?;
        self.socket = Some(socket);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const AT: Micros = Micros(1_795_466_858_000_000);

    #[test]
    fn syslog_datagrams_and_a_daemon_that_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(&path, Facility(23), "kea-dhcp4", TimeZone::UTC);
        assert!(syslog.write("nobody there\n", Level::Info, AT).is_err());
        let daemon = UnixDatagram::bind(&path).unwrap();
        assert!(syslog.write("too early\n", Level::Info, AT).is_err());
        let later = Micros(AT.0 + SYSLOG_RETRY);
        syslog.write("hello\n", Level::Info, later).unwrap();
        let mut buffer = [0; 200];
        let length = daemon.recv(&mut buffer).unwrap();
        let expected = format!("<190>Nov 23 20:47:39 kea-dhcp4[{}]: hello", std::process::id());
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected);
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        let daemon = UnixDatagram::bind(&path).unwrap();
        syslog.write("again\n", Level::Fatal, later).unwrap();
        let length = daemon.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"<186>") && buffer[..length].ends_with(b"again"));
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_nobody_up() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut stream = Stream::new(writer.as_fd()).unwrap();
        assert!(stream.may_wait);
        let line = "x".repeat(1023) + "\n";
        let mut written = 0;
        while stream.write(&line, Level::Error).is_ok() {
            written += 1;
        }
        let start = std::time::Instant::now();
        for _ in 0..1000 {
            assert!(stream.write(&line, Level::Error).is_err());
        }
        assert!(start.elapsed().as_millis() < 500);
        let mut text = vec![0; written * line.len()];
        reader.read_exact(&mut text).unwrap();
        stream.write("after\n", Level::Info).unwrap();
        drop((stream, writer));
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "1001 log lines were lost here: nobody was reading\nafter\n");
    }

    #[test]
    fn a_long_line_that_breaks_off_is_ended() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut stream = Stream::new(writer.as_fd()).unwrap();
        let line = "y".repeat(9_999) + "\n";
        let mut whole = 0;
        while stream.write(&line, Level::Info).is_ok() {
            whole += 1;
        }
        assert!(stream.torn);
        let drain = std::thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        });
        while stream.write("after\n", Level::Fatal).is_err() {}
        drop((stream, writer));
        let text = drain.join().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), whole + 3);
        assert!(lines[whole].len() < 9_999 && lines[whole].starts_with("yyy"));
        assert!(lines[whole + 1].ends_with("log lines were lost here: nobody was reading"));
        assert_eq!(lines[whole + 2], "after");
    }
}
