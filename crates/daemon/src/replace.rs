//! Replacing a file as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Writes a file so that a crash at any moment leaves the old one or the new one, whole. A link is replaced, not followed:
/// somebody else may have made it. The new file has the group of the old one where that may be given, and its mode as far
/// as 0640 goes.
pub fn replace_file(path: &Path, octets: &[u8]) -> io::Result<()> {
    let old = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&new)?;
        if let Some(old) = &old {
            // Who may not give it away keeps it.
            let _ = chown(&new, None, Some(old.gid()));
            file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o640))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_or_new_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.conf");
        for text in ["one", "two, longer"] {
            replace_file(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0, "closed to others");
        // A file that only its owner reads stays so; a link leads nobody elsewhere.
        let (link, closed) = (dir.path().join("link"), dir.path().join("closed"));
        fs::write(&closed, "old").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o604)).unwrap();
        std::os::unix::fs::symlink(&closed, &link).unwrap();
        replace_file(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&closed).unwrap(), "old");
        replace_file(&closed, b"new").unwrap();
        assert_eq!(fs::metadata(&closed).unwrap().mode() & 0o777, 0o600);
        fs::create_dir(dir.path().join("d")).unwrap();
        assert!(replace_file(&dir.path().join("d"), b"x").is_err(), "a directory stays");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is left behind");
        assert!(replace_file(&dir.path().join("missing/f"), b"x").is_err());
    }
}
