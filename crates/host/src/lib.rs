//! Host reservations (Kea manual, "Host Reservations in DHCPv4"): how clients are known, and the sources in which
//! servers look them up.
//!
//! What a reservation gives beside a name (addresses, options, classes) is the business of the family that is served:
//! the type parameter `T`, a [`Reservation`]. Sources ([`HostSource`]) are in memory and answer at once; databases are
//! asked ([`HostLookup`]), and who asks waits.

mod chain;
mod ident;
mod table;

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use base::SubnetId;

pub use chain::Chain;
pub use ident::{Identifier, IdentifierError, IdentifierKind};
pub use table::{Duplicate, Table};

/// The scope of global reservations, in place of a subnet.
pub const GLOBAL: SubnetId = SubnetId(0);

/// A reservation: what one client is given in one subnet, or everywhere ([`GLOBAL`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Host<T> {
    pub identifier: Identifier,
    /// [`GLOBAL`] or a subnet.
    pub subnet: SubnetId,
    /// As written; empty: none.
    pub hostname: Box<str>,
    /// What else the client is given.
    pub extra: T,
}

/// What reservations of one family give, as far as they are looked up by it.
pub trait Reservation: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What is leased: an address, or an address or prefix.
    type Resource: Copy + Debug + Eq + Hash + Send + Sync;

    /// What is reserved for the client.
    fn resources(&self) -> &[Self::Resource];

    /// An address, or the first one of a prefix.
    fn address(resource: Self::Resource) -> IpAddr;
}

/// Where reservations are looked up. Lookups cost the same whatever the number of reservations.
pub trait HostSource<T: Reservation>: Send + Sync {
    /// Name for logs.
    fn name(&self) -> &'static str;

    /// No lookup will find anything.
    fn is_empty(&self) -> bool;

    /// Whether some reservation knows its client by an identifier of this kind.
    fn uses(&self, kind: IdentifierKind) -> bool;

    /// The reservation of a client in one scope.
    fn get(&self, subnet: SubnetId, kind: IdentifierKind, octets: &[u8]) -> Option<Arc<Host<T>>>;

    /// Visits the reservations of a client in all scopes, in the order in which they were added.
    fn each_of(&self, kind: IdentifierKind, octets: &[u8], visit: &mut dyn FnMut(&Arc<Host<T>>));

    /// Visits the reservations of an address or prefix in one scope.
    fn each_at(&self, subnet: SubnetId, resource: T::Resource, visit: &mut dyn FnMut(&Arc<Host<T>>));

    /// Visits the reservations of a name, compared without case, in all scopes.
    fn each_named(&self, hostname: &str, visit: &mut dyn FnMut(&Arc<Host<T>>));

    /// Visits all reserved addresses and prefixes with their scopes.
    fn each_resource(&self, visit: &mut dyn FnMut(SubnetId, T::Resource));
}

/// Why databases could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("looking up host reservations failed: {0}")]
pub struct LookupError(pub String);

/// What databases answer, once they do: reservations, those of the first database first.
pub type Lookup<'a, T> = Pin<Box<dyn Future<Output = Result<Vec<Arc<Host<T>>>, LookupError>> + Send + 'a>>;

/// Databases of reservations, as packets ask them.
pub trait HostLookup<T: Reservation>: Send + Sync {
    /// The reservations in all scopes of the client that has any of these identifiers.
    fn of_client(&self, identifiers: Vec<Identifier>) -> Lookup<'_, T>;

    /// The reservations of an address or prefix in one scope.
    fn at(&self, subnet: SubnetId, resource: T::Resource) -> Lookup<'_, T>;
}
