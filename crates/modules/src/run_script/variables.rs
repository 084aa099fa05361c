//! The environment of scripts: names and values are Kea's (Kea manual, "Run Script Support for External Hook Scripts").

use std::borrow::Cow;
use std::fmt::Display;
use std::net::Ipv4Addr;

use base::{HwAddr, encode_hex};
use config::Subnet4;
use engine::{Announcement, v4, v6};
use lease::{Lease4, Lease6, LeaseType};
use wire::iana::dhcp4_option as option4;
use wire::iana::dhcp6_option as option6;
use wire::iana::relay_agent::SubOption;
use wire::v6::{Ia, IaKind};

/// The variables of an event.
pub(super) struct Variables(Vec<(Cow<'static, str>, String)>);

impl Variables {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// The announcement of a hook point with them.
    pub(super) fn at(self, point: &'static str) -> Announcement {
        Announcement { point, variables: self.0 }
    }

    pub(super) fn set(&mut self, prefix: &str, name: &str, value: impl Display) {
        self.0.push((Cow::Owned(format!("{prefix}{name}")), value.to_string()));
    }

    fn hw_addr(&mut self, prefix: &str, name: &str, hw_addr: Option<&HwAddr>) {
        match hw_addr {
            Some(hw_addr) => {
                self.set(prefix, name, hw_addr);
                self.set(prefix, &format!("{name}_TYPE"), hw_addr.htype());
            }
            None => {
                self.set(prefix, name, "");
                self.set(prefix, &format!("{name}_TYPE"), "");
            }
        }
    }

    /// An option as digits, where it is there.
    fn option(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(value) = value {
            let digits = if value.is_empty() { String::new() } else { format!("0x{}", encode_hex(value)) };
            self.set(name, "", digits);
        }
    }

    pub(super) fn query4(&mut self, query: &v4::Query<'_>) {
        const Q: &str = "QUERY4";
        let (header, arrival) = (query.packet.header(), query.arrival);
        self.set(Q, "_TYPE", query.kind);
        self.set(Q, "_TXID", header.xid);
        self.set(Q, "_LOCAL_ADDR", arrival.local);
        self.set(Q, "_LOCAL_PORT", arrival.local_port);
        self.set(Q, "_REMOTE_ADDR", arrival.source());
        self.set(Q, "_REMOTE_PORT", arrival.remote_port);
        self.set(Q, "_IFACE_NAME", &arrival.interface);
        self.set(Q, "_HOPS", header.hops);
        self.set(Q, "_SECS", header.secs);
        self.set(Q, "_FLAGS", header.flags);
        self.set(Q, "_CIADDR", header.ciaddr);
        self.set(Q, "_SIADDR", header.siaddr);
        self.set(Q, "_YIADDR", header.yiaddr);
        self.set(Q, "_GIADDR", header.giaddr);
        self.set(Q, "_RELAYED", query.is_relayed());
        self.hw_addr(Q, "_HWADDR", query.hw_addr.as_ref());
        // Frames are the kernel's: what is certain is where a broadcast goes, and who sends on the link.
        let everybody = HwAddr::new(HwAddr::ETHERNET, &[0xff; 6]).ok();
        let broadcast = arrival.local == Ipv4Addr::BROADCAST;
        self.hw_addr(Q, "_LOCAL_HWADDR", everybody.as_ref().filter(|_| broadcast));
        self.hw_addr(Q, "_REMOTE_HWADDR", query.hw_addr.as_ref().filter(|_| !query.is_relayed()));
        self.option("QUERY4_OPTION_82", query.packet.option(option4::AGENT_OPTIONS));
        if let Some(info) = query.packet.relay_info() {
            self.option("QUERY4_OPTION_82_SUB_OPTION_1", info.get(SubOption::CIRCUIT_ID));
            self.option("QUERY4_OPTION_82_SUB_OPTION_2", info.get(SubOption::REMOTE_ID));
        }
    }

    /// The client as the subnet knows it.
    pub(super) fn client4(&mut self, query: &v4::Query<'_>, subnet: &Subnet4) {
        self.set("SUBNET4", "_ID", subnet.id);
        self.set("SUBNET4", "_NAME", subnet.prefix);
        self.set("SUBNET4", "_PREFIX", subnet.prefix.address());
        self.set("SUBNET4", "_PREFIX_LEN", subnet.prefix.length());
        let client_id = query.client_id.as_ref().filter(|_| subnet.params.own.match_client_id);
        self.set("PKT4", "_CLIENT_ID", client_id.map_or_else(String::new, ToString::to_string));
        self.hw_addr("PKT4", "_HWADDR", query.hw_addr.as_ref());
    }

    pub(super) fn lease4(&mut self, prefix: &str, lease: &Lease4) {
        self.set(prefix, "_ADDRESS", lease.address);
        self.set(prefix, "_CLTT", lease.cltt.0);
        self.set(prefix, "_HOSTNAME", &lease.hostname);
        // One that was declined has an address of Ethernet without octets.
        let nobody = HwAddr::new(HwAddr::ETHERNET, &[]).ok();
        self.hw_addr(prefix, "_HWADDR", lease.hw_addr.as_ref().or(nobody.as_ref()));
        self.set(prefix, "_STATE", lease.state.name());
        self.set(prefix, "_SUBNET_ID", lease.subnet_id);
        self.set(prefix, "_VALID_LIFETIME", lease.valid_lifetime.0);
        let client_id = lease.client_id.as_ref();
        self.set(prefix, "_CLIENT_ID", client_id.map_or_else(String::new, ToString::to_string));
    }

    pub(super) fn leases4(&mut self, prefix: &str, leases: &[&Lease4]) {
        self.set(prefix, "_SIZE", leases.len());
        for (at, lease) in leases.iter().enumerate() {
            self.lease4(&format!("{prefix}_AT{at}"), lease);
        }
    }

    pub(super) fn query6(&mut self, query: &v6::Query<'_>) {
        const Q: &str = "QUERY6";
        let arrival = query.arrival;
        self.set(Q, "_TYPE", v6::messages::TypeName(query.kind));
        self.set(Q, "_TXID", query.message().transaction());
        self.set(Q, "_LOCAL_ADDR", arrival.local);
        // Kea tells no port of its own.
        self.set(Q, "_LOCAL_PORT", 0);
        self.set(Q, "_REMOTE_ADDR", arrival.remote);
        self.set(Q, "_REMOTE_PORT", arrival.remote_port);
        self.set(Q, "_IFACE_NAME", &arrival.interface);
        self.hw_addr(Q, "_REMOTE_HWADDR", None);
        self.set(Q, "_PROTO", "UDP");
        self.set(Q, "_CLIENT_ID", query.duid.as_ref().map_or_else(String::new, ToString::to_string));
        // From the relay agent next to the client on.
        let relays = query.packet.relays();
        for code in [option6::INTERFACE_ID, option6::REMOTE_ID, option6::SUBSCRIBER_ID] {
            let value = relays.iter().rev().find_map(|relay| relay.options().first(code));
            self.option(&format!("QUERY6_OPTION_{code}"), value);
        }
    }

    /// The association of a lease.
    pub(super) fn association(&mut self, query: &v6::Query<'_>, lease: &Lease6) {
        let kind = match lease.lease_type {
            LeaseType::Na => IaKind::Na,
            LeaseType::Pd => IaKind::Pd,
        };
        let ours = |ia: &Ia<'_>| ia.kind == kind && (query.ignore_iaid || ia.iaid == lease.iaid);
        if let Some(ia) = query.message().ias().find(ours) {
            self.set("PKT6_IA", "_IAID", ia.iaid);
            self.set("PKT6_IA", "_IA_TYPE", kind.code());
            // Those of the reply, which has none yet.
            self.set("PKT6_IA", "_IA_T1", 0);
            self.set("PKT6_IA", "_IA_T2", 0);
        }
    }

    pub(super) fn lease6(&mut self, prefix: &str, lease: &Lease6) {
        self.set(prefix, "_ADDRESS", lease.address);
        self.set(prefix, "_CLTT", lease.cltt.0);
        self.set(prefix, "_HOSTNAME", &lease.hostname);
        self.hw_addr(prefix, "_HWADDR", lease.hw_addr.as_ref());
        self.set(prefix, "_STATE", lease.state.name());
        self.set(prefix, "_SUBNET_ID", lease.subnet_id);
        self.set(prefix, "_VALID_LIFETIME", lease.valid_lifetime.0);
        self.set(prefix, "_DUID", &lease.duid);
        self.set(prefix, "_IAID", lease.iaid);
        self.set(prefix, "_PREFERRED_LIFETIME", lease.preferred_lifetime.0);
        self.set(prefix, "_PREFIX_LEN", lease.prefix_length);
        self.set(prefix, "_TYPE", lease.lease_type.name());
    }

    pub(super) fn leases6(&mut self, prefix: &str, leases: &[&Lease6]) {
        self.set(prefix, "_SIZE", leases.len());
        for (at, lease) in leases.iter().enumerate() {
            self.lease6(&format!("{prefix}_AT{at}"), lease);
        }
    }
}
