//! Databases of host reservations, as commands work on them. Packets ask a `host::HostSource`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use base::SubnetId;
use json::Map;

use crate::BackendError;

/// What a database answers with, once it does.
pub type HostAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

/// A reservation: the map as in a configuration's `reservations` list, and the subnet it is in, 0 for the global
/// scope.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRecord {
    pub subnet: SubnetId,
    pub reservation: Map,
}

/// How the client of a reservation is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostIdentifier {
    /// `hw-address`, `duid`, `circuit-id`, `client-id` or `flex-id`.
    pub kind: &'static str,
    pub octets: Vec<u8>,
}

/// Which reservations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostQuery {
    All,
    Address(IpAddr),
    Identifier(HostIdentifier),
    /// Without regard to upper and lower case.
    Hostname(String),
}

/// A database of reservations of one protocol. What is done is on the medium when the answer comes.
pub trait HostDatabase: Send + Sync {
    /// Adds a reservation.
    ///
    /// # Errors
    /// Also when one for the same client, or for the same address where that may not be, is there.
    fn add<'a>(&'a self, record: &'a HostRecord) -> HostAnswer<'a, ()>;

    /// Replaces the reservation of the same client in the same subnet; false when there is none.
    fn update<'a>(&'a self, record: &'a HostRecord) -> HostAnswer<'a, bool>;

    /// Deletes reservations of a subnet; false when there was none.
    fn del<'a>(&'a self, subnet: SubnetId, query: &'a HostQuery) -> HostAnswer<'a, bool>;

    /// Finds reservations, in one subnet or in all.
    fn find<'a>(&'a self, subnet: Option<SubnetId>, query: &'a HostQuery) -> HostAnswer<'a, Vec<HostRecord>>;

    /// At most `limit` reservations with numbers above `from`, in the order of these numbers, each with its number.
    fn page(
        &self,
        subnet: Option<SubnetId>,
        from: u64,
        limit: usize,
    ) -> HostAnswer<'_, Vec<(u64, HostRecord)>>;
}
