//! A log file with rotation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Gathered lines are written when they pass this many bytes.
const BUFFER: usize = 16 * 1024;

/// An open log file. Lines go out whole, in one write each, so that processes may share a file.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    /// Bytes in the file, without the buffer.
    size: u64,
    buffer: Vec<u8>,
    /// Greatest size and number of rotated files; `None`: never rotated.
    rotation: Option<(u64, u32)>,
    /// Held while rotating, so that two processes do not rotate one file at once.
    lock_file: Option<PathBuf>,
}

impl LogFile {
    /// Opens or creates `path` (mode 0640 at most) for appending, and its lock file if it may be rotated. `made` is told of
    /// what was not there before.
    pub(super) fn open(
        path: &Path,
        rotation: Option<(u64, u32)>,
        lock_file: Option<PathBuf>,
        made: &mut Vec<PathBuf>,
    ) -> io::Result<Self> {
        // Only who makes a file knows that it is new.
        let fresh = |path: &Path| options().create_new(true).open(path).is_ok();
        if fresh(path) {
            made.push(path.to_owned());
        }
        let (file, identity, size) = open(path)?;
        if let Some(lock_file) = lock_file.as_deref().filter(|_| rotation.is_some())
            && fresh(lock_file)
        {
            made.push(lock_file.to_owned());
        }
        Ok(Self { path: path.to_owned(), file, identity, size, buffer: Vec::new(), rotation, lock_file })
    }

    pub(super) fn set_rotation(&mut self, rotation: Option<(u64, u32)>) {
        self.rotation = rotation;
    }

    /// Writes one line; with `flush` at once.
    pub(super) fn write(&mut self, line: &[u8], flush: bool) -> io::Result<()> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if let Some((most, versions)) = self.rotation {
            let gathered = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
            let used = self.size.saturating_add(gathered);
            if used > 0 && used.saturating_add(length) > most {
                self.flush()?;
                self.rotate(versions)?;
            }
        }
        if flush && self.buffer.is_empty() {
            return self.put(line);
        }
        self.buffer.extend_from_slice(line);
        if flush || self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let done = self.put(&buffer);
        // On failure (disk full) the lines are given up: a log must not eat the memory.
        self.buffer = buffer;
        self.buffer.clear();
        done
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    }

    /// Opens the file anew when someone has moved or removed it.
    pub(super) fn reopen_if_moved(&mut self) -> io::Result<()> {
        let there = fs::metadata(&self.path).map(|m| (m.dev(), m.ino()));
        if there.is_ok_and(|identity| identity == self.identity) {
            return Ok(());
        }
        let flushed = self.flush();
        (self.file, self.identity, self.size) = open(&self.path)?;
        flushed
    }

    /// `.1` becomes `.2` and so on, the file becomes `.1`, and a new one is begun.
    fn rotate(&mut self, versions: u32) -> io::Result<()> {
        let _lock = match &self.lock_file {
            Some(path) => {
                let lock = lock(path);
                if let Some(lock) = &lock
                    && lock.try_lock().is_err()
                {
                    // Another process is at it; the next line finds its new file.
                    return Ok(());
                }
                lock
            }
            None => None,
        };
        let there = fs::metadata(&self.path).map(|m| (m.dev(), m.ino(), m.len()));
        if let Ok((dev, ino, size)) = there
            && (dev, ino) == self.identity
            // Others may have written to it, or cut it.
            && size > 0
        {
            for version in (1..versions).rev() {
                match fs::rename(self.version(version), self.version(version + 1)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            fs::rename(&self.path, self.version(1))?;
        }
        (self.file, self.identity, self.size) = open(&self.path)?;
        Ok(())
    }

    fn version(&self, version: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{version}"));
        name.into()
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.flush();
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o640);
    options
}

/// A lock file. Without one (missing directory, other owner) there is nobody to agree with.
fn lock(path: &Path) -> Option<File> {
    options().create(true).open(path).ok()
}

fn open(path: &Path) -> io::Result<(File, (u64, u64), u64)> {
    let file = options().create(true).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, (metadata.dev(), metadata.ino()), metadata.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open_log(
        path: &Path,
        rotation: Option<(u64, u32)>,
        lock_file: Option<PathBuf>,
    ) -> io::Result<LogFile> {
        LogFile::open(path, rotation, lock_file, &mut Vec::new())
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn rotates_before_the_size_is_passed_and_keeps_the_versions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let mut log = open_log(&path, Some((10, 2)), Some(dir.path().join("lock"))).unwrap();
        assert!(dir.path().join("lock").exists());
        for line in ["one1\n", "two2\n", "three\n", "four4\n", "five5\n"] {
            log.write(line.as_bytes(), true).unwrap();
        }
        assert_eq!(read(&path), "five5\n");
        assert_eq!(read(&dir.path().join("kea.log.1")), "four4\n");
        assert_eq!(read(&dir.path().join("kea.log.2")), "three\n");
        assert!(!dir.path().join("kea.log.3").exists());
        let mode = fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
    }

    #[test]
    fn a_line_larger_than_the_limit_is_kept_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let mut log = open_log(&path, Some((10, 1)), None).unwrap();
        log.write(b"0123456789abc\n", true).unwrap();
        assert_eq!(read(&path), "0123456789abc\n");
        log.write(b"x\n", true).unwrap();
        assert_eq!(
            (read(&path), read(&dir.path().join("kea.log.1"))),
            ("x\n".into(), "0123456789abc\n".into())
        );
    }

    #[test]
    fn gathered_lines_appear_on_flush_and_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let mut log = open_log(&path, None, None).unwrap();
        log.write(b"a\n", false).unwrap();
        assert_eq!(read(&path), "");
        log.write(b"b\n", true).unwrap();
        assert_eq!(read(&path), "a\nb\n");
        log.write(b"c\n", false).unwrap();
        drop(log);
        assert_eq!(read(&path), "a\nb\nc\n");
    }

    #[test]
    fn a_moved_file_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let mut log = open_log(&path, None, None).unwrap();
        log.write(b"a\n", true).unwrap();
        fs::rename(&path, dir.path().join("old")).unwrap();
        log.write(b"b\n", true).unwrap();
        log.reopen_if_moved().unwrap();
        log.reopen_if_moved().unwrap();
        log.write(b"c\n", true).unwrap();
        assert_eq!((read(&dir.path().join("old")), read(&path)), ("a\nb\n".into(), "c\n".into()));
    }

    #[test]
    fn two_writers_of_one_file_do_not_rotate_each_other_s_lines_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kea.log");
        let lock = Some(dir.path().join("lock"));
        let mut first = open_log(&path, Some((40, 9)), lock.clone()).unwrap();
        let mut second = open_log(&path, Some((40, 9)), lock).unwrap();
        for number in 0..20 {
            first.write(format!("first{number:02}\n").as_bytes(), true).unwrap();
            second.write(format!("other{number:02}\n").as_bytes(), true).unwrap();
        }
        let mut all = read(&path);
        for version in 1..=9 {
            all.push_str(&read(&dir.path().join(format!("kea.log.{version}"))));
        }
        assert_eq!(all.lines().filter(|line| line.starts_with("first")).count(), 20);
        assert_eq!(all.lines().filter(|line| line.starts_with("other")).count(), 20);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// The kept files, oldest first, are the end of what was written; none is larger than the limit.
        #[test]
        fn files_are_the_tail_of_the_log(
            lines in prop::collection::vec((1_usize..30, any::<bool>()), 1..80),
            most in 30_u64..120,
            versions in 1_u32..4,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("kea.log");
            let mut log = open_log(&path, Some((most, versions)), None).unwrap();
            let mut all = String::new();
            for (number, (length, flush)) in lines.into_iter().enumerate() {
                let line = format!("{number:0length$}\n");
                log.write(line.as_bytes(), flush).unwrap();
                all.push_str(&line);
            }
            drop(log);
            let mut kept = String::new();
            for version in (1..=versions).rev() {
                kept.push_str(&read(&dir.path().join(format!("kea.log.{version}"))));
            }
            kept.push_str(&read(&path));
            prop_assert!(all.ends_with(&kept));
            if kept.len() < all.len() {
                let oldest = dir.path().join(format!("kea.log.{versions}"));
                prop_assert!(oldest.exists());
            }
            for entry in fs::read_dir(dir.path()).unwrap() {
                prop_assert!(entry.unwrap().metadata().unwrap().len() <= most);
            }
        }
    }
}
