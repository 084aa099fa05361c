//! kea-dhcp4, the DHCPv4 server.

mod locals;
mod packets;
mod protocol;
mod subnets;

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main::<protocol::Dhcp4>()
}
