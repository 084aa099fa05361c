use proptest::prelude::*;

use super::*;

/// What the kernel does with a program: the value returned, 0 for any access outside of the packet.
fn run(program: &[sock_filter], packet: &[u8], packet_type: u32) -> u32 {
    let (mut a, mut x) = (0u32, 0u32);
    let mut memory = [None; 16];
    let length = u32::try_from(packet.len()).unwrap();
    let mut at = 0;
    let load = |offset: u32, size: usize| -> Option<u32> {
        if offset == PACKET_TYPE {
            return Some(packet_type);
        }
        if offset == SOURCE6_TAIL {
            return Some(0xfe80_0007);
        }
        let octets = packet.get(usize::try_from(offset).unwrap()..)?.get(..size)?;
        Some(octets.iter().fold(0, |value, octet| value << 8 | u32::from(*octet)))
    };
    for _ in 0..4096 {
        let sock_filter { code, jt, jf, k } = program[at];
        at += 1;
        let loaded = match code {
            LD_W_ABS => load(k, 4),
            LD_H_ABS => load(k, 2),
            LD_B_ABS => load(k, 1),
            LD_W_IND => load(x.wrapping_add(k), 4),
            LD_H_IND => load(x.wrapping_add(k), 2),
            LD_B_IND => load(x.wrapping_add(k), 1),
            LD_IMM => Some(k),
            LD_LEN => Some(length),
            LD_MEM => Some(memory[usize::try_from(k).unwrap()].expect("stored before")),
            LDX_LEN | LDX_MEM => {
                let stored = || memory[usize::try_from(k).unwrap()].expect("stored before");
                x = if code == LDX_LEN { length } else { stored() };
                continue;
            }
            ST => {
                memory[usize::try_from(k).unwrap()] = Some(a);
                continue;
            }
            TXA => Some(x),
            LDX_B_MSH => match load(k, 1) {
                Some(octet) => {
                    x = (octet & 15) * 4;
                    continue;
                }
                None => return 0,
            },
            JMP_JEQ => {
                at += usize::from(if a == k { jt } else { jf });
                continue;
            }
            JMP_JA => {
                at += usize::try_from(k).unwrap();
                continue;
            }
            JMP_JGE => {
                at += usize::from(if a >= k { jt } else { jf });
                continue;
            }
            JMP_JGT_X => {
                at += usize::from(if a > x { jt } else { jf });
                continue;
            }
            ALU_ADD => Some(a.wrapping_add(k)),
            ALU_ADD_X => Some(a.wrapping_add(x)),
            JMP_JSET => {
                at += usize::from(if a & k != 0 { jt } else { jf });
                continue;
            }
            ALU_MUL => Some(a.wrapping_mul(k)),
            ALU_RSH => Some(a >> k),
            ALU_MOD => Some(a % k),
            RET_K => return k,
            RET_A => return a,
            other => panic!("unknown instruction {other:#x}"),
        };
        match loaded {
            Some(value) => a = value,
            None => return 0,
        }
    }
    panic!("the program does not end");
}

fn frame(to: Ipv4Addr, port: u16, ip_words: u8) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0]);
    frame.extend([0x40 | ip_words, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 0, 0, 0, 0]);
    frame.extend(to.octets());
    frame.resize(14 + usize::from(ip_words) * 4, 1);
    frame.extend([0, 68]);
    frame.extend(port.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend([0xaa; 240]);
    frame
}

#[test]
fn raw_filter() {
    let own = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];
    let program = raw4(&own, 67);
    let pass = |frame: &[u8]| run(&program, frame, 0) != 0;
    for to in [own[0], own[1], Ipv4Addr::BROADCAST] {
        assert!(pass(&frame(to, 67, 5)), "{to}");
        assert!(pass(&frame(to, 67, 15)), "{to} with options");
        assert!(!pass(&frame(to, 68, 5)), "{to} other port");
        assert_eq!(run(&program, &frame(to, 67, 5), PACKET_OTHERHOST), 0, "{to} for another station");
    }
    for to in [Ipv4Addr::new(192, 0, 2, 3), Ipv4Addr::new(192, 0, 2, 255), Ipv4Addr::UNSPECIFIED] {
        assert!(!pass(&frame(to, 67, 5)), "{to}");
    }
    let changed = |at: usize, octets: &[u8]| {
        let mut frame = frame(own[0], 67, 5);
        frame[at..][..octets.len()].copy_from_slice(octets);
        frame
    };
    assert!(!pass(&changed(12, &[8, 6])), "ARP");
    assert!(!pass(&changed(12, &[0x81, 0])), "VLAN tag");
    assert!(!pass(&changed(23, &[6])), "TCP");
    assert!(!pass(&changed(20, &[0x20, 0])), "first fragment");
    assert!(!pass(&changed(20, &[0, 9])), "later fragment");
    assert!(pass(&changed(20, &[0, 0])), "may be fragmented");
    for cut in 0..38 {
        assert!(!pass(&frame(own[0], 67, 5)[..cut]), "cut at {cut}");
    }
}

#[test]
fn many_addresses() {
    for count in [0, 1, 2, 199, 200, 201, 1000] {
        let own: Vec<Ipv4Addr> = (0..count).map(|i| Ipv4Addr::from(0x0a00_0000 + i)).collect();
        let program = raw4(&own, 6767);
        for address in own.iter().copied().chain([Ipv4Addr::BROADCAST]) {
            assert_ne!(run(&program, &frame(address, 6767, 5), 0), 0, "{address} of {count}");
        }
        let stranger = run(&program, &frame(Ipv4Addr::new(192, 0, 2, 1), 6767, 5), 0);
        assert_eq!(stranger != 0, own.len() > MAX_ADDRESSES, "{count}");
    }
}

/// UDP payload of a client.
fn message(xid: u32, chaddr: [u8; 6]) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0];
    message.extend(xid.to_be_bytes());
    message.resize(28, 0);
    message.extend(chaddr);
    message.resize(240, 0);
    message
}

fn datagram(payload: &[u8], ip_words: u8) -> Vec<u8> {
    let mut packet = vec![0; usize::from(ip_words) * 4 + 8];
    packet[0] = 0x40 | ip_words;
    packet.extend_from_slice(payload);
    packet
}

#[test]
fn neighbours_are_spread() {
    for workers in [2u32, 3, 4, 8, 16] {
        let program = reuseport4(workers);
        let mut counts = vec![0u32; usize::try_from(workers).unwrap()];
        for i in 0..4000u32 {
            let [_, b, c, d] = i.to_be_bytes();
            let queue = run(&program, &message(i, [2, 0, 0, b, c, d]), 0);
            assert_eq!(queue % Lane::COUNT, Lane::Main.number());
            counts[usize::try_from(queue / Lane::COUNT).unwrap()] += 1;
        }
        let fair = 4000 / workers;
        assert!(counts.iter().all(|count| *count > fair / 2 && *count < fair * 2), "{workers}: {counts:?}");
    }
}

#[test]
fn clients_without_hardware_address_are_spread_by_transaction() {
    let program = reuseport4(4);
    let workers: std::collections::BTreeSet<u32> =
        (0..64).map(|xid| run(&program, &message(xid, [0; 6]), 0)).collect();
    assert_eq!(workers.len(), 4);
}

/// A DHCPv4 message with these options.
fn with_options(xid: u32, chaddr: [u8; 6], options: &[u8]) -> Vec<u8> {
    let mut message = message(xid, chaddr);
    message.truncate(236);
    message.extend([0x63, 0x82, 0x53, 0x63]);
    message.extend_from_slice(options);
    message
}

#[test]
fn a_discover_has_a_lane_of_its_own() {
    let lane = |message: &[u8]| {
        let udp = run(&reuseport4(3), message, 0);
        let raw = run(&fanout4(3), &datagram(message, 6), 0);
        assert!(udp < 6 && raw == udp, "{udp} {raw}");
        udp % 2
    };
    let of = |options: &[u8]| lane(&with_options(1, [2, 0, 0, 0, 0, 1], options));
    assert_eq!(of(&[53, 1, 1]), 1, "nothing behind it");
    assert_eq!(of(&[53, 1, 1, 255]), 1);
    assert_eq!(of(&[53, 1, 1, 61, 7, 1, 2, 0, 0, 0, 0, 1, 255]), 1);
    for kind in [0, 2, 3, 4, 7, 8, 13, 255] {
        assert_eq!(of(&[53, 1, kind, 255]), 0, "{kind}");
    }
    assert_eq!(of(&[61, 2, 1, 2, 53, 1, 1, 255]), 0, "found by nobody but the engine");
    assert_eq!(of(&[53, 1]), 0, "cut");
    assert_eq!(of(&[]), 0, "no options");
    assert_eq!(lane(&message(1, [2, 0, 0, 0, 0, 1])), 0, "no cookie");
}

fn option(code: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    [&code.to_be_bytes()[..], &length.to_be_bytes(), payload].concat()
}

/// RELAY-FORW with these options.
fn relayed(options: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![12, 0];
    message.resize(34, 0xfe);
    message.extend(options.concat());
    message
}

#[test]
fn a_solicit_has_a_lane_of_its_own() {
    let lane = |message: &[u8]| {
        let queue = run(&reuseport6(3), message, 0);
        assert!(queue < 6, "{queue}");
        // Of a multicast, the queue that has it is the same, and no other has it.
        let framed = [&[0; 8][..], message].concat();
        let shares: Vec<u32> = (0..6).filter(|member| run(&share6(*member, 3), &framed, 0) != 0).collect();
        assert_eq!(shares, [queue]);
        queue % 2
    };
    let solicit = [1, 0, 0, 7, 0, 1, 0, 0];
    assert_eq!(lane(&solicit), 1);
    for kind in [0u8, 2, 3, 4, 5, 6, 8, 9, 11, 13, 255] {
        let message = [&[kind], &solicit[1..]].concat();
        assert_eq!(lane(&message), 0, "{kind}");
        assert_eq!(lane(&relayed(&[&option(9, &message)])), 0, "{kind} relayed");
    }
    let inner = option(9, &solicit);
    let (link, remote) = (option(18, b"ge-0/0/1"), option(37, &[0, 0, 0, 9, 1]));
    assert_eq!(lane(&relayed(&[&inner])), 1);
    assert_eq!(lane(&relayed(&[&inner, &link])), 1);
    assert_eq!(lane(&relayed(&[&link, &inner])), 1);
    assert_eq!(lane(&relayed(&[&link, &remote, &inner])), 1);
    let twice = relayed(&[&remote, &option(9, &relayed(&[&link, &inner]))]);
    assert_eq!(lane(&twice), 1);
    // As far as is looked.
    assert_eq!(lane(&relayed(&[&link, &remote, &remote, &inner])), 0);
    assert_eq!(lane(&relayed(&[&option(9, &twice)])), 0);
    // Whatever is cut is somewhere.
    for cut in 1..twice.len() {
        if cut >= 34 {
            lane(&twice[..cut]);
        }
    }
    assert_eq!(lane(&relayed(&[])), 0);
    assert_eq!(lane(&relayed(&[&[0, 18, 255, 255]])), 0, "an option longer than the message");
}

#[test]
fn jumps_reach() {
    assert!(share6(0, 2).len() < 255);
}

proptest! {
    #[test]
    fn one_client_one_worker(chaddr: [u8; 6], first: u32, second: u32, workers in 1u32..64, ip_words in 5u8..16) {
        prop_assume!(chaddr[2..] != [0; 4]);
        let program = reuseport4(workers);
        let queue = run(&program, &message(first, chaddr), 0);
        prop_assert!(queue < workers * Lane::COUNT);
        prop_assert_eq!(run(&program, &message(second, chaddr), 0), queue);
        prop_assert_eq!(run(&program, &with_options(second, chaddr, &[53, 1, 1]), 0), queue + 1);
        // Raw sockets choose alike, whatever the length of the IPv4 header.
        let raw = run(&fanout4(workers), &datagram(&message(second, chaddr), ip_words), 0);
        prop_assert_eq!(raw, queue);
    }

    /// Whatever comes, a queue gets it.
    #[test]
    fn anything_is_steered(message: Vec<u8>, workers in 1u32..5) {
        for program in [reuseport4(workers), reuseport6(workers)] {
            prop_assert!(run(&program, &message, 0) < workers * Lane::COUNT);
        }
        prop_assert!(run(&fanout4(workers), &datagram(&message, 5), 0) < workers * Lane::COUNT);
    }
}
