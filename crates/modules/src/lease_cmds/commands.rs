//! The commands, one row each; those of DHCPv6 differ in the digit, and in how leases are written.

use base::Family;
use control::{Access, CommandDef};

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_lease_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    /// Of DHCPv6.
    BulkApply,
    Del,
    Get,
    GetAll,
    /// By client identifier or DUID.
    GetByClient,
    GetByHostname,
    GetByHwAddress,
    GetByState,
    GetPage,
    ResendDdns,
    Update,
    Wipe,
    Write,
}

macro_rules! lease4 {
    ($($more:literal)?) => {
        concat!("ip-address:string,hw-address:string,client-id:string?,subnet-id:integer?,valid-lft:integer?,expire:integer?,fqdn-fwd:boolean?,fqdn-rev:boolean?,hostname:string?,state:integer?,pool-id:integer?,user-context:map?,comment:string?", $($more)?)
    };
}

macro_rules! lease6 {
    ($($more:literal)?) => {
        concat!("ip-address:string,duid:string,iaid:integer,type:string?(IA_NA|IA_PD),prefix-len:integer?,subnet-id:integer?,hw-address:string?,valid-lft:integer?,preferred-lft:integer?,expire:integer?,fqdn-fwd:boolean?,fqdn-rev:boolean?,hostname:string?,state:integer?,pool-id:integer?,user-context:map?,comment:string?", $($more)?)
    };
}

macro_rules! commands {
    ($($verb:literal $access:ident $op:ident, $arguments:literal, $summary:literal;)*) => {
        static COMMANDS4: &[(CommandDef, Op)] = &[
            commands!(@row "4" "-add" Write Add, lease4!(), "Adds a lease."),
            commands!(@row "4" "-del" Write Del,
                "ip-address:string | subnet-id:integer,identifier-type:string,identifier:string; update-ddns:boolean?",
                "Deletes a lease."),
            commands!(@row "4" "-get" Read Get,
                "ip-address:string | subnet-id:integer,identifier-type:string(hw-address|client-id),identifier:string",
                "Shows a lease."),
            commands!(@row "4" "-get-by-client-id" Read GetByClient, "client-id:string",
                "Shows the leases of a client identifier."),
            commands!(@row "4" "-update" Write Update, lease4!(",force-create:boolean?"), "Replaces a lease."),
            $(commands!(@row "4" $verb $access $op, $arguments, $summary)),*
        ];
        static COMMANDS6: &[(CommandDef, Op)] = &[
            commands!(@row "6" "-add" Write Add, lease6!(), "Adds a lease."),
            commands!(@row "6" "-bulk-apply" Write BulkApply,
                "deleted-leases:list of maps?,leases:list of lease maps?",
                "Deletes leases, and adds or replaces others."),
            commands!(@row "6" "-del" Write Del,
                "ip-address:string,type:string? | subnet-id:integer,identifier-type:string(duid),identifier:string,iaid:integer,type:string?; update-ddns:boolean?",
                "Deletes a lease."),
            commands!(@row "6" "-get" Read Get,
                "ip-address:string,type:string? | subnet-id:integer,identifier-type:string(duid),identifier:string,iaid:integer,type:string?",
                "Shows a lease."),
            commands!(@row "6" "-get-by-duid" Read GetByClient, "duid:string", "Shows the leases of a DUID."),
            commands!(@row "6" "-update" Write Update, lease6!(",force-create:boolean?"), "Replaces a lease."),
            $(commands!(@row "6" $verb $access $op, $arguments, $summary)),*
        ];
    };
    (@row $digit:literal $verb:literal $access:ident $op:ident, $arguments:expr, $summary:literal) => {
        (
            CommandDef {
                name: concat!("lease", $digit, $verb),
                summary: $summary,
                access: Access::$access,
                provider: PROVIDER,
                arguments: $arguments,
            },
            Op::$op,
        )
    };
}

commands! {
    "-get-all" Read GetAll, "subnets:list of integer?", "Shows all leases, or those of subnets.";
    "-get-by-hostname" Read GetByHostname, "hostname:string", "Shows the leases with a host name.";
    "-get-by-hw-address" Read GetByHwAddress, "hw-address:string", "Shows the leases of a hardware address.";
    "-get-by-state" Read GetByState,
        "state:integer|string(default,assigned,declined,expired-reclaimed,released,registered),subnet-id:integer?",
        "Shows the leases in a state.";
    "-get-page" Read GetPage, "from:string(address or start),limit:integer",
        "Shows the leases after an address, as many as asked for.";
    "-resend-ddns" Write ResendDdns, "ip-address:string", "Updates the names of a lease again.";
    "-wipe" Write Wipe, "subnet-id:integer?", "Deletes the leases of a subnet, or of all configured subnets.";
    "-write" Write Write, "filename:string", "Writes all leases to a file.";
}

/// The commands of a family with what they do.
pub(crate) fn table(family: Family) -> &'static [(CommandDef, Op)] {
    match family {
        Family::V4 => COMMANDS4,
        Family::V6 => COMMANDS6,
    }
}

/// The commands of a family, for references and access rules.
pub fn definitions(family: Family) -> impl Iterator<Item = &'static CommandDef> {
    table(family).iter().map(|(definition, _)| definition)
}
