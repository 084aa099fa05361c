//! The ports of DHCPv4 and the switches that move them.

/// Where servers and relays listen (RFC 2131 section 4.1).
pub const SERVER_PORT4: u16 = 67;
/// Where clients listen.
pub const CLIENT_PORT4: u16 = 68;

/// Ports as the command line sets them: `-p` moves the server, `-P` sends every reply to one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports4 {
    /// The port that sockets are bound to and replies come from.
    pub server: u16,
    /// With `-P`: the destination of all replies, whoever asked.
    pub client: Option<u16>,
}

impl Default for Ports4 {
    fn default() -> Self {
        Self { server: SERVER_PORT4, client: None }
    }
}

impl Ports4 {
    /// The port of a reply. `to_relay` is the relay's own source port if it announced one (RFC 8357), in `Some`
    /// when the reply goes to a relay agent at all; relays listen on 67 also when `-p` moved the server.
    #[must_use]
    pub fn reply_port(&self, to_relay: Option<Option<u16>>) -> u16 {
        match (self.client, to_relay) {
            (Some(port), _) => port,
            (None, None) => CLIENT_PORT4,
            (None, Some(announced)) => announced.unwrap_or(SERVER_PORT4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_ports() {
        let usual = Ports4::default();
        assert_eq!(usual.reply_port(None), 68);
        assert_eq!(usual.reply_port(Some(None)), 67);
        assert_eq!(usual.reply_port(Some(Some(4000))), 4000);
        let moved = Ports4 { server: 6767, client: Some(6868) };
        for relay in [None, Some(None), Some(Some(4000))] {
            assert_eq!(moved.reply_port(relay), 6868);
        }
        assert_eq!(Ports4 { server: 6767, client: None }.reply_port(Some(None)), 67);
    }
}
