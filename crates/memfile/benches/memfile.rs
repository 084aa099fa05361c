//! Figures of the lease store: time to load, memory per lease, cost of lookups and changes, and of durable commits
//! with packet workers. `cargo bench -p memfile -- [load|memory|calls|commit] [DIRECTORY]`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a benchmark")]

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base::{ClientId, HwAddr, PoolId, Seconds, SubnetId, Timestamp};
use lease::{Durable, Lease4, LeaseState, LeaseStore4, NoObserver};
use memfile::{Durability, Memfile4, OsStorage, Runner, Settings};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const NOW: u64 = 1_700_000_000;

fn lease(number: u32) -> Lease4 {
    let octets = number.to_be_bytes();
    Lease4 {
        address: Ipv4Addr::from(0x0a00_0000 + number),
        hw_addr: HwAddr::new(1, &[2, 0, octets[0], octets[1], octets[2], octets[3]]).ok(),
        client_id: ClientId::new(&[1, 2, 0, octets[0], octets[1], octets[2], octets[3]]).ok(),
        subnet_id: SubnetId(number / 16_384 + 1),
        pool_id: PoolId(0),
        cltt: Timestamp(NOW + u64::from(number % 3600)),
        valid_lifetime: Seconds(7200),
        state: LeaseState::Default,
        hostname: format!("host-{number}.example.org").into(),
        fqdn_fwd: false,
        fqdn_rev: false,
        user_context: None,
    }
}

/// Processor time of this process: user and system.
fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap())
}

/// Processor time of this thread; wall time means little on a machine with other work.
fn thread_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap())
}

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn high_water() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn write_file(path: &Path, count: u32) {
    let mut text = String::from(
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n",
    );
    for number in 0..count {
        let lease = lease(number);
        writeln!(
            text,
            "{},{},{},7200,{},{},0,0,{},0,,0",
            lease.address,
            lease.hw_addr.unwrap(),
            lease.client_id.unwrap(),
            lease.cltt.0 + 7200,
            lease.subnet_id,
            lease.hostname
        )
        .unwrap();
    }
    std::fs::write(path, text).unwrap();
}

fn open(path: &Path, durability: Durability, runner: Runner) -> Arc<Memfile4> {
    let settings = Settings { durability, lfc_interval: Seconds(0), ..Settings::new(path) };
    Memfile4::open_on(Arc::new(OsStorage), settings, Arc::new(NoObserver), Timestamp(NOW), runner).unwrap().0
}

fn clean(path: &Path) {
    for suffix in ["", ".1", ".2", ".output", ".completed", ".pid"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn load(path: &Path) {
    const COUNT: u32 = 1_000_000;
    clean(path);
    write_file(path, COUNT);
    let bytes = std::fs::metadata(path).unwrap().len();
    let before = resident();
    let (begin, begin_cpu) = (Instant::now(), thread_cpu());
    let store = open(path, Durability::Fsync, Runner::Threads);
    let (took, took_cpu) = (begin.elapsed(), thread_cpu() - begin_cpu);
    let used = resident() - before;
    println!(
        "load: {COUNT} rows ({bytes} octets) in {took:.2?}, processor {took_cpu:.2?}, {} octets of memory per lease",
        used / u64::from(COUNT)
    );
    // The high-water mark of memory begins anew.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident();
    let (begin, begin_cpu) = (Instant::now(), thread_cpu());
    let stats = store.clean_up().unwrap();
    let took_cpu = thread_cpu() - begin_cpu;
    println!(
        "cleanup: {} rows in {:.2?}, processor {took_cpu:.2?}, at most {} KiB more memory",
        stats.rows,
        begin.elapsed(),
        high_water().saturating_sub(before) / 1024
    );
    calls(&store, COUNT);
    drop(store);
    clean(path);
}

fn poll<T>(answer: lease::MaybeReady<'_, T>) -> T {
    match answer {
        lease::MaybeReady::Ready(value) => value.unwrap(),
        lease::MaybeReady::Wait(_) => unreachable!("answers of memory are there"),
    }
}

/// Time of single calls with a million leases in memory; rows go to a journal in mode `os` without commits between.
fn calls(store: &Memfile4, count: u32) {
    const CALLS: u32 = 200_000;
    let each = |name: &str, mut call: Box<dyn FnMut(u32) + '_>| {
        let begin = thread_cpu();
        for i in 0..CALLS {
            call((i.wrapping_mul(2_654_435_761)) % count);
        }
        println!("  {name}: {} ns", (thread_cpu() - begin).as_nanos() / u128::from(CALLS));
    };
    each("(making a lease)", Box::new(|n| drop(std::hint::black_box(lease(n)))));
    each(
        "by_address",
        Box::new(|n| drop(poll(store.by_address(Ipv4Addr::from(0x0a00_0000 + n))).unwrap().unwrap())),
    );
    each(
        "by_client_id",
        Box::new(|n| {
            let octets = n.to_be_bytes();
            let id = ClientId::new(&[1, 2, 0, octets[0], octets[1], octets[2], octets[3]]).unwrap();
            assert_eq!(poll(store.by_client_id(&id)).unwrap().len(), 1);
        }),
    );
    each(
        "by_hw_addr",
        Box::new(|n| {
            let octets = n.to_be_bytes();
            let hw_addr = HwAddr::new(1, &[2, 0, octets[0], octets[1], octets[2], octets[3]]).unwrap();
            assert_eq!(poll(store.by_hw_addr(&hw_addr)).unwrap().len(), 1);
        }),
    );
    each(
        "renewal (by_address, update)",
        Box::new(|n| {
            let row = poll(store.by_address(Ipv4Addr::from(0x0a00_0000 + n))).unwrap().unwrap();
            let next = Lease4 { cltt: Timestamp(row.cltt.0 + 1800), ..(*row).clone() };
            poll(store.update(next, &row)).unwrap();
        }),
    );
    let mark = store.mark();
    let begin = Instant::now();
    lease::suite::block_on(store.commit(mark)).unwrap();
    println!("  commit of these {CALLS} rows: {:.2?}", begin.elapsed());
    let fresh = std::cell::Cell::new(count);
    each(
        "add",
        Box::new(|_| {
            fresh.set(fresh.get() + 1);
            poll(store.add(lease(fresh.get()))).unwrap();
        }),
    );
    lease::suite::block_on(store.commit(mark)).unwrap();
    each(
        "expired_in, none",
        Box::new(|n| {
            assert!(poll(store.expired_in(SubnetId(n % 60 + 1), Timestamp(NOW), 1)).unwrap().is_empty())
        }),
    );
    each("expired, 10 of all", Box::new(|_| drop(poll(store.expired(Timestamp(NOW + 8000), 10)).unwrap())));
}

/// How a simulated worker waits for its commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// Before the next batch.
    Each,
    /// Up to this many batches wait while the next ones are handled.
    Some(usize),
    /// The same, but after a batch that was not full the worker rests until its commits are done.
    Full(usize),
}

/// What one run showed.
struct Figures {
    packets: u64,
    elapsed: Duration,
    cpu: Duration,
    batches: u64,
}

/// Two workers, each with a current-thread runtime as the server has, take batches of packets as they have come in
/// at `rate` per second (0: always a full batch), spend `work` on each packet, add or renew one lease per packet,
/// and commit.
fn workers(
    path: &Path,
    durability: Durability,
    runner: Runner,
    rate: u64,
    work: Duration,
    waiting: Waiting,
) -> Figures {
    const WORKERS: u32 = 2;
    clean(path);
    let store = open(path, durability, runner);
    let stop = Arc::new(AtomicBool::new(false));
    let packets = Arc::new(AtomicU64::new(0));
    let (cpu_before, begin) = (cpu(), Instant::now());
    let threads: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (store, stop, packets) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&packets));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async move {
                    let begin = Instant::now();
                    let mut done = 0u64;
                    let limit = match waiting {
                        Waiting::Each => 1,
                        Waiting::Some(limit) | Waiting::Full(limit) => limit,
                    };
                    let permits = Arc::new(tokio::sync::Semaphore::new(limit));
                    while !stop.load(Ordering::Relaxed) {
                        let batch = if rate == 0 {
                            64
                        } else {
                            let due = u64::try_from(begin.elapsed().as_micros()).unwrap() * rate
                                / u64::from(WORKERS)
                                / 1_000_000;
                            due.saturating_sub(done).min(64)
                        };
                        if batch == 0 {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            continue;
                        }
                        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
                        let mark = store.mark();
                        for _ in 0..batch {
                            let number = worker * 8_000_000 + u32::try_from(done % 50_000).unwrap();
                            done += 1;
                            let spin = Instant::now();
                            let next = Lease4 { cltt: Timestamp(NOW + done), ..lease(number) };
                            match poll(store.by_address(next.address)).unwrap() {
                                Some(row) => drop(poll(store.update(next, &row)).unwrap()),
                                None => drop(poll(store.add(next)).unwrap()),
                            }
                            while spin.elapsed() < work {
                                std::hint::spin_loop();
                            }
                        }
                        let committed = store.commit(mark);
                        let packets = Arc::clone(&packets);
                        let later = async move {
                            committed.await.unwrap();
                            packets.fetch_add(batch, Ordering::Relaxed);
                            drop(permit);
                        };
                        match waiting {
                            Waiting::Each => later.await,
                            Waiting::Some(_) => drop(tokio::task::spawn_local(later)),
                            Waiting::Full(_) => {
                                drop(tokio::task::spawn_local(later));
                                if batch < 64 {
                                    let all = u32::try_from(limit).unwrap();
                                    drop(permits.acquire_many(all).await.unwrap());
                                }
                            }
                        }
                    }
                });
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(4));
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    let figures = Figures {
        packets: packets.load(Ordering::Relaxed),
        elapsed: begin.elapsed(),
        cpu: cpu() - cpu_before,
        batches: store.status().batches,
    };
    drop(store);
    clean(path);
    figures
}

fn commit(path: &Path) {
    println!("two workers; work per packet 15 us; processor time is of the whole process");
    println!("{:<34}{:>8}{:>12}{:>14}{:>14}", "mode", "offered", "packets/s", "us CPU/packet", "rows/sync");
    for rate in [0, 1_000, 4_000, 10_000, 25_000] {
        for (name, durability, runner, waiting) in [
            ("os", Durability::Os, Runner::Threads, Waiting::Each),
            ("fsync, in the worker", Durability::Fsync, Runner::Caller, Waiting::Each),
            ("fsync, thread", Durability::Fsync, Runner::Threads, Waiting::Each),
            ("fsync, thread, 8 batches waiting", Durability::Fsync, Runner::Threads, Waiting::Some(8)),
            ("the same while batches are full", Durability::Fsync, Runner::Threads, Waiting::Full(8)),
        ] {
            let figures = workers(path, durability, runner, rate, Duration::from_micros(15), waiting);
            println!(
                "{name:<34}{rate:>8}{:>12.0}{:>14.2}{:>14.1}",
                figures.packets as f64 / figures.elapsed.as_secs_f64(),
                figures.cpu.as_secs_f64() * 1e6 / figures.packets as f64,
                figures.packets as f64 / figures.batches.max(1) as f64,
            );
        }
    }
}

/// Time of one durable batch of 32 new leases, one thread.
fn batches(path: &Path) {
    for (name, durability, runner) in [
        ("os", Durability::Os, Runner::Caller),
        ("fsync, in the caller", Durability::Fsync, Runner::Caller),
        ("fsync, thread", Durability::Fsync, Runner::Threads),
    ] {
        clean(path);
        let store = open(path, durability, runner);
        let mut times = Vec::new();
        for batch in 0..2000u32 {
            let mark = store.mark();
            let begin = Instant::now();
            for number in 0..32 {
                poll(store.add(lease(batch * 32 + number))).unwrap();
            }
            lease::suite::block_on(store.commit(mark)).unwrap();
            times.push(begin.elapsed());
        }
        times.sort();
        println!("add 32 and commit, {name}: p50 {:.0?}, p99 {:.0?}", times[1000], times[1980]);
        drop(store);
    }
    clean(path);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let what = arguments.first().map_or("all", String::as_str);
    let directory =
        arguments.get(1).map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let path = directory.join("bench-leases4.csv");
    if matches!(what, "all" | "load") {
        load(&path);
    }
    if matches!(what, "all" | "batches") {
        batches(&path);
    }
    if matches!(what, "all" | "commit") {
        commit(&path);
    }
}
