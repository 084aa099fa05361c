//! The commands, one row each. `subnet4-list` and `subnet4-get` are there without the library.

use control::{Access, CommandDef};

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_subnet_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Update,
    DeltaAdd,
    DeltaDel,
    Del,
    NetworkList,
    NetworkGet,
    NetworkAdd,
    NetworkDel,
    NetworkSubnetAdd,
    NetworkSubnetDel,
}

const fn row(
    name: &'static str,
    access: Access,
    op: Op,
    arguments: &'static str,
    summary: &'static str,
) -> (CommandDef, Op) {
    (CommandDef { name, summary, access, provider: PROVIDER, arguments }, op)
}

const SUBNET: &str = "subnet4:list of one subnet map";

pub(crate) static COMMANDS: &[(CommandDef, Op)] = &[
    row("subnet4-add", Access::Write, Op::Add, SUBNET, "Adds a subnet."),
    row("subnet4-update", Access::Write, Op::Update, SUBNET, "Replaces a subnet."),
    row("subnet4-delta-add", Access::Write, Op::DeltaAdd, SUBNET, "Adds or replaces parts of a subnet."),
    row("subnet4-delta-del", Access::Write, Op::DeltaDel, SUBNET, "Removes parts of a subnet."),
    row("subnet4-del", Access::Write, Op::Del, "id:integer", "Deletes a subnet; its leases stay."),
    row(
        "network4-list",
        Access::Read,
        Op::NetworkList,
        "",
        "The shared networks of the running configuration.",
    ),
    row(
        "network4-get",
        Access::Read,
        Op::NetworkGet,
        "name:string",
        "A shared network of the running configuration, with its subnets.",
    ),
    row(
        "network4-add",
        Access::Write,
        Op::NetworkAdd,
        "shared-networks:list of one network map (may carry subnet4 list)",
        "Adds a shared network, with subnets when it comes with some.",
    ),
    row(
        "network4-del",
        Access::Write,
        Op::NetworkDel,
        "name:string,subnets-action:string?(keep|delete)",
        "Deletes a shared network, and its subnets if asked.",
    ),
    row(
        "network4-subnet-add",
        Access::Write,
        Op::NetworkSubnetAdd,
        "name:string,id:integer",
        "Puts a subnet into a shared network.",
    ),
    row(
        "network4-subnet-del",
        Access::Write,
        Op::NetworkSubnetDel,
        "name:string,id:integer",
        "Takes a subnet out of its shared network; the subnet stays.",
    ),
];

/// The commands, for references and access rules.
pub fn definitions() -> impl Iterator<Item = &'static CommandDef> {
    COMMANDS.iter().map(|(definition, _)| definition)
}
