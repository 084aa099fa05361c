//! What DHCPv4 has alone.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use ::options::DefTable;
use base::Ipv4Prefix;
use host::IdentifierKind;
use json::{Map, Pos, Value};

use super::Context;
use super::own::{Common, Level, Own};
use super::scope::{Scope, address, seconds};
use crate::parse::objects::{boolean, text};
use crate::parse::{position, ranges};
use crate::{
    ClassId, Dhcp4, Host4, OptionSet, Over6, OwnGlobals4, OwnParams4, Params4, Reservation4, Subnet4Parts,
    WrittenSubnet4,
};

impl Own for Dhcp4 {
    fn globals(ctx: &mut Context<'_>, map: &Map, _: &Pos, _: &DefTable) -> OwnGlobals4 {
        let flag = |name: &str| ctx.global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
        let compatible =
            |name: &str| ctx.leaf(map, "compatibility", name).and_then(|v| v.as_bool()).unwrap_or(false);
        OwnGlobals4 {
            echo_client_id: flag("echo-client-id"),
            authoritative: flag("authoritative"),
            next_server: address(map, "next-server"),
            exclude_first_last_24: compatible("exclude-first-last-24"),
            ignore_dhcp_server_identifier: compatible("ignore-dhcp-server-identifier"),
            ignore_rai_link_selection: compatible("ignore-rai-link-selection"),
            stash_agent_options: flag("stash-agent-options"),
            server_ids: HashSet::new(),
        }
    }

    /// Server identifiers (option 54) under which this server is known.
    fn collect<'o>(globals: &mut OwnGlobals4, levels: impl Iterator<Item = &'o OptionSet>) {
        const SERVER_ID: u16 = 54;
        for option in levels.flat_map(|options| options.entries(SERVER_ID)) {
            if let Ok(octets) = <[u8; 4]>::try_from(&*option.payload) {
                globals.server_ids.insert(Ipv4Addr::from(octets));
            }
        }
    }

    fn params(ctx: &Context<'_>, level: &Level<'_, Self>) -> OwnParams4 {
        let map = level.map;
        let Some(outer) = level.outer.map(|outer| &outer.own) else {
            let flag = |name: &str| ctx.global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
            let word = |name: &str| -> Arc<str> {
                ctx.global(map, name)
                    .as_ref()
                    .and_then(Value::as_str)
                    .map_or_else(|| Arc::from(""), Arc::from)
            };
            return OwnParams4 {
                match_client_id: flag("match-client-id"),
                authoritative: flag("authoritative"),
                next_server: address(map, "next-server"),
                server_hostname: word("server-hostname"),
                boot_file_name: word("boot-file-name"),
                offer_lifetime: seconds(map, "offer-lifetime").map_or(0, |s| s.0),
            };
        };
        let word =
            |name: &str, outer: &Arc<str>| text(map, name).map_or_else(|| Arc::clone(outer), Arc::from);
        OwnParams4 {
            match_client_id: boolean(map, "match-client-id").unwrap_or(outer.match_client_id),
            authoritative: boolean(map, "authoritative").unwrap_or(outer.authoritative),
            next_server: if map.contains_key("next-server") {
                address(map, "next-server")
            } else {
                outer.next_server
            },
            server_hostname: word("server-hostname", &outer.server_hostname),
            boot_file_name: word("boot-file-name", &outer.boot_file_name),
            offer_lifetime: seconds(map, "offer-lifetime").map_or(outer.offer_lifetime, |s| s.0),
        }
    }

    fn network(_: &Map) {}

    fn subnet(_: &mut Common<'_, '_>, map: &Map, _: &Scope<Self>, _: Option<&()>) -> Subnet4Parts {
        let word = |name: &str| text(map, name).filter(|word| !word.is_empty());
        let over6 = Over6 {
            interface: word("4o6-interface").map(Arc::from),
            interface_id: word("4o6-interface-id").map(|id| Arc::from(id.as_bytes())),
            // What is wrong with it was reported when it was parsed.
            subnet: word("4o6-subnet").and_then(|prefix| ranges::over6_subnet(prefix).ok()),
        };
        Subnet4Parts { over6: (over6 != Over6::default()).then(|| Box::new(over6)) }
    }

    fn check_subnet(
        ctx: &mut Context<'_>,
        written: &WrittenSubnet4,
        own: &Params4,
        network: &Params4,
        _: &Params4,
    ) {
        let map = &written.element.map;
        let (own, shared) = (own.own.authoritative, network.own.authoritative);
        if map.contains_key("authoritative") && own != shared {
            let why = format!(
                "Subnet {} has different authoritative setting {own} than the shared-network itself: {shared}",
                written.prefix
            );
            ctx.fault_alone(&position(map, "authoritative", &written.element.pos), why);
        }
    }

    fn reservation(map: &Map, classes: Box<[ClassId]>, options: OptionSet) -> Reservation4 {
        let word = |name: &str| Arc::from(text(map, name).unwrap_or(""));
        Reservation4 {
            address: address(map, "ip-address"),
            classes,
            options,
            next_server: address(map, "next-server"),
            server_hostname: word("server-hostname"),
            boot_file_name: word("boot-file-name"),
        }
    }

    fn outside(reservation: &Reservation4, prefix: Ipv4Prefix) -> Option<(&'static str, String)> {
        let address = reservation.address.filter(|address| !prefix.contains(*address))?;
        let why = format!("specified reservation '{address}' is not within the IPv4 subnet '{prefix}'");
        Some(("ip-address", why))
    }

    fn taken(host: &Host4, _: usize, known: &dyn Fn(IdentifierKind) -> String) -> String {
        // The quotes are Kea's.
        format!(
            "failed to add new host using the HW address '{} and DUID '{}' to the IPv4 subnet id '{}' for the address \
             {}: There's already a reservation for this address",
            known(IdentifierKind::HwAddress),
            known(IdentifierKind::Duid),
            host.subnet,
            host.extra.address.unwrap_or(Ipv4Addr::UNSPECIFIED)
        )
    }
}
