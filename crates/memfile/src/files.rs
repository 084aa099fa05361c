//! The files of a lease database, and which of them count.

use std::io;
use std::path::{Path, PathBuf};

use crate::storage::Storage;

/// Names of the lease files, as Kea uses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseFiles {
    /// The file to which the server appends.
    pub live: PathBuf,
    /// `.1`: the live file of before, input of the cleanup.
    pub input: PathBuf,
    /// `.2`: result of the last cleanup.
    pub previous: PathBuf,
    /// `.output`: being written by the cleanup; means nothing.
    pub output: PathBuf,
    /// `.completed`: result of the cleanup that has not yet taken the place of its inputs.
    pub finish: PathBuf,
    /// `.pid`: lock of the cleanup.
    pub pid: PathBuf,
}

impl LeaseFiles {
    #[must_use]
    pub fn of(live: &Path) -> Self {
        let with = |suffix: &str| {
            let mut name = live.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            live: live.to_owned(),
            input: with(".1"),
            previous: with(".2"),
            output: with(".output"),
            finish: with(".completed"),
            pid: with(".pid"),
        }
    }

    /// The files that together hold everything up to the live file, in the order in which they are read.
    ///
    /// A finished cleanup removes `.2`, then `.1`, then renames `.completed` to `.2`. While both inputs are there
    /// they say all that `.completed` says, and it is left out: after a power cut it may be shorter than it should
    /// be, if it was written by a program that does not sync. Later it is needed; then `.1`, if it is still there,
    /// comes after it, which changes nothing when `.completed` is whole and repairs most of it when it is not.
    pub(crate) fn sources(&self, storage: &dyn Storage) -> io::Result<Vec<&Path>> {
        let (previous, input) = (storage.exists(&self.previous)?, storage.exists(&self.input)?);
        let finish = storage.exists(&self.finish)? && !(previous && input);
        let all = [(previous, &self.previous), (finish, &self.finish), (input, &self.input)];
        Ok(all.into_iter().filter(|(there, _)| *there).map(|(_, path)| path.as_path()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::OsStorage;

    #[test]
    fn a_completed_file_counts_only_when_inputs_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let files = LeaseFiles::of(&dir.path().join("l.csv"));
        assert!(files.finish.ends_with("l.csv.completed") && files.previous.ends_with("l.csv.2"));
        for (there, read) in [
            ("", ""),
            ("1", "1"),
            ("2", "2"),
            ("12", "21"),
            ("c", "c"),
            ("1c", "c1"),
            ("2c", "2c"),
            ("12c", "21"),
        ] {
            for (name, path) in [('1', &files.input), ('2', &files.previous), ('c', &files.finish)] {
                OsStorage.remove(path).unwrap();
                if there.contains(name) {
                    std::fs::write(path, "").unwrap();
                }
            }
            let names: String = files
                .sources(&OsStorage)
                .unwrap()
                .into_iter()
                .map(|path| {
                    if path == files.input {
                        '1'
                    } else if path == files.previous {
                        '2'
                    } else {
                        'c'
                    }
                })
                .collect();
            assert_eq!(names, read, "{there}");
        }
    }
}
