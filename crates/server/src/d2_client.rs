//! The way of name change requests to kea-dhcp-ddns: a queue that workers and commands fill, and the task that empties
//! it over UDP.
//!
//! Requests come here only once the leases they speak of are durable. Nobody answers them: what the operating system
//! took has been sent.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::D2Client;
use ncr::{NameChangeRequest, Queue, Rejected};
use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::Protocol;
use crate::messages::say;

/// The client of kea-dhcp-ddns.
pub struct Client<P> {
    queue: Mutex<Queue>,
    /// Something waits in the queue.
    filled: Notify,
    /// Requests are taken: the queue's state, for a glance without its lock.
    taking: AtomicBool,
    running: Mutex<Option<Running>>,
    protocol: PhantomData<fn() -> P>,
}

/// A task that sends.
#[derive(Debug)]
struct Running {
    config: D2Client,
    socket: Arc<UdpSocket>,
    task: JoinHandle<()>,
}

/// Settings that can be brought into force: the socket is bound. Without one, updates are off.
pub(crate) struct Staged(D2Client, Option<Arc<UdpSocket>>);

impl<P: Protocol> Client<P> {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::default(),
            filled: Notify::new(),
            taking: AtomicBool::new(false),
            running: Mutex::default(),
            protocol: PhantomData,
        }
    }

    /// Whether requests are worth making.
    pub fn takes_requests(&self) -> bool {
        self.taking.load(Ordering::Relaxed)
    }

    /// Hands requests on, in their order. What cannot be taken is lost, and that is logged.
    pub(crate) fn hand_on(&self, requests: Vec<NameChangeRequest>) {
        if requests.is_empty() {
            return;
        }
        let mut queue = self.queue();
        for request in &requests {
            // That updates are off or suspended was said when it happened.
            if let Err(error @ Rejected::Full(_)) = queue.push(request) {
                say!(P, NcrRejected { error, request });
                self.failed(&mut queue, &error.to_string(), request);
            }
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Binds what settings need, changing nothing that runs.
    ///
    /// # Errors
    /// When the sender's address cannot be bound.
    pub(crate) fn stage(&self, config: &D2Client) -> Result<Staged, String> {
        if !config.enable_updates {
            return Ok(Staged(*config, None));
        }
        if let Some(running) = &*self.running()
            && running.config.sender == config.sender
        {
            return Ok(Staged(*config, Some(Arc::clone(&running.socket))));
        }
        let socket = bind(config.sender).map_err(|error| {
            format!(
                "Error starting DHCP_DDNS client after server reconfiguration: {}: {error}",
                config.sender
            )
        })?;
        Ok(Staged(*config, Some(Arc::new(socket))))
    }

    /// Brings settings into force. What waits leaves by them, unless updates are off now.
    pub(crate) fn adopt(self: &Arc<Self>, staged: Staged) {
        let Staged(config, socket) = staged;
        let mut running = self.running();
        let unchanged = running.as_ref().is_some_and(|running| running.config == config);
        if unchanged && self.takes_requests() {
            return;
        }
        if let Some(old) = running.take() {
            old.task.abort();
            say!(P, SenderStopped);
        }
        self.queue().configure(config.enable_updates, config.max_queue_size);
        self.taking.store(config.enable_updates, Ordering::Relaxed);
        say!(
            P,
            DdnsConfigured {
                state: if config.enable_updates {
                    "DHCP_DDNS updates enabled"
                } else {
                    "DHCP-DDNS updates disabled"
                }
            }
        );
        if let Some(socket) = socket {
            let task = tokio::spawn(Arc::clone(self).run(Arc::clone(&socket), config.server));
            *running = Some(Running { config, socket, task });
            say!(P, SenderStarted { config: settings(&config) });
        }
    }

    /// Sends what still waits, and stops.
    pub(crate) async fn stop(&self) {
        let Some(running) = self.running().take() else { return };
        running.task.abort();
        self.drain(&running.socket, running.config.server).await;
        self.taking.store(false, Ordering::Relaxed);
        say!(P, SenderStopped);
    }

    async fn run(self: Arc<Self>, socket: Arc<UdpSocket>, server: SocketAddr) {
        loop {
            self.drain(&socket, server).await;
            self.filled.notified().await;
        }
    }

    async fn drain(&self, socket: &UdpSocket, server: SocketAddr) {
        loop {
            let next = self.queue().pop();
            let Some(request) = next else { return };
            let datagram = match request.encode() {
                Ok(datagram) => datagram,
                Err(error) => {
                    say!(P, NcrNotEncoded { error, request: &request });
                    continue;
                }
            };
            match socket.send_to(&datagram, server).await {
                Ok(_) => say!(P, NcrSent { request: &request }),
                Err(error) => {
                    say!(P, NcrSendFailed { error: &error });
                    self.failed(&mut self.queue(), &error.to_string(), &request);
                    return;
                }
            }
        }
    }

    /// A request is lost: no more are taken until the next configuration.
    fn failed(&self, queue: &mut Queue, error: &str, request: &NameChangeRequest) {
        say!(P, RequestSendFailed { error, request });
        if queue.suspend() {
            self.taking.store(false, Ordering::Relaxed);
            say!(P, UpdatesSuspended);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A queue is whole after each call.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket of the sender's address. One that this machine does not have yet, such as that of a router in waiting, is no
/// reason to serve nobody: requests fail until it is there.
fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket =
        Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(socket2::Protocol::UDP))?;
    if address.is_ipv4() {
        socket.set_freebind_v4(true)?;
    } else {
        socket.set_freebind_v6(true)?;
    }
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// The settings as Kea's log lines show them.
fn settings(config: &D2Client) -> String {
    format!(
        "enable_updates: yes, server-ip: {}, server-port: {}, sender-ip: {}, sender-port: {}, max-queue-size: {}, \
         ncr-protocol: UDP, ncr-format: JSON",
        config.server.ip(),
        config.server.port(),
        config.sender.ip(),
        config.sender.port(),
        config.max_queue_size
    )
}
