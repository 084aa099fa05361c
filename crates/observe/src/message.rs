//! Log messages: one item per message, with its identifier, logger, severity, text and a paragraph for operators.
//!
//! A crate lists its messages in its own `messages.rs`:
//!
//! ```
//! observe::messages! {
//!     /// What rustdoc shows beside the paragraph; optional.
//!     Started { version } = "DHCP4_STARTED", "dhcp4", Info,
//!         "Kea DHCPv4 server version {version} started",
//!         "The server has read its configuration, opened its sockets and answers clients.";
//!     PacketReceived { client, name, interface } = "DHCP4_PACKET_RECEIVED", "packets", Debug(40),
//!         "{client}: {name} received on interface {interface}",
//!         "A packet arrived.";
//! }
//!
//! # fn main() {
//! let (client, interface) = ("[hwtype=1 08:00:27:00:00:01]", "eth0");
//! observe::log!(Started { version: "3.3.1" });
//! observe::log!(PacketReceived { client, name: "DHCPDISCOVER", interface: interface });
//! # }
//! ```
//!
//! - Logger names stand without the root (`packets`, not `kea-dhcp4.packets`); they must be in the table of
//!   `logger.rs`. Severities are `Fatal`, `Error`, `Warn`, `Info`, `Debug(0..=99)`.
//! - Fields are anything with `Display`; they are named in the text in braces, each at least once (the compiler
//!   checks both directions). A format may follow (`{value:02x}` works only for `Display` formats such as widths).
//! - [`log!`](crate::log!) evaluates the field expressions only when the message is on. A message that is off costs
//!   one relaxed atomic load and a comparison. `Started::enabled()` asks without logging, to skip costly work.
//! - The invocation defines `pub static MESSAGES: &[observe::Message]` beside the types, from which the message
//!   reference is generated. One invocation per module.
//! - Emission goes through `tracing`: the event's name is the identifier, its target the logger, `message` the
//!   text, and each field is a field. [`crate::Logging`] writes the lines; [`crate::capture`] is for tests.

use crate::logger::Level;

/// What is known of a message when the program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Kea's identifier, such as `DHCP4_STARTED`.
    pub id: &'static str,
    /// The logger, without the root.
    pub logger: &'static str,
    pub level: Level,
    /// The text with its fields in braces.
    pub text: &'static str,
    /// What it means and what to do about it.
    pub paragraph: &'static str,
}

/// Defines messages; see the [module documentation](crate::message).
#[macro_export]
macro_rules! messages {
    ($(
        $(#[$meta:meta])*
        $name:ident $({ $($field:ident),* $(,)? })? =
            $id:expr, $logger:expr, $severity:ident $(($debug:literal))?, $text:expr, $paragraph:expr
    );* $(;)?) => {
        $(
            $(#[$meta])*
            #[doc = $paragraph]
            // Whether the module is public is the crate's choice.
            #[allow(unreachable_pub)]
            #[derive(Clone, Copy)]
            pub struct $name<'a> {
                $($(pub $field: &'a dyn ::core::fmt::Display,)*)?
                #[doc(hidden)]
                pub lifetime: ::core::marker::PhantomData<&'a ()>,
            }

            #[allow(unreachable_pub)]
            impl $name<'_> {
                /// Identifier, logger, level, text and paragraph.
                pub const MESSAGE: $crate::Message = $crate::Message {
                    id: $id,
                    logger: $logger,
                    level: $crate::Level::$severity $(($debug))?,
                    text: $text,
                    paragraph: $paragraph,
                };

                /// Whether anyone wants this message now.
                #[inline]
                #[must_use]
                pub fn enabled() -> bool {
                    const LOGGER: usize = $crate::logger_index($logger);
                    const VERBOSITY: u8 = $crate::Level::$severity $(($debug))?.verbosity();
                    $crate::logger_at::<LOGGER>().admits(VERBOSITY)
                }

                /// Writes the message, whatever the threshold says; `log!` asks first.
                #[cold]
                #[inline(never)]
                pub fn emit(self) {
                    const LEVEL: $crate::tracing::Level = ($crate::Level::$severity $(($debug))?).tracing();
                    const SEVERITY: &str = ($crate::Level::$severity $(($debug))?).name();
                    $crate::tracing::event!(
                        name: $id,
                        target: $logger,
                        LEVEL,
                        kea_severity = SEVERITY,
                        $($($field = %self.$field,)*)?
                        $text
                        $($(, $field = self.$field)*)?
                    );
                }
            }
        )*

        /// All messages of this module.
        // The generated reference reads it; a program alone need not.
        #[allow(unreachable_pub, dead_code)]
        pub static MESSAGES: &[$crate::Message] = &[$($name::MESSAGE),*];
    };
}

/// Logs a message of [`messages!`](crate::messages!) when its logger admits it; the fields are evaluated only then.
/// `log!(Started { version: "3.3.1" })`, `log!(Stopped)`.
#[macro_export]
macro_rules! log {
    ($message:path { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        if <$message>::enabled() {
            $message {
                $($field: $crate::log_field!($field $(, $value)?),)*
                lifetime: ::core::marker::PhantomData,
            }
            .emit();
        }
    };
    ($message:path) => {
        $crate::log!($message {})
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! log_field {
    ($field:ident) => {
        &$field
    };
    ($field:ident, $value:expr) => {
        &$value
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    mod messages {
        crate::messages! {
            /// Two fields.
            Leased { client, address } = "TEST_LEASED", "leases", Info, "{client} has {address}", "A lease.";
            Plain = "TEST_PLAIN", "dhcp4", Fatal, "nothing to add", "No fields.";
            Chatty { depth } = "TEST_CHATTY", "eval", Debug(50), "depth {depth:>4}", "Debug.";
        }
    }

    #[test]
    fn messages_are_listed_with_their_facts() {
        let [leased, plain, chatty] = messages::MESSAGES else { panic!("three messages") };
        assert_eq!((leased.id, leased.logger, leased.level), ("TEST_LEASED", "leases", Level::Info));
        assert_eq!((plain.text, plain.paragraph), ("nothing to add", "No fields."));
        assert_eq!(chatty.level, Level::Debug(50));
    }

    #[test]
    fn fields_of_a_message_that_is_off_are_not_evaluated() {
        let mut evaluated = false;
        let mut depth = || {
            evaluated = true;
            1
        };
        if !messages::Chatty::enabled() {
            crate::log!(messages::Chatty { depth: depth() });
            assert!(!evaluated);
        }
    }

    #[test]
    fn logging_without_a_subscriber_is_harmless() {
        let client = String::from("c");
        crate::log!(messages::Leased { client, address: std::net::Ipv4Addr::LOCALHOST });
        crate::log!(messages::Plain);
        assert_eq!(client, "c");
    }
}
