//! Opening sockets: options, filters, one queue per worker and lane.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use libc::sock_filter;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::filter;
use crate::lane::Lane;
use crate::ports::SERVER_PORT4;
use crate::select::Listen6;
use crate::sys;

/// How sockets are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// UDP port of the server.
    pub port: u16,
    /// Number of workers; each gets its own queues of every socket where the kernel can do that, one for each
    /// [`Lane`].
    pub workers: usize,
    /// Size of the kernel's receive queue of each socket in octets. Beyond the system's limit (`net.core.rmem_max`)
    /// if the process may.
    pub receive_buffer: u32,
    /// Record the kernel's time of arrival of each packet; costs a little for all traffic of the machine.
    pub timestamps: bool,
}

/// The name under which DHCPv4 has it.
pub type OpenOptions4 = OpenOptions;

impl Default for OpenOptions {
    fn default() -> Self {
        // 4 MiB hold several thousand queries (the kernel counts some 700 octets of its own for each): half a second
        // of the load of a large network while the server does something else.
        Self { port: SERVER_PORT4, workers: 1, receive_buffer: RECEIVE_BUFFER, timestamps: false }
    }
}

/// Why a socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "failed to bind fallback socket to address {address}, port {port}, reason: {error}{}",
        hint(error)
    )]
    Companion { address: Ipv4Addr, port: u16, error: io::Error },
    #[error("failed to bind socket to {address}/port={port}, reason: {error}{}", hint(error))]
    Bind { address: IpAddr, port: u16, error: io::Error },
    #[error("failed to join the multicast group {group}: {error}")]
    Join { group: Ipv6Addr, error: io::Error },
    #[error("failed to create raw socket: {0}")]
    Raw(io::Error),
    #[error("failed to set option {option}: {error}")]
    Option { option: &'static str, error: io::Error },
}

/// What to look for when a port cannot be had.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => " - is another DHCP server running?",
        io::ErrorKind::PermissionDenied => {
            " - the process needs the capabilities CAP_NET_BIND_SERVICE and CAP_NET_RAW"
        }
        _ => "",
    }
}

/// The queues of one socket: one for each worker and lane, lanes side by side; or a single one for all.
pub(crate) struct Queues {
    pub(crate) sockets: Vec<Socket>,
    /// Why there is only one.
    pub(crate) unsteered: Option<io::Error>,
}

impl Queues {
    fn of(first: Socket, others: io::Result<Vec<Socket>>) -> Self {
        match others {
            Ok(others) => Self { sockets: std::iter::once(first).chain(others).collect(), unsteered: None },
            Err(error) => Self { sockets: vec![first], unsteered: Some(error) },
        }
    }

    /// The sockets with their lanes.
    pub(crate) fn with_lanes(self) -> impl Iterator<Item = (Socket, Lane)> {
        self.sockets.into_iter().zip(Lane::ALL.into_iter().cycle())
    }
}

/// Queues of a group.
fn members(options: &OpenOptions) -> io::Result<u32> {
    u32::try_from(options.workers)
        .ok()
        .and_then(|workers| workers.checked_mul(Lane::COUNT))
        .ok_or_else(|| io::Error::other("too many workers"))
}

/// What may wait in a queue that nobody said otherwise of: see [`Queue::hold`](crate::Queue::hold).
pub const RECEIVE_BUFFER: u32 = 4 << 20;
const SEND_BUFFER: u32 = 1 << 20;
const ETH_P_IP: u16 = 0x0800;
// linux/if_packet.h
const PACKET_FANOUT: i32 = 18;
const PACKET_FANOUT_DATA: i32 = 22;
const PACKET_FANOUT_CBPF: u32 = 6;
const PACKET_FANOUT_FLAG_UNIQUEID: u32 = 0x2000;
const SO_ATTACH_REUSEPORT_CBPF: i32 = 51;
/// Path MTU discovery is not used and what it may have learned is ignored: no forged ICMP can shrink replies.
const IP_PMTUDISC_OMIT: i32 = 5;
/// The same for datagrams that nobody shall cut (DF).
const IP_PMTUDISC_PROBE: i32 = 3;

/// Longest payload of a datagram that no link on its way has to cut: every host takes 576 octets (RFC 791 section 3.1).
pub(crate) const UNCUT: usize = 576 - 20 - 8;

fn option(name: &'static str) -> impl Fn(io::Error) -> OpenError {
    move |error| OpenError::Option { option: name, error }
}

/// Replaces the filter of a socket at once: no packet sees none.
pub(crate) fn attach_filter(socket: &Socket, program: &[sock_filter]) -> io::Result<()> {
    sys::set_program(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program)
}

fn common(socket: &Socket, options: &OpenOptions) -> Result<(), OpenError> {
    socket.set_nonblocking(true).map_err(option("O_NONBLOCK"))?;
    hold(socket, options.receive_buffer).map_err(option("SO_RCVBUF"))?;
    if sys::set_option(socket, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, SEND_BUFFER).is_err() {
        sys::set_option(socket, libc::SOL_SOCKET, libc::SO_SNDBUF, SEND_BUFFER)
            .map_err(option("SO_SNDBUF"))?;
    }
    sys::set_option(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1).map_err(option("SO_RXQ_OVFL"))?;
    if options.timestamps {
        stamp(socket, true).map_err(option("SO_TIMESTAMPNS"))?;
    }
    Ok(())
}

/// How many octets may wait; the kernel takes twice as many, with what it needs itself.
pub(crate) fn hold(socket: &Socket, octets: u32) -> io::Result<()> {
    // Needs CAP_NET_ADMIN; without it the system's limit holds.
    sys::set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, octets)
        .or_else(|_| sys::set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, octets))
}

/// Whether packets come with the kernel's time of their arrival.
pub(crate) fn stamp(socket: &Socket, on: bool) -> io::Result<()> {
    sys::set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, i32::from(on))
}

fn udp() -> Result<Socket, OpenError> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).map_err(option("SOCK_DGRAM"))?;
    socket.set_nonblocking(true).map_err(option("O_NONBLOCK"))?;
    // A reply may have to be broadcast even where queries are unicast (DHCPNAK).
    socket.set_broadcast(true).map_err(option("SO_BROADCAST"))?;
    sys::set_option(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        .map_err(option("IP_MTU_DISCOVER"))?;
    Ok(socket)
}

/// Lets a socket of [`udp`] send datagrams that are cut on their way. Not from the start: a datagram that may be cut needs
/// an identification, which the kernel keeps by destination, and with many thousands of relay agents looking that up is
/// a tenth of what sending costs.
pub(crate) fn allow_fragments(socket: &Socket) -> io::Result<()> {
    sys::set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, IP_PMTUDISC_OMIT)
}

/// The UDP socket beside a raw socket, one for each address. It holds the port, so that the kernel does not answer
/// queries with "port unreachable" and a second server is noticed, and it sends what needs routing. It receives
/// nothing: its filter drops what the raw socket gets anyway, before it is queued.
pub(crate) fn companion(address: Ipv4Addr, port: u16) -> Result<Socket, OpenError> {
    let socket = udp()?;
    attach_filter(&socket, &filter::drop_all()).map_err(option("SO_ATTACH_FILTER"))?;
    socket.bind(&SockAddr::from(SocketAddrV4::new(address, port))).map_err(|error| OpenError::Companion {
        address,
        port,
        error,
    })?;
    Ok(socket)
}

/// Packet sockets on one interface, spread over workers and lanes.
pub(crate) fn raw(
    interface: u32,
    addresses: &[Ipv4Addr],
    options: &OpenOptions,
) -> Result<Queues, OpenError> {
    let program = filter::raw4(addresses, options.port);
    let first = raw_socket(interface, &program, options)?;
    let others = fan_out(&first, interface, &program, options);
    Ok(Queues::of(first, others))
}

/// Made without a protocol, so that nothing is queued before the filter is in place. ETH_P_IP and not ETH_P_ALL:
/// the kernel then shows us neither other protocols nor what this machine sends, and takes VLAN tags off first.
fn raw_socket(interface: u32, program: &[sock_filter], options: &OpenOptions) -> Result<Socket, OpenError> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None).map_err(OpenError::Raw)?;
    common(&socket, options)?;
    sys::set_option(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, 1).map_err(option("PACKET_AUXDATA"))?;
    attach_filter(&socket, program).map_err(option("SO_ATTACH_FILTER"))?;
    sys::bind(&socket, &sys::packet_name(interface, ETH_P_IP)).map_err(OpenError::Raw)?;
    Ok(socket)
}

/// Joins further sockets to the first one's group. Until the program that chooses is set, the kernel gives all
/// packets to the first; the others start with a closed filter. So no packet is lost or seen twice.
fn fan_out(
    first: &Socket,
    interface: u32,
    program: &[sock_filter],
    options: &OpenOptions,
) -> io::Result<Vec<Socket>> {
    let fanout = |kind: u32, group: u32| kind << 16 | group;
    let join = |socket: &Socket, value| sys::set_option(socket, libc::SOL_PACKET, PACKET_FANOUT, value);
    join(first, fanout(PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID, 0))?;
    let group = sys::get_option::<u32>(first, libc::SOL_PACKET, PACKET_FANOUT)? & 0xffff;
    let mut others = Vec::new();
    for _ in 1..members(options)? {
        let socket = raw_socket(interface, &filter::drop_all(), options).map_err(io::Error::other)?;
        join(&socket, fanout(PACKET_FANOUT_CBPF, group))?;
        others.push(socket);
    }
    for socket in &others {
        attach_filter(socket, program)?;
    }
    let workers = u32::try_from(options.workers).map_err(io::Error::other)?;
    sys::set_program(first, libc::SOL_PACKET, PACKET_FANOUT_DATA, &filter::fanout4(workers))?;
    Ok(others)
}

/// UDP sockets on one address, spread over workers and lanes.
pub(crate) fn unicast(address: Ipv4Addr, options: &OpenOptions) -> Result<Queues, OpenError> {
    // Bound without SO_REUSEPORT, so that another server on the port is noticed.
    let first = udp_socket(address, false, options)?;
    let others = reuse_port(&first, address, options);
    if others.is_err() {
        // The group is gone with its other members; nobody else shall join.
        let _ = first.set_reuse_port(false);
    }
    Ok(Queues::of(first, others))
}

fn udp_socket(address: Ipv4Addr, reuse: bool, options: &OpenOptions) -> Result<Socket, OpenError> {
    let socket = udp()?;
    common(&socket, options)?;
    sys::set_option(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1).map_err(option("IP_PKTINFO"))?;
    if reuse {
        socket.set_reuse_port(true).map_err(option("SO_REUSEPORT"))?;
    }
    socket
        .bind(&SockAddr::from(SocketAddrV4::new(address, options.port)))
        .map_err(|error| OpenError::Bind { address: address.into(), port: options.port, error })?;
    Ok(socket)
}

/// Without our program the kernel would choose by addresses and ports, and give all packets of a relay to one
/// worker: so it is this program or a single queue.
fn reuse_port(first: &Socket, address: Ipv4Addr, options: &OpenOptions) -> io::Result<Vec<Socket>> {
    first.set_reuse_port(true)?;
    let mut others = Vec::new();
    for _ in 1..members(options)? {
        others.push(udp_socket(address, true, options).map_err(io::Error::other)?);
    }
    let workers = u32::try_from(options.workers).map_err(io::Error::other)?;
    sys::set_program(first, libc::SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter::reuseport4(workers))?;
    Ok(others)
}

/// UDP sockets that listen there, spread over workers and lanes.
pub(crate) fn listen6(listen: Listen6, device: &str, options: &OpenOptions) -> Result<Queues, OpenError> {
    // Bound without SO_REUSEPORT, so that another server on the port is noticed.
    let first = udp_socket6(listen, device, false, options)?;
    let others = share6(&first, listen, device, options);
    if others.is_err() {
        // The group is gone with its other members; nobody else shall join.
        let _ = first.set_reuse_port(false);
    }
    Ok(Queues::of(first, others))
}

fn udp_socket6(
    listen: Listen6,
    device: &str,
    reuse: bool,
    options: &OpenOptions,
) -> Result<Socket, OpenError> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).map_err(option("SOCK_DGRAM"))?;
    common(&socket, options)?;
    socket.set_only_v6(true).map_err(option("IPV6_V6ONLY"))?;
    sys::set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, IP_PMTUDISC_OMIT)
        .map_err(option("IPV6_MTU_DISCOVER"))?;
    sys::set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
        .map_err(option("IPV6_RECVPKTINFO"))?;
    if reuse {
        socket.set_reuse_port(true).map_err(option("SO_REUSEPORT"))?;
    }
    let address = listen.address();
    let scope = match listen {
        Listen6::Link { interface, .. } | Listen6::Group { interface, .. } => {
            socket.bind_device(Some(device.as_bytes())).map_err(option("SO_BINDTODEVICE"))?;
            interface
        }
        Listen6::Address(_) => 0,
    };
    socket
        .bind(&SockAddr::from(SocketAddrV6::new(address, options.port, 0, scope)))
        .map_err(|error| OpenError::Bind { address: address.into(), port: options.port, error })?;
    if let Listen6::Group { interface, address: group } = listen {
        socket.join_multicast_v6(&group, interface).map_err(|error| OpenError::Join { group, error })?;
    }
    Ok(socket)
}

/// Further sockets of a group. A unicast goes to the one that the program of the group chooses; a multicast reaches
/// all, and each filters out what is not its own.
fn share6(first: &Socket, listen: Listen6, device: &str, options: &OpenOptions) -> io::Result<Vec<Socket>> {
    let workers = u32::try_from(options.workers).map_err(io::Error::other)?;
    first.set_reuse_port(true)?;
    let mut others = Vec::new();
    for _ in 1..members(options)? {
        let socket = udp_socket6(listen, device, true, options).map_err(io::Error::other)?;
        others.push(socket);
    }
    match listen {
        Listen6::Group { .. } => {
            for (member, socket) in (0..).zip(std::iter::once(first).chain(&others)) {
                attach_filter(socket, &filter::share6(member, workers))?;
            }
        }
        Listen6::Link { .. } | Listen6::Address(_) => {
            sys::set_program(
                first,
                libc::SOL_SOCKET,
                SO_ATTACH_REUSEPORT_CBPF,
                &filter::reuseport6(workers),
            )?;
        }
    }
    Ok(others)
}
