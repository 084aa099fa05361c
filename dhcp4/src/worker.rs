//! The packet loop. One worker thread per core, each with a runtime of its own and its own queue of each socket;
//! a client's packets always reach the same worker where the kernel can steer them.
//!
//! A batch is received in one call, handled in line, committed to the lease store in one write, and answered in one
//! call once it is durable. While a commit is under way the worker goes on with the next batch.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base::HwAddr;
use engine::ddns::Requests;
use engine::v4::{Arrival, Context4, DropReason, Reply, Verdict};
use net::{
    AsyncSocket4, Batch4, Destination4, LinkDestination, MacAddr, Meta4, OutBatch4, Readable, Socket4,
    SocketId, Via,
};
use observe::log;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;

use crate::messages::{PacketSend, SendFailed, SocketFailed, StoreFailed, WorkerFailed};
use crate::server::{Active, Shared};

/// Batches of a worker that wait for their commit; more would only make replies older.
const PENDING_BATCHES: usize = 8;
/// Batches taken from one socket before the others get their turn.
const ROUNDS: usize = 4;
/// Pause after an error of a socket.
const RETRY: Duration = Duration::from_millis(100);
/// A socket that stays unwritable loses its replies rather than holding the worker up.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the server tells a worker.
#[derive(Debug)]
pub(crate) enum Order {
    Open(Vec<Arc<Socket4>>),
    Close(Vec<SocketId>),
    /// Finish what was received and say so.
    Stop(oneshot::Sender<()>),
}

/// The server's end of a worker.
pub(crate) struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(number: usize, shared: Arc<Shared>) -> io::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
            let local = LocalSet::new();
            local.block_on(&runtime, run(shared, inbox));
        })?;
        Ok(Self { orders, thread: Some(thread) })
    }

    /// A worker that is gone needs no orders.
    pub(crate) fn order(&self, order: Order) {
        let _: Result<(), _> = self.orders.send(order);
    }

    /// Ends the worker after what it has received so far.
    pub(crate) async fn stop(mut self) {
        let (done, finished) = oneshot::channel();
        self.order(Order::Stop(done));
        let _: Result<(), _> = finished.await;
        drop(self.orders);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log!(WorkerFailed { reason: "a worker thread panicked" });
        }
    }
}

/// What the tasks of a worker share.
struct Local {
    shared: Arc<Shared>,
    /// Buffers that are not in use, for incoming and outgoing batches.
    batches: RefCell<Vec<Batch4>>,
    outs: RefCell<Vec<OutBatch4>>,
    pending: Arc<Semaphore>,
}

async fn run(shared: Arc<Shared>, mut inbox: mpsc::UnboundedReceiver<Order>) {
    let local = Rc::new(Local {
        shared,
        batches: RefCell::default(),
        outs: RefCell::default(),
        pending: Arc::new(Semaphore::new(PENDING_BATCHES)),
    });
    let mut sockets: HashMap<SocketId, Listener> = HashMap::new();
    while let Some(order) = inbox.recv().await {
        match order {
            Order::Open(opened) => {
                for socket in opened {
                    let id = socket.id();
                    match AsyncSocket4::new(socket) {
                        Ok(socket) => {
                            let closing = Rc::new(Notify::new());
                            let task = listen(Rc::clone(&local), Rc::new(socket), Rc::clone(&closing));
                            sockets.insert(id, Listener { task: tokio::task::spawn_local(task), closing });
                        }
                        Err(error) => log!(SocketFailed { reason: error }),
                    }
                }
            }
            Order::Close(closed) => {
                for id in closed {
                    if let Some(listener) = sockets.remove(&id) {
                        listener.close().await;
                    }
                }
            }
            Order::Stop(done) => {
                for listener in sockets.into_values() {
                    listener.close().await;
                }
                // Replies that wait for their commit still leave.
                let all = u32::try_from(PENDING_BATCHES).unwrap_or(u32::MAX);
                let _: Result<_, _> = local.pending.acquire_many(all).await;
                let _: Result<(), ()> = done.send(());
                return;
            }
        }
    }
}

/// The task that serves a socket.
struct Listener {
    task: tokio::task::JoinHandle<()>,
    closing: Rc<Notify>,
}

impl Listener {
    /// Serves what is still queued, then ends.
    async fn close(self) {
        self.closing.notify_one();
        let _: Result<(), _> = self.task.await;
    }
}

async fn listen(local: Rc<Local>, socket: Rc<AsyncSocket4>, closing: Rc<Notify>) {
    loop {
        let ready = tokio::select! {
            ready = socket.readable() => ready,
            () = closing.notified() => {
                while receive(&local, &socket, None).await.is_ok_and(|more| more) {}
                return;
            }
        };
        let mut outcome = match ready {
            Ok(ready) => receive(&local, &socket, Some(ready)).await,
            Err(error) => Err(error),
        };
        for _ in 1..ROUNDS {
            if !matches!(outcome, Ok(true)) {
                break;
            }
            tokio::task::yield_now().await;
            outcome = receive(&local, &socket, None).await;
        }
        if let Err(error) = outcome {
            log!(SocketFailed { reason: error });
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Receives and serves one batch; answers whether more may be waiting.
async fn receive(
    local: &Rc<Local>,
    socket: &Rc<AsyncSocket4>,
    ready: Option<Readable<'_>>,
) -> io::Result<bool> {
    let mut batch = local.batches.borrow_mut().pop().unwrap_or_default();
    let received = match ready {
        Some(ready) => ready.receive(&mut batch),
        None => match socket.socket().receive(&mut batch) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            received => received.map(Some),
        },
    };
    let more = match received {
        Ok(Some(received)) => {
            for error in batch.rejected() {
                local.shared.frame_rejected(error);
            }
            if received.packets > 0 {
                serve(local, socket, &batch).await;
            }
            Ok(received.full)
        }
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    local.batches.borrow_mut().push(batch);
    more
}

/// Handles a batch, and has its replies sent once the lease store vouches for them.
async fn serve(local: &Rc<Local>, socket: &Rc<AsyncSocket4>, batch: &Batch4) {
    let shared = &local.shared;
    let Ok(permit) = Arc::clone(&local.pending).acquire_owned().await else { return };
    let mut out = local.outs.borrow_mut().pop().unwrap_or_default();
    out.clear();
    let mut kinds = Vec::with_capacity(batch.len());
    // Reconfigurations wait for the batch, never in the middle of a packet.
    let gate = shared.gate.read().await;
    let active = shared.active.load_full();
    let mark = active.store.mark();
    let requests = handle_batch(shared, &active, socket.socket(), batch, &mut out, &mut kinds);
    let committed = active.store.commit(mark);
    drop(gate);
    let waiting = Waiting { active, out, kinds, requests, committed, permit };
    tokio::task::spawn_local(finish(Rc::clone(local), Rc::clone(socket), waiting));
}

fn handle_batch(
    shared: &Shared,
    active: &Active,
    socket: &Socket4,
    batch: &Batch4,
    out: &mut OutBatch4,
    kinds: &mut Vec<wire::v4::MessageType>,
) -> Requests {
    let mut requests = Requests::new();
    let now = shared.clock.now();
    let statistics = active.runtime.statistics();
    statistics.set_now(now);
    let ctx = Context4 {
        config: &active.config,
        store: &*active.store,
        runtime: &active.runtime,
        locals: &shared.locals,
        now: now.seconds(),
        updates: shared.d2.takes_requests(),
        direct_response: socket.via() == Via::Raw,
        respond_to_source: shared.respond_to_source,
        client_port: shared.ports.client,
    };
    let disabled = !shared.service.is_enabled();
    // Replies are built where they are sent from; where to is known afterwards.
    let nowhere = Destination4 {
        to: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
        from: Ipv4Addr::UNSPECIFIED,
        interface: 0,
        link: LinkDestination::Resolve,
    };
    engine::v4::warm(&ctx, batch.iter().map(|(_, bytes)| bytes));
    for (meta, bytes) in batch.iter() {
        statistics.arrived();
        if disabled {
            statistics.dropped(DropReason::ServiceDisabled);
            continue;
        }
        // One exchange per client at a time, also where workers share a socket.
        let _client = shared.clients.lock(bytes);
        let arrival = arrival(shared, meta);
        let Some(slot) = out.next_slot(nowhere) else {
            statistics.dropped(DropReason::QueueFull);
            continue;
        };
        match engine::v4::handle_now(&ctx, &arrival, bytes, slot) {
            Some(Verdict::Reply(reply)) => {
                out.redirect_last(destination(meta, &reply));
                kinds.push(reply.kind);
                requests.extend(reply.effects.requests);
            }
            verdict => {
                out.cancel_last();
                match verdict {
                    Some(Verdict::Drop(reason)) => statistics.dropped(reason),
                    // The stores of this build answer at once.
                    None => statistics.dropped(DropReason::ProcessingFailed),
                    Some(Verdict::Done(effects)) => requests.extend(effects.requests),
                    Some(Verdict::Reply(_)) => {}
                }
            }
        }
    }
    requests
}

fn arrival(shared: &Shared, meta: &Meta4) -> Arrival {
    Arrival {
        interface: shared.locals.interface_name(meta.interface),
        interface_address: if meta.reply_from.is_unspecified() {
            shared.locals.interface_address(meta.interface)
        } else {
            meta.reply_from
        },
        local: *meta.local.ip(),
        remote: *meta.remote.ip(),
        remote_port: meta.remote.port(),
    }
}

fn destination(meta: &Meta4, reply: &Reply) -> Destination4 {
    let to = SocketAddrV4::new(reply.destination.address, reply.destination.port);
    if reply.destination.use_routing {
        return meta.route(to);
    }
    let mut destination = meta.reply(to, to.ip().is_broadcast());
    if let Some(source) = reply.destination.source {
        destination.from = source;
    }
    if let Some(station) = reply.destination.hw_addr.as_ref().and_then(station) {
        destination.link = LinkDestination::Station(station);
    }
    destination
}

fn station(hw_addr: &HwAddr) -> Option<MacAddr> {
    hw_addr.octets().try_into().ok().map(MacAddr)
}

/// A batch that waits for its commit.
struct Waiting {
    active: Arc<Active>,
    out: OutBatch4,
    kinds: Vec<wire::v4::MessageType>,
    /// For DNS, once the leases are durable.
    requests: Requests,
    committed: lease::Committed,
    permit: tokio::sync::OwnedSemaphorePermit,
}

async fn finish(local: Rc<Local>, socket: Rc<AsyncSocket4>, waiting: Waiting) {
    let Waiting { active, mut out, kinds, requests, committed, permit } = waiting;
    let statistics = active.runtime.statistics();
    match committed.await {
        Ok(()) => {
            local.shared.d2.hand_on(requests);
            socket.send(&mut out, PATIENCE).await;
            for failure in out.failures() {
                log!(SendFailed { destination: failure.destination.to, error: failure.error });
            }
            for kind in &kinds {
                statistics.sent(*kind);
            }
            if PacketSend::enabled() {
                for (at, kind) in kinds.iter().enumerate() {
                    if let Some((destination, _)) = out.get(at) {
                        log!(PacketSend {
                            name: kind,
                            code: kind.0,
                            to: destination.to,
                            from: destination.from
                        });
                    }
                }
            }
        }
        Err(error) => {
            // Nothing that rests on a lease that is not stored may leave; clients ask again.
            for _ in &kinds {
                statistics.dropped(DropReason::ProcessingFailed);
            }
            log!(StoreFailed { replies: kinds.len(), error });
        }
    }
    out.clear();
    local.outs.borrow_mut().push(out);
    drop(permit);
}
