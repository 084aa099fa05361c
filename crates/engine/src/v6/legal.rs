//! The legal log's entries about DHCPv6 leases.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use config::{ClassId, Subnet6};
use expr::QueryView;
use lease::{HwAddrSource, InWords, Lease6, LeaseType, LegalEntry};
use wire::RawOption;
use wire::iana::dhcp6_option as option6;
use wire::v6::{IaAddr, IaPrefix};

use super::messages::LegalRenderError;
use super::reply::{self, Answer};
use super::{Context6, Query, Verdict, event, library};
use crate::legal::{Event, custom, identified};

/// Adds what the legal log is told of a lease, if anything. `reply`: the octets of the reply, where there is one.
pub(super) fn tell(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    reply: Option<&[u8]>,
    event: Event,
    lease: &Lease6,
    entries: &mut Vec<LegalEntry>,
) {
    let Some(log) = &ctx.config.legal_log else { return };
    if log.silent.contains(&lease.subnet_id) {
        return;
    }
    let reply = reply.filter(|_| log.response.is_some()).and_then(|bytes| library::view(query, bytes));
    let reply = reply.as_ref().map(|packet| OfLease { packet, lease });
    let text = match custom(log, &OfLease { packet: query, lease }, reply.as_ref()) {
        Some(Ok(text)) => text,
        Some(Err(error)) => {
            if let Some(reason) = ctx.runtime.legal_faults.tell(&error, ctx.now) {
                observe::log!(LegalRenderError { address: lease.address, duid: &lease.duid, reason });
            }
            words(query, event, lease)
        }
        None => words(query, event, lease),
    };
    entries.extend(LegalEntry::new(named(lease), text));
}

/// Finishes the reply to a message that ended leases, and tells of them: by then there is a reply to look at.
pub(super) fn conclude<'c>(
    ctx: &Context6<'c>,
    query: &mut Query<'_>,
    subnet: Option<&'c Arc<Subnet6>>,
    answer: Answer<'c>,
    ended: &[Arc<Lease6>],
    out: &mut Vec<u8>,
) -> Verdict {
    let mut verdict = reply::finish(ctx, query, subnet, answer, out);
    if let Verdict::Reply(reply) = &mut verdict {
        event::committed(ctx, query, (&[], &[]), ended.iter(), &mut reply.effects.announcements);
        for lease in ended {
            tell(ctx, query, Some(out), Event::Released, lease, &mut reply.effects.entries);
        }
    }
    verdict
}

/// What is leased, as databases name it.
fn named(lease: &Lease6) -> String {
    match lease.lease_type {
        LeaseType::Na => lease.address.to_string(),
        LeaseType::Pd => format!("{}/{}", lease.address, lease.prefix_length),
    }
}

/// A message about one lease: of its associations only that of the lease is there, with nothing else in it that is
/// leased. So one expression tells each lease of a message by its own.
struct OfLease<'v, 'q> {
    packet: &'v Query<'q>,
    lease: &'v Lease6,
}

impl OfLease<'_, '_> {
    fn association(&self) -> Option<Vec<u8>> {
        let (code, kind) = match self.lease.lease_type {
            LeaseType::Na => (option6::IA_NA, option6::IA_ADDR),
            LeaseType::Pd => (option6::IA_PD, option6::IA_PREFIX),
        };
        self.packet.message().options().all(code).find_map(|value| {
            let fixed = value.first_chunk::<12>()?;
            // The same address may be named in several.
            if !self.packet.ignore_iaid && fixed.first_chunk() != Some(&self.lease.iaid.0.to_be_bytes()) {
                return None;
            }
            let options = wire::RawOptions::parse6(value.get(12..)?);
            let ours = |option: &RawOption<'_>| option.code == kind && self.is_ours(option.value);
            let own = options.iter().find(ours)?;
            let mut association = fixed.to_vec();
            push(&mut association, own);
            let other =
                |option: &RawOption<'_>| ![option6::IA_ADDR, option6::IA_PREFIX].contains(&option.code);
            options.iter().filter(other).for_each(|option| push(&mut association, option));
            Some(association)
        })
    }

    fn is_ours(&self, value: &[u8]) -> bool {
        match self.lease.lease_type {
            LeaseType::Na => IaAddr::parse(value).is_some_and(|ia| ia.address == self.lease.address),
            LeaseType::Pd => IaPrefix::parse(value)
                .is_some_and(|ia| (ia.address, ia.length) == (self.lease.address, self.lease.prefix_length)),
        }
    }
}

fn push(association: &mut Vec<u8>, option: RawOption<'_>) {
    association.extend(option.code.to_be_bytes());
    association.extend(u16::try_from(option.value.len()).unwrap_or(u16::MAX).to_be_bytes());
    association.extend(option.value);
}

impl QueryView for OfLease<'_, '_> {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        match code {
            option6::IA_NA if self.lease.lease_type == LeaseType::Na => self.association().map(Cow::Owned),
            option6::IA_PD if self.lease.lease_type == LeaseType::Pd => self.association().map(Cow::Owned),
            option6::IA_NA | option6::IA_PD => None,
            _ => self.packet.option(code),
        }
    }

    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        match code {
            option6::IA_NA | option6::IA_PD if index == 0 => self.option(code),
            option6::IA_NA | option6::IA_PD => None,
            _ => self.packet.option_at(code, index),
        }
    }

    fn is_lenient(&self) -> bool {
        self.packet.is_lenient()
    }

    fn member(&self, class: ClassId) -> bool {
        self.packet.member(class)
    }

    fn interface(&self) -> &str {
        self.packet.interface()
    }

    fn source(&self) -> IpAddr {
        self.packet.source()
    }

    fn destination(&self) -> IpAddr {
        self.packet.destination()
    }

    fn length(&self) -> u32 {
        self.packet.length()
    }

    fn message_type(&self) -> u8 {
        self.packet.message_type()
    }

    fn transaction_id(&self) -> u32 {
        self.packet.transaction_id()
    }

    fn relay_count(&self) -> usize {
        self.packet.relay_count()
    }

    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        self.packet.relay_addresses(level)
    }

    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        self.packet.relay_option(level, code)
    }
}

/// The entry where the operator has no expressions.
fn words(query: &Query<'_>, event: Event, lease: &Lease6) -> String {
    let what = match lease.lease_type {
        LeaseType::Na => "Address",
        LeaseType::Pd => "Prefix",
    };
    let mut text = format!("{what}: {} has been ", named(lease));
    let _ = match event {
        Event::Assigned => write!(text, "assigned for {} to", InWords(lease.valid_lifetime)),
        Event::Released => write!(text, "released from"),
    };
    let _ = write!(text, " a device with DUID: {}", lease.duid);
    if let Some(hw_addr) = &lease.hw_addr {
        let source = found_in(lease.hw_addr_source);
        let _ = write!(text, " and hardware address: hwtype={} {hw_addr} (from {source})", hw_addr.htype());
    }
    let relays = query.packet.relays();
    if let Some(relay) = relays.first().map(wire::v6::Relay::header) {
        let _ = write!(
            text,
            " connected via relay at address: {} for client on link address: {}, hop count: {}",
            relay.peer_address, relay.link_address, relay.hop_count
        );
        // From the relay agent next to the client on.
        let any = |code| relays.iter().rev().find_map(|relay| relay.options().first(code));
        let identified = identified([
            ("remote-id", any(option6::REMOTE_ID)),
            ("subscriber-id", any(option6::SUBSCRIBER_ID)),
        ]);
        if !identified.is_empty() {
            let _ = write!(text, ", identified by {identified}");
        }
        let location = self::identified([("interface-id", any(option6::INTERFACE_ID))]);
        if !location.is_empty() {
            let _ = write!(text, ", connected at location {location}");
        }
    }
    if let Some(context) = &lease.user_context {
        let _ = write!(text, ", context: {context}");
    }
    text
}

/// Where a hardware address was found.
fn found_in(source: HwAddrSource) -> &'static str {
    match source {
        HwAddrSource::RAW => "Raw Socket",
        HwAddrSource::DUID => "DUID",
        HwAddrSource::IPV6_LINK_LOCAL => "IPv6 Link Local",
        HwAddrSource::CLIENT_LINK_ADDR => "Client Address Relay Option",
        HwAddrSource::REMOTE_ID => "Remote ID",
        HwAddrSource::SUBSCRIBER_ID => "Subscriber ID",
        HwAddrSource::DOCSIS_CMTS => "DOCSIS CMTS",
        HwAddrSource::DOCSIS_MODEM => "DOCSIS MODEM",
        _ => "UNKNOWN",
    }
}
