//! The integration tests of this crate, one executable.

mod definitions;
mod kea_texts;
mod round_trips;
