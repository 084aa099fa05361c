//! Bytes to DHCP packets and back: no definitions, no configuration, no panic
