//! Log messages of the commands of DHCPv6 that fail; their identifiers differ from those of DHCPv4.

observe::messages! {
    /// A subnet did not come.
    AddFailed { reason } = "SUBNET_CMDS_SUBNET6_ADD_FAILED", "subnet-cmds-hooks", Error,
        "failed to add new IPv6 subnet: {reason}",
        "The command was wrong, or the configuration would not be right with the subnet. Nothing changed.";
    /// A subnet did not change.
    UpdateFailed { reason } = "SUBNET_CMDS_SUBNET6_UPDATE_FAILED", "subnet-cmds-hooks", Error,
        "failed to update IPv6 subnet: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
    /// Parts of a subnet did not come.
    DeltaAddFailed { reason } = "SUBNET_CMDS_SUBNET6_DELTA_ADD_FAILED", "subnet-cmds-hooks", Error,
        "failed to update IPv6 subnet: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
    /// Parts of a subnet did not go.
    DeltaDelFailed { reason } = "SUBNET_CMDS_SUBNET6_DELTA_DEL_FAILED", "subnet-cmds-hooks", Error,
        "failed to update IPv6 subnet: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
    /// A subnet did not go.
    DelFailed { reason } = "SUBNET_CMDS_SUBNET6_DEL_FAILED", "subnet-cmds-hooks", Error,
        "failed to delete IPv6 subnet: {reason}",
        "The command was wrong, or the configuration would not be right without the subnet. Nothing changed.";
    /// A network was not shown.
    NetworkGetFailed { reason } = "SUBNET_CMDS_NETWORK6_GET_FAILED", "subnet-cmds-hooks", Error,
        "failed to return an IPv6 network: {reason}",
        "The command was wrong.";
    /// A network did not come.
    NetworkAddFailed { reason } = "SUBNET_CMDS_NETWORK6_ADD_FAILED", "subnet-cmds-hooks", Error,
        "failed to add new IPv6 network: {reason}",
        "The command was wrong, or the configuration would not be right with the network. Nothing changed.";
    /// A network did not go.
    NetworkDelFailed { reason } = "SUBNET_CMDS_NETWORK6_DEL_FAILED", "subnet-cmds-hooks", Error,
        "failed to delete IPv6 network: {reason}",
        "The command was wrong, or the configuration would not be right without the network. Nothing changed.";
    /// A subnet did not join a network.
    NetworkSubnetAddFailed { reason } = "SUBNET_CMDS_NETWORK6_SUBNET_ADD_FAILED", "subnet-cmds-hooks", Error,
        "failed to add existing IPv6 subnet to a shared network: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
    /// A subnet did not leave a network.
    NetworkSubnetDelFailed { reason } = "SUBNET_CMDS_NETWORK6_SUBNET_DEL_FAILED", "subnet-cmds-hooks", Error,
        "failed to remove a IPv6 subnet from a shared network: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
}
