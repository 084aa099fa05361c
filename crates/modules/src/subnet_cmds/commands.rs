//! The commands, one row each; those of DHCPv6 differ in the digit.

use base::Family;
use control::{Access, CommandDef};

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_subnet_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    List,
    Get,
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

macro_rules! commands {
    ($($object:literal $verb:literal $access:ident $op:ident, $arguments:tt, $summary:literal;)*) => {
        static COMMANDS4: &[(CommandDef, Op)] =
            &[$(commands!(@row "4" $object $verb $access $op, $arguments, $summary)),*];
        static COMMANDS6: &[(CommandDef, Op)] =
            &[$(commands!(@row "6" $object $verb $access $op, $arguments, $summary)),*];
    };
    (@row $digit:literal $object:literal $verb:literal $access:ident $op:ident, $arguments:tt, $summary:literal) => {
        (
            CommandDef {
                name: concat!($object, $digit, $verb),
                summary: $summary,
                access: Access::$access,
                provider: PROVIDER,
                arguments: commands!(@arguments $digit $arguments),
            },
            Op::$op,
        )
    };
    (@arguments $digit:literal subnet) => {
        concat!("subnet", $digit, ":list of one subnet map")
    };
    (@arguments $digit:literal network) => {
        concat!("shared-networks:list of one network map (may carry subnet", $digit, " list)")
    };
    (@arguments $digit:literal $arguments:literal) => {
        $arguments
    };
}

commands! {
    "subnet" "-list" Read List, "metadata:boolean?", "The subnets of the running configuration.";
    "subnet" "-get" Read Get, "id:integer | subnet:string", "A subnet of the running configuration.";
    "subnet" "-add" Write Add, subnet, "Adds a subnet.";
    "subnet" "-update" Write Update, subnet, "Replaces a subnet.";
    "subnet" "-delta-add" Write DeltaAdd, subnet, "Adds or replaces parts of a subnet.";
    "subnet" "-delta-del" Write DeltaDel, subnet, "Removes parts of a subnet.";
    "subnet" "-del" Write Del, "id:integer", "Deletes a subnet; its leases stay.";
    "network" "-list" Read NetworkList, "metadata:boolean?", "The shared networks of the running configuration.";
    "network" "-get" Read NetworkGet, "name:string",
        "A shared network of the running configuration, with its subnets.";
    "network" "-add" Write NetworkAdd, network,
        "Adds a shared network, with subnets when it comes with some.";
    "network" "-del" Write NetworkDel, "name:string,subnets-action:string?(keep|delete)",
        "Deletes a shared network, and its subnets if asked.";
    "network" "-subnet-add" Write NetworkSubnetAdd, "name:string,id:integer",
        "Puts a subnet into a shared network.";
    "network" "-subnet-del" Write NetworkSubnetDel, "name:string,id:integer",
        "Takes a subnet out of its shared network; the subnet stays.";
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
