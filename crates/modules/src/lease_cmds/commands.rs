//! The commands, one row each.

use control::{Access, CommandDef};

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_lease_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Del,
    Get,
    GetAll,
    GetByClientId,
    GetByHostname,
    GetByHwAddress,
    GetByState,
    GetPage,
    ResendDdns,
    Update,
    Wipe,
    Write,
}

const LEASE: &str = "ip-address:string,hw-address:string,client-id:string?,subnet-id:integer?,valid-lft:integer?,expire:integer?,fqdn-fwd:boolean?,fqdn-rev:boolean?,hostname:string?,state:integer?,pool-id:integer?,user-context:map?,comment:string?";
const UPDATE: &str = "ip-address:string,hw-address:string,client-id:string?,subnet-id:integer?,valid-lft:integer?,expire:integer?,fqdn-fwd:boolean?,fqdn-rev:boolean?,hostname:string?,state:integer?,pool-id:integer?,user-context:map?,comment:string?,force-create:boolean?";

const fn row(
    name: &'static str,
    access: Access,
    op: Op,
    arguments: &'static str,
    summary: &'static str,
) -> (CommandDef, Op) {
    (CommandDef { name, summary, access, provider: PROVIDER, arguments }, op)
}

pub(crate) static COMMANDS: &[(CommandDef, Op)] = &[
    row("lease4-add", Access::Write, Op::Add, LEASE, "Adds a lease."),
    row(
        "lease4-del",
        Access::Write,
        Op::Del,
        "ip-address:string | subnet-id:integer,identifier-type:string,identifier:string; update-ddns:boolean?",
        "Deletes a lease.",
    ),
    row(
        "lease4-get",
        Access::Read,
        Op::Get,
        "ip-address:string | subnet-id:integer,identifier-type:string(hw-address|client-id),identifier:string",
        "Shows a lease.",
    ),
    row(
        "lease4-get-all",
        Access::Read,
        Op::GetAll,
        "subnets:list of integer?",
        "Shows all leases, or those of subnets.",
    ),
    row(
        "lease4-get-by-client-id",
        Access::Read,
        Op::GetByClientId,
        "client-id:string",
        "Shows the leases of a client identifier.",
    ),
    row(
        "lease4-get-by-hostname",
        Access::Read,
        Op::GetByHostname,
        "hostname:string",
        "Shows the leases with a host name.",
    ),
    row(
        "lease4-get-by-hw-address",
        Access::Read,
        Op::GetByHwAddress,
        "hw-address:string",
        "Shows the leases of a hardware address.",
    ),
    row(
        "lease4-get-by-state",
        Access::Read,
        Op::GetByState,
        "state:integer|string(default,assigned,declined,expired-reclaimed,released,registered),subnet-id:integer?",
        "Shows the leases in a state.",
    ),
    row(
        "lease4-get-page",
        Access::Read,
        Op::GetPage,
        "from:string(address or start),limit:integer",
        "Shows the leases after an address, as many as asked for.",
    ),
    row(
        "lease4-resend-ddns",
        Access::Write,
        Op::ResendDdns,
        "ip-address:string",
        "Updates the names of a lease again.",
    ),
    row("lease4-update", Access::Write, Op::Update, UPDATE, "Replaces a lease."),
    row(
        "lease4-wipe",
        Access::Write,
        Op::Wipe,
        "subnet-id:integer?",
        "Deletes the leases of a subnet, or of all configured subnets.",
    ),
    row("lease4-write", Access::Write, Op::Write, "filename:string", "Writes all leases to a file."),
];

/// The commands, for references and access rules.
pub fn definitions() -> impl Iterator<Item = &'static CommandDef> {
    COMMANDS.iter().map(|(definition, _)| definition)
}
