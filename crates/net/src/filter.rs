//! Socket filters in the classic BPF language: which frames a raw socket gets, and which worker gets a packet in which
//! [`Lane`].

use std::net::Ipv4Addr;

use libc::sock_filter;

use crate::lane::Lane;

// Instruction codes of linux/bpf_common.h and linux/filter.h; the set is closed, the values never change.
const LD_W_ABS: u16 = 0x20;
const LD_H_ABS: u16 = 0x28;
const LD_B_ABS: u16 = 0x30;
const LD_W_IND: u16 = 0x40;
const LD_H_IND: u16 = 0x48;
const LD_B_IND: u16 = 0x50;
const LD_IMM: u16 = 0x00;
/// A = the length of the packet.
const LD_LEN: u16 = 0x80;
const LD_MEM: u16 = 0x60;
const LDX_LEN: u16 = 0x81;
const LDX_MEM: u16 = 0x61;
const ST: u16 = 0x02;
const TXA: u16 = 0x87;
/// X = 4 * (octet & 15): the length of an IPv4 header.
const LDX_B_MSH: u16 = 0xb1;
const JMP_JA: u16 = 0x05;
const JMP_JEQ: u16 = 0x15;
const JMP_JSET: u16 = 0x45;
const JMP_JGE: u16 = 0x35;
const JMP_JGT_X: u16 = 0x2d;
const ALU_ADD: u16 = 0x04;
const ALU_ADD_X: u16 = 0x0c;
const ALU_MUL: u16 = 0x24;
const ALU_RSH: u16 = 0x74;
const ALU_MOD: u16 = 0x94;
const RET_K: u16 = 0x06;
const RET_A: u16 = 0x16;

/// Ancillary data: how the link layer classified the frame (`SKF_AD_OFF + SKF_AD_PKTTYPE`).
const PACKET_TYPE: u32 = 0xffff_f004;
/// For another station, or for a VLAN that has no interface here.
const PACKET_OTHERHOST: u32 = 3;

const ETHERNET: u32 = 14;
const UDP: u32 = 8;
/// Offsets in the BOOTP header (RFC 2131 section 2).
const XID: u32 = 4;
/// The last four octets of an Ethernet chaddr: the ones that differ between clients.
const CHADDR_TAIL: u32 = 28 + 2;
/// The last octet of the magic cookie, where the options begin, and the option that nearly every client puts first: a
/// message type that is DHCPDISCOVER.
const FIRST_OPTION: u32 = 239;
const DISCOVER_FIRST: u32 = 0x6335_0101;
/// Fibonacci hashing: spreads neighbouring addresses.
const MIX: u32 = 0x9e37_79b1;

/// More addresses than this and the filter stops looking at the destination (jumps reach 255 instructions); the
/// receiver looks at it in any case.
const MAX_ADDRESSES: usize = 200;

const fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Lets nothing pass.
pub(crate) fn drop_all() -> Vec<sock_filter> {
    vec![statement(RET_K, 0)]
}

/// What a raw DHCPv4 socket wants: unfragmented UDP to `port`, for this machine, to the limited broadcast address or
/// one of `addresses`.
///
/// A frame of a VLAN without an interface on this machine reaches the parent interface with its tag taken off,
/// marked as somebody else's: the check of the packet type keeps it out. Frames of a VLAN with an interface are
/// seen there, untagged.
pub(crate) fn raw4(addresses: &[Ipv4Addr], port: u16) -> Vec<sock_filter> {
    let mut program = Vec::with_capacity(16 + addresses.len());
    // Each check falls through when passed and otherwise runs into the `drop` that follows it.
    let require = |program: &mut Vec<sock_filter>, load: sock_filter, code: u16, k: u32, wanted: bool| {
        let (jt, jf) = if wanted { (1, 0) } else { (0, 1) };
        program.extend([load, jump(code, k, jt, jf), statement(RET_K, 0)]);
    };
    require(&mut program, statement(LD_H_ABS, 12), JMP_JEQ, 0x0800, true);
    require(&mut program, statement(LD_B_ABS, ETHERNET + 9), JMP_JEQ, 17, true);
    require(&mut program, statement(LD_H_ABS, ETHERNET + 6), JMP_JSET, 0x3fff, false);
    require(&mut program, statement(LD_B_ABS, PACKET_TYPE), JMP_JEQ, PACKET_OTHERHOST, false);
    if addresses.len() <= MAX_ADDRESSES {
        program.push(statement(LD_W_ABS, ETHERNET + 16));
        let wanted = std::iter::once(Ipv4Addr::BROADCAST).chain(addresses.iter().copied());
        let count = addresses.len() + 1;
        for (i, address) in wanted.enumerate() {
            // Over the remaining comparisons and the `drop` after them.
            let ahead = u8::try_from(count - i).unwrap_or(0);
            program.push(jump(JMP_JEQ, u32::from(address), ahead, 0));
        }
        program.push(statement(RET_K, 0));
    }
    program.push(statement(LDX_B_MSH, ETHERNET));
    require(&mut program, statement(LD_H_IND, ETHERNET + 2), JMP_JEQ, u32::from(port), true);
    program.push(statement(RET_K, u32::MAX));
    program
}

/// `A` becomes a number that is the same for all packets of one client: from chaddr, or from the transaction when
/// there is none (RFC 4390 clients send no chaddr).
fn client_hash(program: &mut Vec<sock_filter>, load: u16, message: u32) {
    program.extend([
        statement(load, message + CHADDR_TAIL),
        jump(JMP_JEQ, 0, 0, 1),
        statement(load, message + XID),
        statement(ALU_MUL, MIX),
        statement(ALU_RSH, 16),
    ]);
}

/// Cells of the programs' memory.
const LANE: u32 = 0;
const BASE: u32 = 1;

/// Stores the lane of the packet: `A` is [`DISCOVER_FIRST`] for the discovery lane.
fn lane4(program: &mut Vec<sock_filter>) {
    program.extend([
        jump(JMP_JEQ, DISCOVER_FIRST, 0, 2),
        statement(LD_IMM, Lane::Discovery.number()),
        statement(JMP_JA, 1),
        statement(LD_IMM, Lane::Main.number()),
        statement(ST, LANE),
    ]);
}

/// From the hash in `A`, the queue among those of all workers: each has one for each lane, side by side.
fn queue(program: &mut Vec<sock_filter>, workers: u32) {
    program.extend([
        statement(ALU_MOD, workers.max(1)),
        statement(ALU_MUL, Lane::COUNT),
        statement(LDX_MEM, LANE),
        statement(ALU_ADD_X, 0),
    ]);
}

/// Chooses the member of a packet fanout group, by worker and lane. The program sees the packet from its IPv4 header
/// on.
pub(crate) fn fanout4(workers: u32) -> Vec<sock_filter> {
    let mut program = vec![
        statement(LDX_B_MSH, 0),
        statement(TXA, 0),
        statement(ALU_ADD, UDP + FIRST_OPTION + 4),
        statement(LDX_LEN, 0),
        // Of one that is too short, the length that it should have is no option either.
        jump(JMP_JGT_X, 0, 2, 0),
        statement(LDX_B_MSH, 0),
        statement(LD_W_IND, UDP + FIRST_OPTION),
    ];
    lane4(&mut program);
    program.push(statement(LDX_B_MSH, 0));
    client_hash(&mut program, LD_W_IND, UDP);
    queue(&mut program, workers);
    program.push(statement(RET_A, 0));
    program
}

/// Chooses the member of a group of UDP sockets on one address, by worker and lane. The program sees the UDP payload.
pub(crate) fn reuseport4(workers: u32) -> Vec<sock_filter> {
    let mut program =
        vec![statement(LD_LEN, 0), jump(JMP_JGE, FIRST_OPTION + 4, 0, 1), statement(LD_W_ABS, FIRST_OPTION)];
    lane4(&mut program);
    client_hash(&mut program, LD_W_ABS, 0);
    queue(&mut program, workers);
    program.push(statement(RET_A, 0));
    program
}

/// Where the network header begins, for loads from it (`SKF_NET_OFF`).
const NETWORK: u32 = 0xfff0_0000;
/// The last four octets of the source in an IPv6 header.
const SOURCE6_TAIL: u32 = NETWORK + 8 + 12;
/// RELAY-FORW (RFC 9915 section 7.3).
const RELAY_FORWARD: u32 = 12;
/// The last four octets of the peer address of a relay's message (RFC 9915 section 9).
const PEER_TAIL: u32 = 30;

/// `A` becomes a number that is the same for all packets of a client: from the address it sends from, or that its
/// relay says it sent from. `message` is where the DHCPv6 message begins.
fn client_hash6(program: &mut Vec<sock_filter>, message: u32) {
    program.extend([
        statement(LD_B_ABS, message),
        jump(JMP_JEQ, RELAY_FORWARD, 0, 2),
        statement(LD_W_ABS, message + PEER_TAIL),
        statement(JMP_JA, 1),
        statement(LD_W_ABS, SOURCE6_TAIL),
        statement(ALU_MUL, MIX),
        statement(ALU_RSH, 16),
    ]);
}

/// SOLICIT (RFC 9915 section 7.3).
const SOLICIT: u32 = 1;
/// Relay message option (RFC 9915 section 21.10).
const RELAY_MESSAGE: u32 = 9;
/// Where the options of a relay agent's message begin, and the octets of an option before its payload.
const RELAY_HEADER: u32 = 34;
const OPTION_HEADER: u32 = 4;
/// Relay agents whose layers are looked through for the client's message, and options before it in each: agents put in
/// what identifies the link (interface-id, remote-id) before or behind.
const RELAYS: usize = 2;
const RELAY_OPTIONS: usize = 3;

/// Stores the lane of the DHCPv6 message that begins at `message`. What cannot be told is in the main one.
fn lane6(program: &mut Vec<sock_filter>, message: u32) {
    // Jumps to the end, which is not known yet: where they stand, and whether they are taken on `jt` or on `jf`.
    let mut out: Vec<(usize, bool)> = Vec::new();
    // `A` becomes what `load` finds `offset` octets behind BASE, or the program is at its end.
    let look = |program: &mut Vec<sock_filter>, out: &mut Vec<(usize, bool)>, load: u16, offset: u32| {
        program.extend([
            statement(LD_MEM, BASE),
            statement(ALU_ADD, offset + if load == LD_H_IND { 2 } else { 1 }),
            statement(LDX_LEN, 0),
        ]);
        out.push((program.len(), true));
        program.extend([jump(JMP_JGT_X, 0, 0, 0), statement(LDX_MEM, BASE), statement(load, offset)]);
    };
    program.extend([
        statement(LD_IMM, Lane::Main.number()),
        statement(ST, LANE),
        statement(LD_IMM, message),
        statement(ST, BASE),
    ]);
    for relay in 0..=RELAYS {
        look(program, &mut out, LD_B_IND, 0);
        program.extend([
            jump(JMP_JEQ, SOLICIT, 0, 3),
            statement(LD_IMM, Lane::Discovery.number()),
            statement(ST, LANE),
            statement(JMP_JA, 0),
        ]);
        out.push((program.len() - 1, true));
        if relay == RELAYS {
            break;
        }
        out.push((program.len(), false));
        program.push(jump(JMP_JEQ, RELAY_FORWARD, 0, 0));
        // BASE goes from option to option; the first is behind the header.
        program.extend([statement(LD_MEM, BASE), statement(ALU_ADD, RELAY_HEADER), statement(ST, BASE)]);
        let mut found = Vec::new();
        for _ in 0..RELAY_OPTIONS {
            look(program, &mut out, LD_H_IND, 0);
            found.push(program.len());
            program.push(jump(JMP_JEQ, RELAY_MESSAGE, 0, 0));
            look(program, &mut out, LD_H_IND, 2);
            program.extend([statement(ALU_ADD_X, 0), statement(ALU_ADD, OPTION_HEADER), statement(ST, BASE)]);
        }
        program.push(statement(JMP_JA, 0));
        out.push((program.len() - 1, true));
        let here = program.len();
        for at in found {
            land(program, at, true, here);
        }
        program.extend([statement(LD_MEM, BASE), statement(ALU_ADD, OPTION_HEADER), statement(ST, BASE)]);
    }
    let end = program.len();
    for (at, taken) in out {
        land(program, at, taken, end);
    }
}

/// Sets where the jump at `at` goes when its condition holds (`taken`) or does not. Programs are shorter than the reach
/// of a jump (255), which a test shows.
fn land(program: &mut [sock_filter], at: usize, taken: bool, target: usize) {
    let ahead = target - at - 1;
    let Some(jump) = program.get_mut(at) else { return };
    if jump.code == JMP_JA {
        jump.k = u32::try_from(ahead).unwrap_or(0);
        return;
    }
    let ahead = u8::try_from(ahead).unwrap_or(0);
    *(if taken { &mut jump.jt } else { &mut jump.jf }) = ahead;
}

/// Chooses the member of a group of UDP sockets on one IPv6 address, by worker and lane. The program sees the UDP
/// payload.
pub(crate) fn reuseport6(workers: u32) -> Vec<sock_filter> {
    let mut program = Vec::new();
    lane6(&mut program, 0);
    client_hash6(&mut program, 0);
    queue(&mut program, workers);
    program.push(statement(RET_A, 0));
    program
}

/// Lets pass what is for one queue of `workers`: the kernel hands a multicast to every member of a group. The program
/// sees the packet from its UDP header on.
pub(crate) fn share6(member: u32, workers: u32) -> Vec<sock_filter> {
    let mut program = Vec::new();
    lane6(&mut program, UDP);
    client_hash6(&mut program, UDP);
    queue(&mut program, workers);
    program.extend([jump(JMP_JEQ, member, 0, 1), statement(RET_K, u32::MAX), statement(RET_K, 0)]);
    program
}

#[cfg(test)]
mod tests;
