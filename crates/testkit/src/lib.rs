//! What tests of the servers are made of: a clock that stands still, packets as clients build and read them, a
//! server in memory, and scenarios written as text.
//!
//! Nothing of this is part of a server. Misuse by a test may panic: that is how a test fails.
#![allow(clippy::expect_used, clippy::panic, reason = "a test kit fails by panicking")]

pub mod api;
pub mod certificates;
pub mod client;
mod clock;
mod reply;
pub mod scenario;
mod world;

pub use base::XorShift;
pub use client::Packet4;
pub use clock::{FakeClock, ScriptedRandom};
pub use reply::Reply4;
pub use world::{Outcome, World4};

/// The resolved configuration of a text, which is a `Dhcp4` map.
pub fn config4(text: &str) -> Result<config::ServerConfig4, String> {
    let parsed = json::parse(text, None, json::Limits::default()).map_err(|error| error.to_string())?;
    let whole = |errors: Vec<config::ConfigError>| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let (written, errors) = config::parse4_map(parsed.value, config::ParseEnv::default());
    if !errors.is_empty() {
        return Err(whole(errors));
    }
    config::resolve4(std::sync::Arc::new(written), &config::ResolveEnv::default()).map_err(whole)
}
