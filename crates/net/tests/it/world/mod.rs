//! Two network namespaces joined by a veth pair: `srv0` (192.0.2.1/24) and `cli0` (192.0.2.9/24).

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use net::{Interface, MacAddr, OpenOptions4, Plan4, Selection4, Socket4, SocketSet4, SocketType};
use socket2::{Domain, Socket, Type};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);

/// The calling thread lives in the server's namespace.
pub(crate) struct World {
    server: File,
    client: File,
    pub(crate) server_mac: MacAddr,
    pub(crate) client_mac: MacAddr,
}

/// Runs `test` in a thread of its own with a fresh world; without the rights for that it says so and returns.
///
/// One at a time: a program that one test starts holds, until it is loaded, copies of all sockets of the process, and
/// a port that another test just let go would seem in use.
pub(crate) fn with_world(test: fn(&World)) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let result = std::thread::spawn(move || match World::new() {
        Ok(world) => test(&world),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            eprintln!("SKIPPED: not allowed to create network namespaces (needs root): {error}");
        }
        Err(error) => panic!("cannot create the network of the test: {error}"),
    })
    .join();
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

fn new_namespace() -> io::Result<File> {
    // SAFETY: no pointers; affects the calling thread only.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        return Err(io::Error::last_os_error());
    }
    ip("link set lo up");
    File::open("/proc/thread-self/ns/net")
}

fn enter(namespace: &File) {
    // SAFETY: no pointers; the descriptor is open.
    assert_eq!(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }, 0);
}

/// Runs `ip` in the namespace of the calling thread.
pub(crate) fn ip(arguments: &str) {
    assert!(try_ip(arguments), "ip {arguments}");
}

pub(crate) fn try_ip(arguments: &str) -> bool {
    Command::new("ip").args(arguments.split(' ')).status().unwrap().success()
}

/// Runs `tc` in the namespace of the calling thread.
pub(crate) fn try_tc(arguments: &str) -> bool {
    Command::new("tc").args(arguments.split(' ')).status().is_ok_and(|status| status.success())
}

impl World {
    fn new() -> io::Result<Self> {
        let client = new_namespace()?;
        let server = new_namespace()?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), client.as_raw_fd());
        ip(&format!("link add srv0 type veth peer name cli0 netns {path}"));
        ip("link set srv0 up");
        ip("addr add 192.0.2.1/24 dev srv0");
        let mut world = Self { server, client, server_mac: mac("srv0"), client_mac: MacAddr::default() };
        world.client_mac = world.in_client(|| {
            ip("link set cli0 up");
            ip("addr add 192.0.2.9/24 dev cli0");
            mac("cli0")
        });
        wait_until("srv0 runs", || interface("srv0").running);
        Ok(world)
    }

    /// Runs `act` in the client's namespace; sockets made there stay there.
    pub(crate) fn in_client<T>(&self, act: impl FnOnce() -> T) -> T {
        enter(&self.client);
        let result = act();
        enter(&self.server);
        result
    }

    /// A packet socket on the client's end.
    pub(crate) fn tap(&self) -> Tap {
        self.in_client(|| {
            let index = interface("cli0").index;
            let protocol = u16::try_from(libc::ETH_P_ALL).unwrap().to_be();
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(i32::from(protocol).into())).unwrap();
            // SAFETY: all zeroes is a sockaddr_ll.
            let mut name: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
            name.sll_family = u16::try_from(libc::AF_PACKET).unwrap();
            name.sll_protocol = protocol;
            name.sll_ifindex = i32::try_from(index).unwrap();
            let length = u32::try_from(size_of::<libc::sockaddr_ll>()).unwrap();
            // SAFETY: pointer and length describe `name`.
            let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const name).cast(), length) };
            assert_eq!(bound, 0);
            socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            socket.set_recv_buffer_size(8 << 20).unwrap();
            Tap { socket }
        })
    }

    /// A frame from the client's station to `to`, addressed to the server's.
    pub(crate) fn frame(&self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
        let station = if to.0.is_broadcast() { MacAddr::BROADCAST } else { self.server_mac };
        build_frame(self.client_mac, station, from, to, payload)
    }
}

pub(crate) struct Tap {
    socket: Socket,
}

impl Tap {
    pub(crate) fn send(&self, frame: &[u8]) {
        assert_eq!(self.socket.send(frame).unwrap(), frame.len());
    }

    /// The next IPv4 frame from the other side, `None` when none comes for 300 ms.
    pub(crate) fn receive(&self) -> Option<Vec<u8>> {
        loop {
            let mut buffer = vec![MaybeUninit::<u8>::uninit(); 70_000];
            let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
            // SAFETY: the kernel wrote `length` octets.
            let frame: Vec<u8> =
                buffer[..length].iter().map(|octet| unsafe { octet.assume_init() }).collect();
            // SAFETY: the address of a packet socket is a sockaddr_ll.
            let name = unsafe { &*from.as_ptr().cast::<libc::sockaddr_ll>() };
            let outgoing = name.sll_pkttype == 4;
            if !outgoing && frame.get(12..14) == Some(&[8, 0]) {
                return Some(frame);
            }
        }
    }
}

/// The checksum of RFC 1071, in the plainest way.
pub(crate) fn checksum(octets: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in octets.chunks(2) {
        sum += u32::from(pair[0]) * 256 + pair.get(1).copied().map_or(0, u32::from);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

fn pseudo(frame: &[u8]) -> Vec<u8> {
    let udp = &frame[34..];
    [&frame[26..34], &[0, 17], &udp[4..6], udp].concat()
}

pub(crate) fn build_frame(
    from_mac: MacAddr,
    to_mac: MacAddr,
    from: (Ipv4Addr, u16),
    to: (Ipv4Addr, u16),
    payload: &[u8],
) -> Vec<u8> {
    let udp_length = u16::try_from(8 + payload.len()).unwrap();
    let mut frame = [to_mac.0, from_mac.0].concat();
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((udp_length + 20).to_be_bytes());
    frame.extend([0, 1, 0, 0, 64, 17, 0, 0]);
    frame.extend(from.0.octets());
    frame.extend(to.0.octets());
    let ip_checksum = checksum(&frame[14..34]);
    frame[24..26].copy_from_slice(&ip_checksum.to_be_bytes());
    frame.extend(from.1.to_be_bytes());
    frame.extend(to.1.to_be_bytes());
    frame.extend(udp_length.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    let udp_checksum = checksum(&pseudo(&frame));
    frame[40..42].copy_from_slice(&udp_checksum.to_be_bytes());
    frame
}

/// (destination station, source address and port, destination address and port, payload) of a frame whose
/// checksums are right.
pub(crate) fn read_frame(frame: &[u8]) -> (MacAddr, (Ipv4Addr, u16), (Ipv4Addr, u16), Vec<u8>) {
    assert_eq!(checksum(&frame[14..34]), 0, "IPv4 checksum");
    assert_eq!(frame[23], 17, "UDP");
    assert_eq!(checksum(&pseudo(frame)), 0, "UDP checksum");
    let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&frame[at..at + 4]).unwrap());
    let port = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let station = MacAddr(frame[..6].try_into().unwrap());
    (station, (address(26), port(34)), (address(30), port(36)), frame[42..].to_vec())
}

/// A message as long as a client's, with what the choice of worker looks at.
pub(crate) fn message(xid: u32, client: u32) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0];
    message.extend(xid.to_be_bytes());
    message.resize(28, 0);
    message.extend([2, 0]);
    message.extend(client.to_be_bytes());
    message.resize(300, 0xaa);
    message
}

pub(crate) fn xid(message: &[u8]) -> u32 {
    u32::from_be_bytes(message[4..8].try_into().unwrap())
}

pub(crate) fn client(message: &[u8]) -> u32 {
    u32::from_be_bytes(message[30..34].try_into().unwrap())
}

pub(crate) fn interface(name: &str) -> Interface {
    net::interfaces().unwrap().into_iter().find(|each| each.name == name).unwrap()
}

fn mac(name: &str) -> MacAddr {
    interface(name).mac().unwrap()
}

pub(crate) fn plan(entries: &[&str], socket_type: SocketType) -> Plan4 {
    let interfaces = net::interfaces().unwrap();
    Selection4::new(entries.iter().copied(), &interfaces).unwrap().plan(&interfaces, socket_type)
}

/// Opens the plan; gives the sockets of each worker.
pub(crate) fn open(
    entries: &[&str],
    socket_type: SocketType,
    options: OpenOptions4,
) -> (SocketSet4, Vec<Vec<std::sync::Arc<Socket4>>>) {
    let mut set = SocketSet4::new(options);
    let changes = set.apply(&plan(entries, socket_type));
    assert!(changes.problems.is_empty(), "{:?}", changes.problems);
    assert!(changes.unsteered.is_empty(), "{:?}", changes.unsteered);
    (set, changes.opened)
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited 5 s in vain: {what}");
}

/// Octets waiting in the receive queues of UDP sockets of the calling thread's namespace.
pub(crate) fn udp_queued() -> u64 {
    let mut text = String::new();
    File::open("/proc/thread-self/net/udp").unwrap().read_to_string(&mut text).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let queues = line.split_whitespace().nth(4).unwrap();
            u64::from_str_radix(queues.split(':').nth(1).unwrap(), 16).unwrap()
        })
        .sum()
}

/// A network interface whose cable is a file descriptor.
pub(crate) struct TapDevice {
    file: File,
}

impl TapDevice {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open("/dev/net/tun")?;
        // struct ifreq: name, flags, padding.
        let mut request = [0u8; 40];
        request[..name.len()].copy_from_slice(name.as_bytes());
        let flags = u16::try_from(libc::IFF_TAP | libc::IFF_NO_PI).unwrap();
        request[16..18].copy_from_slice(&flags.to_ne_bytes());
        // SAFETY: the request is as long as a struct ifreq and lives through the call.
        if unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, request.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { file })
    }

    pub(crate) fn write(&self, frame: &[u8]) {
        assert_eq!((&self.file).write(frame).unwrap(), frame.len());
    }

    /// The next IPv4 frame that the machine sends.
    pub(crate) fn read_ipv4(&self) -> Vec<u8> {
        let mut buffer = vec![0; 2000];
        loop {
            let length = (&self.file).read(&mut buffer).unwrap();
            if buffer[12..14] == [8, 0] {
                return buffer[..length].to_vec();
            }
        }
    }
}
