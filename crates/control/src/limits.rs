//! Bounds of the control channels. Nothing a peer sends may grow, last or nest beyond these.

use std::time::Duration;

/// Bounds of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. Beyond, the oldest one that waits for its client makes room.
    pub connections: usize,
    /// HTTP: connections at once from one address.
    pub connections_per_peer: usize,
    /// Octets of one command.
    pub command: usize,
    /// HTTP: octets of a request's head.
    pub head: usize,
    /// Lists and maps in one another; Kea's own limit.
    pub nesting: usize,
    /// From the first moment a command is awaited to its last octet.
    pub receive: Duration,
    /// HTTP: between two requests of a connection.
    pub idle: Duration,
    /// Longest pause while an answer is written; a client that does not read is cut off.
    pub write: Duration,
}

impl Limits {
    /// Of a UNIX control socket.
    pub const UNIX: Self = Self {
        connections: 256,
        connections_per_peer: 256,
        command: 16 << 20,
        head: 0,
        nesting: 100,
        receive: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        write: Duration::from_secs(10),
    };

    /// Of an HTTP control socket and of the agent.
    pub const HTTP: Self =
        Self { connections: 1024, connections_per_peer: 256, head: 16 << 10, ..Self::UNIX };
}
