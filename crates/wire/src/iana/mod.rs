//! Numbers assigned by IANA, one file per registry. The types are open: a number without a name is a value, too.

pub mod bootp;
pub mod dhcp4_message;
pub mod dhcp4_option;
pub mod dhcp6_message;
pub mod dhcp6_option;
pub mod dhcp6_status;
pub mod duid;
pub mod hardware;
pub mod relay_agent;

/// An open enumeration: a number, constants for those that the registry names, and the names.
macro_rules! registry {
    ($(#[$meta:meta])* $name:ident($repr:ty) { $($(#[$item_meta:meta])* $item:ident = $value:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $($(#[$item_meta])* pub const $item: Self = Self($value);)*

            /// The name that the registry or its RFC gives to this number.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", self, self.0)
            }
        }

        impl From<$repr> for $name {
            fn from(value: $repr) -> Self {
                Self(value)
            }
        }
    };
}
use registry;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_numbers_survive() {
        assert_eq!(dhcp4_message::MessageType::DISCOVER.to_string(), "DHCPDISCOVER");
        assert_eq!(dhcp4_message::MessageType(99).to_string(), "99");
        assert_eq!(hardware::HardwareType(1), hardware::HardwareType::ETHERNET);
        assert_eq!(bootp::Op(3).name(), None);
        for (number, name, relay) in [
            (1, "SOLICIT", false),
            (12, "RELAY-FORW", true),
            (13, "RELAY-REPL", true),
            (14, "LEASEQUERY", false),
            (37, "ADDR-REG-REPLY", false),
        ] {
            let message = dhcp6_message::MessageType(number);
            assert_eq!((message.name(), message.is_relay()), (Some(name), relay));
        }
        assert_eq!(dhcp6_status::StatusCode(6).to_string(), "NoPrefixAvail");
        assert_eq!(dhcp6_status::StatusCode::EXCESSIVE_TIME_SKEW.0, 22);
        assert_eq!(duid::DuidType::UUID.0, 4);
        assert_eq!(format!("{:?}", relay_agent::SubOption::LINK_SELECTION), "link-selection(5)");
    }
}
