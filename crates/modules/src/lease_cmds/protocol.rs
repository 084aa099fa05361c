//! What the commands need of each protocol.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use base::{ClientId, Duid, HwAddr, Iaid, SubnetId, Timestamp};
use config::Protocol;
use json::Map;
use lease::{Counted, Durable, LeaseState, LeaseType, StoreError};

use super::World;
use crate::params::{Params, Refusal};

/// Leases in the order of their addresses.
type Page<L> = Vec<Arc<L>>;

/// Leases of a protocol and their store.
pub trait Leases: Protocol {
    type Lease: Clone + Debug + Send + Sync + 'static;
    /// `dyn LeaseStore4` or `dyn LeaseStore6`.
    type Store: ?Sized + Durable + 'static;
    /// What clients are known by, as a keyword: `client-id`, `duid`.
    const CLIENT: &'static str;

    // The store.

    fn by_address(
        store: &Self::Store,
        address: Self::Address,
    ) -> impl Future<Output = Result<Option<Arc<Self::Lease>>, StoreError>> + Send;
    fn by_hw_addr(
        store: &Self::Store,
        hw_addr: &HwAddr,
    ) -> impl Future<Output = Result<Page<Self::Lease>, StoreError>> + Send;
    fn by_hostname(
        store: &Self::Store,
        hostname: &str,
    ) -> impl Future<Output = Result<Page<Self::Lease>, StoreError>> + Send;
    fn by_state(
        store: &Self::Store,
        state: LeaseState,
        subnet: Option<SubnetId>,
    ) -> impl Future<Output = Result<Page<Self::Lease>, StoreError>> + Send;
    fn by_subnet(
        store: &Self::Store,
        subnet: SubnetId,
    ) -> impl Future<Output = Result<Page<Self::Lease>, StoreError>> + Send;
    fn page(
        store: &Self::Store,
        after: Option<Self::Address>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Self::Lease>, StoreError>> + Send;
    /// How many leases of each of these subnets are in each state.
    fn counts(
        store: &Self::Store,
        first: SubnetId,
        last: SubnetId,
    ) -> impl Future<Output = Result<Vec<Counted>, StoreError>> + Send;
    /// Whether the lease was added: there was none of its address.
    fn add(store: &Self::Store, lease: Self::Lease) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Whether the row was still the expected one, and is replaced.
    fn update(
        store: &Self::Store,
        lease: Self::Lease,
        expected: &Self::Lease,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Whether the row was still the expected one, and is gone.
    fn delete(
        store: &Self::Store,
        expected: &Self::Lease,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    fn wipe(store: &Self::Store, subnet: SubnetId) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Leases of the client that a command names.
    fn by_client(
        store: &Self::Store,
        text: &str,
    ) -> impl Future<Output = Result<Page<Self::Lease>, Refusal>> + Send;
    /// The lease that a command is about.
    fn find(
        world: &World<'_, Self>,
        wanted: &Wanted<Self::Address>,
    ) -> impl Future<Output = Result<Option<Arc<Self::Lease>>, Refusal>> + Send;

    // Leases.

    fn address(lease: &Self::Lease) -> Self::Address;
    fn subnet(lease: &Self::Lease) -> SubnetId;
    fn state(lease: &Self::Lease) -> LeaseState;
    /// When its client was last heard.
    fn cltt(lease: &Self::Lease) -> Timestamp;
    fn expires(lease: &Self::Lease) -> Timestamp;
    /// Who holds it, for people.
    fn holder(lease: &Self::Lease) -> String;
    /// What is leased, of addresses and prefixes.
    fn lease_type(lease: &Self::Lease) -> LeaseType;
    fn user_context(lease: &Self::Lease) -> Option<&str>;
    /// What the client is known by: see [`CLIENT`](Self::CLIENT).
    fn client(lease: &Self::Lease) -> Option<String>;
    /// The client's name, and whether DNS knows it.
    fn name(lease: &Self::Lease) -> (&str, bool);
    /// `address 192.0.2.1`, `prefix 2001:db8::/56`.
    fn named(lease: &Self::Lease) -> String;
    /// The lease of a command, checked against the configuration in force.
    fn parse(world: &World<'_, Self>, params: Params<'_>) -> Result<Self::Lease, Refusal>;
    /// As answers show it.
    fn render(lease: &Self::Lease) -> Map;
    /// Why leases are not deleted by what the command names.
    fn undeletable(by: &By<Self::Address>) -> Option<&'static str>;
}

/// The lease that a command is about.
#[derive(Clone, Debug)]
pub struct Wanted<A> {
    /// `None`: of DHCPv4.
    pub lease_type: Option<LeaseType>,
    pub by: By<A>,
    /// DNS is told that the lease is gone.
    pub update_ddns: bool,
}

/// How a lease is found.
#[derive(Clone, Debug)]
pub enum By<A> {
    Address(A),
    HwAddr(HwAddr, SubnetId),
    ClientId(ClientId, SubnetId),
    Duid(Duid, Iaid, SubnetId),
}

/// What the stores of both protocols do alike.
macro_rules! store_methods {
    ($added:ident) => {
        async fn by_address(
            store: &Self::Store,
            address: Self::Address,
        ) -> Result<Option<Arc<Self::Lease>>, StoreError> {
            store.by_address(address).await
        }

        async fn by_hw_addr(
            store: &Self::Store,
            hw_addr: &HwAddr,
        ) -> Result<Vec<Arc<Self::Lease>>, StoreError> {
            store.by_hw_addr(hw_addr).await
        }

        async fn by_hostname(
            store: &Self::Store,
            hostname: &str,
        ) -> Result<Vec<Arc<Self::Lease>>, StoreError> {
            store.by_hostname(hostname).await
        }

        async fn by_state(
            store: &Self::Store,
            state: LeaseState,
            subnet: Option<SubnetId>,
        ) -> Result<Vec<Arc<Self::Lease>>, StoreError> {
            store.by_state(state, subnet).await
        }

        async fn by_subnet(
            store: &Self::Store,
            subnet: SubnetId,
        ) -> Result<Vec<Arc<Self::Lease>>, StoreError> {
            store.by_subnet(subnet).await
        }

        async fn page(
            store: &Self::Store,
            after: Option<Self::Address>,
            limit: usize,
        ) -> Result<Vec<Arc<Self::Lease>>, StoreError> {
            store.page(after, limit).await
        }

        async fn counts(
            store: &Self::Store,
            first: SubnetId,
            last: SubnetId,
        ) -> Result<Vec<lease::Counted>, StoreError> {
            store.counts(first, last).await
        }

        async fn add(store: &Self::Store, lease: Self::Lease) -> Result<bool, StoreError> {
            Ok(matches!(store.add(lease).await?, $added::Yes))
        }

        async fn update(
            store: &Self::Store,
            lease: Self::Lease,
            expected: &Self::Lease,
        ) -> Result<bool, StoreError> {
            Ok(store.update(lease, expected).await? == Updated::Yes)
        }

        async fn delete(store: &Self::Store, expected: &Self::Lease) -> Result<bool, StoreError> {
            Ok(store.delete(expected).await? == Updated::Yes)
        }

        async fn wipe(store: &Self::Store, subnet: SubnetId) -> Result<u64, StoreError> {
            store.wipe(Some(subnet)).await
        }
    };
}
pub(super) use store_methods;
