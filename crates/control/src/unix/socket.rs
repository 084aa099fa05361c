//! Opening the socket file: its lock, its mode, and what may lie in its way.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

/// Longest path of a UNIX socket on Linux, in octets.
pub const MAX_PATH: usize = 107;

/// Owner and group may connect, nobody else.
const MODE: u32 = 0o770;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Why a control socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("socket path '{path}' of {length} octets is longer than the {MAX_PATH} that the system allows")]
    PathTooLong { path: PathBuf, length: usize },
    #[error("{0}")]
    Directory(String),
    #[error("cannot create socket lockfile, {path}, : {error}")]
    CreateLock { path: PathBuf, error: io::Error },
    #[error("cannot lock socket lockfile, {path}, : {error}")]
    Lock { path: PathBuf, error: nix::errno::Errno },
    #[error("'{0}' is in use by another program that accepts connections")]
    Live(PathBuf),
    #[error("'{0}' exists and is not a socket; move it away")]
    NotASocket(PathBuf),
    #[error("cannot open control socket '{path}': {error}")]
    Bind { path: PathBuf, error: io::Error },
}

/// The file of an open control socket. Dropping it removes the file, and then its lock file.
#[derive(Debug)]
pub(crate) struct SocketFile {
    pub(crate) path: PathBuf,
    _lock: LockFile,
}

#[derive(Debug)]
struct LockFile {
    path: PathBuf,
    _lock: Flock<File>,
}

impl SocketFile {
    /// Binds `path` and listens. The lock file `path.lock` is held as long as the socket is; Kea's servers keep the
    /// same lock, so that neither steals the other's socket.
    pub(crate) fn bind(path: &Path) -> Result<(Self, UnixListener), BindError> {
        let length = path.as_os_str().len();
        if length > MAX_PATH {
            return Err(BindError::PathTooLong { path: path.to_owned(), length });
        }
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let lock = LockFile { _lock: lock(&lock_path)?, path: lock_path };
        clear_way(path)?;
        let failed = |error| BindError::Bind { path: path.to_owned(), error };
        let socket = bind(path).map_err(failed)?;
        // From here on the file is ours to remove.
        let file = Self { path: path.to_owned(), _lock: lock };
        let listener = listen(socket, path).map_err(failed)?;
        Ok((file, listener))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // While the lock is still held, see `lock`.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn lock(path: &Path) -> Result<Flock<File>, BindError> {
    // Whoever removes the lock file holds its lock while doing so. So a lock on a file that is no longer there was won
    // too late: try again on the new file.
    for _ in 0..10 {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC)
            .open(path)
            .map_err(|error| BindError::CreateLock { path: path.to_owned(), error })?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, error)| BindError::Lock { path: path.to_owned(), error })?;
        if same_file(&lock, path) {
            return Ok(lock);
        }
    }
    Err(BindError::Lock { path: path.to_owned(), error: nix::errno::Errno::EAGAIN })
}

fn same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |data: std::fs::Metadata| (data.dev(), data.ino());
    match (open.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => identity(open) == identity(named),
        _ => false,
    }
}

/// Removes a socket that nobody listens on. Anything else stays, and is an error.
fn clear_way(path: &Path) -> Result<(), BindError> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(BindError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|error| BindError::Bind { path: path.to_owned(), error })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BindError::Bind { path: path.to_owned(), error }),
        Ok(_) => Err(BindError::Live(path.to_owned())),
    }
}

fn bind(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file that bind creates takes the mode of the socket, cut by the umask, so it is never open to others.
    fchmod(&socket, Mode::from_bits_truncate(MODE))?;
    socket.bind(&SockAddr::unix(path)?)?;
    Ok(socket)
}

fn listen(socket: Socket, path: &Path) -> io::Result<UnixListener> {
    // Gives back to the group what a strict umask cut.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_sockets_are_replaced_and_live_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        // Left behind by a crash: the file without a listener.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (file, _listener) = SocketFile::bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o770);
        assert_eq!(
            std::fs::metadata(dir.path().join("s.sock.lock")).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        assert!(matches!(SocketFile::bind(&path), Err(BindError::Lock { .. })));
        drop(file);
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "both files are gone");
        // A listener that knows nothing of the lock.
        let _foreign = UnixListener::bind(&path).unwrap();
        assert!(matches!(SocketFile::bind(&path), Err(BindError::Live(_))));
        assert!(path.exists());
    }

    #[test]
    fn what_is_not_a_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("precious");
        std::fs::write(&path, "data").unwrap();
        assert!(matches!(SocketFile::bind(&path), Err(BindError::NotASocket(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
        let long = dir.path().join("x".repeat(120));
        assert!(matches!(SocketFile::bind(&long), Err(BindError::PathTooLong { .. })));
        assert!(matches!(SocketFile::bind(&dir.path().join("missing/s")), Err(BindError::CreateLock { .. })));
    }
}
