//! kea-dhcp4, the DHCPv4 server.

mod hook_host;
mod locals;
mod packets;
mod protocol;
mod subnets;

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main::<protocol::Dhcp4>()
}
