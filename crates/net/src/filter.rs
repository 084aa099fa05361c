//! Socket filters in the classic BPF language: which frames a raw socket gets, and which worker gets a packet.

use std::net::Ipv4Addr;

use libc::sock_filter;

// Instruction codes of linux/bpf_common.h and linux/filter.h; the set is closed, the values never change.
const LD_W_ABS: u16 = 0x20;
const LD_H_ABS: u16 = 0x28;
const LD_B_ABS: u16 = 0x30;
const LD_W_IND: u16 = 0x40;
const LD_H_IND: u16 = 0x48;
/// X = 4 * (octet & 15): the length of an IPv4 header.
const LDX_B_MSH: u16 = 0xb1;
const JMP_JA: u16 = 0x05;
const JMP_JEQ: u16 = 0x15;
const JMP_JSET: u16 = 0x45;
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

/// Chooses the member of a packet fanout group; the kernel takes the number modulo the size of the group. The
/// program sees the packet from its IPv4 header on.
pub(crate) fn fanout4() -> Vec<sock_filter> {
    let mut program = vec![statement(LDX_B_MSH, 0)];
    client_hash(&mut program, LD_W_IND, UDP);
    program.push(statement(RET_A, 0));
    program
}

/// Chooses the member of a group of `workers` UDP sockets on one address. The program sees the UDP payload.
pub(crate) fn reuseport4(workers: u32) -> Vec<sock_filter> {
    let mut program = Vec::new();
    client_hash(&mut program, LD_W_ABS, 0);
    program.extend([statement(ALU_MOD, workers.max(1)), statement(RET_A, 0)]);
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

/// Chooses the member of a group of `workers` UDP sockets on one IPv6 address. The program sees the UDP payload.
pub(crate) fn reuseport6(workers: u32) -> Vec<sock_filter> {
    let mut program = Vec::new();
    client_hash6(&mut program, 0);
    program.extend([statement(ALU_MOD, workers.max(1)), statement(RET_A, 0)]);
    program
}

/// Lets pass what is for one of `workers`: the kernel hands a multicast to every member of a group. The program sees
/// the packet from its UDP header on.
pub(crate) fn share6(worker: u32, workers: u32) -> Vec<sock_filter> {
    let mut program = Vec::new();
    client_hash6(&mut program, UDP);
    program.extend([
        statement(ALU_MOD, workers.max(1)),
        jump(JMP_JEQ, worker, 0, 1),
        statement(RET_K, u32::MAX),
        statement(RET_K, 0),
    ]);
    program
}

#[cfg(test)]
mod tests;
