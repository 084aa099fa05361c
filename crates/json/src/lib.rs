//! Kea's JSON dialect with positions: `#`, `//` and `/* */` comments, trailing commas, `<?include "file"?>`,
//! 64-bit integers. Every value knows where it was written.
//!
//! Stands alone: knows nothing of DHCP.

mod value;

pub use value::{Kind, Map, Pos, Value};
