//! How programs on one machine tell each other of changes: who has committed touches the file, which others watch. It
//! says nothing that asking would not show, so whoever cannot touch or watch loses nothing but time.

use std::path::Path;
use std::sync::Arc;

use nix::fcntl::AT_FDCWD;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use tokio::sync::Notify;

/// Tells those who watch a file that it was written.
pub(crate) fn touch(path: &Path) {
    let now = TimeSpec::UTIME_NOW;
    let _: nix::Result<()> = utimensat(AT_FDCWD, path, &now, &now, UtimensatFlags::FollowSymlink);
}

/// Watches a file until it is dropped.
pub(crate) struct Watch {
    events: Arc<Inotify>,
    watched: WatchDescriptor,
}

impl Watch {
    /// `news` is notified of each touch, by a thread of its own.
    pub(crate) fn start(path: &Path, news: Arc<Notify>) -> Option<Self> {
        let events = Arc::new(Inotify::init(InitFlags::IN_CLOEXEC).ok()?);
        let watched = events.add_watch(path, AddWatchFlags::IN_ATTRIB).ok()?;
        let seen = Arc::clone(&events);
        std::thread::Builder::new()
            .name("sqlite-watch".to_owned())
            .spawn(move || {
                while let Ok(events) = seen.read_events() {
                    // The watch was taken away, or the file went; one that takes its place is opened anew.
                    if events.iter().any(|event| event.mask.contains(AddWatchFlags::IN_IGNORED)) {
                        return;
                    }
                    news.notify_one();
                }
            })
            .ok()?;
        Some(Self { events, watched })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread hears of it.
        let _: nix::Result<()> = self.events.rm_watch(self.watched);
    }
}
