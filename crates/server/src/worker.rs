//! The packet loop. One worker thread per core, each with a runtime of its own and its own queue of each socket;
//! a client's packets always reach the same worker where the kernel can steer them.
//!
//! A batch is received in one call, handled in line, committed to the lease store in one write, and answered in one
//! call once it is durable. While a commit is under way the worker goes on with the next batch. Replies that promise
//! nothing, such as most OFFERs, do not wait.
//!
//! When more comes in than can be served, clients that hold something come first (see `overload.rs`).
//!
//! Where leases or host reservations are in databases, each packet is handled by a task of its own, which waits for them
//! while the worker goes on; packets of one client still follow one another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use engine::{DropReason, Effects};
use lease::{Durable, Mark, MaybeReady};
use net::{AsyncSocket, Batch, Lane, OutBatch, Queue, Received, SocketId};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;

use crate::Protocol;
use crate::ha::{Ha, Updates};
use crate::messages::say;
use crate::over6::PeerDoor;
use crate::overload::{Pressure, SHORT};
use crate::parking::Parking;
use crate::protocol::{Destination, Meta};
use crate::server::{Active, Shared};

/// Batches of a worker that wait for their commit; more would only make replies older.
const PENDING_BATCHES: usize = 8;
/// Pause after an error of a socket.
const RETRY: Duration = Duration::from_millis(100);
/// A socket that stays unwritable loses its replies rather than holding the worker up.
const PATIENCE: Duration = Duration::from_millis(500);
/// Tasks of a worker: as many as can be.
const TASKS: u32 = 1 << 24;

/// What the server tells a worker.
pub(crate) enum Order<P: Protocol> {
    Open(Vec<Arc<P::Queue>>),
    Close(Vec<SocketId>),
    /// The line to the other family's server; `None`: there is none.
    Peer(Option<Arc<net::PeerSocket>>),
    /// Finish what was received and say so.
    Stop(oneshot::Sender<()>),
}

/// The server's end of a worker.
pub(crate) struct Worker<P: Protocol> {
    orders: mpsc::UnboundedSender<Order<P>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl<P: Protocol> Worker<P> {
    pub(crate) fn start(number: usize, shared: Arc<Shared<P>>) -> io::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
            net::serve_promptly();
            let local = LocalSet::new();
            local.block_on(&runtime, run(shared, inbox));
        })?;
        Ok(Self { orders, thread: Some(thread) })
    }

    /// A worker that is gone needs no orders.
    pub(crate) fn order(&self, order: Order<P>) {
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
            say!(P, WorkerFailed { reason: "a worker thread panicked" });
        }
    }
}

/// Where packets come in and replies leave.
pub(crate) trait Door<P: Protocol>: Sized + 'static {
    type Queue: Queue;

    /// What tells clients apart in a packet.
    fn client(packet: &[u8]) -> Option<&[u8]>;

    /// Handles a batch: replies go into it, with their message types.
    fn serve(
        shared: &Shared<P>,
        active: &Active<P>,
        queue: &Self::Queue,
        received: &Batch<MetaAt<P, Self>>,
        batches: &mut Batches<P, Self::Queue>,
    );

    /// Handles one packet, which waits for databases on its way.
    fn serve_waiting(
        shared: &Shared<P>,
        active: &Active<P>,
        queue: &Self::Queue,
        meta: &MetaAt<P, Self>,
        packet: &[u8],
        batches: &mut Batches<P, Self::Queue>,
    ) -> impl Future<Output = ()>;

    /// Logs that a reply leaves.
    fn leaves(kind: P::Reply, destination: &<Self::Queue as Queue>::Destination);

    /// Logs that a reply could not leave.
    fn failed(destination: &<Self::Queue as Queue>::Destination, error: &io::Error);
}

/// Where a packet at a door came from.
type MetaAt<P, D> = <<D as Door<P>>::Queue as Queue>::Meta;

/// The service sockets: clients and relay agents.
struct Service;

impl<P: Protocol> Door<P> for Service {
    type Queue = P::Queue;

    fn client(packet: &[u8]) -> Option<&[u8]> {
        P::client(packet)
    }

    fn serve(
        shared: &Shared<P>,
        active: &Active<P>,
        queue: &P::Queue,
        received: &Batch<Meta<P>>,
        batches: &mut Batches<P>,
    ) {
        P::serve(shared, active, queue, received, batches);
    }

    async fn serve_waiting(
        shared: &Shared<P>,
        active: &Active<P>,
        queue: &P::Queue,
        meta: &Meta<P>,
        packet: &[u8],
        batches: &mut Batches<P>,
    ) {
        P::serve_waiting(shared, active, queue, meta, packet, batches).await;
    }

    fn leaves(kind: P::Reply, destination: &Destination<P>) {
        let (to, from) = P::ends(destination);
        say!(P, PacketSend { name: kind, code: P::code(kind), to, from });
    }

    fn failed(destination: &Destination<P>, error: &io::Error) {
        let (destination, _) = P::ends(destination);
        say!(P, SendFailed { destination, error });
    }
}

/// Replies with their message types.
struct Replies<P: Protocol, Q: Queue> {
    batch: OutBatch<Q::Destination>,
    kinds: Vec<P::Reply>,
}

impl<P: Protocol, Q: Queue> Default for Replies<P, Q> {
    fn default() -> Self {
        Self { batch: OutBatch::default(), kinds: Vec::new() }
    }
}

/// The replies to a batch of packets.
///
/// For each packet: [`room`](Self::room) for its reply, then one of [`reply`](Self::reply), [`done`](Self::done) and
/// [`dropped`](Self::dropped).
pub struct Batches<P: Protocol, Q: Queue = <P as Protocol>::Queue> {
    /// What waits for the commit; every reply is built here.
    waiting: Replies<P, Q>,
    /// What promises nothing.
    ready: Replies<P, Q>,
    /// What leaves when something was found out.
    held: Vec<Held<P, Q>>,
    /// What follows once the leases are durable.
    effects: Effects<P::Lease>,
    /// What other servers are to know, before the reply leaves where there is one.
    updates: Updates<P>,
    /// The store may have been changed.
    changed: bool,
}

/// A reply that waits for a check of its own.
struct Held<P: Protocol, Q: Queue> {
    destination: Q::Destination,
    octets: Vec<u8>,
    kind: P::Reply,
    promises: bool,
    check: P::Check,
}

impl<P: Protocol, Q: Queue> Batches<P, Q> {
    fn new<D: Door<P, Queue = Q>>(local: &Local<P, D>) -> Self {
        Self {
            waiting: local.empty(),
            ready: local.empty(),
            held: Vec::new(),
            effects: Effects::NONE,
            updates: Vec::new(),
            changed: false,
        }
    }

    /// Where the next reply is built; `None`: there is no room for it.
    pub fn room(&mut self, destination: Q::Destination) -> Option<&mut Vec<u8>> {
        self.waiting.batch.next_slot(destination)
    }

    /// The packet has a reply. One that `promises` something rests on the lease store.
    pub fn reply(
        &mut self,
        destination: Q::Destination,
        kind: P::Reply,
        promises: bool,
        effects: Effects<P::Lease>,
    ) {
        let Self { waiting, ready, .. } = self;
        waiting.batch.redirect_last(destination);
        if promises || !effects.is_empty() || !waiting.batch.move_last(&mut ready.batch) {
            let place = waiting.kinds.len();
            waiting.kinds.push(kind);
            self.follow(Some(place), effects);
            self.changed = true;
        } else {
            ready.kinds.push(kind);
        }
    }

    /// The packet has a reply, which leaves only if `check` lets it.
    pub fn reply_if(
        &mut self,
        check: P::Check,
        destination: Q::Destination,
        kind: P::Reply,
        promises: bool,
        effects: Effects<P::Lease>,
    ) {
        let last = self.waiting.batch.len().checked_sub(1).and_then(|last| self.waiting.batch.get(last));
        let octets = last.map(|(_, octets)| octets.to_vec()).unwrap_or_default();
        self.waiting.batch.cancel_last();
        self.changed |= promises || !effects.is_empty();
        self.follow(None, effects);
        self.held.push(Held { destination, octets, kind, promises, check });
    }

    /// The packet is done with, and nobody is answered.
    pub fn done(&mut self, effects: Effects<P::Lease>) {
        self.waiting.batch.cancel_last();
        self.follow(None, effects);
        self.changed = true;
    }

    /// Has it follow the commit. `reply`: the place of the reply that waits for what other servers are told.
    fn follow(&mut self, reply: Option<usize>, mut effects: Effects<P::Lease>) {
        let leases = std::mem::take(&mut effects.leases);
        if !leases.is_empty() {
            self.updates.push((reply, leases));
        }
        self.effects.extend(effects);
    }

    /// Another server answers the packet.
    pub fn passed_on(&mut self) {
        self.waiting.batch.cancel_last();
    }

    /// The packet was dropped. One that failed on its way may have changed something before.
    pub fn dropped(&mut self, reason: DropReason) {
        self.waiting.batch.cancel_last();
        self.changed |= reason == DropReason::ProcessingFailed;
    }
}

/// Work of a worker that is not done.
#[derive(Clone)]
struct Unfinished {
    /// Batches that wait for their commit.
    pending: Arc<Semaphore>,
    /// Packets that wait for databases.
    parked: Arc<Semaphore>,
    /// Batches that wait for a partner. A count of their own: they hold a turn of `pending`, for which packets of
    /// `parked` may wait.
    told: Arc<Semaphore>,
}

/// What the tasks of a worker share that serve one door.
struct Local<P: Protocol, D: Door<P>> {
    shared: Arc<Shared<P>>,
    /// Buffers that are not in use, for incoming and outgoing batches.
    batches: RefCell<Vec<Batch<MetaAt<P, D>>>>,
    replies: RefCell<Vec<Replies<P, D::Queue>>>,
    unfinished: Unfinished,
}

impl<P: Protocol, D: Door<P>> Local<P, D> {
    fn new(shared: &Arc<Shared<P>>, unfinished: &Unfinished) -> Rc<Self> {
        Rc::new(Self {
            shared: Arc::clone(shared),
            batches: RefCell::default(),
            replies: RefCell::default(),
            unfinished: unfinished.clone(),
        })
    }

    /// Begins to serve a socket: its queue, or those of both lanes.
    fn open(self: &Rc<Self>, main: Arc<D::Queue>, discovery: Option<Arc<D::Queue>>) -> Option<Listener> {
        let with_discovery = |socket: AsyncSocket<D::Queue>| match discovery {
            Some(queue) => socket.with_discovery(queue),
            None => Ok(socket),
        };
        match AsyncSocket::new(main).and_then(with_discovery) {
            Ok(socket) => {
                let closing = Rc::new(Notify::new());
                let intake = Intake {
                    local: Rc::clone(self),
                    socket: Rc::new(socket),
                    pressures: Default::default(),
                    stamped: [false; 2],
                };
                let task = intake.listen(Rc::clone(&closing));
                Some(Listener { task: tokio::task::spawn_local(task), closing })
            }
            Err(error) => {
                say!(P, SocketFailed { reason: error });
                None
            }
        }
    }

    fn empty(&self) -> Replies<P, D::Queue> {
        self.replies.borrow_mut().pop().unwrap_or_default()
    }

    fn give_back(&self, mut replies: Replies<P, D::Queue>) {
        replies.batch.clear();
        replies.kinds.clear();
        self.replies.borrow_mut().push(replies);
    }
}

async fn run<P: Protocol>(shared: Arc<Shared<P>>, mut inbox: mpsc::UnboundedReceiver<Order<P>>) {
    let tasks = || Arc::new(Semaphore::new(usize::try_from(TASKS).unwrap_or(usize::MAX)));
    let unfinished =
        Unfinished { pending: Arc::new(Semaphore::new(PENDING_BATCHES)), parked: tasks(), told: tasks() };
    let service: Rc<Local<P, Service>> = Local::new(&shared, &unfinished);
    let line: Rc<Local<P, PeerDoor>> = Local::new(&shared, &unfinished);
    let mut peer: Option<Listener> = None;
    let mut sockets: HashMap<SocketId, Listener> = HashMap::new();
    while let Some(order) = inbox.recv().await {
        match order {
            Order::Open(opened) => {
                let (main, mut discovery): (Vec<_>, Vec<_>) =
                    opened.into_iter().partition(|queue| queue.lane() == Lane::Main);
                for queue in main {
                    let id = queue.id();
                    let other = discovery.extract_if(.., |other| other.id() == id).next();
                    if let Some(listener) = service.open(queue, other) {
                        sockets.insert(id, listener);
                    }
                }
            }
            Order::Peer(socket) => {
                if let Some(listener) = peer.take() {
                    listener.close().await;
                }
                peer = socket.and_then(|socket| line.open(socket, None));
            }
            Order::Close(closed) => {
                for id in closed {
                    if let Some(listener) = sockets.remove(&id) {
                        listener.close().await;
                    }
                }
            }
            Order::Stop(done) => {
                for listener in sockets.into_values().chain(peer) {
                    listener.close().await;
                }
                let _: Result<_, _> = unfinished.parked.acquire_many(TASKS).await;
                // Replies that wait for their commit still leave, and after it those that wait for a partner.
                let all = u32::try_from(PENDING_BATCHES).unwrap_or(u32::MAX);
                let _: Result<_, _> = unfinished.pending.acquire_many(all).await;
                let _: Result<_, _> = unfinished.told.acquire_many(TASKS).await;
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

/// The task of a [`Listener`].
struct Intake<P: Protocol, D: Door<P>> {
    local: Rc<Local<P, D>>,
    socket: Rc<AsyncSocket<D::Queue>>,
    /// Of the queue of each lane.
    pressures: [Pressure; 2],
    /// Packets of each are stamped with the time of their arrival.
    stamped: [bool; 2],
}

impl<P: Protocol, D: Door<P>> Intake<P, D> {
    async fn listen(mut self, closing: Rc<Notify>) {
        let socket = Rc::clone(&self.socket);
        loop {
            let ready = tokio::select! {
                ready = socket.readable() => ready,
                () = closing.notified() => break,
            };
            let outcome = match ready {
                Ok(ready) => self.serve(|batch| ready.receive(batch)).await,
                Err(error) => Err(error),
            };
            match outcome {
                // Others get their turn.
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => {}
                Err(error) => {
                    say!(P, SocketFailed { reason: error });
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
        for queue in socket.queues() {
            let receive = |batch: &mut Batch<_>| {
                batch.clear();
                queue.receive(batch).map(Some)
            };
            while self.serve(receive).await.is_ok_and(|more| more) {}
        }
    }

    /// Receives and serves one batch; answers whether more may be waiting.
    async fn serve(
        &mut self,
        receive: impl FnOnce(&mut Batch<MetaAt<P, D>>) -> io::Result<Option<Received>>,
    ) -> io::Result<bool> {
        let mut batch = self.local.batches.borrow_mut().pop().unwrap_or_default();
        let received = receive(&mut batch);
        if let Ok(Some(received)) = received {
            for error in batch.rejected() {
                self.local.shared.packet_rejected(error);
            }
            if received.packets > 0 {
                self.local.shared.queue.taken(received.packets);
                self.shed(&mut batch, received.passed_over);
                serve(&self.local, &self.socket, &batch).await;
            }
        }
        self.local.batches.borrow_mut().push(batch);
        Ok(received?.is_some_and(|received| received.full))
    }

    /// Counts what the kernel dropped, and leaves out what waited too long in an overloaded queue.
    fn shed(&mut self, batch: &mut Batch<MetaAt<P, D>>, passed_over: bool) {
        let shared = &self.local.shared;
        let steady = || shared.clock.steady();
        let were_on = self.pressures.each_ref().map(Pressure::is_on);
        if were_on.contains(&true) {
            let now = shared.clock.now();
            let late = batch.retain(|meta| !Pressure::is_late(D::Queue::received(meta), now));
            if late > 0 {
                shared.overload.late(late);
                let active = shared.active.load();
                for _ in 0..late {
                    P::arrived(active.runtime.statistics());
                    P::dropped(active.runtime.statistics(), DropReason::QueueFull);
                }
            }
        }
        let measured = shared.active.load().perfmon.as_ref().is_some_and(|monitor| monitor.is_on());
        let queues = self.socket.queues().zip(&mut self.pressures).zip(&mut self.stamped);
        for (((queue, pressure), stamped), was_on) in queues.zip(were_on) {
            let dropped = pressure.look(queue.dropped(), steady);
            if dropped > 0 {
                shared.overload.overflowed(queue.lane(), dropped);
            }
            if queue.lane() == Lane::Discovery {
                pressure.turn(passed_over, steady);
            }
            let wanted = pressure.is_on() || measured;
            if wanted != *stamped {
                // Without stamps no packet is late: a kernel that has none serves them all.
                let _: io::Result<()> = queue.stamp(wanted);
                *stamped = wanted;
            }
            if pressure.is_on() != was_on && queue.lane() == Lane::Discovery {
                let octets = if was_on { net::RECEIVE_BUFFER } else { SHORT };
                // One that stays long costs a little more.
                let _: io::Result<()> = queue.hold(octets);
            }
        }
    }
}

/// Handles a batch, and has its replies sent once the lease store vouches for them.
async fn serve<P: Protocol, D: Door<P>>(
    local: &Rc<Local<P, D>>,
    socket: &Rc<AsyncSocket<D::Queue>>,
    received: &Batch<MetaAt<P, D>>,
) {
    let shared = &local.shared;
    if received.is_empty() {
        return;
    }
    // Reconfigurations wait for the batch, never in the middle of a packet.
    let gate = shared.gate.read().await;
    let active = shared.active.load_full();
    if let Some(parking) = &active.parking {
        drop(gate);
        park_all(local, socket, received, &active, parking);
        return;
    }
    let mark = active.store.mark();
    let mut batches = Batches::new(local);
    D::serve(shared, &active, socket.socket(), received, &mut batches);
    let committed = batches.changed.then(|| active.store.commit(mark));
    drop(gate);
    deliver(local, socket, active, mark, batches, committed).await;
}

/// Gives each packet of a batch a task of its own, as many as have room.
fn park_all<P: Protocol, D: Door<P>>(
    local: &Rc<Local<P, D>>,
    socket: &Rc<AsyncSocket<D::Queue>>,
    received: &Batch<MetaAt<P, D>>,
    active: &Active<P>,
    parking: &Parking,
) {
    for ((meta, bytes), lane) in received.iter().zip(received.lanes()) {
        let (Some(place), Ok(task)) =
            (parking.place(lane), Arc::clone(&local.unfinished.parked).try_acquire_owned())
        else {
            P::arrived(active.runtime.statistics());
            P::dropped(active.runtime.statistics(), DropReason::QueueFull);
            continue;
        };
        let (local, socket, meta, bytes) = (Rc::clone(local), Rc::clone(socket), *meta, bytes.to_vec());
        tokio::task::spawn_local(async move {
            handle_parked(&local, &socket, &meta, &bytes).await;
            drop((place, task));
        });
    }
}

/// Handles a packet that waits for databases on its way.
async fn handle_parked<P: Protocol, D: Door<P>>(
    local: &Rc<Local<P, D>>,
    socket: &Rc<AsyncSocket<D::Queue>>,
    meta: &MetaAt<P, D>,
    bytes: &[u8],
) {
    let shared = &local.shared;
    // One exchange per client at a time.
    let client = D::client(bytes);
    let _turn = shared.client_waiting(client).await;
    // Not a lock but a count of packets in progress. A reconfiguration waits for the databases that they wait for, as
    // long as these may take to answer (`read-timeout` and the like), and so do packets that come meanwhile: without
    // the databases they could not be served either.
    let gate = shared.gate.read().await;
    let active = shared.active.load_full();
    let mark = active.store.mark();
    let mut batches = Batches::new(local);
    if active.parking.is_some() {
        D::serve_waiting(shared, &active, socket.socket(), meta, bytes, &mut batches).await;
    } else {
        // Its databases went with a new configuration while it had not begun.
        let work = D::serve_waiting(shared, &active, socket.socket(), meta, bytes, &mut batches);
        if !shared.clients.in_line(client, work) {
            P::dropped(active.runtime.statistics(), DropReason::ProcessingFailed);
            return;
        }
    }
    let committed = batches.changed.then(|| active.store.commit(mark));
    drop(gate);
    deliver(local, socket, active, mark, batches, committed).await;
}

/// Sends replies: those that promise nothing at once, the others when what they promise is stored.
async fn deliver<P: Protocol, D: Door<P>>(
    local: &Rc<Local<P, D>>,
    socket: &Rc<AsyncSocket<D::Queue>>,
    active: Arc<Active<P>>,
    mark: Mark,
    batches: Batches<P, D::Queue>,
    committed: Option<lease::Committed>,
) {
    let Batches { waiting, mut ready, held, effects, updates, .. } = batches;
    for held in held {
        hold(local, socket, &active, mark, held);
    }
    if !ready.batch.is_empty() {
        send::<P, D>(socket, &active, &mut ready).await;
    }
    local.give_back(ready);
    let Some(committed) = committed else {
        local.give_back(waiting);
        return;
    };
    let at_once = matches!(committed, MaybeReady::Ready(_));
    let waiting = Waiting { active, replies: waiting, effects, updates, committed };
    if at_once && waiting.updates.is_empty() {
        finish(local, socket, waiting, None).await;
        return;
    }
    let Ok(permit) = Arc::clone(&local.unfinished.pending).acquire_owned().await else { return };
    let (local, socket) = (Rc::clone(local), Rc::clone(socket));
    tokio::task::spawn_local(async move {
        finish(&local, &socket, waiting, Some(permit)).await;
    });
}

/// Gives a reply that waits for a check a task of its own, if there is room.
fn hold<P: Protocol, D: Door<P>>(
    local: &Rc<Local<P, D>>,
    socket: &Rc<AsyncSocket<D::Queue>>,
    active: &Arc<Active<P>>,
    mark: Mark,
    held: Held<P, D::Queue>,
) {
    let (Some(place), Ok(task)) =
        (active.checks.place(Lane::Main), Arc::clone(&local.unfinished.parked).try_acquire_owned())
    else {
        P::dropped(active.runtime.statistics(), DropReason::QueueFull);
        return;
    };
    let (local, socket, active) = (Rc::clone(local), Rc::clone(socket), Arc::clone(active));
    tokio::task::spawn_local(async move {
        let Held { destination, octets, kind, promises, check } = held;
        if P::may_leave(&local.shared, &active, check).await {
            let stored = if promises { active.store.commit(mark).await } else { Ok(()) };
            match stored {
                Ok(()) => {
                    let mut replies = local.empty();
                    if let Some(slot) = replies.batch.next_slot(destination) {
                        slot.extend_from_slice(&octets);
                        replies.kinds.push(kind);
                        send::<P, D>(&socket, &active, &mut replies).await;
                    }
                    local.give_back(replies);
                }
                Err(error) => {
                    P::dropped(active.runtime.statistics(), DropReason::ProcessingFailed);
                    say!(P, StoreFailed { replies: 1, error });
                }
            }
        }
        drop((place, task));
    });
}

/// A batch that waits for its commit.
struct Waiting<P: Protocol, Q: Queue> {
    active: Arc<Active<P>>,
    replies: Replies<P, Q>,
    effects: Effects<P::Lease>,
    updates: Updates<P>,
    committed: lease::Committed,
}

/// Sends replies, logs and counts them.
async fn send<P: Protocol, D: Door<P>>(
    socket: &AsyncSocket<D::Queue>,
    active: &Active<P>,
    replies: &mut Replies<P, D::Queue>,
) {
    let Replies { batch, kinds } = replies;
    socket.send(batch, PATIENCE).await;
    for failure in batch.failures() {
        D::failed(&failure.destination, &failure.error);
    }
    let statistics = active.runtime.statistics();
    for (at, kind) in kinds.iter().enumerate() {
        P::sent(statistics, *kind);
        if let Some((destination, _)) = batch.get(at) {
            D::leaves(*kind, destination);
        }
    }
}

/// `turn`: among those that wait for their commit.
async fn finish<P: Protocol, D: Door<P>>(
    local: &Local<P, D>,
    socket: &AsyncSocket<D::Queue>,
    waiting: Waiting<P, D::Queue>,
    turn: Option<OwnedSemaphorePermit>,
) {
    let Waiting { active, mut replies, effects, updates, committed } = waiting;
    match committed.await {
        Ok(()) => {
            local.shared.d2.hand_on(effects.requests);
            if let Some(scripts) = &active.scripts {
                scripts.run(effects.announcements);
            }
            if let Some(legal) = &active.legal_log {
                legal.log.record(effects.entries);
            }
            if let Some(ha) = active.ha.as_ref().filter(|_| !updates.is_empty()) {
                let _waits = local.unfinished.told.acquire().await;
                // The partner may take its time; batches that come after this one are committed meanwhile.
                drop(turn);
                await_partner::<P, D>(ha, &active, &mut replies, updates).await;
            }
            if !replies.batch.is_empty() {
                send::<P, D>(socket, &active, &mut replies).await;
            }
        }
        Err(error) => {
            // Nothing that rests on a lease that is not stored may leave; clients ask again.
            if let Some(ha) = &active.ha {
                ha.undone(&updates);
            }
            for _ in &replies.kinds {
                P::dropped(active.runtime.statistics(), DropReason::ProcessingFailed);
            }
            say!(P, StoreFailed { replies: replies.kinds.len(), error });
        }
    }
    local.give_back(replies);
}

/// Has the partner told of the leases of a batch, and takes back the replies that it does not vouch for: their clients
/// ask again.
async fn await_partner<P: Protocol, D: Door<P>>(
    ha: &Ha<P>,
    active: &Active<P>,
    replies: &mut Replies<P, D::Queue>,
    updates: Updates<P>,
) {
    let (places, queries): (Vec<_>, Vec<_>) = updates.into_iter().unzip();
    let statistics = active.runtime.statistics();
    let refused = ha.tell(queries).await;
    // From the last: places before one that is taken out stay what they are.
    for (place, reason) in places.into_iter().zip(refused).rev() {
        let (Some(place), Some(reason)) = (place, reason) else { continue };
        replies.batch.remove(place);
        if place < replies.kinds.len() {
            replies.kinds.remove(place);
        }
        P::dropped(statistics, reason);
    }
}
