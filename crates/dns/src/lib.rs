//! DNS updates (RFC 2136) and transaction signatures (RFC 8945): what an updater sends, and what it reads of answers.
//!
//! Not a resolver's library: of an answer only the header and the signature are read, because an update's answer says
//! nothing else. What would do it for us ([`hickory-proto`], [`domain`]) lacks MD5 and SHA-224 signatures, which zones
//! still ask for, and records of type DHCID.
//!
//! No socket, no clock, no panic on any input.
//!
//! [`hickory-proto`]: https://docs.rs/hickory-proto
//! [`domain`]: https://docs.rs/domain

mod message;
mod name;
mod tsig;

pub use message::{Data, Entry, Header, Rcode, Type, Update, header};
pub use name::{Name, NameError};
pub use tsig::{Algorithm, Key, KeyError, Mac, SignatureError};
