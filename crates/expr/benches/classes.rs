//! Cost of classification: 100 typical classes against one packet; `cargo bench -p expr`. The aim is 2 us.

#![allow(clippy::unwrap_used, reason = "a bench may stop")]

#[allow(dead_code, unreachable_pub, clippy::panic)] // The tests need more of it.
#[path = "../tests/it/common/mod.rs"]
mod common;

use std::borrow::Cow;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use common::{Packet, World, packet4};
use expr::{Candidates, ClassId, Expression, Family, QueryView, compile_bool};

/// The packet behind an index by code, as the codec of the server has it.
struct Indexed {
    packet: Packet,
    index: [Option<usize>; 256],
}

impl Indexed {
    fn new(packet: Packet) -> Self {
        let mut index = [None; 256];
        for (at, (code, _)) in packet.options.iter().enumerate() {
            index[usize::from(*code)] = Some(at);
        }
        Self { packet, index }
    }
}

impl QueryView for Indexed {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        let at = (*self.index.get(usize::from(code))?)?;
        Some(Cow::Borrowed(&self.packet.options.get(at)?.1))
    }
    fn member(&self, class: ClassId) -> bool {
        self.packet.member(class)
    }
    fn interface(&self) -> &str {
        self.packet.interface()
    }
    fn source(&self) -> IpAddr {
        self.packet.source
    }
    fn destination(&self) -> IpAddr {
        self.packet.destination
    }
    fn length(&self) -> u32 {
        300
    }
    fn message_type(&self) -> u8 {
        1
    }
    fn transaction_id(&self) -> u32 {
        1
    }
    fn hardware_address(&self) -> &[u8] {
        self.packet.hardware_address()
    }
    fn giaddr(&self) -> Ipv4Addr {
        self.packet.giaddr()
    }
}

/// What operators write, in the shares in which they write it.
fn texts() -> Vec<String> {
    (0..100)
        .map(|n| match n % 10 {
            0..=2 => format!("option[60].hex == 'vendor-{n}'"),
            3..=4 => format!("substring(option[60].hex, 0, 9) == 'PXEClien{n}'"),
            5 => format!("option[{}].exists", 100 + n),
            6 => format!("relay4[1].hex == 'port{n}' and relay4[2].hex == 0xaa00{n:02}"),
            7 => format!("member('known-class') and not member('other-class') and option[93].hex == {n}"),
            8 => format!("pkt4.mac == 0x08002b023f{n:02} or pkt4.giaddr == 10.0.0.{n}"),
            _ => format!("option[82].option[1].hex == 'line{n}'"),
        })
        .collect()
}

fn main() {
    let mut world = World::new(Family::V4);
    let expressions: Vec<Expression> =
        texts().iter().map(|text| compile_bool(text, Family::V4, &mut world).unwrap()).collect();
    let packet = Indexed::new(packet4());
    const ROUNDS: u32 = 20_000;
    let mut matched = 0u32;
    let mut best = f64::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            for expression in &expressions {
                matched += u32::from(expression.eval_bool(black_box(&packet)).unwrap_or(false));
            }
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(ROUNDS));
    }
    println!("100 classes: {best:.0} ns per packet ({matched} matches)");

    let candidates = Candidates::new(expressions.iter().map(Some));
    let mut matched = 0u32;
    let mut best = f64::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            for at in candidates.of(black_box(&packet)) {
                matched += u32::from(expressions[at].eval_bool(black_box(&packet)).unwrap_or(false));
            }
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(ROUNDS));
    }
    println!("those of them that can be true: {best:.0} ns per packet ({matched} matches)");

    let start = Instant::now();
    for text in texts() {
        black_box(compile_bool(&text, Family::V4, &mut world).unwrap());
    }
    println!("compiling 100 classes: {:.0} us", start.elapsed().as_nanos() as f64 / 1000.0);
}
