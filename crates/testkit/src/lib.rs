//! Fake clock, packet builders, scenarios
