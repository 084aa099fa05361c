//! Service sockets and the workers that serve them.

use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};

use config::MultiThreading;
use net::{Problem, SocketId};

use crate::Protocol;
use crate::messages::say;
use crate::protocol::Config;
use crate::reconfigure::Refusal;
use crate::server::Server;
use crate::worker::{Order, Worker};

/// What became of the sockets.
pub struct Changes<P: Protocol> {
    /// New sockets of each worker (the outer index). A socket that the workers share appears with each of them.
    pub opened: Vec<Vec<Arc<P::Queue>>>,
    /// Sockets that the workers have to drop, after receiving what is still queued in them.
    pub closed: Vec<SocketId>,
    pub problems: Vec<Problem>,
    /// Why all workers share a socket.
    pub unsteered: Vec<io::Error>,
    /// Something could not be done yet: try again soon.
    pub again: bool,
    /// No socket is open now.
    pub none: bool,
}

/// The sockets and their workers.
pub(crate) struct ServiceSockets<P: Protocol> {
    open: P::Sockets,
    workers: Vec<Worker<P>>,
    /// Attempts to open sockets that failed, since the configuration came.
    pub(crate) attempts: u32,
    /// All were open at some time since the start.
    pub(crate) complete: bool,
}

/// What `status-get` says of sockets; there at any time.
#[derive(Clone, Debug, Default)]
pub(crate) struct SocketStatus {
    pub(crate) workers: usize,
    /// What keeps service sockets from being open.
    pub(crate) problems: Vec<String>,
    /// The first of them that is about an interface that the configuration names: with `*` many a machine has some that are
    /// down, and nobody misses them.
    pub(crate) missed: Option<String>,
    /// No service socket is open.
    pub(crate) none: bool,
    /// See [`ServiceSockets::attempts`].
    pub(crate) attempts: u32,
}

impl<P: Protocol> ServiceSockets<P> {
    pub(crate) fn new(port: u16) -> Self {
        Self { open: P::sockets(port, 1), workers: Vec::new(), attempts: 0, complete: false }
    }

    /// The first worker serves the line to the other family's server.
    pub(crate) fn serve_line(&self, socket: Option<Arc<net::PeerSocket>>) {
        if let Some(worker) = self.workers.first() {
            worker.order(Order::Peer(socket));
        }
    }

    /// Ends all workers after what they have received so far.
    pub(crate) async fn stop(&mut self) {
        end(std::mem::take(&mut self.workers)).await;
    }
}

/// Ends workers after what they have received so far.
pub(crate) async fn end<P: Protocol>(workers: Vec<Worker<P>>) {
    for worker in workers {
        worker.stop().await;
    }
}

impl<P: Protocol> Server<P> {
    pub(crate) fn socket_status(&self) -> MutexGuard<'_, SocketStatus> {
        self.socket_status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn selection(&self, config: &Config<P>) -> Result<P::Selection, Refusal> {
        let interfaces = net::interfaces().map_err(|error| Refusal::new(error.to_string()))?;
        P::select(&config.services, &interfaces).map_err(|errors| {
            let lines: Vec<String> =
                errors.iter().map(|e| format!("Failed to select interface: {}", e.error)).collect();
            Refusal::new(lines.join("\n"))
        })
    }

    /// The UDP port of the server.
    pub(crate) fn port(&self) -> u16 {
        self.arguments.server_port.unwrap_or(P::SERVER_PORT)
    }

    /// The workers that `multi-threading` wants, where those there are are not as many.
    pub(crate) async fn new_workers(
        &self,
        threading: &MultiThreading,
    ) -> Result<Option<Vec<Worker<P>>>, Refusal> {
        let wanted = workers(threading);
        if self.sockets.lock().await.workers.len() == wanted {
            return Ok(None);
        }
        let mut started = Vec::new();
        for number in 0..wanted {
            match Worker::start(number, Arc::clone(&self.shared)) {
                Ok(worker) => started.push(worker),
                Err(error) => {
                    end(started).await;
                    return Err(Refusal::new(format!("cannot start a worker thread: {error}")));
                }
            }
        }
        Ok(Some(started))
    }

    /// Others take over the work. Their number is fixed while sockets are open, which are opened anew therefore.
    pub(crate) async fn replace_workers(
        &self,
        sockets: &mut ServiceSockets<P>,
        others: Vec<Worker<P>>,
        threading: &MultiThreading,
    ) {
        // The old queues must be closed before new ones can have their addresses.
        sockets.stop().await;
        let wanted = others.len();
        sockets.workers = others;
        sockets.open = P::sockets(self.port(), wanted);
        sockets.serve_line(self.shared.line.socket());
        self.socket_status().workers = wanted;
        say!(
            P,
            MultiThreading { enabled: threading.enable, threads: wanted, queue: threading.packet_queue_size }
        );
    }

    /// As [`update_sockets`](Self::update_sockets), and counts the attempts that do not open all.
    pub(crate) fn follow_sockets(
        &self,
        sockets: &mut ServiceSockets<P>,
        selection: &P::Selection,
        config: &Config<P>,
    ) {
        let interfaces = &config.services.interfaces;
        let most = interfaces.service_sockets_max_retries;
        if self.update_sockets(sockets, selection, config) {
            sockets.attempts = 0;
            sockets.complete = true;
        } else {
            sockets.attempts = sockets.attempts.saturating_add(1);
            if most > 0 && sockets.attempts == most.saturating_add(1) {
                say!(P, OpenSocketsFailed { attempts: most });
            }
            // A link that goes down later ends no server.
            let problems = self.socket_status().problems.join("; ");
            if interfaces.service_sockets_require_all
                && !sockets.complete
                && sockets.attempts > most
                && !problems.is_empty()
            {
                say!(P, SocketsRequired { problems });
                self.request_shutdown(1);
            }
        }
        self.socket_status().attempts = sockets.attempts;
    }

    /// Opens and closes service sockets as interfaces and configuration ask. Answers whether all are open.
    pub(crate) fn update_sockets(
        &self,
        sockets: &mut ServiceSockets<P>,
        selection: &P::Selection,
        config: &Config<P>,
    ) -> bool {
        let interfaces = match net::interfaces() {
            Ok(interfaces) => interfaces,
            Err(error) => {
                say!(P, NoSockets { reason: error });
                return false;
            }
        };
        let wanted = (!self.arguments.repair).then_some(selection);
        let changes =
            P::follow(&mut sockets.open, wanted, &config.services, &interfaces, &self.shared.locals);
        {
            let mut status = self.socket_status();
            status.problems = changes.problems.iter().map(ToString::to_string).collect();
            let mut missed = changes.problems.iter();
            status.missed = missed
                .find(|problem| P::selects_by_name(selection, problem.interface()))
                .map(ToString::to_string);
            status.none = changes.none;
        }
        for problem in &changes.problems {
            say!(P, OpenSocketFail { problem });
        }
        for reason in &changes.unsteered {
            say!(P, Unsteered { reason });
        }
        for (worker, opened) in sockets.workers.iter().zip(changes.opened) {
            if !opened.is_empty() {
                worker.order(Order::Open(opened));
            }
            if !changes.closed.is_empty() {
                worker.order(Order::Close(changes.closed.clone()));
            }
        }
        if changes.none && !self.arguments.repair {
            let reason = if P::selects_nothing(selection) {
                "interfaces-config selects none"
            } else {
                "none of the selected could be opened"
            };
            say!(P, NoSockets { reason });
        }
        changes.problems.is_empty() && !changes.again
    }
}

/// Threads that serve packets: one without multi-threading, else as configured or one per core.
pub(crate) fn workers(threading: &MultiThreading) -> usize {
    if !threading.enable {
        return 1;
    }
    match threading.thread_pool_size {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => usize::from(threads),
    }
}
