//! Replacing a file as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Links that lead on to links; as many as the kernel follows.
const MOST_LINKS: usize = 40;

/// Writes a file so that a crash at any moment leaves the old one or the new one, whole. A symbolic link stays: what it
/// leads to is replaced. Owner and group of the old file stay where this process may give files away, its mode as far as it
/// is closed to others; a file that was not there has mode 0640.
///
/// A file whose directory takes no new one (not writable, or the file is a mount of its own) is written over in place, as
/// Kea does: who crashes then may leave half of it.
///
/// # Errors
/// When it cannot be written, or is no regular file.
pub fn replace_file(path: &Path, octets: &[u8]) -> io::Result<()> {
    let path = &target(path)?;
    let old = match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => Some(old),
        Ok(_) => return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match replace(path, old.as_ref(), octets) {
        Err(error)
            if old.is_some()
                && matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy
                ) =>
        {
            // What the directory says is clearer than what the file says.
            overwrite(path, octets).map_err(|_| error)
        }
        outcome => outcome,
    }
}

/// What a path leads to, through links; the last may lead to nothing yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..=MOST_LINKS {
        match fs::read_link(&path) {
            // Relative to where the link is.
            Ok(next) => path = path.parent().map_or_else(|| next.clone(), |parent| parent.join(&next)),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(nix::errno::Errno::ELOOP))
}

fn replace(path: &Path, old: Option<&fs::Metadata>, octets: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&new)?;
    let written = (|| {
        if let Some(old) = old {
            // Who may not give it away keeps it; one may be given where the other may not.
            let _ = chown(&new, None, Some(old.gid()));
            let _ = chown(&new, Some(old.uid()), None);
            file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o660))?;
        }
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

fn overwrite(path: &Path, octets: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let before = file.metadata()?.len();
    let (head, tail) = octets.split_at(octets.len().min(usize::try_from(before).unwrap_or(usize::MAX)));
    // First what may find the disk full: then nothing is lost.
    if let Err(error) = file.write_all_at(tail, before) {
        let _ = file.set_len(before);
        return Err(error);
    }
    file.write_all_at(head, 0)?;
    file.set_len(u64::try_from(octets.len()).unwrap_or(u64::MAX))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn old_or_new_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.conf");
        for text in ["one", "two, longer"] {
            replace_file(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(mode(&path) & 0o137, 0, "closed to others");
        // Who may read and write stays as it was, but for others.
        for (before, after) in [(0o604, 0o600), (0o664, 0o660), (0o640, 0o640), (0o400, 0o400)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            replace_file(&path, b"new").unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
        }
        fs::create_dir(dir.path().join("d")).unwrap();
        assert!(replace_file(&dir.path().join("d"), b"x").is_err(), "a directory stays");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
        assert!(replace_file(&dir.path().join("missing/f"), b"x").is_err());
    }

    #[test]
    fn links_stay_and_what_they_lead_to_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("checkout")).unwrap();
        fs::write(at("checkout/real"), "old").unwrap();
        symlink("checkout/real", at("one")).unwrap();
        symlink(at("one"), at("two")).unwrap();
        symlink("checkout/later", at("nowhere")).unwrap();
        symlink("loop", at("loop")).unwrap();
        fs::hard_link(at("checkout/real"), at("before")).unwrap();
        for (link, file) in
            [("one", "checkout/real"), ("two", "checkout/real"), ("nowhere", "checkout/later")]
        {
            replace_file(&at(link), link.as_bytes()).unwrap();
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
            assert_eq!(fs::read_to_string(at(file)).unwrap(), link);
        }
        assert_eq!(fs::read_to_string(at("before")).unwrap(), "old", "replaced, not written over");
        assert!(replace_file(&at("loop"), b"x").is_err());
        assert_eq!(fs::read_dir(at("checkout")).unwrap().count(), 2);
        symlink("/dev/null", at("device")).unwrap();
        assert!(replace_file(&at("device"), b"x").unwrap_err().to_string().contains("not a regular file"));
    }

    #[test]
    fn owner_and_group_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "old").unwrap();
        if chown(&path, Some(1), Some(2)).is_err() {
            // Not root: files cannot be given away.
            return;
        }
        replace_file(&path, b"new").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (1, 2));
    }

    #[test]
    fn what_cannot_be_replaced_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for (before, after) in [("longer than what comes", "new"), ("x", "longer than what was")] {
            fs::write(&path, before).unwrap();
            overwrite(&path, after.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
        assert!(overwrite(&dir.path().join("missing"), b"x").is_err());
    }
}
