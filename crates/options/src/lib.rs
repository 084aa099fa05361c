//! The definition-driven model of DHCP options: what an option of a given space and code looks like, and the way
//! between its text in a configuration and its bytes on the wire.
//!
//! * [`DataType`], [`OptionDef`], [`OptionSpace`]: a definition, checked by [`OptionDef::validate`].
//! * [`DefTable`]: the standard definitions of a family with custom ones layered over them.
//! * [`encode_csv`], [`encode_hex`]: text to payload. [`check_payload`], [`decode_text`]: payload to verdict or text.
//! * [`Show`]: options in the form of Kea's log lines and of `.text` in expressions.
//!
//! Invariants: this crate knows nothing of configurations, packets in flight or other options of the same packet; a
//! payload is the whole value of one option (RFC 3396 parts joined) without its code and length, and without the
//! sub-options that the option may encapsulate.

mod csv;
mod def;
mod dnr;
mod error;
mod name;
mod route;
mod show;
mod space;
mod std4;
mod std6;
mod sub;
mod table;
mod text;
mod value;
mod vendor;

pub use def::{DataType, OptionDef};
pub use error::{DefError, FieldError, OptionError, PayloadError, ValueError};
pub use show::Show;
pub use space::OptionSpace;
pub use sub::{SubOptions, fields_length};
pub use table::{BadDef, DefTable};
pub use text::{decode_csv, decode_text, encode_csv, encode_hex, without_nuls};
pub use value::{Value, check_payload, data_len, normalize, values};
pub use vendor::vendor_blocks;
