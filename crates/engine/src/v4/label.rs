//! How log lines name a client.

use std::fmt;

use base::{ClientId, HwAddr};

/// `[hwtype=1 08:00:27:00:00:01], cid=[01:...], tid=0x12345678`, rendered only when a line is written.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    pub hw_addr: Option<&'a HwAddr>,
    pub client_id: Option<&'a ClientId>,
    /// `None` for what no packet asked for.
    pub xid: Option<u32>,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hw_addr {
            Some(hw_addr) => write!(f, "[hwtype={} {hw_addr}]", hw_addr.htype())?,
            None => f.write_str("[no hwaddr info]")?,
        }
        match self.client_id {
            Some(client_id) => write!(f, ", cid=[{client_id}]")?,
            None => f.write_str(", cid=[no info]")?,
        }
        self.xid.map_or(Ok(()), |xid| write!(f, ", tid=0x{xid:x}"))
    }
}
