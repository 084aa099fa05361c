//! Log messages of limits.

observe::messages! {
    AddressesOfClass { limit, class } = "LIMITS_CONFIGURED_ADDRESS_LIMIT_BY_CLIENT_CLASS", "limits-hooks", Debug(40),
        "New lease limit of {limit} addresses for client class {class} has been configured.",
        "No more addresses are leased to clients of the class at a time.";
    AddressesOfSubnet { limit, subnet } = "LIMITS_CONFIGURED_ADDRESS_LIMIT_BY_SUBNET", "limits-hooks", Debug(40),
        "New lease limit of {limit} addresses for subnet with ID {subnet} has been configured.",
        "No more addresses of the subnet are leased at a time.";
    PrefixesOfClass { limit, class } = "LIMITS_CONFIGURED_PREFIX_LIMIT_BY_CLIENT_CLASS", "limits-hooks", Debug(40),
        "New lease limit of {limit} prefixes for client class {class} has been configured.",
        "No more prefixes are delegated to clients of the class at a time.";
    PrefixesOfSubnet { limit, subnet } = "LIMITS_CONFIGURED_PREFIX_LIMIT_BY_SUBNET", "limits-hooks", Debug(40),
        "New lease limit of {limit} prefixes for subnet with ID {subnet} has been configured.",
        "No more prefixes of the subnet are delegated at a time.";
    RateOfClass { limit, class } = "LIMITS_CONFIGURED_RATE_LIMIT_BY_CLIENT_CLASS", "limits-hooks", Debug(40),
        "New rate limit of {limit} for client class {class} has been configured.",
        "More packets of clients of the class are dropped.";
    RateOfSubnet { limit, subnet } = "LIMITS_CONFIGURED_RATE_LIMIT_BY_SUBNET", "limits-hooks", Debug(40),
        "New rate limit of {limit} for subnet with ID {subnet} has been configured.",
        "More packets of clients of the subnet are dropped.";
    ClassDropped { classes, limit, class } = "LIMITS_PACKET_WITH_CLIENT_CLASSES_RATE_LIMIT_DROPPED", "limits-hooks", Debug(40),
        "Packet assigned to client classes {classes} is being dropped for exceeding the rate limit of {limit} for client class {class}.",
        "As many packets of the class as there may be were served in the time before this one.";
    ClassHonored { classes } = "LIMITS_PACKET_WITH_CLIENT_CLASSES_RATE_LIMIT_HONORED", "limits-hooks", Debug(55),
        "Packet assigned to client classes {classes} is being honored.",
        "No rate limit of its classes is exceeded.";
    SubnetDropped { subnet, limit } = "LIMITS_PACKET_WITH_SUBNET_ID_RATE_LIMIT_DROPPED", "limits-hooks", Debug(40),
        "Packet assigned to subnet with ID {subnet} is being dropped for exceeding the rate limit of {limit}.",
        "As many packets for the subnet as there may be were served in the time before this one.";
    SubnetHonored { subnet, limit } = "LIMITS_PACKET_WITH_SUBNET_ID_RATE_LIMIT_HONORED", "limits-hooks", Debug(55),
        "Packet under subnet with ID {subnet} and limit {limit} is being honored.",
        "The rate limit of the subnet is not exceeded.";
    NoSubnet = "LIMITS_PACKET_WIIH_SUBNET_ID_RATE_NO_SUBNET", "limits-hooks", Debug(55),
        "Packet is not being rate limited due to no subnet specified.",
        "No subnet fits the packet, so no subnet's limit concerns it.";
}
