//! Commands that look at the subnets of the running configuration.

use std::net::Ipv6Addr;

use control::{Answer, Command};
use engine::v6::{Selector, select_subnet};
use json::Map;
use modules::subnet_cmds::select::{self, Place6};
use server::Server;

use crate::protocol::Dhcp6;

/// `subnet6-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server<Dhcp6>, command: &Command) -> Answer {
    select::select_test(command, |arguments| selected(server, arguments))
}

fn selected(server: &Server<Dhcp6>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let mut link: Option<Ipv6Addr> = None;
    let place = Place6::read(&config, arguments, |name, value| {
        let known = name == "link";
        if known {
            link = Some(select::address(name, value)?).filter(|link: &Ipv6Addr| !link.is_unspecified());
        }
        Ok(known)
    })?;
    let Place6 { interface, interface_id, remote, classes } = place;
    let (interface_id, classes) = (interface_id.as_deref(), classes.into_iter().collect());
    let selector = Selector { interface, remote, link, interface_id, classes: &classes };
    Ok(select_subnet(&config, &selector).map(|subnet| select::told(&config, subnet)))
}
