//! The commands, one row each; those of DHCPv6 differ in the digit.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use base::Family;
use control::{Access, CommandDef};

use super::args::Level;

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_cb_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    ServerSet,
    ServerGet,
    ServerGetAll,
    ServerDel,
    GlobalSet,
    GlobalGet,
    GlobalGetAll,
    GlobalDel,
    DefSet,
    DefGet,
    DefGetAll,
    DefDel,
    OptionSet(Level),
    OptionDel(Level),
    /// Of global options.
    OptionGet,
    OptionGetAll,
    ClassSet,
    ClassGet,
    ClassGetAll,
    ClassDel,
    NetworkSet,
    NetworkGet,
    NetworkList,
    NetworkDel,
    SubnetSet,
    SubnetGetById,
    SubnetGetByPrefix,
    SubnetList,
    SubnetDelById,
    SubnetDelByPrefix,
    AuditGet,
    Rollback,
}

macro_rules! commands {
    ($($object:literal $verb:literal $access:ident $op:expr, $arguments:literal, $summary:literal;)*) => {
        static COMMANDS4: &[(CommandDef, Op)] = &[$(commands!(@row "4" $object $verb $access $op, $arguments, $summary)),*];
        static COMMANDS6: &[(CommandDef, Op)] = &[
            $(commands!(@row "6" $object $verb $access $op, $arguments, $summary),)*
            commands!(@row "6" "option" "-pd-pool-set" Write Op::OptionSet(Level::PdPool),
                "pd-pools:[{prefix,prefix-len}],options:[one option-data map],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
                "Sets an option of a pool of delegated prefixes in the configuration database."),
            commands!(@row "6" "option" "-pd-pool-del" Write Op::OptionDel(Level::PdPool),
                "pd-pools:[{prefix,prefix-len}],options:[{code,space?,client-classes?}],remote:map?,dry-run:boolean?,message:string?",
                "Deletes an option of a pool of delegated prefixes from the configuration database."),
        ];
    };
    (@row $digit:literal $object:literal $verb:literal $access:ident $op:expr, $arguments:literal, $summary:literal) => {
        (
            CommandDef {
                name: concat!("remote-", $object, $digit, $verb),
                summary: $summary,
                access: Access::$access,
                provider: PROVIDER,
                arguments: $arguments,
            },
            $op,
        )
    };
}

commands! {
    "server" "-set" Write Op::ServerSet, "servers:[{server-tag,description?}],remote:map?,dry-run:boolean?,message:string?",
        "Creates or renews a server in the configuration database.";
    "server" "-get" Read Op::ServerGet, "servers:[{server-tag}],remote:map?",
        "Shows a server of the configuration database.";
    "server" "-get-all" Read Op::ServerGetAll, "remote:map?",
        "Shows all servers of the configuration database.";
    "server" "-del" Write Op::ServerDel, "servers:[{server-tag}],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a server with everything that only it can have; what servers share stays.";
    "global-parameter" "-set" Write Op::GlobalSet, "parameters:map,server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets global parameters of a server, or of all, in the configuration database.";
    "global-parameter" "-get" Read Op::GlobalGet, "parameters:[one name],server-tags:[one tag],remote:map?",
        "Shows the value of a global parameter that counts for a server.";
    "global-parameter" "-get-all" Read Op::GlobalGetAll, "server-tags:[one tag],remote:map?",
        "Shows all global parameters that count for a server.";
    "global-parameter" "-del" Write Op::GlobalDel, "parameters:[one name],server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a global parameter of a server, or of all, from the configuration database.";
    "option-def" "-set" Write Op::DefSet, "option-defs:[one definition],server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets an option definition of a server, or of all, in the configuration database.";
    "option-def" "-get" Read Op::DefGet, "option-defs:[{code,space?}],server-tags:[one tag],remote:map?",
        "Shows the option definition that counts for a server.";
    "option-def" "-get-all" Read Op::DefGetAll, "server-tags:[one tag],remote:map?",
        "Shows all option definitions that count for a server.";
    "option-def" "-del" Write Op::DefDel, "option-defs:[{code,space?,force?}],server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes an option definition; refused while options need it.";
    "option" "-global-set" Write Op::OptionSet(Level::Global),
        "options:[one option-data map],server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets a global option of a server, or of all, in the configuration database.";
    "option" "-global-get" Read Op::OptionGet,
        "options:[{code,space?,client-classes?}],server-tags:[one tag],remote:map?",
        "Shows the global option that counts for a server.";
    "option" "-global-get-all" Read Op::OptionGetAll, "server-tags:[one tag],remote:map?",
        "Shows all global options that count for a server.";
    "option" "-global-del" Write Op::OptionDel(Level::Global),
        "options:[{code,space?,client-classes?}],server-tags:[one tag],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a global option of a server, or of all, from the configuration database.";
    "option" "-network-set" Write Op::OptionSet(Level::Network),
        "shared-networks:[{name}],options:[one option-data map],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets an option of a shared network in the configuration database.";
    "option" "-network-del" Write Op::OptionDel(Level::Network),
        "shared-networks:[{name}],options:[{code,space?,client-classes?}],remote:map?,dry-run:boolean?,message:string?",
        "Deletes an option of a shared network from the configuration database.";
    "option" "-subnet-set" Write Op::OptionSet(Level::Subnet),
        "subnets:[{id}],options:[one option-data map],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets an option of a subnet in the configuration database.";
    "option" "-subnet-del" Write Op::OptionDel(Level::Subnet),
        "subnets:[{id}],options:[{code,space?,client-classes?}],remote:map?,dry-run:boolean?,message:string?",
        "Deletes an option of a subnet from the configuration database.";
    "option" "-pool-set" Write Op::OptionSet(Level::Pool),
        "pools:[{pool}],options:[one option-data map],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Sets an option of an address pool in the configuration database.";
    "option" "-pool-del" Write Op::OptionDel(Level::Pool),
        "pools:[{pool}],options:[{code,space?,client-classes?}],remote:map?,dry-run:boolean?,message:string?",
        "Deletes an option of an address pool from the configuration database.";
    "class" "-set" Write Op::ClassSet,
        "client-classes:[one class map],follow-class-name:string|null?,server-tags:[tags],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Creates or replaces a client class in the configuration database.";
    "class" "-get" Read Op::ClassGet, "client-classes:[{name}],remote:map?",
        "Shows a client class of the configuration database.";
    "class" "-get-all" Read Op::ClassGetAll, "server-tags:[tags, or null for unassigned],remote:map?",
        "Shows all client classes of servers, in the order of evaluation.";
    "class" "-del" Write Op::ClassDel, "client-classes:[{name}],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a client class; refused while others depend on it.";
    "network" "-set" Write Op::NetworkSet,
        "shared-networks:[one network map without subnets],server-tags:[tags],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Creates or replaces a shared network in the configuration database.";
    "network" "-get" Read Op::NetworkGet, "shared-networks:[{name}],subnets-include:full|no?,remote:map?",
        "Shows a shared network of the configuration database, with its subnets if asked.";
    "network" "-list" Read Op::NetworkList, "server-tags:[tags, or null for unassigned],remote:map?",
        "Lists the shared networks of servers.";
    "network" "-del" Write Op::NetworkDel, "shared-networks:[{name}],subnets-action:keep|delete?,remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a shared network, and its subnets if asked.";
    "subnet" "-set" Write Op::SubnetSet,
        "subnets:[one subnet map, shared-network-name:string|null],server-tags:[tags],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Creates or replaces a subnet in the configuration database.";
    "subnet" "-get-by-id" Read Op::SubnetGetById, "subnets:[{id}],remote:map?",
        "Shows a subnet of the configuration database.";
    "subnet" "-get-by-prefix" Read Op::SubnetGetByPrefix, "subnets:[{subnet}],remote:map?",
        "Shows a subnet of the configuration database.";
    "subnet" "-list" Read Op::SubnetList, "server-tags:[tags, or null for unassigned],remote:map?",
        "Lists the subnets of servers.";
    "subnet" "-del-by-id" Write Op::SubnetDelById, "subnets:[{id}],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a subnet from the configuration database.";
    "subnet" "-del-by-prefix" Write Op::SubnetDelByPrefix, "subnets:[{subnet}],remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Deletes a subnet from the configuration database.";
    "audit" "-get" Read Op::AuditGet,
        "since:revision number|time?,server-tags:[tags]?,limit:integer?,remote:map?",
        "Lists revisions of the configuration database, newest first: when, by which command, which objects.";
    "config" "-rollback" Write Op::Rollback,
        "revision:integer,remote:map?,dry-run:boolean?,message:string?,force:boolean?",
        "Brings the configuration database back to the state after a revision, as a new revision.";
}

/// The commands of a family with what they do.
pub(crate) fn table(family: Family) -> &'static [(CommandDef, Op)] {
    if family == Family::V4 { COMMANDS4 } else { COMMANDS6 }
}

/// The commands of a family, for references and access rules.
pub fn definitions(family: Family) -> impl Iterator<Item = &'static CommandDef> {
    table(family).iter().map(|(definition, _)| definition)
}

/// Names that arguments of commands may have: all of all commands, as clients send the same ones to several. Kea's send
/// `shared-network-name` beside a subnet too.
pub(crate) fn argument_names() -> &'static BTreeSet<&'static str> {
    static NAMES: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let all = definitions(Family::V4).chain(definitions(Family::V6));
        all.flat_map(|def| outermost(def.arguments)).chain(["server-tags", "shared-network-name"]).collect()
    })
}

/// The names in a description such as `a:[{b,c?}],d:map?` that are not inside of something.
fn outermost(arguments: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0_usize;
    let parts = arguments.split(move |c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.filter_map(|part| part.split([':', '?']).next()).filter(|name| !name.is_empty())
}
