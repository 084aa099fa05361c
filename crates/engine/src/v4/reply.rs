//! Building replies: which options, which fixed fields, where to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::Seconds;
use config::{CodeSet, ConfiguredOption, OptionSet, OutboundInterface, Pool4, SocketType, Subnet4, builtin};
use smallvec::SmallVec;
use wire::iana::dhcp4_option as option4;
use wire::v4::{BOOTP_MIN_LEN, Builder, FLAG_BROADCAST, Header, MessageType};

use super::allocate::Granted;
use super::details::Details;
use super::messages::{Ipv6OnlyMissing, OptionsGiven, PackFailed, PacketPack, ResponseData};
use super::{Context4, Destination, DropReason, Effects, Query, Reply, Verdict, library, ping};
use crate::siblings::siblings;

use wire::v4::{CLIENT_PORT, SERVER_PORT};

/// The largest UDP payload of an IPv4 packet.
pub(super) const MAX_REPLY: usize = 65_507;
/// Enterprise number of CableLabs, whose sub-option 1 lists the wanted sub-options (DOCSIS).
const CABLE_LABS: u32 = 4491;
const DOCSIS_ORO: u8 = 1;

/// Options that BOOTP clients do not know.
const DHCP_ONLY: [u8; 11] = [
    option4::REQUESTED_ADDRESS,
    option4::LEASE_TIME,
    option4::OPTION_OVERLOAD,
    option4::MESSAGE_TYPE,
    option4::SERVER_IDENTIFIER,
    option4::PARAMETER_REQUEST_LIST,
    option4::MESSAGE,
    option4::MAX_MESSAGE_SIZE,
    option4::RENEWAL_TIME,
    option4::REBINDING_TIME,
    option4::CLIENT_IDENTIFIER,
];

/// Options sent when configured, asked for or not.
const BASIC: [u8; 4] =
    [option4::ROUTERS, option4::DOMAIN_NAME_SERVERS, option4::DOMAIN_NAME, option4::SERVER_IDENTIFIER];

/// The payload of an option of a reply. Small: a reply's options are sorted by moving them.
enum Payload<'a> {
    /// Of the configuration or the query.
    There(&'a [u8]),
    Number([u8; 4]),
    Made(Vec<u8>),
}

impl Payload<'_> {
    fn octets(&self) -> &[u8] {
        match self {
            Self::There(octets) => octets,
            Self::Number(octets) => octets,
            Self::Made(octets) => octets,
        }
    }
}

/// The options of a reply, gathered in any order; written in the order of codes, type first and option 82 last.
#[derive(Default)]
struct Options<'a> {
    list: SmallVec<[(u8, Payload<'a>); 24]>,
    codes: CodeSet,
    /// Option 82, echoed last.
    relay_info: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn add(&mut self, code: u8, payload: Payload<'a>) {
        self.codes.insert(code);
        self.list.push((code, payload));
    }

    fn has(&self, code: u8) -> bool {
        self.codes.contains(code)
    }
}

/// The option sets that apply to a query, the most specific first.
type Levels<'a> = SmallVec<[&'a OptionSet; 8]>;

fn levels<'a>(
    ctx: &Context4<'a>,
    query: &'a Query<'_>,
    subnet: &'a Subnet4,
    pool: Option<&'a Pool4>,
) -> Levels<'a> {
    let config = ctx.config;
    let mut levels = Levels::new();
    let mut push = |set: &'a OptionSet| {
        if !set.is_empty() {
            levels.push(set);
        }
    };
    if let Some(host) = query.hosts.current(subnet) {
        push(&host.extra.options);
    }
    if let Some(pool) = pool {
        push(&pool.options);
    }
    push(&subnet.options);
    if let Some(network) = config.network_of(subnet) {
        push(&network.options);
    }
    for class in query.classes.iter().filter_map(|c| config.classes.get(c)) {
        push(&class.options);
    }
    push(&config.options);
    levels
}

/// The entry of a code that the query may have, from the first level that has one.
fn pick<'a>(levels: &Levels<'a>, query: &Query<'_>, code: u8) -> Option<&'a ConfiguredOption> {
    levels.iter().find_map(|set| set.entries(u16::from(code)).iter().find(|o| query.classes.pass(&o.classes)))
}

/// What the client asks for (option 55).
fn requested(query: &Query<'_>) -> CodeSet {
    let mut codes = CodeSet::default();
    if let Some(list) = query.packet.option(option4::PARAMETER_REQUEST_LIST) {
        for code in list {
            codes.insert(*code);
        }
    }
    codes
}

/// The subnet of a client that asks for IPv6-only (option 108) where it, another of the link or the network has it.
pub(super) fn ipv6_only<'c>(
    ctx: &Context4<'c>,
    query: &Query<'_>,
    subnet: &'c Arc<Subnet4>,
) -> Option<&'c Arc<Subnet4>> {
    let code = option4::V6_ONLY_PREFERRED;
    if !requested(query).contains(code) {
        return None;
    }
    let has = |set: &OptionSet| set.codes().contains(code);
    siblings(ctx.config, subnet, &query.classes).find(|sibling| has(&sibling.options)).or_else(|| {
        ctx.config.network_of(subnet).is_some_and(|network| has(&network.options)).then_some(subnet)
    })
}

/// An OFFER or ACK with a lease, or an ACK to an INFORM or an IPv6-only client without one.
#[allow(clippy::too_many_arguments)]
pub(super) fn grant(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    kind: MessageType,
    subnet: &Subnet4,
    pool: Option<&Pool4>,
    granted: Option<&Granted<'_>>,
    out: &mut Vec<u8>,
) -> Verdict {
    let inform = query.kind == MessageType::INFORM;
    let mut options = Options::default();
    echo(ctx, query, &mut options);
    if let Some(granted) = granted {
        if let Some((code, payload)) = &granted.name {
            options.add(*code, Payload::There(payload));
        }
        options.add(option4::LEASE_TIME, Payload::Number(granted.lifetime.0.to_be_bytes()));
        options.add(option4::SUBNET_MASK, Payload::Number(subnet.prefix.netmask().octets()));
        for (code, time) in tee_times(subnet, granted.lifetime, 0) {
            options.add(code, Payload::Number(time.0.to_be_bytes()));
        }
    }
    let levels = levels(ctx, query, subnet, pool);
    let there = configured(query, &levels, &mut options);
    if granted.is_none() && !inform && !options.has(option4::V6_ONLY_PREFERRED) {
        observe::log!(Ipv6OnlyMissing { query: query.label() });
        return Verdict::NOTHING;
    }
    vendor(query, &levels, &mut options);
    for code in BASIC {
        if there.contains(code)
            && !options.has(code)
            && let Some(option) = pick(&levels, query, code)
        {
            options.add(code, Payload::There(&option.payload));
        }
    }
    observe::log!(OptionsGiven { query: query.label(), count: options.list.len() });
    let destination = destination(ctx, query, kind, granted.map(|g| g.lease.address));
    let mut header = query.packet.header().reply();
    if let Some(granted) = granted {
        header.yiaddr = granted.lease.address;
    }
    if kind == MessageType::ACK {
        header.ciaddr = query.packet.header().ciaddr;
    }
    let (siaddr, sname, file) = fixed_fields(ctx, query, subnet);
    header.siaddr = siaddr;
    header.sname = sname.as_bytes();
    header.file = file.as_bytes();
    if inform {
        route_inform(query, &destination, &mut header, &mut options);
    }
    let mut verdict = write(ctx, query, kind, &header, &mut options, destination, out);
    if let Verdict::Reply(reply) = &mut verdict {
        reply.promises = kind != MessageType::OFFER || granted.is_some_and(|g| g.held);
        let offered = granted.filter(|_| kind == MessageType::OFFER);
        reply.check = offered.and_then(|granted| ping::wanted(ctx, query, subnet, granted)).map(Box::new);
    }
    verdict
}

/// An ACK to an INFORM for which there is no subnet: no configured option applies.
pub(super) fn bare_ack(ctx: &Context4<'_>, query: &Query<'_>, out: &mut Vec<u8>) -> Verdict {
    let mut options = Options::default();
    echo(ctx, query, &mut options);
    let destination = destination(ctx, query, MessageType::ACK, None);
    let mut header = query.packet.header().reply();
    header.ciaddr = query.packet.header().ciaddr;
    route_inform(query, &destination, &mut header, &mut options);
    write(ctx, query, MessageType::ACK, &header, &mut options, destination, out)
}

/// An ACK to an INFORM goes straight to the client, and nothing of the relay's belongs in it. The relay of a client
/// that does not say where it is must broadcast it.
fn route_inform(
    query: &Query<'_>,
    destination: &Destination,
    header: &mut Header<'_>,
    options: &mut Options<'_>,
) {
    if destination.address != query.packet.header().giaddr {
        header.hops = 0;
        header.giaddr = Ipv4Addr::UNSPECIFIED;
        options.relay_info = None;
    } else if query.is_relayed() {
        header.flags |= FLAG_BROADCAST;
    }
}

/// A NAK (RFC 2131 section 4.3.2): no option but the identifiers.
pub(super) fn nak(ctx: &Context4<'_>, query: &Query<'_>, out: &mut Vec<u8>) -> Verdict {
    let mut options = Options::default();
    echo(ctx, query, &mut options);
    let destination = destination(ctx, query, MessageType::NAK, None);
    let mut header = query.packet.header().reply();
    if query.is_relayed() {
        // The relay must broadcast it: the client's address is what is wrong.
        header.flags |= FLAG_BROADCAST;
    }
    write(ctx, query, MessageType::NAK, &header, &mut options, destination, out)
}

/// An answer to somebody who is no client: nothing but what it is given, and who the server is.
pub(super) struct Simple<'q> {
    query: &'q Query<'q>,
    kind: MessageType,
    pub(super) header: Header<'static>,
    options: Options<'static>,
    destination: Destination,
}

impl<'q> Simple<'q> {
    pub(super) fn to(ctx: &Context4<'_>, query: &'q Query<'q>, kind: MessageType) -> Self {
        let mut header = query.packet.header().reply();
        (header.hops, header.flags) = (0, 0);
        let mut simple = Self {
            query,
            kind,
            header,
            options: Options::default(),
            destination: destination(ctx, query, kind, None),
        };
        let code = option4::SERVER_IDENTIFIER;
        let configured =
            || ctx.config.options.entries(u16::from(code)).first().map(|option| &*option.payload);
        // As the requester knows the server, else as clients do.
        if let Some(id) = query.packet.option(code).or_else(configured) {
            simple.option(code, id);
        }
        simple
    }

    pub(super) fn option(&mut self, code: u8, payload: &[u8]) {
        self.options.add(code, Payload::Made(payload.to_vec()));
    }

    pub(super) fn write(self, out: &mut Vec<u8>) -> Verdict {
        let Self { query, kind, header, mut options, destination } = self;
        if !options.has(option4::SERVER_IDENTIFIER) {
            options.add(option4::SERVER_IDENTIFIER, Payload::Number(server_address(query).octets()));
        }
        options.list.sort_by_key(|(code, _)| *code);
        if let Err(error) = encode(kind, false, &header, &options, out) {
            observe::log!(PackFailed { query: query.label(), error });
            return Verdict::Drop(DropReason::ProcessingFailed);
        }
        Verdict::Reply(Reply { kind, destination, promises: true, effects: Effects::default(), check: None })
    }
}

/// What a reply repeats of its query: client identifier (RFC 6842), subnet selection (RFC 3011), relay agent
/// information (RFC 3046).
fn echo<'a>(ctx: &Context4<'_>, query: &'a Query<'_>, options: &mut Options<'a>) {
    // As the client sent it, whatever took its place meanwhile.
    let replaced = ctx.config.flex_id.as_ref().is_some_and(|flex_id| flex_id.replace_client_id);
    if (ctx.config.globals.own.echo_client_id || replaced)
        && let Some(client_id) = query.packet.option(option4::CLIENT_IDENTIFIER).filter(|id| !id.is_empty())
    {
        options.add(option4::CLIENT_IDENTIFIER, Payload::There(client_id));
    }
    if let Some(selection) = query.packet.option(option4::SUBNET_SELECTION) {
        options.add(option4::SUBNET_SELECTION, Payload::There(selection));
    }
    // The relay has not seen this query where its option was put back.
    options.relay_info = query.packet.option(option4::AGENT_OPTIONS).filter(|_| !query.restored);
}

/// T1 and T2 (RFC 2131 section 4.4.5): the configured timers, else shares of the lifetime; each only if it comes
/// before the next. Of a lease that has run for `elapsed` seconds, what is left of them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn tee_times(subnet: &Subnet4, lifetime: Seconds, elapsed: u32) -> SmallVec<[(u8, Seconds); 2]> {
    // A lease that never ends is no exception: renewals are how its options change.
    let params = &subnet.params;
    let share = |percent: f64| Seconds((percent * f64::from(lifetime.0)).round() as u32);
    let mut ceiling = Seconds(lifetime.0.saturating_sub(elapsed));
    let mut found = SmallVec::new();
    let times = [
        (option4::REBINDING_TIME, params.rebind_timer, params.t2_percent),
        (option4::RENEWAL_TIME, params.renew_timer, params.t1_percent),
    ];
    for (code, timer, percent) in times {
        let time = timer.or_else(|| params.calculate_tee_times.then(|| share(percent)));
        let left = time.map(|time| Seconds(time.0.saturating_sub(elapsed)));
        if let Some(time) = left.filter(|t| t.0 > 0 && *t < ceiling) {
            found.push((code, time));
            ceiling = time;
        }
    }
    found
}

/// What was asked for and what is always sent, without what is never sent.
/// Answers which codes there are at all.
fn configured<'a>(query: &Query<'_>, levels: &Levels<'a>, options: &mut Options<'a>) -> CodeSet {
    let (mut there, mut always, mut never) = (CodeSet::default(), CodeSet::default(), CodeSet::default());
    for set in levels {
        there = there.union(set.codes());
        always = always.union(&set.always);
        never = never.union(&set.never);
    }
    let wanted = requested(query).union(&always).intersection(&there).without(&never);
    for code in wanted.without(&options.codes).iter() {
        if code == option4::VIVCO_SUBOPTIONS || code == option4::VIVSO_SUBOPTIONS {
            several(query, levels, code, options);
        } else if let Some(option) = pick(levels, query, code) {
            options.add(code, Payload::There(&option.payload));
        }
    }
    there
}

/// Options 124 and 125 come once for each vendor, each vendor's from the first level that has it (RFC 3925).
fn several<'a>(query: &Query<'_>, levels: &Levels<'a>, code: u8, options: &mut Options<'a>) {
    let mut seen: SmallVec<[&[u8]; 4]> = SmallVec::new();
    for option in levels.iter().flat_map(|set| set.entries(u16::from(code))) {
        let Some(vendor) = option.payload.get(..4) else { continue };
        if query.classes.pass(&option.classes) && !seen.contains(&vendor) {
            seen.push(vendor);
            options.add(code, Payload::There(&option.payload));
        }
    }
}

/// Sub-options of option 125 for the vendors that the query or the reply names.
fn vendor<'a>(query: &Query<'_>, levels: &Levels<'a>, options: &mut Options<'a>) {
    if levels.iter().all(|set| set.vendors.is_empty()) {
        return;
    }
    let mut ids: SmallVec<[u32; 4]> = SmallVec::new();
    let name = |ids: &mut SmallVec<[u32; 4]>, id: u32| {
        if !ids.contains(&id) {
            ids.push(id);
        }
    };
    // Kea's order; a container that is configured goes out though nothing is in it.
    for (_, payload) in options.list.iter().rev().filter(|(code, _)| *code == option4::VIVSO_SUBOPTIONS) {
        if let Some(id) = vendor_id(payload.octets()) {
            name(&mut ids, id);
        }
    }
    let configured = ids.len();
    let wanted = query.packet.option(option4::VIVSO_SUBOPTIONS);
    let classes = query.packet.option(option4::VIVCO_SUBOPTIONS);
    for (id, _) in wanted.into_iter().chain(classes).flat_map(wire::v4::vendor_parts) {
        name(&mut ids, id);
    }
    options.list.retain(|(code, _)| *code != option4::VIVSO_SUBOPTIONS);
    for (at, id) in ids.into_iter().enumerate() {
        let sets = || levels.iter().flat_map(|set| &set.vendors).filter(|v| v.vendor == id);
        let mut codes: SmallVec<[u8; 16]> = SmallVec::new();
        if id == CABLE_LABS {
            for (_, data) in wanted.into_iter().flat_map(wire::v4::vendor_parts).filter(|(v, _)| *v == id) {
                let parts = wire::v4::RelayInfo::parse(data);
                codes.extend_from_slice(parts.options().get(DOCSIS_ORO).unwrap_or(&[]));
            }
        }
        let flagged = |flag: fn(&ConfiguredOption) -> bool| {
            sets().flat_map(|v| &v.options).filter(move |o| flag(o)).filter_map(|o| u8::try_from(o.code).ok())
        };
        codes.extend(flagged(|o| o.always_send));
        codes.sort_unstable();
        codes.dedup();
        let never: SmallVec<[u8; 4]> = flagged(|o| o.never_send).collect();
        let mut data: SmallVec<[u8; 64]> = SmallVec::new();
        for code in codes.iter().filter(|code| !never.contains(code)) {
            let option = sets().find_map(|v| {
                v.options.iter().find(|o| o.code == u16::from(*code) && query.classes.pass(&o.classes))
            });
            if let Some(option) = option
                && let Ok(length) = u8::try_from(option.payload.len())
            {
                data.push(*code);
                data.push(length);
                data.extend_from_slice(&option.payload);
            }
        }
        // The length of a vendor's part is one octet (RFC 3925 section 4).
        if let Ok(length) = u8::try_from(data.len())
            && (length > 0 || at < configured)
        {
            let mut payload = id.to_be_bytes().to_vec();
            payload.push(length);
            payload.extend_from_slice(&data);
            options.add(option4::VIVSO_SUBOPTIONS, Payload::Made(payload));
        }
    }
}

fn vendor_id(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|id| u32::from_be_bytes(*id))
}

/// siaddr, sname, file: each of the reservation, else of the first class that sets it, else of the subnet.
fn fixed_fields<'a>(
    ctx: &Context4<'a>,
    query: &'a Query<'_>,
    subnet: &'a Subnet4,
) -> (Ipv4Addr, &'a str, &'a str) {
    let classes = || query.classes.iter().filter_map(|c| ctx.config.classes.get(c));
    let params = &subnet.params;
    let host = query.hosts.current(subnet).map(|h| &h.extra);
    let siaddr = host
        .and_then(|h| h.next_server)
        .or_else(|| classes().find_map(|c| c.next_server))
        .or(params.own.next_server)
        .unwrap_or(Ipv4Addr::UNSPECIFIED);
    let text = |of_class: Option<&'a Arc<str>>, of_subnet: &'a Arc<str>| &**of_class.unwrap_or(of_subnet);
    let sname = text(
        host.map(|h| &h.server_hostname)
            .filter(|t| !t.is_empty())
            .or_else(|| classes().find_map(|c| c.server_hostname.as_ref().filter(|t| !t.is_empty()))),
        &params.own.server_hostname,
    );
    let file = text(
        host.map(|h| &h.boot_file_name)
            .filter(|t| !t.is_empty())
            .or_else(|| classes().find_map(|c| c.boot_file_name.as_ref().filter(|t| !t.is_empty()))),
        &params.own.boot_file_name,
    );
    (siaddr, sname, file)
}

/// Where a reply goes (RFC 2131 section 4.1).
fn destination(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    kind: MessageType,
    yiaddr: Option<Ipv4Addr>,
) -> Destination {
    let packet = &query.packet;
    let arrival = query.arrival;
    let inform = query.kind == MessageType::INFORM;
    let relayed = query.is_relayed();
    let mut hw_addr = None;
    let mut address = if inform {
        if !packet.header().ciaddr.is_unspecified() {
            packet.header().ciaddr
        } else if relayed {
            packet.header().giaddr
        } else {
            arrival.remote
        }
    } else if relayed {
        packet.header().giaddr
    } else if !packet.header().ciaddr.is_unspecified() {
        packet.header().ciaddr
    } else if kind == MessageType::NAK {
        Ipv4Addr::BROADCAST
    } else if let Some(yiaddr) = yiaddr {
        if ctx.direct_response && packet.header().flags & FLAG_BROADCAST == 0 && query.hw_addr.is_some() {
            hw_addr = query.hw_addr;
            yiaddr
        } else {
            Ipv4Addr::BROADCAST
        }
    } else if arrival.remote.is_unspecified() {
        Ipv4Addr::BROADCAST
    } else {
        arrival.remote
    };
    if ctx.respond_to_source {
        address = arrival.remote;
        hw_addr = None;
    }
    let to_client = if inform { address != packet.header().giaddr || !relayed } else { !relayed };
    let relay_port = || {
        // The relay's own port, where it asks for its replies there (RFC 8357).
        packet.relay_info().filter(|info| info.has_relay_port()).map(|_| arrival.remote_port)
    };
    let port = match ctx.client_port {
        Some(port) => port,
        None if to_client => CLIENT_PORT,
        None => relay_port().unwrap_or(SERVER_PORT),
    };
    let use_routing = relayed
        && ctx.config.services.interfaces.socket_type == SocketType::Udp
        && ctx.config.services.interfaces.outbound_interface == OutboundInterface::UseRouting;
    Destination { address, port, hw_addr, source: (!use_routing).then(|| server_address(query)), use_routing }
}

/// The address the client reached us at, which is also our identifier.
fn server_address(query: &Query<'_>) -> Ipv4Addr {
    if query.arrival.local == Ipv4Addr::BROADCAST {
        query.arrival.interface_address
    } else {
        query.arrival.local
    }
}

fn write(
    ctx: &Context4<'_>,
    query: &Query<'_>,
    kind: MessageType,
    header: &Header<'_>,
    options: &mut Options<'_>,
    destination: Destination,
    out: &mut Vec<u8>,
) -> Verdict {
    if !options.has(option4::SERVER_IDENTIFIER) {
        options.add(option4::SERVER_IDENTIFIER, Payload::Number(server_address(query).octets()));
    }
    // Stable: several options of a code keep their order.
    options.list.sort_by_key(|(code, _)| *code);
    let bootp = query.classes.contains(builtin::BOOTP);
    if bootp {
        options.list.retain(|(code, _)| !DHCP_ONLY.contains(code));
    }
    observe::log!(PacketPack { query: query.label() });
    if let Err(error) = encode(kind, bootp, header, options, out) {
        observe::log!(PackFailed { query: query.label(), error });
        return Verdict::Drop(DropReason::ProcessingFailed);
    }
    if let Err(reason) = library::sending(ctx, query, bootp, out) {
        return Verdict::Drop(reason);
    }
    observe::log!(ResponseData {
        query: query.label(),
        name: kind,
        code: kind.0,
        details: Details::of_reply(ctx, query, server_address(query), &destination, out)
    });
    Verdict::Reply(Reply { kind, destination, promises: true, effects: Effects::default(), check: None })
}

fn encode(
    kind: MessageType,
    bootp: bool,
    header: &Header<'_>,
    options: &Options<'_>,
    out: &mut Vec<u8>,
) -> Result<(), wire::Full> {
    let mut builder = Builder::new(out, MAX_REPLY, header, options.relay_info)?;
    if !bootp {
        builder.option(option4::MESSAGE_TYPE, &[kind.0])?;
    }
    for (code, payload) in options.list.iter().filter(|(code, _)| *code != option4::MESSAGE_TYPE) {
        builder.option(*code, payload.octets())?;
    }
    builder.finish(if bootp { BOOTP_MIN_LEN } else { 0 }).map(|_| ())
}
