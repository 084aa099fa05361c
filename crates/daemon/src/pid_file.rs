//! The PID file: tells tools which process serves a configuration, and keeps a second one from serving it too.
//!
//! The file is locked as long as the process lives, and the kernel drops the lock with the process, however it ends.
//! So a file left over by a crash never blocks a start. Servers that do not lock (ISC's) are recognised by looking
//! at the process itself: a number that has meanwhile gone to another program does not block either.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why there is no PID file.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    #[error("PID: {pid} exists, PID file: {}", .path.display())]
    Running { pid: u32, path: PathBuf },
    #[error("another process holds the PID file: {}", .path.display())]
    Held { path: PathBuf },
    #[error("cannot use the PID file {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the configuration file name '{}' gives no name for a PID file", .0.display())]
    Name(PathBuf),
}

/// A PID file that is ours. Dropping it removes the file.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Makes `dir/CONFIG.PROGRAM.pid`, where CONFIG is the name of the configuration file without its last
    /// extension. Refused while a living process of this program serves the same configuration.
    pub fn create(dir: &Path, config: &Path, program: &str) -> Result<Self, PidFileError> {
        let path = Self::path_for(dir, config, program)?;
        let io = |source| PidFileError::Io { path: path.clone(), source };
        // A few rounds, should others just be removing the file.
        for _ in 0..16 {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(&path)
                .map_err(io)?;
            let recorded = read_pid(&mut file);
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(match recorded {
                        Some(pid) => PidFileError::Running { pid, path },
                        None => PidFileError::Held { path },
                    });
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
            // The owner may have removed the file between opening and locking.
            let ours = file.metadata().map_err(io)?;
            let same = |there: fs::Metadata| (there.dev(), there.ino()) == (ours.dev(), ours.ino());
            if !fs::metadata(&path).is_ok_and(same) {
                continue;
            }
            if let Some(pid) = read_pid(&mut file)
                && pid != std::process::id()
                && serves(Path::new("/proc"), pid, config, program)
            {
                return Err(PidFileError::Running { pid, path });
            }
            file.set_len(0).map_err(io)?;
            file.rewind().map_err(io)?;
            file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(io)?;
            return Ok(Self { path, file });
        }
        Err(PidFileError::Held { path })
    }

    /// Where [`Self::create`] puts the file.
    pub fn path_for(dir: &Path, config: &Path, program: &str) -> Result<PathBuf, PidFileError> {
        let stem = config.file_stem().ok_or_else(|| PidFileError::Name(config.to_owned()))?;
        let mut name = stem.to_owned();
        name.push(format!(".{program}.pid"));
        Ok(dir.join(name))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Removed while still locked, and only when it is still this file.
        let ours = self.file.metadata().map(|m| (m.dev(), m.ino()));
        let there = fs::metadata(&self.path).map(|m| (m.dev(), m.ino()));
        if let (Ok(ours), Ok(there)) = (ours, there)
            && ours == there
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The number in the file; `None` when it is empty, damaged or absurdly long.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Whether the process is alive, is this program, and was started with this configuration file.
fn serves(proc: &Path, pid: u32, config: &Path, program: &str) -> bool {
    let dir = proc.join(pid.to_string());
    let Ok(command) = fs::read(dir.join("cmdline")) else { return false };
    let mut arguments = command.split(|byte| *byte == 0);
    // Empty for zombies and kernel threads.
    let Some(name) = arguments.next().filter(|name| !name.is_empty()) else { return false };
    let base = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
    if base(name) != program.as_bytes() {
        return false;
    }
    let Some(config) = config.file_name() else { return true };
    let config = config.as_encoded_bytes();
    // As an argument of its own, or glued to its flag.
    arguments.any(|argument| {
        let argument = base(argument);
        argument == config || argument.strip_prefix(b"-c").is_some_and(|rest| rest == config)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "/etc/kea/kea.dhcp.conf";

    #[test]
    fn named_after_configuration_and_program() {
        let path = |config: &str| PidFile::path_for(Path::new("/run/kea"), Path::new(config), "kea-dhcp4");
        assert_eq!(path("/etc/kea/kea.conf").unwrap(), Path::new("/run/kea/kea.kea-dhcp4.pid"));
        assert_eq!(path("a.b.conf").unwrap(), Path::new("/run/kea/a.b.kea-dhcp4.pid"));
        assert!(path("/").is_err() && path("").is_err());
    }

    #[test]
    fn second_holder_is_refused_and_the_file_goes_with_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let first = PidFile::create(dir.path(), Path::new(CONFIG), "kea-dhcp4").unwrap();
        assert_eq!(fs::read_to_string(first.path()).unwrap(), format!("{}\n", std::process::id()));
        let second = PidFile::create(dir.path(), Path::new(CONFIG), "kea-dhcp4");
        match second {
            Err(PidFileError::Running { pid, .. }) => assert_eq!(pid, std::process::id()),
            other => panic!("{other:?}"),
        }
        let other = PidFile::create(dir.path(), Path::new("other.conf"), "kea-dhcp4").unwrap();
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists() && other.path().exists());
    }

    #[test]
    fn left_over_files_do_not_block() {
        let dir = tempfile::tempdir().unwrap();
        let path = PidFile::path_for(dir.path(), Path::new(CONFIG), "kea-dhcp4").unwrap();
        // Empty, damaged, dead, reused by an unrelated process (this one's parent), longer than our own number.
        let parent = std::os::unix::process::parent_id().to_string();
        for left in
            ["", "garbage", "-1", "0", "4194304\n", &parent, "99999999999999999999999", &"1".repeat(5000)]
        {
            fs::write(&path, left).unwrap();
            let file = PidFile::create(dir.path(), Path::new(CONFIG), "kea-dhcp4").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()), "{left:.20}");
            drop(file);
        }
    }

    #[test]
    fn a_file_that_was_replaced_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = PidFile::create(dir.path(), Path::new(CONFIG), "kea-dhcp4").unwrap();
        let path = file.path().to_owned();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }

    #[test]
    fn processes_are_recognised_by_program_and_configuration() {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir(proc.path().join("7")).unwrap();
        let check = |cmdline: &str| {
            fs::write(proc.path().join("7/cmdline"), cmdline).unwrap();
            serves(proc.path(), 7, Path::new(CONFIG), "kea-dhcp4")
        };
        assert!(check("/usr/sbin/kea-dhcp4\0-c\0/etc/kea/kea.dhcp.conf\0"));
        assert!(check("kea-dhcp4\0-d\0-ckea.dhcp.conf\0"));
        assert!(!check("kea-dhcp4\0-c\0/etc/kea/kea-other.conf\0"));
        assert!(!check("kea-dhcp6\0-c\0/etc/kea/kea.dhcp.conf\0"));
        assert!(!check("vim\0kea.dhcp.conf\0"));
        assert!(!check(""));
        assert!(!serves(proc.path(), 8, Path::new(CONFIG), "kea-dhcp4"));
    }
}
