//! Leases of DHCPv6: addresses and prefixes.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{HwAddr, Iaid, Ipv6Prefix, PoolId, Seconds, SubnetId, Timestamp};
use config::Dhcp6;
use json::{Map, Value};
use lease::{Added6, HwAddrSource, Lease6, LeaseState, LeaseStore6, LeaseType, StoreError, Updated};

use super::World;
use super::form::{self, Common};
use super::protocol::{By, Leases, Wanted, store_methods};
use crate::params::{Params, Refusal, duid, hw_addr, refuse};

impl Leases for Dhcp6 {
    type Lease = Lease6;
    type Store = dyn LeaseStore6;
    const CLIENT: &'static str = "duid";

    store_methods!(Added6);

    async fn by_client(store: &Self::Store, text: &str) -> Result<Vec<Arc<Lease6>>, Refusal> {
        let client =
            duid(text).map_err(|why| Refusal::error(format!("bad 'duid' parameter: {}", why.text)))?;
        Ok(store.by_duid(&client).await?)
    }

    async fn find(
        world: &World<'_, Self>,
        wanted: &Wanted<Ipv6Addr>,
    ) -> Result<Option<Arc<Lease6>>, Refusal> {
        let store = &world.store;
        // A lease of DHCPv4 is asked for: there is none.
        let Some(kind) = wanted.lease_type else { return Ok(None) };
        match &wanted.by {
            By::Address(address) => {
                Ok(store.by_address(*address).await?.filter(|lease| lease.lease_type == kind))
            }
            By::Duid(duid, iaid, subnet) => {
                let leases = store.by_ia(kind, duid, *iaid).await?;
                Ok(leases.into_iter().find(|lease| lease.subnet_id == *subnet))
            }
            By::HwAddr(..) => refuse("Query by hw-address is not allowed in v6."),
            By::ClientId(..) => refuse("Query by client-id is not allowed in v6."),
        }
    }

    fn undeletable(by: &By<Ipv6Addr>) -> Option<&'static str> {
        match by {
            By::HwAddr(..) => Some("Delete by hw-address is not allowed in v6."),
            // Kea's number of the sort.
            By::ClientId(..) => Some("Unknown query type: 3"),
            By::Address(_) | By::Duid(..) => None,
        }
    }

    fn address(lease: &Lease6) -> Ipv6Addr {
        lease.address
    }

    fn subnet(lease: &Lease6) -> SubnetId {
        lease.subnet_id
    }

    fn state(lease: &Lease6) -> LeaseState {
        lease.state
    }

    fn cltt(lease: &Lease6) -> Timestamp {
        lease.cltt
    }

    fn expires(lease: &Lease6) -> Timestamp {
        lease.expires()
    }

    fn holder(lease: &Lease6) -> String {
        format!("duid {} iaid {}", lease.duid, lease.iaid.0)
    }

    fn lease_type(lease: &Lease6) -> LeaseType {
        lease.lease_type
    }

    fn user_context(lease: &Lease6) -> Option<&str> {
        lease.user_context.as_deref()
    }

    fn client(lease: &Lease6) -> Option<String> {
        Some(lease.duid.to_string())
    }

    fn name(lease: &Lease6) -> (&str, bool) {
        (&lease.hostname, lease.fqdn_fwd || lease.fqdn_rev)
    }

    fn named(lease: &Lease6) -> String {
        match lease.lease_type {
            LeaseType::Na => format!("address {}", lease.address),
            LeaseType::Pd => format!("prefix {}/{}", lease.address, lease.prefix_length),
        }
    }

    fn parse(world: &World<'_, Self>, params: Params<'_>) -> Result<Lease6, Refusal> {
        let address: Ipv6Addr = params.address("ip-address")?;
        let duid = duid(params.string("duid")?)?;
        let (lease_type, prefix_length) = match params.get("type") {
            None => (LeaseType::Na, 128),
            Some(_) => match params.string("type")? {
                "IA_NA" => (LeaseType::Na, 128),
                "IA_PD" => (LeaseType::Pd, params.number("prefix-len")?),
                other => {
                    return refuse(format!(
                        "Incorrect lease type: {other}, the only supported values are: IA_NA and IA_PD"
                    ));
                }
            },
        };
        let wanted: u32 = params.optional("subnet-id")?.unwrap_or_default();
        let pool: u32 = params.optional("pool-id")?.unwrap_or_default();
        if wanted == 0 && lease_type == LeaseType::Pd {
            return refuse(
                "Subnet-id is 0 or not specified. This is allowed for address leases only, not prefix leases.",
            );
        }
        let subnet = form::subnet(world, wanted, address, lease_type == LeaseType::Na)?;
        let iaid = Iaid(params.number("iaid")?);
        let hw_addr = match params.get("hw-address") {
            None => None,
            Some(_) => Some(hw_addr(params.string("hw-address")?)?).filter(|hw_addr| !hw_addr.is_empty()),
        };
        let valid_by_default = subnet.params.valid_lifetime.default;
        let valid = params.optional("valid-lft")?.map_or(valid_by_default, Seconds);
        // As in Kea: the valid lifetime of the subnet, not its preferred one.
        let preferred_lifetime = params.optional("preferred-lft")?.map_or(valid_by_default, Seconds);
        let Common { valid_lifetime, cltt, hostname, fqdn_fwd, fqdn_rev, state } =
            form::common(world, params, address, valid)?;
        if state == LeaseState::Declined && lease_type == LeaseType::Pd {
            return refuse("Invalid declined state for PD prefix.");
        }
        let context = form::context(params)?;
        match Ipv6Prefix::new(address, prefix_length) {
            Some(_) if prefix_length == 0 => return refuse("Invalid prefix length: 0"),
            None => return refuse(format!("Invalid prefix length: {prefix_length}")),
            Some(prefix) if prefix.address() != address => {
                return refuse(format!("Prefix address: {address} exceeds prefix/prefix-len pair: {prefix}"));
            }
            Some(_) => {}
        }
        Ok(Lease6 {
            lease_type,
            address,
            prefix_length,
            duid,
            iaid,
            subnet_id: subnet.id,
            pool_id: PoolId(pool),
            cltt,
            preferred_lifetime,
            valid_lifetime,
            state,
            hw_addr,
            hw_addr_source: HwAddrSource::UNKNOWN,
            hostname: hostname.into(),
            fqdn_fwd,
            fqdn_rev,
            user_context: context.map(|context| json::to_string(&context.into()).into()),
        })
    }

    fn render(lease: &Lease6) -> Map {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        put("ip-address", lease.address.to_string().into());
        put("type", lease.lease_type.name().into());
        if lease.lease_type == LeaseType::Pd {
            put("prefix-len", lease.prefix_length.into());
        }
        put("iaid", lease.iaid.0.into());
        put("duid", lease.duid.to_string().into());
        if let Some(hw_addr) = lease.hw_addr {
            put("hw-address", hw_addr.to_string().into());
        }
        put("cltt", lease.cltt.0.into());
        put("preferred-lft", lease.preferred_lifetime.0.into());
        put("valid-lft", lease.valid_lifetime.0.into());
        put("subnet-id", lease.subnet_id.0.into());
        let (fqdn, context) = ([lease.fqdn_fwd, lease.fqdn_rev], lease.user_context.as_deref());
        form::render(&mut map, &lease.hostname, fqdn, lease.state, lease.pool_id, context);
        map
    }
}
