//! Readiness messages to the service manager (the `sd_notify` protocol): datagrams to the socket that the
//! environment names. Without one, nothing happens.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::messages;

/// The service manager that started the process, if there is one.
#[derive(Debug, Default)]
pub struct Notify {
    manager: Option<(UnixDatagram, SocketAddr)>,
}

impl Notify {
    /// The manager named by `$NOTIFY_SOCKET`. An unusable name is an error; an absent one is not.
    pub fn from_env() -> io::Result<Self> {
        std::env::var_os("NOTIFY_SOCKET").map_or_else(|| Ok(Self::default()), |name| Self::to(&name))
    }

    /// The manager at a path, or at an abstract address written with `@` first. The empty name is nobody.
    pub fn to(name: &OsStr) -> io::Result<Self> {
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let address = match bytes.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { manager: Some((socket, address)) })
    }

    /// The service is up.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// The service has begun to stop.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// One line about the state of the service, for its operator.
    pub fn status(&self, text: &str) {
        self.send(&format!("STATUS={}", text.replace('\n', " ")));
    }

    /// A failure is logged and the program runs on.
    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.manager
            && let Err(error) = socket.send_to_addr(message.as_bytes(), address)
        {
            observe::log!(messages::NotifyFailed { error });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn messages_reach_the_manager() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notify = Notify::to(path.as_os_str()).unwrap();
        notify.ready();
        notify.status("two\nlines");
        notify.stopping();
        assert_eq!(received(&manager), "READY=1");
        assert_eq!(received(&manager), "STATUS=two lines");
        assert_eq!(received(&manager), "STOPPING=1");
    }

    #[test]
    fn abstract_addresses_and_nobody() {
        let name = format!("kea-notify-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Notify::to(OsStr::new(&format!("@{name}"))).unwrap().ready();
        assert_eq!(received(&manager), "READY=1");
        Notify::to(OsStr::new("")).unwrap().ready();
        let nobody = Notify::to(OsStr::new("/no/such/socket")).unwrap();
        assert_eq!(observe::capture(|| nobody.ready())[0].id, "DCTL_NOTIFY_FAILED");
        assert!(Notify::to(OsStr::new(&"x".repeat(200))).is_err());
    }
}
