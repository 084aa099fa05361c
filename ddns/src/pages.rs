//! What the HTTP control sockets answer to `GET`: statistics for Prometheus, and whether the server runs and takes requests.

use std::sync::Arc;

use control::http::{Page, Reply, StatusCode};
use control::{BoxFuture, Origin};
use observe::{Exposition, StatisticValue};

use crate::service::Service;

const REQUESTS: &str = "name_change_requests_total";
const UPDATES: &str = "updates_total";
const KEYS: &str = "key_updates_total";
const FULL: &str = "queue_full_total";
const UPTIME: &str = "uptime_seconds";

/// What a metric tells.
fn help(metric: &str) -> &'static str {
    match metric {
        REQUESTS => "Requests of DHCP servers",
        UPDATES => "Updates of DNS",
        KEYS => "Updates of DNS signed with a key",
        FULL => "Times that the queue of requests was full",
        UPTIME => "Seconds since the start",
        _ => "",
    }
}

/// Where a statistic goes: its metric and what `result` says.
fn place(statistic: &str) -> Option<(&'static str, &str)> {
    let (kind, result) = statistic.split_once('-')?;
    match kind {
        "ncr" => Some((REQUESTS, result)),
        "update" => Some((UPDATES, result)),
        _ => None,
    }
}

fn metrics(service: &Service) -> String {
    let mut metrics = Exposition::new("kea_ddns_");
    service.statistics.registry.for_each(|name, value| {
        let StatisticValue::Integer(value) = value else { return };
        let key = name.strip_prefix("key[").and_then(|name| name.split_once("]."));
        if let Some((key, (_, result))) = key.and_then(|(key, name)| Some((key, place(name)?))) {
            metrics.add(KEYS, &[("key", key), ("result", result)], value);
        } else if let Some((metric, result)) = place(name) {
            metrics.add(metric, &[("result", result)], value);
        } else if name == "queue-mgr-queue-full" {
            metrics.add(FULL, &[], value);
        }
    });
    metrics.add(UPTIME, &[], service.clock.steady().saturating_sub(service.started) / 1_000_000);
    metrics.text(help)
}

pub(crate) fn pages(service: &Arc<Service>) -> Vec<Page> {
    let page = |path, open, render: fn(&Service, &Origin) -> Reply| {
        let weak = Arc::downgrade(service);
        let render = Arc::new(move |origin: Origin| {
            let reply = match weak.upgrade() {
                Some(service) => render(&service, &origin),
                None => Reply::error(StatusCode::SERVICE_UNAVAILABLE),
            };
            Box::pin(std::future::ready(reply)) as BoxFuture<Reply>
        });
        Page { path, open, render }
    };
    vec![
        page("/metrics", false, |service, origin| {
            match service.commands.admits("statistic-get-all", origin).admitted() {
                Err(refusal) => refusal,
                Ok(_) => Reply {
                    content_type: Exposition::FORMAT.into(),
                    ..Reply::text(StatusCode::OK, metrics(service))
                },
            }
        }),
        page("/livez", true, |_, _| Reply::text(StatusCode::OK, "ok\n".to_owned())),
        // Pages are served once requests are listened for.
        page("/readyz", true, |_, _| Reply::text(StatusCode::OK, "ok\n".to_owned())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_have_their_places() {
        for (statistic, wanted) in [
            ("ncr-received", Some((REQUESTS, "received"))),
            ("update-success", Some((UPDATES, "success"))),
            ("queue-mgr-queue-full", None),
            ("x", None),
        ] {
            assert_eq!(place(statistic), wanted);
        }
        assert!([REQUESTS, UPDATES, KEYS, FULL, UPTIME].iter().all(|metric| !help(metric).is_empty()));
    }
}
