//! What it costs to receive a packet and send it back: CPU time of the server's thread per packet, in batches and one
//! by one, through UDP and raw sockets, between two network namespaces. Run as root: `cargo bench -p net`.
//!
//! The time includes the kernel's work for the reply up to the client's queue (a veth pair delivers in the context of
//! the sender), but not its work for the query.

// A benchmark ends when something is wrong.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)] // The tests need more of it.
#[path = "../tests/it/world/mod.rs"]
mod world;

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use net::{AsyncSocket4, Batch4, OpenOptions4, OutBatch4, Socket4, SocketType};
use world::{CLIENT, SERVER, World, message, open, with_world};

const PACKETS: usize = 100_000;
/// Queries on their way at any time: a server under load finds about so many.
const WINDOW: usize = 48;

fn main() {
    with_world(run);
}

fn run(world: &World) {
    println!("{PACKETS} packets of 300 octets, {WINDOW} at a time");
    println!("{:<34} {:>12} {:>16} {:>12}", "path", "us/packet", "packets/receive", "packets/s");
    for _ in 0..2 {
        plain(world);
        for socket_type in [SocketType::Udp, SocketType::Raw] {
            for capacity in [1, 64] {
                let name = format!("{socket_type:?}, poll and batches of {capacity}");
                let (_set, sockets) = open(&["srv0"], socket_type, OpenOptions4::default());
                measure(world, &name, |stop| blocking(&sockets[0][0], capacity, stop));
            }
            let (_set, sockets) = open(&["srv0"], socket_type, OpenOptions4::default());
            measure(world, &format!("{socket_type:?}, tokio and batches of 64"), |stop| {
                asynchronous(&sockets[0][0], stop)
            });
        }
    }
}

/// The least that a server can do: `recvfrom` and `sendto`.
fn plain(world: &World) {
    let socket = UdpSocket::bind((SERVER, 67)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    measure(world, "Udp, recvfrom and sendto", |stop| {
        let mut buffer = [0; 2048];
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                socket.send_to(&buffer[..length], from).unwrap();
                count += 1;
            }
        }
        count
    });
}

fn echo(batch: &Batch4, out: &mut OutBatch4) {
    for (meta, payload) in batch.iter() {
        out.next_slot(meta.reply(meta.remote, false)).unwrap().extend_from_slice(payload);
    }
}

/// Gives the number of receive calls that got something.
fn blocking(socket: &Socket4, capacity: usize, stop: &AtomicBool) -> usize {
    let (mut batch, mut out) = (Batch4::new(capacity, Batch4::BUFFER), OutBatch4::new(capacity));
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        if socket.receive(&mut batch).is_err() {
            wait_readable(socket, 100);
            continue;
        }
        calls += 1;
        echo(&batch, &mut out);
        assert_eq!(socket.send(&mut out).sent, batch.len());
        out.clear();
    }
    calls
}

fn asynchronous(socket: &Arc<Socket4>, stop: &AtomicBool) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = AsyncSocket4::new(Arc::clone(socket)).unwrap();
        let (mut batch, mut out) = (Batch4::default(), OutBatch4::default());
        let mut calls = 0;
        let mut stopped = std::pin::pin!(async {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        loop {
            tokio::select! {
                biased;
                received = socket.receive(&mut batch) => received.unwrap(),
                () = &mut stopped => return calls,
            };
            calls += 1;
            echo(&batch, &mut out);
            let report = socket.send(&mut out, Duration::from_secs(1)).await;
            assert_eq!(report.sent, batch.len());
            out.clear();
        }
    })
}

/// Runs `server` against a client and prints its CPU time per packet.
fn measure(world: &World, name: &str, server: impl FnOnce(&AtomicBool) -> usize) {
    let client = world.in_client(|| UdpSocket::bind((CLIENT, 67)).unwrap());
    client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let generator = std::thread::spawn(move || {
        let started = std::time::Instant::now();
        let answered = generate(&client, (SERVER, 67));
        told.store(true, Ordering::Relaxed);
        (answered, started.elapsed())
    });
    let before = thread_cpu();
    let calls = server(&stop);
    let used = thread_cpu() - before;
    let (answered, elapsed) = generator.join().unwrap();
    assert!(answered > PACKETS * 99 / 100, "{answered} of {PACKETS} answered");
    let packets = f64::from(u32::try_from(answered).unwrap());
    println!(
        "{name:<34} {:>12.2} {:>16.1} {:>12.0}",
        used.as_secs_f64() * 1e6 / packets,
        packets / f64::from(u32::try_from(calls).unwrap()),
        packets / elapsed.as_secs_f64()
    );
}

/// Sends all queries, a window at a time; gives the number of answers.
fn generate(client: &UdpSocket, server: (Ipv4Addr, u16)) -> usize {
    let mut buffer = [0; 2048];
    let mut answered = 0;
    for round in 0..PACKETS / WINDOW {
        for i in 0..WINDOW {
            let number = u32::try_from(round * WINDOW + i).unwrap();
            client.send_to(&message(number, number), server).unwrap();
        }
        for _ in 0..WINDOW {
            match client.recv_from(&mut buffer) {
                Ok(_) => answered += 1,
                Err(_) => break,
            }
        }
    }
    answered
}

/// Waits until the descriptor is readable, at most `milliseconds`.
fn wait_readable(fd: &impl AsRawFd, milliseconds: i32) {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, which lives through the call.
    unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
}

/// CPU time that the calling thread has used.
fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure lives through the call.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
