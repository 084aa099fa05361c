//! What every server makes of `control-sockets` and `loggers`: sockets that are bound before a configuration comes into
//! force and served once it is, and files that lie where the rules on paths let them (Kea manual, "Kea Security").

mod open;
mod places;

pub use open::{Bound, Channels, Serving};
pub use places::{SocketPlaces, loggers};
