//! The DHCP servers without IO
