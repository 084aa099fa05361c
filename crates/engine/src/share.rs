//! Clients that several servers share (`libdhcp_ha`): which queries are this server's.

use std::fmt;
use std::net::IpAddr;

use base::SubnetId;
use config::ClassId;

use crate::DropReason;

/// A query, for who shares the clients.
pub struct Asking<'a> {
    /// What load is balanced by: client identifier, else hardware address; DUID.
    pub key: Option<&'a [u8]>,
    /// What tells the client from others, in its parts.
    pub client: [&'a [u8]; 2],
    /// Milliseconds for which the client has tried, as it says.
    pub waited: u32,
    pub transaction: u32,
    pub label: &'a dyn fmt::Display,
}

/// Who shares the clients of a server.
pub trait Share: Send + Sync {
    /// Whose a query is depends on its subnet: [`selected`](Self::selected) is asked, else [`arrived`](Self::arrived).
    fn by_subnet(&self) -> bool;

    /// Whether a query is this server's, and which class it joins then.
    ///
    /// # Errors
    /// When it is not.
    fn arrived(&self, asking: &Asking<'_>) -> Result<Option<ClassId>, DropReason>;

    /// As [`arrived`](Self::arrived), with the subnet that was selected and its prefix.
    ///
    /// # Errors
    /// When the query is not this server's.
    fn selected(
        &self,
        asking: &Asking<'_>,
        subnet: Option<(SubnetId, &dyn fmt::Display)>,
    ) -> Result<Option<ClassId>, DropReason>;

    /// The lease of an address (of a prefix its first) was stored or has ended: the other servers are yet to be told.
    fn changed(&self, address: IpAddr);

    /// Whether the other servers know the lease of an address as it is here, as far as they are to know it before its client
    /// does. If they do not, the client cannot be answered with it as it stands.
    fn is_told(&self, address: IpAddr) -> bool;
}
