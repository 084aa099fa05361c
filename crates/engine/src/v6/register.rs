//! ADDR-REG-INFORM (RFC 9686): a client tells of an address that it made itself.

use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Iaid, Ipv6Prefix, PoolId, Seconds};
use config::Subnet6;
use lease::{Added6, HwAddrSource, Lease6, LeaseState, LeaseType, StoreError, Updated};
use ncr::Change;
use wire::iana::dhcp6_option as option6;
use wire::v6::{IaAddr, MessageType};

use super::messages::{RegisterClientChange, RegisterDisabled, RegisterFailed, RegisteredConflict};
use super::name::ClientName;
use super::reply::Answer;
use super::{Context6, Dns6, DropReason, Query, Verdict, event, reply, share};
use crate::Changed;
use crate::hosts::each_at;

/// All registered addresses are of this association: the message has none.
const NO_IAID: Iaid = Iaid(0);

pub(super) async fn process(
    ctx: &Context6<'_>,
    query: &mut Query<'_>,
    subnet: Option<&Arc<Subnet6>>,
    out: &mut Vec<u8>,
) -> Result<Verdict, StoreError> {
    if !ctx.config.globals.own.allow_address_registration {
        observe::log!(RegisterDisabled { query: query.label() });
        return Ok(Verdict::Drop(DropReason::AdminFiltered));
    }
    let Some(subnet) = subnet.and_then(|s| ctx.config.subnet(s.id)) else { return Ok(Verdict::NOTHING) };
    let address = query.client_address();
    let there = ctx.store.by_address(address).await?;
    let mut sent = wanted(query, subnet, address, there.as_deref());
    if sent.is_ok() && is_reserved(ctx, subnet, address).await? {
        sent = Err(format!("Address {address} is reserved"));
    }
    let sent = match sent {
        Ok(sent) => sent,
        Err(reason) => {
            observe::log!(RegisterFailed { address, reason });
            return Ok(Verdict::Drop(DropReason::RfcViolation));
        }
    };
    let Some(duid) = query.duid.clone() else { return Ok(Verdict::Drop(DropReason::RfcViolation)) };
    if let Some(there) = &there
        && there.duid != duid
    {
        observe::log!(RegisterClientChange { address, theirs: &there.duid, ours: &duid });
    }
    let own = there.as_deref().filter(|there| there.duid == duid);
    let ddns = &*subnet.params.ddns;
    let name = ClientName::of(ctx, query, Some(subnet), Some(ddns), Some(address));
    let lease = Lease6 {
        lease_type: LeaseType::Na,
        address,
        prefix_length: 128,
        duid,
        iaid: NO_IAID,
        subnet_id: subnet.id,
        pool_id: PoolId(0),
        cltt: ctx.now,
        preferred_lifetime: sent.0,
        valid_lifetime: sent.1,
        state: LeaseState::Registered,
        hw_addr: query.hw_addr.as_ref().map(|(hw_addr, _)| *hw_addr),
        hw_addr_source: query.hw_addr.as_ref().map_or(HwAddrSource::UNKNOWN, |(_, source)| *source),
        hostname: name.hostname.clone(),
        fqdn_fwd: name.forward,
        fqdn_rev: name.reverse,
        user_context: super::extended::user_context(query, subnet, own),
    };
    let done = match &there {
        Some(there) => ctx.store.update(lease.clone(), there).await? == Updated::Yes,
        None => ctx.store.add(lease.clone()).await? == Added6::Yes,
    };
    if !done {
        observe::log!(RegisteredConflict { address });
        return Ok(Verdict::NOTHING);
    }
    if there.as_ref().is_none_or(|there| there.subnet_id != lease.subnet_id) {
        ctx.runtime.registered(&lease);
    }
    let mut answer = Answer::new(MessageType::ADDR_REG_REPLY);
    answer.registered = query.message().option(option6::IA_ADDR).map(Box::from);
    answer.name = Some(name);
    share::tell(ctx, &mut answer.effects, || Changed::Stored(lease.clone()));
    let same = there.as_ref().is_some_and(|there| {
        there.hostname == lease.hostname
            && (there.fqdn_fwd, there.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev)
            && there.duid == lease.duid
    });
    if !same || ddns.update_on_renew {
        let dns = Dns6::of(ctx);
        if let Some(there) = &there {
            dns.tell(Change::Remove, there, &mut answer.effects.requests);
        }
        dns.tell(Change::Add, &lease, &mut answer.effects.requests);
    }
    let event = event::Event::Registered { query, old: there.as_deref(), lease: &lease };
    event::tell(ctx.libraries, event, &mut answer.effects.announcements);
    Ok(reply::finish(ctx, query, Some(subnet), answer, out))
}

/// The lifetimes, preferred and valid, of an address that may be registered; else why it may not. Programs match the
/// reasons, so they are Kea's.
fn wanted(
    query: &Query<'_>,
    subnet: &Subnet6,
    address: Ipv6Addr,
    there: Option<&Lease6>,
) -> Result<(Seconds, Seconds), String> {
    let options = query.message().options();
    for (code, name) in [(option6::IA_NA, "IA_NA"), (option6::IA_TA, "IA_TA"), (option6::IA_PD, "IA_PD")] {
        if options.first(code).is_some() {
            return Err(format!("unexpected {name} option"));
        }
    }
    let count = options.all(option6::IA_ADDR).count();
    let sent = options.first(option6::IA_ADDR).and_then(IaAddr::parse);
    let Some(sent) = sent.filter(|_| count == 1) else {
        return Err(format!("Exactly 1 IAADDR option expected, but {count} received"));
    };
    if sent.address != address {
        return Err(format!("Address mismatch: client at {address} wants to register {}", sent.address));
    }
    if !subnet.prefix.contains(address) {
        return Err(format!("Address {address} is not in subnet {} (id {})", subnet.prefix, subnet.id));
    }
    if let Some(there) = there
        && there.state != LeaseState::Registered
    {
        return Err(format!("Address {address} already in use by {}", there.duid));
    }
    Ok((Seconds(sent.preferred), Seconds(sent.valid)))
}

/// Whether the address is reserved for anybody, in the subnet or globally.
async fn is_reserved(ctx: &Context6<'_>, subnet: &Subnet6, address: Ipv6Addr) -> Result<bool, StoreError> {
    let Some(resource) = Ipv6Prefix::new(address, 128) else { return Ok(false) };
    let mut reserved = false;
    for scope in [subnet.id, host::GLOBAL] {
        each_at(ctx.config, ctx.databases, scope, resource, |_| reserved = true).await?;
    }
    Ok(reserved)
}
