//! Two queues for each worker and socket, so that no flood of new clients is in the way of those that have a lease.

/// Which packets a queue gets. The kernel sorts them as they come in: what a full queue does not take costs the server
/// nothing, and a flood of one kind leaves the other's queue alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Everything but what is in the other lane: renewals, releases, and the second half of each exchange. Everything
    /// where the kernel cannot sort.
    Main,
    /// DHCPDISCOVER and SOLICIT: clients that look for a server, ask again if they hear nothing, and have nothing to
    /// lose yet. Those of clients and relay agents that put their options in a rare order are in the main lane.
    Discovery,
}

impl Lane {
    pub(crate) const COUNT: u32 = 2;
    pub(crate) const ALL: [Self; 2] = [Self::Main, Self::Discovery];

    /// Its place among the queues of a worker.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Main => 0,
            Self::Discovery => 1,
        }
    }
}

/// Datagrams of all UDP sockets over IPv6 in this network namespace that found a full queue, since it exists; `None`
/// where the kernel does not tell.
#[must_use]
pub fn overflows6() -> Option<u64> {
    overflows(&std::fs::read_to_string("/proc/thread-self/net/snmp6").ok()?)
}

fn overflows(table: &str) -> Option<u64> {
    let mut rows = table.lines().filter_map(|line| line.split_once(char::is_whitespace));
    rows.find(|(name, _)| *name == "Udp6RcvbufErrors")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_has_it() {
        let table = "Ip6InReceives                   \t12\nUdp6RcvbufErrors                \t34\nUdp6SndbufErrors  \t5\n";
        assert_eq!(overflows(table), Some(34));
        assert_eq!(overflows("Udp6RcvbufErrors\n"), None);
        assert!(overflows6().is_some());
    }
}
