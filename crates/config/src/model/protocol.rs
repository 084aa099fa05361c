//! The two protocols as types: what the model of each has beside that of the other.

use std::fmt::Debug;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base::{Family, IpAddress, IpPrefix, Ipv4Prefix, Ipv6Prefix, SubnetId};
use json::Map;

use super::{
    Host, Network6Parts, Over6, OwnGlobals4, OwnGlobals6, OwnParams4, OwnParams6, PdPool, Reservation4,
    Reservation6, Subnet4Parts, Subnet6Parts,
};
use crate::resolve::{resolve, stored_reservation};
use crate::{ConfigError, ResolveEnv, ServerConfig, Written};

/// DHCPv4 or DHCPv6. What both have is written once, generic over this ([`Subnet`](super::Subnet) and the like);
/// what one has alone is in its associated types, and reached through the field `own`.
pub trait Protocol: Copy + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    const FAMILY: Family;
    /// The outermost keyword, `Dhcp4`.
    const NAME: &'static str;
    /// The keyword of the list of subnets, `subnet4`.
    const SUBNETS: &'static str;
    /// The topmost option space, `dhcp4`.
    const SPACE: &'static str;

    type Address: IpAddress<Prefix = Self::Prefix>;
    type Prefix: IpPrefix<Address = Self::Address>;
    type Globals: Clone + Debug + Send + Sync;
    type Params: Clone + Debug + PartialEq + Send + Sync;
    type Network: Clone + Debug + Send + Sync;
    type Subnet: Clone + Debug + Send + Sync;
    type Reservation: host::Reservation;

    /// Inheritance, definitions, options, classes and all checks that need more than one object. Every fault is
    /// reported.
    fn resolve(
        written: Arc<Written<Self>>,
        env: &ResolveEnv,
    ) -> Result<ServerConfig<Self>, Vec<ConfigError>> {
        Self::resolve_after(written, env, None)
    }

    /// As [`resolve`](Self::resolve), in little time where little differs from the configuration `before`: objects that
    /// are the same in both are taken over. `env` is that of `before` too.
    fn resolve_after(
        written: Arc<Written<Self>>,
        env: &ResolveEnv,
        before: Option<&ServerConfig<Self>>,
    ) -> Result<ServerConfig<Self>, Vec<ConfigError>>;

    /// A reservation of a database, for a configuration that runs.
    ///
    /// # Errors
    /// What is wrong with it: an option that the configuration's definitions do not fit, most often.
    fn resolve_reservation(
        config: &ServerConfig<Self>,
        subnet: SubnetId,
        map: &Map,
    ) -> Result<Host<Self>, Vec<ConfigError>>;

    /// The interface id by which relay agents name the subnet.
    fn interface_id(_: &Self::Subnet) -> Option<&Arc<[u8]>> {
        None
    }

    /// Pools of prefixes that are delegated.
    fn pd_pools(_: &Self::Subnet) -> &[PdPool] {
        &[]
    }

    /// Which clients of DHCPv4 over DHCPv6 the subnet serves.
    fn over6(_: &Self::Subnet) -> Option<&Over6> {
        None
    }
}

/// DHCPv4 (RFC 2131).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dhcp4;

/// DHCPv6 (RFC 9915).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dhcp6;

impl Protocol for Dhcp4 {
    const FAMILY: Family = Family::V4;
    const NAME: &'static str = "Dhcp4";
    const SUBNETS: &'static str = "subnet4";
    const SPACE: &'static str = "dhcp4";

    type Address = Ipv4Addr;
    type Prefix = Ipv4Prefix;
    type Globals = OwnGlobals4;
    type Params = OwnParams4;
    type Network = ();
    type Subnet = Subnet4Parts;
    type Reservation = Reservation4;

    fn resolve_after(
        written: Arc<Written<Self>>,
        env: &ResolveEnv,
        before: Option<&ServerConfig<Self>>,
    ) -> Result<ServerConfig<Self>, Vec<ConfigError>> {
        resolve(written, env, before)
    }

    fn over6(subnet: &Subnet4Parts) -> Option<&Over6> {
        subnet.over6.as_deref()
    }

    fn resolve_reservation(
        config: &ServerConfig<Self>,
        subnet: SubnetId,
        map: &Map,
    ) -> Result<Host<Self>, Vec<ConfigError>> {
        stored_reservation(config, subnet, map)
    }
}

impl Protocol for Dhcp6 {
    const FAMILY: Family = Family::V6;
    const NAME: &'static str = "Dhcp6";
    const SUBNETS: &'static str = "subnet6";
    const SPACE: &'static str = "dhcp6";

    type Address = Ipv6Addr;
    type Prefix = Ipv6Prefix;
    type Globals = OwnGlobals6;
    type Params = OwnParams6;
    type Network = Network6Parts;
    type Subnet = Subnet6Parts;
    type Reservation = Reservation6;

    fn resolve_after(
        written: Arc<Written<Self>>,
        env: &ResolveEnv,
        before: Option<&ServerConfig<Self>>,
    ) -> Result<ServerConfig<Self>, Vec<ConfigError>> {
        resolve(written, env, before)
    }

    fn resolve_reservation(
        config: &ServerConfig<Self>,
        subnet: SubnetId,
        map: &Map,
    ) -> Result<Host<Self>, Vec<ConfigError>> {
        stored_reservation(config, subnet, map)
    }

    fn interface_id(subnet: &Subnet6Parts) -> Option<&Arc<[u8]>> {
        subnet.interface_id.as_ref()
    }

    fn pd_pools(subnet: &Subnet6Parts) -> &[PdPool] {
        &subnet.pd_pools
    }
}
