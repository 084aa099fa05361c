//! Instructions per operation on the packet path, counted by valgrind: the same on every machine, whatever else runs.
//!
//! `cargo bench -p testkit --profile count --bench instructions [-- NAME...]` runs each workload with two numbers of
//! operations under callgrind and divides the difference, so that what happens once does not count. Above the bound
//! of its row the run fails. A change that makes a row cheaper lowers its bound.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use engine::v4::Arrival;
use lease::{Durable, Lease4, LeaseState, LeaseStore4, MaybeReady, NoObserver};
use memfile::{Durability, Memfile4, OsStorage, Runner, Settings};
use testkit::{Packet4, World4};
use wire::v4::{Builder, Packet};

/// Name, what does so many operations, and the most instructions one may take: what it takes plus some ten per cent.
type Workload = (&'static str, fn(u32), u64);

const WORKLOADS: [Workload; 9] = [
    ("wire: parse a relayed DISCOVER, look up five options", parse, 1_510),
    ("wire: build an OFFER with ten options", build, 1_690),
    ("engine: DISCOVER of a new client, one subnet", discover, 14_300),
    ("engine: DISCOVER and REQUEST of a new client, one subnet", |n| dora(n, 1), 32_400),
    ("engine: DISCOVER and REQUEST, 1,000 subnets", |n| dora(n, 1000), 33_000),
    ("engine: renewal, stored each time", renew, 17_600),
    ("store: three lookups of a client that is not there", lookups, 1_550),
    ("store: new lease", |n| add(n, Durability::None), 3_630),
    (
        "journal: new lease and its row, a commit for 32 (without the kernel's part)",
        |n| add(n, Durability::Os),
        6_100,
    ),
];

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 255, 0, 1);
const FEW: u32 = 500;
const MANY: u32 = 4500;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, name, count] = &arguments[..]
        && flag == "--run"
    {
        let (_, run, _) = WORKLOADS.iter().find(|(known, _, _)| known == name).unwrap();
        run(count.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let mut status = ExitCode::SUCCESS;
    for (name, _, bound) in WORKLOADS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        let each = (instructions(name, MANY) - instructions(name, FEW)) / u64::from(MANY - FEW);
        let verdict = if each > bound { "TOO MANY" } else { "ok" };
        println!("{each:>8} of at most {bound:>8}  {verdict:<9} {name}");
        if each > bound {
            status = ExitCode::FAILURE;
        }
    }
    status
}

/// Instructions of this program running a workload so many times.
fn instructions(name: &str, count: u32) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--run", name, &count.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("valgrind (Debian package valgrind): {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    number.filter(|_| output.status.success()).unwrap_or_else(|| panic!("{name}: {text}"))
}

fn client(number: u32) -> HwAddr {
    let [a, b, c, d] = number.to_be_bytes();
    HwAddr::new(1, &[2, 10, a, b, c, d]).unwrap()
}

/// As the clients of the performance rig ask.
fn asking(packet: Packet4) -> Packet4 {
    packet.option(55, &[1, 28, 2, 3, 15, 6, 12])
}

/// A packet that is built once; what differs from client to client is put in its place.
struct Template {
    bytes: Vec<u8>,
    /// Where the client's address stands: option 50 or ciaddr.
    address: Option<usize>,
}

const CIADDR: usize = 12;
const GIADDR: usize = 24;
const CHADDR: usize = 28;
const OPTIONS: usize = 240;

impl Template {
    fn new(packet: &Packet4) -> Self {
        let bytes = packet.build();
        let mut at = OPTIONS;
        let mut address = None;
        while let [code, length, ..] = bytes[at..]
            && code != 255
        {
            if code == 50 {
                address = Some(at + 2);
            }
            at += 2 + usize::from(length);
        }
        Self { bytes, address }
    }

    fn discover(giaddr: Ipv4Addr) -> Self {
        Self::new(&asking(Packet4::discover(&client(0))).relayed(giaddr, &[]))
    }

    fn request(giaddr: Ipv4Addr) -> Self {
        Self::new(&asking(Packet4::request_selecting(&client(0), SERVER, SERVER)).relayed(giaddr, &[]))
    }

    fn renewal() -> Self {
        let template = Self::new(&asking(Packet4::request_extension(&client(0), SERVER)));
        Self { address: Some(CIADDR), ..template }
    }

    /// The packet of a client; gives the address in the reply.
    fn ask(
        &mut self,
        world: &World4,
        number: u32,
        giaddr: Ipv4Addr,
        address: Ipv4Addr,
        out: &mut Vec<u8>,
    ) -> Ipv4Addr {
        self.bytes[CHADDR..CHADDR + 6].copy_from_slice(client(number).octets());
        if let Some(at) = self.address {
            self.bytes[at..at + 4].copy_from_slice(&address.octets());
        }
        if self.address != Some(CIADDR) {
            self.bytes[GIADDR..GIADDR + 4].copy_from_slice(&giaddr.octets());
        }
        world.handle(&self.bytes, &arrival(giaddr), out).unwrap();
        Packet::parse(out).unwrap().header().yiaddr
    }
}

fn arrival(giaddr: Ipv4Addr) -> Arrival {
    Arrival {
        interface: "eth0".into(),
        interface_address: SERVER,
        local: SERVER,
        remote: giaddr,
        local_port: 67,
        remote_port: 67,
        received: None,
        over6: None,
    }
}

fn parse(count: u32) {
    let relayed = asking(Packet4::discover(&client(7)))
        .option(61, &[1, 2, 10, 0, 0, 0, 7])
        .relayed(Ipv4Addr::new(10, 0, 0, 1), &[(1, b"port-17"), (2, b"switch-3")])
        .build();
    for _ in 0..count {
        let packet = Packet::parse(black_box(&relayed)).unwrap();
        black_box((packet.message_type(), packet.client_id(), packet.hw_addr()));
        for code in [50, 54, 55, 60, 82] {
            black_box(packet.option(code));
        }
    }
}

fn build(count: u32) {
    let query = asking(Packet4::discover(&client(7))).build();
    let query = Packet::parse(&query).unwrap();
    let mut out = Vec::with_capacity(1500);
    for _ in 0..count {
        out.clear();
        let header = query.header().reply();
        let mut builder = Builder::new(&mut out, 1400, black_box(&header), None).unwrap();
        for code in [53, 1, 3, 6, 15, 28, 51, 54, 58, 59] {
            builder.option(code, black_box(&[192, 0, 2, 1])).unwrap();
        }
        black_box(builder.finish(300).unwrap());
    }
}

/// A server with so many subnets, each of 1,022 addresses, as the rig configures it.
fn world(subnets: u32) -> World4 {
    let subnet = |number: u32| {
        let first = (10 << 24) + number * 1024;
        let at = |offset: u32| Ipv4Addr::from(first + offset);
        format!(
            r#"{{ "id": {}, "subnet": "{}/22", "pools": [ {{ "pool": "{} - {}" }} ],
                 "option-data": [ {{ "name": "routers", "data": "{}" }} ] }}"#,
            number + 1,
            at(0),
            at(2),
            at(1022),
            at(1)
        )
    };
    let list = if subnets == 1 {
        r#"{ "id": 1, "subnet": "10.0.0.0/8", "pools": [ { "pool": "10.1.0.0 - 10.254.255.255" } ],
             "option-data": [ { "name": "routers", "data": "10.0.0.1" } ] }"#
            .to_owned()
    } else {
        (0..subnets).map(subnet).collect::<Vec<String>>().join(",")
    };
    let config = testkit::config4(&format!(
        r#"{{ "interfaces-config": {{ "interfaces": [ ] }}, "valid-lifetime": 4000, "cache-threshold": 0.0,
              "option-data": [ {{ "name": "domain-name-servers", "data": "192.0.2.53, 192.0.2.54" }},
                               {{ "name": "domain-name", "data": "example.org" }} ],
              "subnet4": [ {list} ] }}"#
    ))
    .unwrap();
    World4::new(config, vec![SERVER]).unwrap()
}

fn giaddr(number: u32, subnets: u32) -> Ipv4Addr {
    if subnets == 1 {
        Ipv4Addr::new(10, 255, 0, 2)
    } else {
        Ipv4Addr::from((10 << 24) + number % subnets * 1024 + 1)
    }
}

const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

fn discover(count: u32) {
    let (world, giaddr, mut out) = (world(1), giaddr(0, 1), Vec::new());
    let mut template = Template::discover(giaddr);
    for number in 0..count {
        assert_ne!(template.ask(&world, number, giaddr, NONE, &mut out), NONE);
    }
}

fn dora(count: u32, subnets: u32) {
    let (world, mut out) = (world(subnets), Vec::new());
    let (mut discover, mut request) =
        (Template::discover(giaddr(0, subnets)), Template::request(giaddr(0, subnets)));
    for number in 0..count {
        let giaddr = giaddr(number, subnets);
        let offered = discover.ask(&world, number, giaddr, NONE, &mut out);
        assert_eq!(request.ask(&world, number, giaddr, offered, &mut out), offered);
    }
}

fn renew(count: u32) {
    let (world, giaddr, mut out) = (world(1), giaddr(0, 1), Vec::new());
    let (mut request, mut renewal) = (Template::request(giaddr), Template::renewal());
    let address = |number: u32| Ipv4Addr::from(0x0a01_0000 + number);
    for number in 0..FEW {
        assert_eq!(request.ask(&world, number, giaddr, address(number), &mut out), address(number));
    }
    for number in (0..FEW).cycle().take(usize::try_from(count).unwrap()) {
        world.clock.advance(Seconds(1));
        assert_eq!(renewal.ask(&world, number, address(number), address(number), &mut out), address(number));
    }
}

fn lease(number: u32) -> Lease4 {
    Lease4 {
        address: Ipv4Addr::from(0x0a01_0000 + number),
        hw_addr: Some(client(number)),
        client_id: ClientId::new(&[&[1], client(number).octets()].concat()).ok(),
        subnet_id: SubnetId(number % 100 + 1),
        pool_id: PoolId(0),
        cltt: Timestamp(1_700_000_000 + u64::from(number) / 100),
        valid_lifetime: Seconds(4000),
        state: LeaseState::Default,
        hostname: "".into(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
    }
}

fn at_once<T>(answer: MaybeReady<'_, T>) -> T {
    match answer {
        MaybeReady::Ready(value) => value.unwrap(),
        MaybeReady::Wait(_) => panic!("a store in memory does not wait"),
    }
}

fn open(durability: Durability, path: &std::path::Path) -> Arc<Memfile4> {
    let settings = Settings { durability, lfc_interval: Seconds(0), ..Settings::new(path) };
    let opened =
        Memfile4::open_on(Arc::new(OsStorage), settings, Arc::new(NoObserver), Timestamp(0), Runner::Caller);
    opened.unwrap().0
}

fn lookups(count: u32) {
    let store = open(Durability::None, "".as_ref());
    for number in 0..FEW {
        at_once(store.add(lease(number))).unwrap();
    }
    for number in FEW..FEW + count {
        let lease = lease(number);
        assert!(at_once(store.by_client_id(&lease.client_id.unwrap())).unwrap().is_empty());
        assert!(at_once(store.by_hw_addr(&lease.hw_addr.unwrap())).unwrap().is_empty());
        assert!(at_once(store.by_address(lease.address)).unwrap().is_none());
    }
}

fn add(count: u32, durability: Durability) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(durability, &directory.path().join("leases4.csv"));
    let mark = store.mark();
    for number in 0..count {
        at_once(store.add(lease(number))).unwrap();
        if number % 32 == 31 {
            at_once(store.commit(mark)).unwrap();
        }
    }
    assert_eq!(store.len(), usize::try_from(count).unwrap());
}
