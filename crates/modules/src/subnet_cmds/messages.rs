//! Log messages of the commands.

observe::messages! {
    /// A subnet came.
    SubnetAdded { subnet, id } = "SUBNET_CMDS_SUBNET_ADD", "subnet-cmds-hooks", Info,
        "successfully added subnet {subnet} having id {id}",
        "A subnet was added by command and is served.";
    /// A subnet changed.
    SubnetUpdated { subnet, id } = "SUBNET_CMDS_SUBNET_UPDATE", "subnet-cmds-hooks", Info,
        "successfully updated subnet {subnet} having id {id}",
        "A subnet was changed by command and is served as it is now.";
    /// A subnet went.
    SubnetDeleted { subnet, id } = "SUBNET_CMDS_SUBNET_DEL", "subnet-cmds-hooks", Info,
        "successfully deleted subnet {subnet} having id {id}",
        "A subnet was deleted by command. Its leases stay in the lease store.";
    /// A network came.
    NetworkAdded { name } = "SUBNET_CMDS_NETWORK_ADD", "subnet-cmds-hooks", Info,
        "successfully added shared network {name}",
        "A shared network was added by command.";
    /// A network went.
    NetworkDeleted { name } = "SUBNET_CMDS_NETWORK_DEL", "subnet-cmds-hooks", Info,
        "successfully deleted shared network {name}",
        "A shared network was deleted by command.";
    /// A subnet joined a network.
    NetworkSubnetAdded { version, subnet, id, name } = "SUBNET_CMDS_NETWORK_SUBNET_ADD", "subnet-cmds-hooks", Info,
        "{version} subnet {subnet} (id {id}) added to shared network {name}",
        "A subnet was put into a shared network by command.";
    /// A subnet left a network.
    NetworkSubnetDeleted { version, subnet, id, name } = "SUBNET_CMDS_NETWORK_SUBNET_DEL", "subnet-cmds-hooks", Info,
        "{version} subnet {subnet} (id {id}) removed from shared network {name}",
        "A subnet was taken out of a shared network by command.";
}

/// What failed: the identifiers differ by a digit.
macro_rules! family {
    ($module:ident, $digit:literal) => {
        pub(super) mod $module {
            observe::messages! {
                /// A subnet did not come.
                AddFailed { reason } = concat!("SUBNET_CMDS_SUBNET", $digit, "_ADD_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to add new IPv", $digit, " subnet: {reason}"),
                    "The command was wrong, or the configuration would not be right with the subnet. Nothing changed.";
                /// A subnet did not change.
                UpdateFailed { reason } = concat!("SUBNET_CMDS_SUBNET", $digit, "_UPDATE_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to update IPv", $digit, " subnet: {reason}"),
                    "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
                /// Parts of a subnet did not come.
                DeltaAddFailed { reason } = concat!("SUBNET_CMDS_SUBNET", $digit, "_DELTA_ADD_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to update IPv", $digit, " subnet: {reason}"),
                    "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
                /// Parts of a subnet did not go.
                DeltaDelFailed { reason } = concat!("SUBNET_CMDS_SUBNET", $digit, "_DELTA_DEL_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to update IPv", $digit, " subnet: {reason}"),
                    "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
                /// A subnet did not go.
                DelFailed { reason } = concat!("SUBNET_CMDS_SUBNET", $digit, "_DEL_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to delete IPv", $digit, " subnet: {reason}"),
                    "The command was wrong, or the configuration would not be right without the subnet. Nothing changed.";
                /// A network was not shown.
                NetworkGetFailed { reason } = concat!("SUBNET_CMDS_NETWORK", $digit, "_GET_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to return an IPv", $digit, " network: {reason}"),
                    "The command was wrong.";
                /// A network did not come.
                NetworkAddFailed { reason } = concat!("SUBNET_CMDS_NETWORK", $digit, "_ADD_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to add new IPv", $digit, " network: {reason}"),
                    "The command was wrong, or the configuration would not be right with the network. Nothing changed.";
                /// A network did not go.
                NetworkDelFailed { reason } = concat!("SUBNET_CMDS_NETWORK", $digit, "_DEL_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to delete IPv", $digit, " network: {reason}"),
                    "The command was wrong, or the configuration would not be right without the network. Nothing changed.";
                /// A subnet did not join a network.
                NetworkSubnetAddFailed { reason } = concat!("SUBNET_CMDS_NETWORK", $digit, "_SUBNET_ADD_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to add existing IPv", $digit, " subnet to a shared network: {reason}"),
                    "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
                /// A subnet did not leave a network.
                NetworkSubnetDelFailed { reason } = concat!("SUBNET_CMDS_NETWORK", $digit, "_SUBNET_DEL_FAILED"), "subnet-cmds-hooks", Error,
                    concat!("failed to remove a IPv", $digit, " subnet from a shared network: {reason}"),
                    "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
            }
        }
    };
}

family!(v4, "4");
family!(v6, "6");
