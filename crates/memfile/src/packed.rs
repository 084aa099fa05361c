//! Leases as the index holds them: small, and all in one place.
//!
//! A DHCPv4 lease of a usual client takes 48 octets; with what the index adds a row is one cache line.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use lease::{Lease4, Lease6, LeaseState};

use crate::kind::Leased;

/// No row.
pub(crate) const NONE: u32 = u32::MAX;

/// Neighbours in a chain of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

impl Links {
    pub(crate) const UNLINKED: Self = Self { previous: NONE, next: NONE };
}

/// The form of a lease in memory, with room for the places that the index gives it.
pub trait Packed<L: Leased>: Send + Sync {
    fn pack(lease: &L) -> Self;
    fn lease(&self) -> L;
    /// The same, shared if it can be.
    fn share(&self) -> Arc<L>;
    fn address(&self) -> L::Bits;
    fn subnet_id(&self) -> SubnetId;
    fn state(&self) -> LeaseState;
    fn cltt(&self) -> Timestamp;
    fn expires(&self) -> Timestamp;
    /// Client identifier or DUID; empty when there is none.
    fn client(&self) -> &[u8];
    /// Empty when there is none.
    fn hardware(&self) -> &[u8];
    fn hostname(&self) -> &str;
    fn user_context(&self) -> Option<&Arc<str>>;
    /// As [`Leased::unchanged`].
    fn unchanged(&self, expected: &L) -> bool;

    /// Place among the ends of its subnet.
    fn place(&self) -> u32;
    fn set_place(&mut self, place: u32);
    /// Neighbours in the chain of its host name; there are none without a name.
    fn name_links(&self) -> Option<Links>;
    fn set_name_links(&mut self, links: Links);
}

/// Octets of client identifier and hardware address that need no memory of their own.
const INLINE: usize = 11;

const FQDN_FWD: u8 = 1;
const FQDN_REV: u8 = 2;
const HAS_HARDWARE: u8 = 4;
/// The client identifier is the type and the hardware address (RFC 2132 section 9.14): the octets serve for both.
const CLIENT_IS_HARDWARE: u8 = 8;
/// These are in [`Rest`].
const CLIENT_APART: u8 = 16;
const HARDWARE_APART: u8 = 32;

/// Greatest last transaction time that is kept: 36,000 years from now.
pub(crate) const MAX_CLTT: u64 = (1 << 40) - 1;

/// A DHCPv4 lease.
#[derive(Clone, Debug)]
pub struct Packed4 {
    address: u32,
    subnet_id: u32,
    pool_id: u32,
    valid_lifetime: u32,
    cltt_low: u32,
    place: u32,
    state: LeaseState,
    flags: u8,
    hardware_length: u8,
    client_length: u8,
    cltt_high: u8,
    /// The client identifier, then the hardware address, as far as they are here.
    inline: [u8; INLINE],
    /// What few leases have.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug)]
struct Rest {
    hostname: Box<str>,
    links: Links,
    client: Box<[u8]>,
    hardware: Option<Box<HwAddr>>,
    user_context: Option<Arc<str>>,
}

impl Packed4 {
    fn flag(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn cltt(&self) -> Timestamp {
        Timestamp(u64::from(self.cltt_high) << 32 | u64::from(self.cltt_low))
    }

    fn hw_addr(&self) -> Option<HwAddr> {
        if !self.flag(HAS_HARDWARE) {
            return None;
        }
        match &self.rest {
            Some(rest) if self.flag(HARDWARE_APART) => rest.hardware.as_deref().copied(),
            _ => HwAddr::new(HwAddr::ETHERNET, Packed::hardware(self)).ok(),
        }
    }
}

impl Packed<Lease4> for Packed4 {
    #[allow(clippy::cast_possible_truncation)]
    fn pack(lease: &Lease4) -> Self {
        let client = lease.client_id.as_ref().map_or(&[][..], ClientId::octets);
        let hardware = lease.hw_addr.as_ref().map_or(&[][..], HwAddr::octets);
        let cltt = lease.cltt.0.min(MAX_CLTT);
        let mut flags = 0;
        let mut set = |flag, on: bool| flags |= if on { flag } else { 0 };
        set(FQDN_FWD, lease.fqdn_fwd);
        set(FQDN_REV, lease.fqdn_rev);
        set(HAS_HARDWARE, lease.hw_addr.is_some());
        let apart = lease.hw_addr.is_some_and(|hw_addr| hw_addr.htype() != HwAddr::ETHERNET)
            || hardware.len() > INLINE;
        set(HARDWARE_APART, apart);
        let here = if apart { &[][..] } else { hardware };
        let both = matches!(client, [1, octets @ ..] if octets == here && !here.is_empty());
        let both = both && client.len() <= INLINE;
        set(CLIENT_IS_HARDWARE, both);
        let client_apart = !both && client.len() + here.len() > INLINE;
        set(CLIENT_APART, client_apart);
        let mut inline = [0; INLINE];
        let first = if client_apart { &[][..] } else { client };
        let second = if both { &[][..] } else { here };
        for (to, from) in inline.iter_mut().zip(first.iter().chain(second)) {
            *to = *from;
        }
        let needed = client_apart || apart || !lease.hostname.is_empty() || lease.user_context.is_some();
        let rest = needed.then(|| {
            Box::new(Rest {
                hostname: lease.hostname.clone(),
                links: Links::UNLINKED,
                client: if client_apart { client.into() } else { Box::default() },
                hardware: lease.hw_addr.filter(|_| apart).map(Box::new),
                user_context: lease.user_context.clone(),
            })
        });
        Self {
            address: lease.address.into(),
            subnet_id: lease.subnet_id.0,
            pool_id: lease.pool_id.0,
            valid_lifetime: lease.valid_lifetime.0,
            cltt_low: cltt as u32,
            place: NONE,
            state: lease.state,
            flags,
            // At most 20 and 255 octets, says who makes them.
            hardware_length: hardware.len() as u8,
            client_length: client.len() as u8,
            cltt_high: (cltt >> 32) as u8,
            inline,
            rest,
        }
    }

    fn lease(&self) -> Lease4 {
        let rest = self.rest.as_deref();
        Lease4 {
            address: Ipv4Addr::from(self.address),
            hw_addr: self.hw_addr(),
            client_id: ClientId::new(self.client()).ok(),
            subnet_id: SubnetId(self.subnet_id),
            pool_id: PoolId(self.pool_id),
            cltt: self.cltt(),
            valid_lifetime: Seconds(self.valid_lifetime),
            state: self.state,
            hostname: rest.map(|rest| rest.hostname.clone()).unwrap_or_default(),
            fqdn_fwd: self.flag(FQDN_FWD),
            fqdn_rev: self.flag(FQDN_REV),
            user_context: rest.and_then(|rest| rest.user_context.clone()),
        }
    }

    fn share(&self) -> Arc<Lease4> {
        Arc::new(self.lease())
    }

    fn address(&self) -> u32 {
        self.address
    }

    fn subnet_id(&self) -> SubnetId {
        SubnetId(self.subnet_id)
    }

    fn state(&self) -> LeaseState {
        self.state
    }

    fn cltt(&self) -> Timestamp {
        Self::cltt(self)
    }

    fn expires(&self) -> Timestamp {
        Self::cltt(self).after(Seconds(self.valid_lifetime))
    }

    fn client(&self) -> &[u8] {
        match &self.rest {
            Some(rest) if self.flag(CLIENT_APART) => &rest.client,
            _ => self.inline.get(..usize::from(self.client_length)).unwrap_or_default(),
        }
    }

    fn hardware(&self) -> &[u8] {
        match &self.rest {
            Some(rest) if self.flag(HARDWARE_APART) => rest.hardware.as_ref().map_or(&[], |h| h.octets()),
            _ => {
                let start = if self.flag(CLIENT_IS_HARDWARE) {
                    1
                } else if self.flag(CLIENT_APART) {
                    0
                } else {
                    usize::from(self.client_length)
                };
                self.inline.get(start..start + usize::from(self.hardware_length)).unwrap_or_default()
            }
        }
    }

    fn hostname(&self) -> &str {
        self.rest.as_ref().map_or("", |rest| &rest.hostname)
    }

    fn user_context(&self) -> Option<&Arc<str>> {
        self.rest.as_ref()?.user_context.as_ref()
    }

    fn unchanged(&self, expected: &Lease4) -> bool {
        Self::cltt(self) == expected.cltt
            && self.valid_lifetime == expected.valid_lifetime.0
            && self.state == expected.state
            && self.client() == expected.client_id.as_ref().map_or(&[][..], ClientId::octets)
            && self.hw_addr() == expected.hw_addr
    }

    fn place(&self) -> u32 {
        self.place
    }

    fn set_place(&mut self, place: u32) {
        self.place = place;
    }

    fn name_links(&self) -> Option<Links> {
        self.rest.as_ref().map(|rest| rest.links)
    }

    fn set_name_links(&mut self, links: Links) {
        if let Some(rest) = &mut self.rest {
            rest.links = links;
        }
    }
}

/// A DHCPv6 lease.
#[derive(Clone, Debug)]
pub struct Packed6 {
    lease: Arc<Lease6>,
    place: u32,
    links: Links,
}

impl Packed<Lease6> for Packed6 {
    fn pack(lease: &Lease6) -> Self {
        Self { lease: Arc::new(lease.clone()), place: NONE, links: Links::UNLINKED }
    }

    fn lease(&self) -> Lease6 {
        (*self.lease).clone()
    }

    fn share(&self) -> Arc<Lease6> {
        Arc::clone(&self.lease)
    }

    fn address(&self) -> u128 {
        self.lease.address.into()
    }

    fn subnet_id(&self) -> SubnetId {
        self.lease.subnet_id
    }

    fn state(&self) -> LeaseState {
        self.lease.state
    }

    fn cltt(&self) -> Timestamp {
        self.lease.cltt
    }

    fn expires(&self) -> Timestamp {
        self.lease.expires()
    }

    /// The empty DUID of declined leases is no client's, and there may be many of them.
    fn client(&self) -> &[u8] {
        if self.lease.duid.is_empty() { &[] } else { self.lease.duid.octets() }
    }

    fn hardware(&self) -> &[u8] {
        self.lease.hw_addr.as_ref().map_or(&[], HwAddr::octets)
    }

    fn hostname(&self) -> &str {
        &self.lease.hostname
    }

    fn user_context(&self) -> Option<&Arc<str>> {
        self.lease.user_context.as_ref()
    }

    fn unchanged(&self, expected: &Lease6) -> bool {
        let lease = &*self.lease;
        lease.cltt == expected.cltt
            && lease.valid_lifetime == expected.valid_lifetime
            && lease.preferred_lifetime == expected.preferred_lifetime
            && lease.state == expected.state
            && lease.lease_type == expected.lease_type
            && lease.prefix_length == expected.prefix_length
            && lease.iaid == expected.iaid
            && lease.duid == expected.duid
            && lease.hw_addr == expected.hw_addr
    }

    fn place(&self) -> u32 {
        self.place
    }

    fn set_place(&mut self, place: u32) {
        self.place = place;
    }

    fn name_links(&self) -> Option<Links> {
        Some(self.links)
    }

    fn set_name_links(&mut self, links: Links) {
        self.links = links;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::row4::tests::{any_lease, sample};

    #[test]
    fn the_usual_lease_is_small() {
        assert_eq!(size_of::<Packed4>(), 48);
        let plain = Lease4 { hostname: "".into(), user_context: None, ..sample() };
        for (client, apart) in [
            // What most clients send: the type and the hardware address.
            (Some("01:08:00:2b:02:3f:4e"), false),
            (None, false),
            (Some("01:02:03:04:05"), false),
            (Some("01:08:00:2b:02:3f:4f"), true),
        ] {
            let client_id = client.and_then(|text| ClientId::parse(text).ok());
            let packed = Packed4::pack(&Lease4 { client_id, ..plain.clone() });
            assert_eq!(packed.rest.is_some(), apart, "{client:?}");
        }
    }

    proptest! {
        #[test]
        fn every_lease_comes_back(lease in any_lease(), htype in 1..=3u16, hardware in 0..=20usize) {
            let other = HwAddr::new(htype, &[1; 20][..hardware]).ok();
            for lease in [Lease4 { hw_addr: other, ..lease.clone() }, lease] {
                let packed = Packed4::pack(&lease);
                prop_assert_eq!(packed.lease(), lease.clone());
                prop_assert!(packed.unchanged(&lease));
                prop_assert_eq!(packed.client(), lease.client_id.as_ref().map_or(&[][..], ClientId::octets));
                prop_assert_eq!(packed.hardware(), lease.hw_addr.as_ref().map_or(&[][..], HwAddr::octets));
                prop_assert_eq!((packed.hostname(), packed.expires()), (&*lease.hostname, lease.expires()));
            }
        }
    }
}
