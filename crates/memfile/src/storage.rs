//! The file layer: every access of the store to its files goes through these few calls, so that tests can put a
//! simulated disk beneath it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// A directory with lease files.
pub trait Storage: Send + Sync + 'static {
    /// Opens a file for reading from its beginning; `None` when there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>>;

    /// Opens a file for appending. `New` empties a file that is there.
    fn append(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn LogFile>>;

    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Renames a file; one that has the new name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; it is no error when there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes renames, removals and creations in the directory of `path` durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes the lock that a process holds while it cleans up lease files, without waiting.
    fn lock(&self, path: &Path) -> io::Result<Locked>;
}

/// How [`Storage::append`] opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Keeps what is there; an error when there is no file.
    Existing,
    /// An empty file, with mode 0640 when it is created.
    New,
}

/// A file that grows at its end.
pub trait LogFile: Send {
    /// Writes at the end, maybe less than everything.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until content and length are durable (fdatasync).
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file.
    fn set_len(&mut self, length: u64) -> io::Result<()>;

    fn length(&mut self) -> io::Result<u64>;

    /// Whether the file still has this name; who cannot tell says yes.
    fn has_name(&mut self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// Outcome of [`Storage::lock`].
pub enum Locked {
    /// Held until dropped.
    Mine(Box<dyn Send>),
    /// Somebody else cleans up; the process number when it is known.
    Taken(Option<u32>),
}

/// Writes all of `bytes`; as a rule one system call.
pub(crate) fn write_all(file: &mut dyn LogFile, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The real file system. Symbolic links are not followed.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsStorage;

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlag::O_NOFOLLOW.bits()).mode(0o640);
    options
}

fn absent_is<T>(result: io::Result<T>, absent: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(absent),
        other => other,
    }
}

impl Storage for OsStorage {
    fn read(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        let file = absent_is(options().read(true).open(path).map(Some), None)?;
        Ok(file.map(|file| Box::new(file) as Box<dyn Read + Send>))
    }

    fn append(&self, path: &Path, mode: OpenMode) -> io::Result<Box<dyn LogFile>> {
        let file = match mode {
            OpenMode::Existing => options().append(true).open(path)?,
            OpenMode::New => {
                let file = options().append(true).create(true).open(path)?;
                file.set_len(0)?;
                file
            }
        };
        Ok(Box::new(OsFile(file)))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        absent_is(fs::symlink_metadata(path).map(|_| true), false)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        absent_is(fs::remove_file(path), ())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        File::open(dir)?.sync_all()
    }

    /// The lock is an flock(2) on the PID file, which the kernel takes back when its holder dies; the number in the
    /// file is for people, and for Kea's own kea-lfc, which knows no lock. A number left behind, an empty file, or
    /// a number that another program has got meanwhile stops nobody.
    fn lock(&self, path: &Path) -> io::Result<Locked> {
        loop {
            let mut file = options().read(true).write(true).create(true).truncate(false).open(path)?;
            let mut text = String::new();
            // What cannot be read says nothing.
            let _ = (&mut file).take(32).read_to_string(&mut text);
            let recorded: Option<u32> = text.trim().parse().ok();
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Ok(Locked::Taken(recorded)),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
            // The holder before us may have removed the file between our open and our lock.
            if !is_at(&file, path)? {
                continue;
            }
            if let Some(pid) = recorded.filter(|pid| *pid != std::process::id() && is_lfc(*pid)) {
                return Ok(Locked::Taken(Some(pid)));
            }
            let guard = PidFile { path: path.to_owned(), file };
            guard.file.set_len(0)?;
            (&guard.file).write_all_at_start(format!("{}\n", std::process::id()).as_bytes())?;
            return Ok(Locked::Mine(Box::new(guard)));
        }
    }
}

/// Whether a file, maybe opened a while ago, has this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (mine, there) = (file.metadata()?, absent_is(fs::symlink_metadata(path).map(Some), None)?);
    Ok(there.is_some_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())))
}

/// Whether a process is a kea-lfc.
fn is_lfc(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "kea-lfc")
}

trait WriteAtStart {
    fn write_all_at_start(self, bytes: &[u8]) -> io::Result<()>;
}

impl WriteAtStart for &File {
    fn write_all_at_start(self, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, 0)
    }
}

/// The lock; the file goes before the lock does.
struct PidFile {
    path: PathBuf,
    file: File,
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A file that stays is harmless.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

struct OsFile(File);

impl LogFile for OsFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn has_name(&mut self, path: &Path) -> io::Result<bool> {
        is_at(&self.0, path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn text_of(path: &Path) -> Option<String> {
        let mut text = String::new();
        OsStorage.read(path).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn files_are_private_appended_and_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("leases.csv");
        assert_eq!(text_of(&path), None);
        assert!(OsStorage.append(&path, OpenMode::Existing).is_err());
        let mut file = OsStorage.append(&path, OpenMode::New).unwrap();
        write_all(&mut *file, b"one,two").unwrap();
        file.set_len(3).unwrap();
        write_all(&mut *file, b"!").unwrap();
        file.sync().unwrap();
        assert!(file.has_name(&path).unwrap());
        assert_eq!((file.length().unwrap(), text_of(&path).as_deref()), (4, Some("one!")));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0);
        OsStorage.sync_dir(&path).unwrap();
        let other = dir.path().join("other");
        OsStorage.rename(&path, &other).unwrap();
        assert_eq!((OsStorage.exists(&path).unwrap(), OsStorage.exists(&other).unwrap()), (false, true));
        assert!(!file.has_name(&path).unwrap() && file.has_name(&other).unwrap());
        let mut file = OsStorage.append(&other, OpenMode::New).unwrap();
        assert_eq!(file.length().unwrap(), 0);
        OsStorage.remove(&other).unwrap();
        OsStorage.remove(&other).unwrap();
    }

    #[test]
    fn symbolic_links_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "x").unwrap();
        symlink(&target, &link).unwrap();
        assert!(OsStorage.read(&link).is_err());
        assert!(OsStorage.append(&link, OpenMode::New).is_err());
        assert!(OsStorage.lock(&link).is_err());
        assert_eq!(fs::read(&target).unwrap(), b"x");
    }

    #[test]
    fn a_pid_file_left_behind_blocks_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("leases.csv.pid");
        // None, empty, garbage, a process that is gone, one that is something else (this test's parent).
        let parent = nix::unistd::getppid().to_string();
        for content in [None, Some(""), Some("garbage"), Some("4194999\n"), Some(parent.as_str())] {
            if let Some(content) = content {
                fs::write(&path, content).unwrap();
            }
            let Locked::Mine(lock) = OsStorage.lock(&path).unwrap() else { panic!("blocked by {content:?}") };
            assert_eq!(fs::read_to_string(&path).unwrap().trim(), std::process::id().to_string());
            let again = OsStorage.lock(&path).unwrap();
            assert!(matches!(again, Locked::Taken(Some(pid)) if pid == std::process::id()));
            drop(lock);
            assert!(!path.exists());
        }
    }
}
