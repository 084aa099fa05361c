//! Building replies: which options, the associations, and the way back through the relay agents.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::sync::Arc;

use base::{Iaid, Ipv6Prefix, Seconds};
use config::{CodeSet, ConfiguredOption, OptionSet, Subnet6};
use lease::LeaseType;
use smallvec::SmallVec;
use wire::Full;
use wire::iana::dhcp6_option as option6;
use wire::v6::{
    Builder, CLIENT_PORT, IaKind, MessageType, SERVER_PORT, StatusCode, VendorClass, VendorOptions, codes,
};

use super::allocate::Granted;
use super::details::Details;
use super::lifetimes::{self, Lifetimes};
use super::messages::{OptionsGiven, PackFailed, PacketSent, ResponseData, UnicastConfigured};
use super::name::ClientName;
use super::pools::Pool;
use super::{Context6, Destination, DropReason, Query, Reply, Verdict, classify, library, relay};
use crate::Effects;

/// The largest UDP payload of an IPv6 packet.
pub(super) const MAX_REPLY: usize = 65_527;
/// Enterprise number of CableLabs, whose sub-option 1 lists the wanted sub-options (DOCSIS).
const CABLE_LABS: u32 = 4491;
const DOCSIS_ORO: u16 = 1;

/// The text of a status.
pub(super) type Text = Cow<'static, str>;

/// What became of one address or prefix that a client gives back.
pub(super) type Status = (StatusCode, &'static str);

/// The status of an association with one more of those that it names. What is none of its own is ignored where
/// anything is (RFC 9915 sections 18.3.7 and 18.3.8).
pub(super) fn sum(so_far: Option<Status>, one: Status) -> Option<Status> {
    match so_far {
        Some(before) if one.0 != StatusCode::SUCCESS => Some(before),
        _ => Some(one),
    }
}

/// What a reply says, but for the options of the configuration.
pub(super) struct Answer<'c> {
    pub kind: MessageType,
    pub ias: SmallVec<[IaReply; 2]>,
    /// Of the whole message.
    pub status: Option<(StatusCode, Text)>,
    pub rapid_commit: bool,
    /// `None`: made here, where the message is one that is answered with a name.
    pub name: Option<ClientName>,
    /// The message is none in which clients tell their names, and none about leases.
    pub nameless: bool,
    /// No configured option and no name.
    pub bare: bool,
    /// Option 5 of a registration, repeated.
    pub registered: Option<Box<[u8]>>,
    /// Those that something was granted from.
    pub pools: SmallVec<[Pool<'c>; 2]>,
    pub effects: Effects<lease::Lease6>,
}

impl Answer<'_> {
    pub(super) fn new(kind: MessageType) -> Self {
        Self {
            kind,
            ias: SmallVec::new(),
            status: None,
            rapid_commit: false,
            name: None,
            nameless: false,
            bare: false,
            registered: None,
            pools: SmallVec::new(),
            effects: Effects::NONE,
        }
    }
}

/// An association of a reply.
pub(super) struct IaReply {
    kind: LeaseType,
    iaid: Iaid,
    t1: u32,
    t2: u32,
    resources: SmallVec<[Resource; 1]>,
    pub status: Option<(StatusCode, Text)>,
}

/// An address or prefix of a reply.
struct Resource {
    address: Ipv6Addr,
    length: u8,
    /// 0 tells the client to use it no longer.
    lifetimes: Lifetimes,
    excluded: Option<Ipv6Prefix>,
}

impl IaReply {
    pub(super) fn new(kind: LeaseType, iaid: Iaid) -> Self {
        Self { kind, iaid, t1: 0, t2: 0, resources: SmallVec::new(), status: None }
    }

    /// One with a status alone.
    pub(super) fn refused(kind: LeaseType, iaid: Iaid, status: (StatusCode, Text)) -> Self {
        Self { status: Some(status), ..Self::new(kind, iaid) }
    }

    /// Adds what was granted; `excludes`: the client understands prefixes with a part that it must leave out.
    pub(super) fn grant(&mut self, query: &Query<'_>, granted: &Granted<'_>, excludes: bool) {
        let lease = &granted.lease;
        let excluded =
            lease.prefix().filter(|_| excludes).and_then(|prefix| excluded(query, granted, prefix));
        self.resources.push(Resource {
            address: lease.address,
            length: lease.prefix_length,
            lifetimes: granted.lifetimes,
            excluded,
        });
    }

    /// Adds what the client may use no longer.
    pub(super) fn withdraw(&mut self, resource: Ipv6Prefix) {
        self.withdraw_named(resource.address(), resource.length());
    }

    /// As [`withdraw`](Self::withdraw), as the client named it.
    pub(super) fn withdraw_named(&mut self, address: Ipv6Addr, length: u8) {
        let there = |r: &Resource| r.address == address && (self.kind == LeaseType::Na || r.length == length);
        if !self.resources.iter().any(there) {
            let lifetimes = Lifetimes::default();
            self.resources.push(Resource { address, length, lifetimes, excluded: None });
        }
    }

    /// Sets T1 and T2 by the shortest preferred lifetime.
    pub(super) fn set_timers(&mut self, subnet: &Subnet6) {
        let valid = self.resources.iter().filter(|r| r.lifetimes.valid.0 > 0);
        let shortest = valid.map(|r| r.lifetimes.preferred).filter(|p| p.0 > 0).min();
        if let Some(shortest) = shortest {
            (self.t1, self.t2) = lifetimes::timers(subnet, shortest);
        }
    }

    fn write(&self, builder: &mut Builder<'_>) -> Result<(), Full> {
        let kind = match self.kind {
            LeaseType::Na => IaKind::Na,
            LeaseType::Pd => IaKind::Pd,
        };
        let ia = builder.ia(kind, self.iaid, self.t1, self.t2)?;
        let status = |builder: &mut Builder<'_>| match &self.status {
            Some((code, text)) => builder.status(*code, text),
            None => Ok(()),
        };
        if self.kind == LeaseType::Pd {
            status(builder)?;
        }
        for resource in &self.resources {
            let Lifetimes { preferred: Seconds(preferred), valid: Seconds(valid) } = resource.lifetimes;
            let inner = match self.kind {
                LeaseType::Na => builder.ia_addr(resource.address, preferred, valid)?,
                LeaseType::Pd => builder.ia_prefix(resource.address, resource.length, preferred, valid)?,
            };
            if let Some(excluded) = resource.excluded {
                builder.option(option6::PD_EXCLUDE, &exclude_payload(resource.length, excluded))?;
            }
            builder.close(inner)?;
        }
        if self.kind == LeaseType::Na {
            status(builder)?;
        }
        builder.close(ia)
    }
}

/// The part of a delegated prefix that its client must leave out (RFC 6603): the reservation's, else the pool's.
fn excluded(query: &Query<'_>, granted: &Granted<'_>, prefix: Ipv6Prefix) -> Option<Ipv6Prefix> {
    if granted.lease.lease_type != LeaseType::Pd {
        return None;
    }
    if let Some(host) = query.hosts.current(granted.subnet)
        && let Some(at) = host.extra.prefixes().iter().position(|reserved| *reserved == prefix)
    {
        return host.extra.excluded.get(at).copied().flatten();
    }
    match granted.pool {
        Some(Pool::Prefixes(pool)) => pool.excluded_from(prefix),
        _ => None,
    }
}

/// Length of the excluded prefix, then its bits beyond the delegated one, from the left (RFC 6603 section 4.2).
fn exclude_payload(delegated: u8, excluded: Ipv6Prefix) -> SmallVec<[u8; 17]> {
    let bits = u128::from(excluded.address()).checked_shl(u32::from(delegated)).unwrap_or(0);
    let octets = usize::from(excluded.length().saturating_sub(delegated)).div_ceil(8);
    let mut payload = SmallVec::new();
    payload.push(excluded.length());
    payload.extend_from_slice(bits.to_be_bytes().get(..octets).unwrap_or(&[]));
    payload
}

/// An option of a reply.
enum Entry<'a> {
    Payload(&'a [u8]),
    Made(SmallVec<[u8; 64]>),
    Ia(&'a IaReply),
    Status(StatusCode, &'a str),
}

/// The options of a reply, gathered in any order and written in the order of codes.
#[derive(Default)]
struct Options<'a>(SmallVec<[(u16, Entry<'a>); 24]>);

impl<'a> Options<'a> {
    fn add(&mut self, code: u16, payload: &'a [u8]) {
        self.0.push((code, Entry::Payload(payload)));
    }

    fn has(&self, code: u16) -> bool {
        self.0.iter().any(|(there, _)| *there == code)
    }
}

/// The option sets that apply to a query, the most specific first.
type Levels<'a> = SmallVec<[&'a OptionSet; 8]>;

fn levels<'a>(
    ctx: &Context6<'a>,
    query: &'a Query<'_>,
    subnet: Option<&'a Subnet6>,
    pools: &[Pool<'a>],
) -> Levels<'a> {
    let config = ctx.config;
    let mut levels = Levels::new();
    let mut push = |set: &'a OptionSet| {
        if !set.is_empty() {
            levels.push(set);
        }
    };
    if let Some(subnet) = subnet {
        if let Some(host) = query.hosts.current(subnet) {
            push(&host.extra.options);
        }
        for pool in pools {
            push(pool.options());
        }
        push(&subnet.options);
        if let Some(network) = config.network_of(subnet) {
            push(&network.options);
        }
    }
    for class in query.classes.iter().filter_map(|c| config.classes.get(c)) {
        push(&class.options);
    }
    push(&config.options);
    levels
}

/// The entry of a code that the query may have, from the first level that has one.
fn pick<'a>(levels: &Levels<'a>, query: &Query<'_>, code: u16) -> Option<&'a ConfiguredOption> {
    levels.iter().find_map(|set| set.entries(code).iter().find(|o| query.classes.pass(&o.classes)))
}

/// Entries of codes that [`CodeSet`] does not hold.
fn large(set: &OptionSet) -> impl Iterator<Item = &ConfiguredOption> {
    set.options.iter().rev().take_while(|option| option.code > 255)
}

/// What was asked for and what is always sent, without what is never sent; in the order of codes.
fn wanted(query: &Query<'_>, levels: &Levels<'_>) -> SmallVec<[u16; 32]> {
    let mut wanted: SmallVec<[u16; 32]> = query.message().requested().collect();
    let mut never = CodeSet::default();
    for set in levels {
        wanted.extend(set.always.iter().map(u16::from));
        wanted.extend(large(set).filter(|option| option.always_send).map(|option| option.code));
        never = never.union(&set.never);
    }
    wanted.retain(|code| match u8::try_from(*code) {
        Ok(code) => !never.contains(code),
        Err(_) => !levels.iter().flat_map(|set| large(set)).any(|o| o.code == *code && o.never_send),
    });
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// Adds the configured options that the query is to have.
fn configured<'a>(query: &Query<'_>, levels: &Levels<'a>, options: &mut Options<'a>) {
    let mut vendors: SmallVec<[u32; 4]> = SmallVec::new();
    for code in wanted(query, levels) {
        match code {
            option6::VENDOR_OPTS => vendors = enterprises(query, levels, code),
            option6::VENDOR_CLASS => several(query, levels, options),
            _ if options.has(code) => {}
            _ => {
                let Some(option) = pick(levels, query, code) else { continue };
                match code {
                    // Each server in an option of its own (RFC 5908 section 4).
                    option6::NTP_SERVER => split(&option.payload, code, options),
                    option6::UNICAST => {
                        observe::log!(UnicastConfigured { query: query.label() });
                        options.add(code, &option.payload);
                    }
                    _ => options.add(code, &option.payload),
                }
            }
        }
    }
    vendor(query, levels, vendors, options);
}

/// Adds each sub-option in an option of its own.
fn split<'a>(payload: &'a [u8], code: u16, options: &mut Options<'a>) {
    let mut rest = payload;
    while let [_, _, high, low, ..] = rest {
        let length = 4 + usize::from(u16::from_be_bytes([*high, *low]));
        let Some((one, others)) = rest.split_at_checked(length) else { break };
        options.add(code, one);
        rest = others;
    }
}

fn enterprise(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|id| u32::from_be_bytes(*id))
}

/// The vendors that the entries of an option are for, each once.
fn enterprises(query: &Query<'_>, levels: &Levels<'_>, code: u16) -> SmallVec<[u32; 4]> {
    let mut ids = SmallVec::new();
    for option in levels.iter().flat_map(|set| set.entries(code)) {
        if query.classes.pass(&option.classes)
            && let Some(id) = enterprise(&option.payload)
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// Option 16 comes once for each vendor, each vendor's from the first level that has it.
fn several<'a>(query: &Query<'_>, levels: &Levels<'a>, options: &mut Options<'a>) {
    let mut seen: SmallVec<[u32; 4]> = SmallVec::new();
    for option in levels.iter().flat_map(|set| set.entries(option6::VENDOR_CLASS)) {
        if query.classes.pass(&option.classes)
            && let Some(id) = enterprise(&option.payload)
            && !seen.contains(&id)
        {
            seen.push(id);
            options.add(option6::VENDOR_CLASS, &option.payload);
        }
    }
}

/// Option 17 for the vendors that the query or the configuration names, with the sub-options that are always sent or
/// asked for. One without sub-options says nothing, and is left out.
fn vendor<'a>(
    query: &Query<'_>,
    levels: &Levels<'a>,
    mut ids: SmallVec<[u32; 4]>,
    options: &mut Options<'a>,
) {
    if levels.iter().all(|set| set.vendors.is_empty()) {
        return;
    }
    let message = query.message().options();
    let asked = || message.all(option6::VENDOR_OPTS).filter_map(VendorOptions::parse);
    let classes = message.all(option6::VENDOR_CLASS).filter_map(VendorClass::parse).map(|v| v.enterprise);
    for id in asked().map(|v| v.enterprise).chain(classes) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // Whatever the order in which the client names them.
    ids.sort_unstable();
    for id in ids {
        let sets = || levels.iter().flat_map(|set| &set.vendors).filter(|v| v.vendor == id);
        let mut wanted: SmallVec<[u16; 16]> = SmallVec::new();
        if id == CABLE_LABS {
            let lists = asked().filter(|v| v.enterprise == id);
            for list in lists.filter_map(|v| v.options.first(DOCSIS_ORO)) {
                wanted.extend(codes(list));
            }
        }
        let flagged = |flag: fn(&ConfiguredOption) -> bool| {
            sets().flat_map(|v| &v.options).filter(move |o| flag(o)).map(|o| o.code)
        };
        wanted.extend(flagged(|o| o.always_send));
        wanted.sort_unstable();
        wanted.dedup();
        let never: SmallVec<[u16; 4]> = flagged(|o| o.never_send).collect();
        let mut payload: SmallVec<[u8; 64]> = SmallVec::from_slice(&id.to_be_bytes());
        for code in wanted.iter().filter(|code| !never.contains(code)) {
            let option = sets()
                .find_map(|v| v.options.iter().find(|o| o.code == *code && query.classes.pass(&o.classes)));
            if let Some(option) = option
                && let Ok(length) = u16::try_from(option.payload.len())
            {
                payload.extend_from_slice(&code.to_be_bytes());
                payload.extend_from_slice(&length.to_be_bytes());
                payload.extend_from_slice(&option.payload);
            }
        }
        if payload.len() > 4 {
            options.0.push((option6::VENDOR_OPTS, Entry::Made(payload)));
        }
    }
}

/// The end of every message that is answered: the last classes, the options, the bytes.
pub(super) fn finish<'c>(
    ctx: &Context6<'c>,
    query: &mut Query<'_>,
    subnet: Option<&'c Arc<Subnet6>>,
    mut answer: Answer<'c>,
    out: &mut Vec<u8>,
) -> Verdict {
    let guards = answer.pools.clone();
    classify::last_round(ctx, query, subnet, guards.iter().map(|pool| pool.additional_classes()));
    let query = &*query;
    let subnet = subnet.map(|subnet| &**subnet);
    if answer.name.is_none() && !answer.nameless && !answer.bare {
        let ddns = subnet.map(|subnet| &*subnet.params.ddns);
        answer.name = Some(ClientName::of(ctx, query, subnet, ddns, None));
    }
    let mut options = Options::default();
    if let Some(client_id) = query.message().option(option6::CLIENT_ID) {
        options.add(option6::CLIENT_ID, client_id);
    }
    options.add(option6::SERVER_ID, ctx.server_id.octets());
    for ia in &answer.ias {
        let code = match ia.kind {
            LeaseType::Na => option6::IA_NA,
            LeaseType::Pd => option6::IA_PD,
        };
        options.0.push((code, Entry::Ia(ia)));
    }
    if let Some(registered) = &answer.registered {
        options.add(option6::IA_ADDR, registered);
    }
    if let Some((code, text)) = &answer.status {
        options.0.push((option6::STATUS_CODE, Entry::Status(*code, text)));
    }
    if answer.rapid_commit {
        options.add(option6::RAPID_COMMIT, &[]);
    }
    if let Some(name) = answer.name.as_ref().and_then(|name| name.option.as_ref()) {
        options.add(option6::CLIENT_FQDN, name);
    }
    if !answer.bare {
        let levels = levels(ctx, query, subnet, &answer.pools);
        configured(query, &levels, &mut options);
    }
    // The server's own options go before those of relay agents (RFC 6422 section 6).
    let server: SmallVec<[u16; 24]> = options.0.iter().map(|(code, _)| *code).collect();
    for option in relay::supplied(ctx, query).filter(|option| !server.contains(&option.code)) {
        options.add(option.code, option.value);
    }
    observe::log!(OptionsGiven { query: query.label(), count: options.0.len() });
    // Stable: several options of a code keep their order.
    options.0.sort_by_key(|(code, _)| *code);
    if let Err(error) = encode(query, answer.kind, &options, out) {
        out.clear();
        observe::log!(PackFailed { query: query.label(), error });
        return Verdict::Drop(DropReason::ProcessingFailed);
    }
    if let Err(reason) = library::sending(ctx, query, out) {
        out.clear();
        return Verdict::Drop(reason);
    }
    let destination = destination(ctx, query);
    observe::log!(PacketSent {
        query: query.label(),
        name: super::messages::TypeName(answer.kind),
        code: answer.kind.0,
        remote: destination.address,
        port: destination.port,
        interface: &query.arrival.interface
    });
    observe::log!(ResponseData {
        query: query.label(),
        name: super::messages::TypeName(answer.kind),
        code: answer.kind.0,
        details: Details::of_reply(ctx, query, &destination, out)
    });
    let promises = answer.kind != MessageType::ADVERTISE && !answer.nameless;
    Verdict::Reply(Reply { kind: answer.kind, destination, promises, effects: answer.effects })
}

fn encode(
    query: &Query<'_>,
    kind: MessageType,
    options: &Options<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Full> {
    let mut builder = Builder::reply(out, MAX_REPLY, &query.packet, kind)?;
    for (code, entry) in &options.0 {
        match entry {
            Entry::Payload(payload) => builder.option(*code, payload)?,
            Entry::Made(payload) => builder.option(*code, payload)?,
            Entry::Ia(ia) => ia.write(&mut builder)?,
            Entry::Status(status, text) => builder.status(*status, text)?,
        }
    }
    builder.finish().map(|_| ())
}

/// Where a reply goes: back to whoever sent the query (RFC 9915 section 18.3.10), to a relay agent at its own port
/// where it says so (RFC 8357).
fn destination(ctx: &Context6<'_>, query: &Query<'_>) -> Destination {
    let port = match (ctx.client_port, query.packet.relays().first()) {
        (Some(port), _) => port,
        (None, None) => CLIENT_PORT,
        (None, Some(relay)) if relay.source_port().is_some() => query.arrival.remote_port,
        (None, Some(_)) => SERVER_PORT,
    };
    Destination { address: query.arrival.remote, port }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_to_leave_out_is_written_from_the_left() {
        let prefix = |text: &str| text.parse::<Ipv6Prefix>().unwrap();
        let payload = |delegated, excluded| exclude_payload(delegated, prefix(excluded)).to_vec();
        assert_eq!(payload(56, "2001:db8:0:3301::/64"), [64, 0x01]);
        assert_eq!(payload(48, "2001:db8:0:3301::/64"), [64, 0x33, 0x01]);
        assert_eq!(payload(60, "2001:db8:0:300f::/64"), [64, 0xf0]);
        assert_eq!(payload(59, "2001:db8:0:301f::/64"), [64, 0xf8]);
    }

    #[test]
    fn servers_of_time_go_apart() {
        let payload = [0, 3, 0, 2, 0xaa, 0xbb, 0, 1, 0, 1, 0xcc];
        let mut options = Options::default();
        split(&payload, 56, &mut options);
        let parts: Vec<&[u8]> = options
            .0
            .iter()
            .map(|(_, entry)| match entry {
                Entry::Payload(payload) => *payload,
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(parts, [&payload[..6], &payload[6..]]);
    }
}
