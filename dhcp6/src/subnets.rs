//! Commands that look at the subnets of the running configuration.

use std::net::Ipv6Addr;

use control::{Answer, Command};
use engine::ClassSet;
use engine::v6::{Selector, select_subnet};
use json::Map;
use modules::subnet_cmds::select;
use server::Server;

use crate::protocol::Dhcp6;

/// `subnet6-select-test`: the subnet a client would get that sent a packet so.
pub(crate) fn select_test(server: &Server<Dhcp6>, command: &Command) -> Answer {
    select::select_test(command, |arguments| selected(server, arguments))
}

fn selected(server: &Server<Dhcp6>, arguments: &Map) -> Result<Option<String>, String> {
    let config = server.config();
    let mut interface = "";
    let mut interface_id = None;
    let mut remote = Ipv6Addr::UNSPECIFIED;
    let mut link: Option<Ipv6Addr> = None;
    let mut classes = ClassSet::default();
    for (name, value) in arguments {
        match name.as_str() {
            "classes" => {
                for class in select::classes(&config, value)? {
                    classes.insert(class);
                }
            }
            "interface" => interface = select::string(name, value)?,
            "interface-id" => interface_id = Some(select::interface_id(value)?),
            "remote" => remote = select::address(name, value)?,
            "link" => {
                link = Some(select::address(name, value)?).filter(|link: &Ipv6Addr| !link.is_unspecified())
            }
            other => return Err(format!("unknown entry '{other}'")),
        }
    }
    let interface_id = interface_id.as_deref();
    let selector = Selector { interface, remote, link, interface_id, classes: &classes };
    Ok(select_subnet(&config, &selector).map(|subnet| select::told(&config, subnet)))
}
