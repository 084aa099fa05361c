//! Leases of DHCPv4.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use config::Dhcp4;
use json::{Map, Value};
use lease::{Added, Lease4, LeaseState, LeaseStore4, LeaseType, StoreError, Updated};

use super::World;
use super::form::{self, Common};
use super::protocol::{By, Leases, Wanted, store_methods};
use crate::params::{Params, Refusal, client_id, hw_addr, refuse};

impl Leases for Dhcp4 {
    type Lease = Lease4;
    type Store = dyn LeaseStore4;
    const CLIENT: &'static str = "client-id";

    store_methods!(Added);

    async fn by_client(store: &Self::Store, text: &str) -> Result<Vec<Arc<Lease4>>, Refusal> {
        let client = client_id(text)
            .map_err(|why| Refusal::error(format!("bad 'client-id' parameter: {}", why.text)))?;
        Ok(store.by_client_id(&client).await?)
    }

    async fn find(
        world: &World<'_, Self>,
        wanted: &Wanted<Ipv4Addr>,
    ) -> Result<Option<Arc<Lease4>>, Refusal> {
        let store = &world.store;
        let (leases, subnet) = match &wanted.by {
            By::Address(address) => return Ok(store.by_address(*address).await?),
            By::HwAddr(hw_addr, subnet) => (store.by_hw_addr(hw_addr).await?, subnet),
            By::ClientId(id, subnet) => (store.by_client_id(id).await?, subnet),
            By::Duid(..) => return refuse("Query by duid is not allowed in v4."),
        };
        Ok(leases.into_iter().find(|lease| lease.subnet_id == *subnet))
    }

    fn undeletable(by: &By<Ipv4Addr>) -> Option<&'static str> {
        matches!(by, By::Duid(..)).then_some("Delete by duid is not allowed in v4.")
    }

    fn address(lease: &Lease4) -> Ipv4Addr {
        lease.address
    }

    fn subnet(lease: &Lease4) -> SubnetId {
        lease.subnet_id
    }

    fn state(lease: &Lease4) -> LeaseState {
        lease.state
    }

    fn cltt(lease: &Lease4) -> Timestamp {
        lease.cltt
    }

    fn expires(lease: &Lease4) -> Timestamp {
        lease.expires()
    }

    fn holder(lease: &Lease4) -> String {
        match (&lease.client_id, &lease.hw_addr) {
            (Some(client_id), _) => format!("client-id {client_id}"),
            (None, Some(hw_addr)) => format!("hw-address {hw_addr}"),
            (None, None) => "nobody".to_owned(),
        }
    }

    fn lease_type(_: &Lease4) -> LeaseType {
        LeaseType::Na
    }

    fn user_context(lease: &Lease4) -> Option<&str> {
        lease.user_context.as_deref()
    }

    fn client(lease: &Lease4) -> Option<String> {
        lease.client_id.as_ref().map(ToString::to_string)
    }

    fn name(lease: &Lease4) -> (&str, bool) {
        (&lease.hostname, lease.fqdn_fwd || lease.fqdn_rev)
    }

    fn named(lease: &Lease4) -> String {
        format!("address {}", lease.address)
    }

    fn parse(world: &World<'_, Self>, params: Params<'_>) -> Result<Lease4, Refusal> {
        let address = params.address("ip-address")?;
        let hw_addr = hw_addr(params.string("hw-address")?)?;
        let wanted: u32 = params.optional("subnet-id")?.unwrap_or_default();
        let pool: u32 = params.optional("pool-id")?.unwrap_or_default();
        let subnet = form::subnet(world, wanted, address, true)?;
        let client_id = match params.get("client-id") {
            None => None,
            Some(_) => Some(client_id(params.string("client-id")?)?),
        };
        let valid = params.optional("valid-lft")?.map_or(subnet.params.valid_lifetime.default, Seconds);
        let Common { valid_lifetime, cltt, hostname, fqdn_fwd, fqdn_rev, state } =
            form::common(world, params, address, valid)?;
        Ok(Lease4 {
            address,
            hw_addr: Some(hw_addr).filter(|hw_addr| !hw_addr.is_empty()),
            client_id,
            subnet_id: subnet.id,
            pool_id: PoolId(pool),
            cltt,
            valid_lifetime,
            state,
            hostname: hostname.into(),
            fqdn_fwd,
            fqdn_rev,
            user_context: form::context(params)?.map(|context| json::to_string(&context.into()).into()),
        })
    }

    fn render(lease: &Lease4) -> Map {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        put("ip-address", lease.address.to_string().into());
        put("hw-address", lease.hw_addr.map(|hw_addr| hw_addr.to_string()).unwrap_or_default().into());
        if let Some(id) = &lease.client_id {
            put("client-id", id.to_string().into());
        }
        put("cltt", lease.cltt.0.into());
        put("valid-lft", lease.valid_lifetime.0.into());
        put("subnet-id", lease.subnet_id.0.into());
        let (fqdn, context) = ([lease.fqdn_fwd, lease.fqdn_rev], lease.user_context.as_deref());
        form::render(&mut map, &lease.hostname, fqdn, lease.state, lease.pool_id, context);
        map
    }
}
