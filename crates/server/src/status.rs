//! `status-get`.

use std::sync::atomic::Ordering;

use control::Answer;
use json::{Map, Value};

use crate::Protocol;
use crate::leases::Home;
use crate::server::Server;

/// Why the server can not serve clients now; `None`: it can, as far as it knows.
pub(crate) fn unready<P: Protocol>(server: &Server<P>) -> Option<String> {
    if !server.shared.service.is_enabled() {
        return Some("the service is disabled".to_owned());
    }
    let sockets = server.socket_status().clone();
    if let Some(problem) = sockets.missed {
        return Some(problem);
    }
    if sockets.none {
        let problems = sockets.problems.into_iter().next();
        return Some(problems.unwrap_or_else(|| "no interface is listened on".to_owned()));
    }
    server.shared.active.load().home.error().map(|error| format!("leases can not be stored: {error}"))
}

/// How the server is doing. Waits for nobody: it is asked when something is slow.
pub(crate) fn get<P: Protocol>(server: &Server<P>) -> Answer {
    let clock = &server.shared.clock;
    let seconds = |since: u64| Value::from(clock.steady().saturating_sub(since) / 1_000_000);
    let active = server.shared.active.load_full();
    let services = &active.config.services;
    let sockets = server.socket_status().clone();
    let mut status = Map::new();
    let mut put = |name: &str, value: Value| {
        status.insert(name.to_owned(), value);
    };
    put("pid", Value::from(std::process::id()));
    put("uptime", seconds(server.started));
    put("reload", seconds(server.reloaded.load(Ordering::Relaxed)));
    put("dhcp-state", server.shared.service.report());
    if P::FAMILY == base::Family::V6 {
        let kept = active.config.lease_query.as_ref().is_some_and(|query| query.extended_info);
        put("extended-info-tables", Value::from(kept));
    }
    let threading = &services.multi_threading;
    put("multi-threading-enabled", Value::from(threading.enable));
    if threading.enable {
        put("thread-pool-size", Value::from(u64::try_from(sockets.workers).unwrap_or(0)));
        put("packet-queue-size", Value::from(threading.packet_queue_size));
        let averages = server.shared.queue.averages().map(Value::from);
        put("packet-queue-statistics", Vec::from(averages).into());
    }
    let tries = services.interfaces.service_sockets_max_retries;
    let state = if sockets.problems.is_empty() {
        "ready"
    } else if sockets.attempts > 0 && sockets.attempts <= tries {
        "retrying"
    } else {
        "failed"
    };
    let mut report = Map::from([("status".to_owned(), Value::from(state))]);
    if !sockets.problems.is_empty() {
        let problems: Vec<Value> = sockets.problems.into_iter().map(Value::from).collect();
        report.insert("errors".to_owned(), problems.into());
    }
    put("sockets", report.into());
    let lost = server.shared.overload.lost(clock.steady());
    let counts = lost.by_queue().into_iter().chain([("late", lost.late)]);
    let drops: Map = counts.map(|(name, packets)| (name.to_owned(), Value::from(packets))).collect();
    put("packet-queue-drops", drops.into());
    put("lease-store", leases(&active.home).into());
    if let Some(memfile) = active.home.file()
        && memfile.settings().durability != memfile::Durability::None
    {
        put("csv-lease-file", memfile.settings().path.to_string_lossy().as_ref().into());
    }
    if let Some(ha) = &active.ha {
        put("high-availability", ha.group.report());
    }
    Answer::arguments(status)
}

/// How the lease store is doing.
fn leases<P: Protocol>(home: &Home<P>) -> Map {
    let mut leases = Map::new();
    let errors = match home {
        Home::File(memfile) => {
            let store = memfile.status();
            leases.insert("leases".to_owned(), store.leases.into());
            leases.insert("pending".to_owned(), store.pending.into());
            leases.insert("failures".to_owned(), store.failures.into());
            leases.insert("lfc-running".to_owned(), store.lfc_running.into());
            vec![("error", store.error), ("lfc-error", store.lfc_error)]
        }
        Home::Database(database) => {
            let store = database.leases.status();
            leases.insert("database".to_owned(), database.leases.database().into());
            leases.insert("failures".to_owned(), store.failures.into());
            vec![("error", store.error)]
        }
    };
    for (name, error) in errors {
        if let Some(error) = error {
            leases.insert(name.to_owned(), error.into());
        }
    }
    leases
}
