//! ARP hardware types, the `htype` field (RFC 1700; registry "Address Resolution Protocol (ARP) Parameters").

super::registry! {
    /// The kind of link a client is on.
    HardwareType(u8) {
        ETHERNET = 1 "Ethernet",
        IEEE802 = 6 "IEEE 802",
        ARCNET = 7 "ARCNET",
        FRAME_RELAY = 15 "Frame Relay",
        ATM = 16 "ATM",
        HDLC = 17 "HDLC",
        FIBRE_CHANNEL = 18 "Fibre Channel",
        SERIAL_LINE = 20 "Serial Line",
        IEEE1394 = 24 "IEEE 1394",
        EUI64 = 27 "EUI-64",
        INFINIBAND = 32 "InfiniBand",
    }
}
