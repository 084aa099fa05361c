//! Updates on the wire: each in a datagram from a port of its own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Octets of an answer: an update's has little beyond its header, and a datagram has no more.
const ANSWER: usize = 65_535;

/// What has come of an attempt.
pub(crate) struct Came {
    pub(crate) slot: u64,
    pub(crate) attempt: u64,
    /// A datagram of the server, or why there can be none.
    pub(crate) what: Result<Vec<u8>, String>,
}

/// Sends a message and hands over what the server sends, until it is aborted.
pub(crate) fn start(
    slot: u64,
    attempt: u64,
    server: SocketAddr,
    message: Vec<u8>,
    came: mpsc::Sender<Came>,
) -> AbortHandle {
    let exchange = async move {
        let say = |what| came.send(Came { slot, attempt, what });
        let failed = async {
            let socket = send(server, &message).await?;
            let mut buffer = vec![0; ANSWER];
            loop {
                let length = socket.recv(&mut buffer).await?;
                if say(Ok(buffer.get(..length).unwrap_or_default().to_vec())).await.is_err() {
                    return Ok(());
                }
            }
        };
        let failed: io::Result<()> = failed.await;
        if let Err(error) = failed {
            // Nobody listens when all is coming to an end.
            let _: Result<(), _> = say(Err(error.to_string())).await;
        }
    };
    tokio::spawn(exchange).abort_handle()
}

/// A socket that takes datagrams of the server alone, with the message sent.
async fn send(server: SocketAddr, message: &[u8]) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(server).await?;
    socket.send(message).await?;
    Ok(socket)
}
