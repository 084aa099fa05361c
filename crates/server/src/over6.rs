//! The line between kea-dhcp6 and kea-dhcp4 (`dhcp4o6-port`, RFC 7341): kea-dhcp6 is at that port of the loopback
//! address, kea-dhcp4 at the next one. The first worker serves it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use base::Family;
use net::{Batch, PeerSocket};

use crate::Protocol;
use crate::messages::say;
use crate::server::{Active, Shared};
use crate::worker::{Batches, Door};

/// The line, as far as it is open.
#[derive(Default)]
pub struct Line {
    end: ArcSwapOption<End>,
    /// What was passed on last was lost: once told, it is not told again.
    broken: AtomicBool,
}

pub(crate) struct End {
    port: u16,
    socket: Arc<PeerSocket>,
}

/// A line as a new configuration wants it.
pub(crate) enum Staged {
    Same,
    New(Option<Arc<End>>),
}

impl Line {
    /// Opens the line as `port` asks; 0 asks for none. The one in use stays until [`adopt`](Self::adopt).
    pub(crate) fn stage<P: Protocol>(&self, port: u16) -> Result<Staged, String> {
        let open = self.end.load().as_ref().map_or(0, |end| end.port);
        if port == open {
            return Ok(Staged::Same);
        }
        if port == 0 {
            return Ok(Staged::New(None));
        }
        let next = port.saturating_add(1);
        let (here, there) = match P::FAMILY {
            Family::V4 => (next, port),
            Family::V6 => (port, next),
        };
        let socket = PeerSocket::open(here, there).map_err(|error| {
            format!("error starting DHCPv4-over-DHCPv6 IPC: cannot use UDP port {here} of ::1: {error}")
        })?;
        Ok(Staged::New(Some(Arc::new(End { port, socket: Arc::new(socket) }))))
    }

    /// Takes a staged line; answers whether that changes anything.
    pub(crate) fn adopt(&self, staged: Staged) -> bool {
        let Staged::New(end) = staged else { return false };
        self.end.store(end);
        true
    }

    pub(crate) fn socket(&self) -> Option<Arc<PeerSocket>> {
        self.end.load().as_ref().map(|end| Arc::clone(&end.socket))
    }

    /// Hands a message to the other server; answers whether this one and the one before got there, as far as is known.
    pub fn pass<P: Protocol>(&self, message: &[u8]) -> bool {
        let passed = match &*self.end.load() {
            Some(end) => end.socket.pass(message),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        let was_broken = self.broken.swap(passed.is_err(), Ordering::Relaxed);
        match passed {
            Ok(()) => true,
            Err(error) => {
                if !was_broken {
                    say!(P, PeerSilent { error });
                }
                false
            }
        }
    }
}

/// Messages of the other server come in here.
pub(crate) struct PeerDoor;

impl<P: Protocol> Door<P> for PeerDoor {
    type Queue = PeerSocket;

    fn client(packet: &[u8]) -> Option<&[u8]> {
        P::client(engine::over6::message(packet)?)
    }

    fn serve(
        shared: &Shared<P>,
        active: &Active<P>,
        _: &PeerSocket,
        received: &Batch<()>,
        batches: &mut Batches<P, PeerSocket>,
    ) {
        P::serve_peer(shared, active, received, batches);
    }

    async fn serve_waiting(
        shared: &Shared<P>,
        active: &Active<P>,
        _: &PeerSocket,
        (): &(),
        packet: &[u8],
        batches: &mut Batches<P, PeerSocket>,
    ) {
        P::serve_peer_waiting(shared, active, packet, batches).await;
    }

    /// The engine has said more than is known here.
    fn leaves(_: P::Reply, (): &()) {}

    fn failed((): &(), error: &io::Error) {
        say!(P, PeerSilent { error });
    }
}
