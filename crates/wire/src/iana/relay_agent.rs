//! Sub-options of the relay agent information option (RFC 3046 and later; registry "DHCP Relay Agent Sub-Option
//! Codes").

super::registry! {
    /// A sub-option of option 82.
    SubOption(u8) {
        CIRCUIT_ID = 1 "circuit-id",
        REMOTE_ID = 2 "remote-id",
        DOCSIS_DEVICE_CLASS = 4 "docsis-device-class",
        /// RFC 3527
        LINK_SELECTION = 5 "link-selection",
        /// RFC 3993
        SUBSCRIBER_ID = 6 "subscriber-id",
        /// RFC 4014
        RADIUS = 7 "radius",
        /// RFC 4030
        AUTHENTICATION = 8 "auth",
        /// RFC 4243
        VENDOR_SPECIFIC = 9 "vendor-specific-info",
        /// RFC 5010
        RELAY_FLAGS = 10 "relay-flags",
        /// RFC 5107
        SERVER_ID_OVERRIDE = 11 "server-id-override",
        /// RFC 6925
        RELAY_ID = 12 "relay-id",
        /// RFC 7839
        ACCESS_TECHNOLOGY = 13 "access-techno-type",
        ACCESS_NETWORK_NAME = 14 "access-network-name",
        ACCESS_POINT_NAME = 15 "access-point-name",
        ACCESS_POINT_BSSID = 16 "access-point-bssid",
        OPERATOR_ID = 17 "operator-id",
        OPERATOR_REALM = 18 "operator-realm",
        /// RFC 8357
        RELAY_PORT = 19 "relay-port",
        /// RFC 6607
        VIRTUAL_SUBNET = 151 "virtual-subnet-select",
        VIRTUAL_SUBNET_CONTROL = 152 "virtual-subnet-select-ctrl",
    }
}
