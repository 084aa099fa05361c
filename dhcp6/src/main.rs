//! kea-dhcp6, the DHCPv6 server.

mod locals;
mod packets;
mod protocol;
mod server_id;
mod subnets;

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main::<protocol::Dhcp6>()
}
