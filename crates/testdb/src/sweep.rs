//! What killed runs leave: a directory of some 150 MB per server. Its owner holds a lock that ends with the process, so
//! a directory whose lock is free belongs to nobody.

use std::fs::File;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use crate::PREFIX;

/// The file in a server's directory that its owner locks.
const OWNER: &str = "owner";

/// Between its making and its locking a file is free; that takes no longer than this.
const YOUNG: Duration = Duration::from_secs(60);

/// Marks a directory as this process's, as long as the file is open.
pub(crate) fn claim(directory: &Path) -> File {
    let file = File::create(directory.join(OWNER)).unwrap();
    file.lock().unwrap();
    file
}

/// Removes what nobody owns any more, at the first call in this process.
pub(crate) fn once() {
    static DONE: Once = Once::new();
    DONE.call_once(|| sweep(&std::env::temp_dir(), YOUNG));
}

fn sweep(parent: &Path, young: Duration) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && abandoned(&entry.path(), young) {
            // Another run may be sweeping as well.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn abandoned(directory: &Path, young: Duration) -> bool {
    let Ok(owner) = File::open(directory.join(OWNER)) else { return false };
    let age = owner.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age >= young) && owner.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_owns_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let [lost, owned, other] = ["kea-testdb.lost", "kea-testdb.owned", "other"].map(|name| {
            let path = parent.path().join(name);
            std::fs::create_dir_all(path.join("data")).unwrap();
            path
        });
        drop((claim(&lost), claim(&other)));
        let owner = claim(&owned);
        sweep(parent.path(), YOUNG);
        assert!(lost.exists(), "it may be about to be claimed");
        sweep(parent.path(), Duration::ZERO);
        assert!(!lost.exists() && owned.exists() && other.exists());
        drop(owner);
        sweep(parent.path(), Duration::ZERO);
        assert!(!owned.exists());
    }
}
