//! Definition-driven DHCP options
