//! Databases of host reservations, as commands work on them and as servers look up for packets.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use base::SubnetId;
use host::Identifier;
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

/// Which reservations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostQuery {
    All,
    Address(IpAddr),
    Identifier(Identifier),
    /// Without regard to upper and lower case.
    Hostname(String),
}

/// What packets ask of a database, many of them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostQuestions {
    /// Clients, in whatever subnet.
    pub clients: Vec<Identifier>,
    /// Addresses and prefixes (by their first address) of a subnet.
    pub places: Vec<(SubnetId, IpAddr)>,
}

/// A database of reservations of one protocol. What is done is on the medium when the answer comes.
pub trait HostDatabase: Send + Sync {
    /// Name for logs: no passwords.
    fn name(&self) -> String;

    /// Whether the database answers, and has tables that this program understands.
    fn probe(&self) -> HostAnswer<'_, ()>;

    /// Adds a reservation. `unique`: no address or prefix for two clients of a subnet.
    ///
    /// # Errors
    /// Also [`BackendError::Duplicate`], and [`BackendError::ReadOnly`] as for all that writes.
    fn add<'a>(&'a self, record: &'a HostRecord, unique: bool) -> HostAnswer<'a, ()>;

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

    /// All reservations that answer a question, each once.
    fn lookup(&self, questions: HostQuestions) -> HostAnswer<'_, Vec<HostRecord>>;
}
