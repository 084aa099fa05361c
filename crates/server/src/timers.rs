//! What happens without a packet or a command: reclamation, cleanup of old rows, interfaces that come and go.

use std::sync::Arc;
use std::time::Duration;

use base::Seconds;
use config::ExpiredLeases;
use engine::v4::reclaim::{Limits, Reclaimed};
use lease::{Durable, StoreError};
use tokio::time::{Instant, sleep, sleep_until};

use crate::Protocol;
use crate::messages::say;
use crate::server::Server;

/// How often the switch of the service is looked at (`max-period` of dhcp-disable).
const SERVICE: Duration = Duration::from_millis(200);
/// Pause after a change of the interfaces, to take several at once.
const SETTLE: Duration = Duration::from_millis(200);

/// Starts all timers; they end with the runtime.
pub(crate) fn start<P: Protocol>(server: &Arc<Server<P>>) {
    tokio::spawn(reclaim_loop(Arc::clone(server)));
    tokio::spawn(flush_loop(Arc::clone(server)));
    tokio::spawn(service_loop(Arc::clone(server)));
    tokio::spawn(interface_loop(Arc::clone(server)));
    tokio::spawn(crate::pull::timer_loop(Arc::clone(server)));
}

/// Waits until as many seconds after `last` as the configuration says, or without end when that is 0; `None` when a new
/// configuration came first. The time goes on then: where configurations come often, work is still done.
async fn wait<P: Protocol>(
    server: &Server<P>,
    last: &mut Instant,
    seconds: impl Fn(&ExpiredLeases) -> u32,
) -> Option<ExpiredLeases> {
    // Listens before it looks: no new configuration is missed.
    let changed = server.reconfigured.notified();
    let expired = server.config().services.expired_leases;
    let seconds = seconds(&expired);
    if seconds == 0 {
        changed.await;
        return None;
    }
    tokio::select! {
        () = sleep_until(*last + Duration::from_secs(u64::from(seconds))) => {
            *last = Instant::now();
            Some(expired)
        }
        () = changed => None,
    }
}

/// Reclaims expired leases in bounded runs (Kea manual, "Lease Expiration").
async fn reclaim_loop<P: Protocol>(server: Arc<Server<P>>) {
    let (mut limited_runs, mut last) = (0u32, Instant::now());
    loop {
        let Some(expired) = wait(&server, &mut last, |expired| expired.reclaim_timer_wait_time).await else {
            continue;
        };
        if !server.shared.service.is_enabled() || server.arguments.repair {
            continue;
        }
        let limits = Limits {
            leases: usize::try_from(expired.max_reclaim_leases).unwrap_or(usize::MAX),
            remove: expired.hold_reclaimed_time == 0,
        };
        match run_reclaim(&server, limits, expired.max_reclaim_time).await {
            Ok(done) if done.limited => {
                limited_runs += 1;
                if expired.unwarned_reclaim_cycles > 0 && limited_runs > expired.unwarned_reclaim_cycles {
                    say!(P, ReclaimBehind { cycles: limited_runs });
                    limited_runs = 0;
                }
            }
            Ok(_) => limited_runs = 0,
            Err(error) => say!(P, ReclaimFail { error }),
        }
    }
}

/// One run; `milliseconds` bounds its time, 0 not.
pub(crate) async fn run_reclaim<P: Protocol>(
    server: &Server<P>,
    limits: Limits,
    milliseconds: u32,
) -> Result<Reclaimed, StoreError> {
    let _gate = server.shared.gate.read().await;
    let active = server.shared.active.load_full();
    let now = server.shared.clock.now();
    P::set_now(&server.statistics, now);
    let start = server.shared.clock.steady();
    let proceed = || {
        milliseconds == 0
            || server.shared.clock.steady().saturating_sub(start) < u64::from(milliseconds) * 1000
    };
    let mark = active.store.mark();
    let d2 = &server.shared.d2;
    let mut done = P::reclaim(&active, d2.takes_requests(), now, limits, proceed).await?;
    active.store.commit(mark).await?;
    d2.hand_on(std::mem::take(&mut done.requests));
    if let Some(scripts) = &active.scripts {
        scripts.run(std::mem::take(&mut done.announcements));
    }
    Ok(done)
}

/// Deletes rows that were kept for their clients long enough.
async fn flush_loop<P: Protocol>(server: Arc<Server<P>>) {
    let mut last = Instant::now();
    loop {
        let wanted = |expired: &ExpiredLeases| expired.flush_reclaimed_timer_wait_time;
        let Some(expired) = wait(&server, &mut last, wanted).await else { continue };
        // A store may do it in parts, and a reconfiguration does not wait for all of them.
        while flush(&server, expired.hold_reclaimed_time).await {}
    }
}

/// Answers whether there may be more.
async fn flush<P: Protocol>(server: &Arc<Server<P>>, held: u32) -> bool {
    let _gate = server.shared.gate.read().await;
    let active = server.shared.active.load_full();
    let now = server.shared.clock.now();
    let mark = active.store.mark();
    let flushed = P::flush(&active, now, Seconds(held)).await;
    let stored = active.store.commit(mark).await;
    let outcome = flushed.and_then(|count| stored.map(|()| count));
    if let Err(error) = &outcome {
        say!(P, ReclaimFail { error });
    }
    active.store.is_shared() && outcome.is_ok_and(|count| count > 0)
}

async fn service_loop<P: Protocol>(server: Arc<Server<P>>) {
    loop {
        sleep(SERVICE).await;
        server.shared.service.expire(server.shared.clock.steady());
    }
}

/// Opens and closes sockets as links and addresses come and go, and tries again what could not be opened.
async fn interface_loop<P: Protocol>(server: Arc<Server<P>>) {
    let watch = net::Watch::new().and_then(net::AsyncWatch::new);
    let mut watch = watch.inspect_err(|error| say!(P, SocketFailed { reason: error })).ok();
    loop {
        let reconfigured = server.reconfigured.notified();
        let interfaces = server.config().services.interfaces.clone();
        let retry = Duration::from_millis(u64::from(interfaces.service_sockets_retry_wait_time.max(100)));
        let attempts = server.sockets.lock().await.attempts;
        let retrying = attempts > 0 && attempts <= interfaces.service_sockets_max_retries;
        let came = tokio::select! {
            // Else interfaces are looked at with each new configuration, and when a command asks for it.
            () = changed(&mut watch), if interfaces.re_detect => {
                sleep(SETTLE).await;
                true
            }
            () = sleep(retry), if retrying => false,
            // Its sockets are open by now; its waiting time may be another one.
            () = reconfigured => continue,
        };
        let mut sockets = server.sockets.lock().await;
        let config = server.config();
        if came && !config.services.interfaces.re_detect {
            continue;
        }
        if let Ok(selection) = server.selection(&config) {
            server.follow_sockets(&mut sockets, &selection, &config);
        }
    }
}

/// Waits for a change of the interfaces; without a watch, for ever.
async fn changed(watch: &mut Option<net::AsyncWatch>) {
    let Some(watch) = watch else { return std::future::pending().await };
    loop {
        match watch.changed().await {
            Ok(change) if change.any() => return,
            Ok(_) => {}
            Err(_) => return std::future::pending().await,
        }
    }
}
