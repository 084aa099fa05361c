//! How log lines name a client.

use std::fmt;

use base::{Duid, HwAddr};

/// `duid=[00:01:...], [hwtype=1 08:00:27:00:00:01], tid=0x123456`, rendered only when a line is written.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    pub duid: Option<&'a Duid>,
    pub hw_addr: Option<&'a HwAddr>,
    /// `None` outside of an exchange.
    pub transaction: Option<u32>,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.duid {
            Some(duid) => write!(f, "duid=[{duid}]")?,
            None => f.write_str("duid=[no info]")?,
        }
        match self.hw_addr {
            Some(hw_addr) => write!(f, ", [hwtype={} {hw_addr}]", hw_addr.htype())?,
            None => f.write_str(", [no hwaddr info]")?,
        }
        match self.transaction {
            Some(transaction) => write!(f, ", tid=0x{transaction:x}"),
            None => Ok(()),
        }
    }
}
