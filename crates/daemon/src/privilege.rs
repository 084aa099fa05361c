//! User and file creation mask of the process.

use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;

/// Whether the process runs with the rights of root.
#[must_use]
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Files that the process creates are no longer readable for others, nor writable for the group (mask 027; bits
/// that the caller's mask took away stay away).
pub fn restrict_umask() {
    let wanted = Mode::S_IWGRP | Mode::S_IRWXO;
    let old = umask(wanted);
    umask(wanted | old);
}
