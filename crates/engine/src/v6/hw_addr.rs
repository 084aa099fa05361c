//! Where a client's hardware address is found (`mac-sources`; Kea manual, "MAC/Hardware Addresses in DHCPv6"):
//! DHCPv6 messages have no field for it.

use base::HwAddr;
use config::MacSource;
use lease::HwAddrSource;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Packet, Relay, VendorOptions};

use super::{Arrival, Context6};

/// The enterprise number of CableLabs, and its options for hardware addresses.
const CABLE_LABS: u32 = 4491;
const MODEM: u16 = 36;
const CMTS: u16 = 1026;

/// Every source, in the order in which `any` tries them.
const ANY: [MacSource; 7] = [
    MacSource::Duid,
    MacSource::Ipv6LinkLocal,
    MacSource::ClientLinkAddrOption,
    MacSource::RemoteId,
    MacSource::SubscriberId,
    MacSource::DocsisCmts,
    MacSource::DocsisModem,
];

/// The first address that the configured sources have.
pub(super) fn of(
    ctx: &Context6<'_>,
    packet: &Packet<'_>,
    arrival: &Arrival,
) -> Option<(HwAddr, HwAddrSource)> {
    ctx.config.globals.own.mac_sources.iter().find_map(|source| match source {
        MacSource::Any => ANY.iter().find_map(|source| from(*source, packet, arrival)),
        source => from(*source, packet, arrival),
    })
}

fn from(source: MacSource, packet: &Packet<'_>, arrival: &Arrival) -> Option<(HwAddr, HwAddrSource)> {
    let ethernet =
        |octets: &[u8]| HwAddr::new(HwAddr::ETHERNET, octets).ok().filter(|hw_addr| !hw_addr.is_empty());
    let from_client = || packet.relays().iter().rev();
    let found = match source {
        MacSource::Any | MacSource::Raw => return None,
        MacSource::Duid => (packet.message().client_id()?.hw_addr()?, HwAddrSource::DUID),
        MacSource::Ipv6LinkLocal => {
            let address = packet.first_relay().map_or(arrival.remote, |relay| relay.header().peer_address);
            let [.., a, b, c, 0xff, 0xfe, d, e, f] = address.octets() else { return None };
            if !address.is_unicast_link_local() {
                return None;
            }
            // The universal/local bit is inverted (RFC 4291 appendix A).
            (ethernet(&[a ^ 2, b, c, d, e, f])?, HwAddrSource::IPV6_LINK_LOCAL)
        }
        MacSource::ClientLinkAddrOption => {
            (from_client().find_map(Relay::client_link_layer_address)?, HwAddrSource::CLIENT_LINK_ADDR)
        }
        MacSource::RemoteId => {
            let (_, id) = from_client().find_map(Relay::remote_id)?;
            (ethernet(id)?, HwAddrSource::REMOTE_ID)
        }
        MacSource::SubscriberId => {
            (ethernet(from_client().find_map(Relay::subscriber_id)?)?, HwAddrSource::SUBSCRIBER_ID)
        }
        MacSource::DocsisCmts => {
            let octets = from_client().find_map(|relay| cable_labs(relay.options(), CMTS))?;
            (ethernet(octets)?, HwAddrSource::DOCSIS_CMTS)
        }
        MacSource::DocsisModem => {
            (ethernet(cable_labs(packet.message().options(), MODEM)?)?, HwAddrSource::DOCSIS_MODEM)
        }
    };
    Some(found)
}

/// An option of CableLabs.
fn cable_labs<'a>(options: &wire::RawOptions<'a>, code: u16) -> Option<&'a [u8]> {
    options
        .all(option6::VENDOR_OPTS)
        .filter_map(VendorOptions::parse)
        .filter(|vendor| vendor.enterprise == CABLE_LABS)
        .find_map(|vendor| vendor.options.first(code))
}
