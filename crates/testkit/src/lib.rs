//! What tests of the servers are made of: a clock that stands still, packets as clients build and read them, a
//! server in memory, and scenarios written as text.
//!
//! Nothing of this is part of a server. Misuse by a test may panic: that is how a test fails.
#![allow(clippy::expect_used, clippy::panic, reason = "a test kit fails by panicking")]

pub mod api;
pub mod client;
pub mod client6;
mod clock;
mod reply;
pub mod scenario;
mod world;
mod world6;

pub use base::XorShift;
pub use client::Packet4;
pub use client6::{Packet6, Reply6};
pub use clock::{FakeClock, ScriptedRandom};
pub use reply::Reply4;
pub use world::{Outcome, World4};
pub use world6::{Outcome6, SERVER_ID6, World6};

/// The resolved configuration of a text, which is a `Dhcp4` map.
pub fn config4(text: &str) -> Result<config::ServerConfig4, String> {
    let parsed = json::parse(text, None, json::Limits::default()).map_err(|error| error.to_string())?;
    let (written, errors) = config::parse4_map(parsed.value, config::ParseEnv::default());
    if !errors.is_empty() {
        return Err(whole(errors));
    }
    config::resolve4(std::sync::Arc::new(written), &config::ResolveEnv::default()).map_err(whole)
}

/// The resolved configuration of a text, which is a `Dhcp6` map.
pub fn config6(text: &str) -> Result<config::ServerConfig6, String> {
    let parsed = json::parse(text, None, json::Limits::default()).map_err(|error| error.to_string())?;
    let (written, errors) = config::parse6_map(parsed.value, config::ParseEnv::default());
    if !errors.is_empty() {
        return Err(whole(errors));
    }
    config::resolve6(std::sync::Arc::new(written), &config::ResolveEnv::default()).map_err(whole)
}

fn whole(errors: Vec<config::ConfigError>) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
