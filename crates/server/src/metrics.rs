//! `GET /metrics` in the text format of Prometheus, with the names and labels of kea-exporter, so that dashboards and
//! alarms made for it go on; and what it leaves out.

use std::sync::Arc;

use base::{Family, SubnetId};
use control::Origin;
use control::http::{Page, Reply, StatusCode};
use observe::Exposition;
use observe::stats::StatisticValue;

use crate::Protocol;
use crate::leases::Home;
use crate::protocol::Config;
use crate::server::Server;

/// Where a statistic goes: its metric without `kea_dhcp4_`, what it tells, and a label that names the statistic among
/// the others of the metric.
struct Row {
    statistic: &'static str,
    metric: &'static str,
    label: Option<(&'static str, &'static str)>,
}

const fn row(
    statistic: &'static str,
    metric: &'static str,
    label: Option<(&'static str, &'static str)>,
) -> Row {
    Row { statistic, metric, label }
}

const fn packets(statistic: &'static str, metric: &'static str, operation: &'static str) -> Row {
    row(statistic, metric, Some(("operation", operation)))
}

const SENT: &str = "packets_sent_total";
const RECEIVED: &str = "packets_received_total";
const QUEUE_DROPS: &str = "queue_kernel_drops_total";
const FAILED: &str = "allocations_failed_total";

/// Statistics of packets; all others are those of subnets and pools.
static PACKETS4: &[Row] = &[
    packets("pkt4-ack-received", RECEIVED, "ack"),
    packets("pkt4-ack-sent", SENT, "ack"),
    packets("pkt4-decline-received", RECEIVED, "decline"),
    packets("pkt4-discover-received", RECEIVED, "discover"),
    packets("pkt4-inform-received", RECEIVED, "inform"),
    packets("pkt4-nak-received", RECEIVED, "nak"),
    packets("pkt4-nak-sent", SENT, "nak"),
    packets("pkt4-offer-received", RECEIVED, "offer"),
    packets("pkt4-offer-sent", SENT, "offer"),
    packets("pkt4-parse-failed", RECEIVED, "parse-failed"),
    packets("pkt4-receive-drop", RECEIVED, "drop"),
    packets("pkt4-release-received", RECEIVED, "release"),
    packets("pkt4-request-received", RECEIVED, "request"),
    packets("pkt4-unknown-received", RECEIVED, "unknown"),
];

static SUBNETS4: &[Row] = &[
    row("assigned-addresses", "addresses_assigned_total", None),
    row("declined-addresses", "addresses_declined_total", None),
    row("reclaimed-declined-addresses", "addresses_declined_reclaimed_total", None),
    row("reclaimed-leases", "addresses_reclaimed_total", None),
    row("total-addresses", "addresses_total", None),
    row("v4-allocation-fail-classes", FAILED, Some(("context", "classes"))),
    row("v4-allocation-fail-no-pools", FAILED, Some(("context", "no-pools"))),
    row("v4-allocation-fail-shared-network", FAILED, Some(("context", "shared-network"))),
    row("v4-allocation-fail-subnet", FAILED, Some(("context", "subnet"))),
    row("v4-lease-reuses", "leases_reused_total", None),
    row("v4-reservation-conflicts", "reservation_conflicts_total", None),
];

static PACKETS6: &[Row] = &[
    packets("pkt6-advertise-received", RECEIVED, "advertise"),
    packets("pkt6-advertise-sent", SENT, "advertise"),
    packets("pkt6-decline-received", RECEIVED, "decline"),
    packets("pkt6-dhcpv4-query-received", "packets_received_dhcp4_total", "query"),
    packets("pkt6-dhcpv4-response-received", "packets_received_dhcp4_total", "response"),
    packets("pkt6-dhcpv4-response-sent", "packets_sent_dhcp4_total", "response"),
    packets("pkt6-infrequest-received", RECEIVED, "infrequest"),
    packets("pkt6-parse-failed", RECEIVED, "parse-failed"),
    packets("pkt6-rebind-received", RECEIVED, "rebind"),
    packets("pkt6-receive-drop", RECEIVED, "drop"),
    packets("pkt6-release-received", RECEIVED, "release"),
    packets("pkt6-renew-received", RECEIVED, "renew"),
    packets("pkt6-reply-received", RECEIVED, "reply"),
    packets("pkt6-reply-sent", SENT, "reply"),
    packets("pkt6-request-received", RECEIVED, "request"),
    packets("pkt6-solicit-received", RECEIVED, "solicit"),
    packets("pkt6-unknown-received", RECEIVED, "unknown"),
];

static SUBNETS6: &[Row] = &[
    row("assigned-nas", "na_assigned_total", None),
    row("assigned-pds", "pd_assigned_total", None),
    row("declined-addresses", "addresses_declined_total", None),
    row("reclaimed-declined-addresses", "addresses_declined_reclaimed_total", None),
    row("reclaimed-leases", "addresses_reclaimed_total", None),
    row("total-nas", "na_total", None),
    row("total-pds", "pd_total", None),
    row("v6-allocation-fail-classes", FAILED, Some(("context", "classes"))),
    row("v6-allocation-fail-no-pools", FAILED, Some(("context", "no-pools"))),
    row("v6-allocation-fail-shared-network", FAILED, Some(("context", "shared-network"))),
    row("v6-allocation-fail-subnet", FAILED, Some(("context", "subnet"))),
    row("v6-ia-na-lease-reuses", "na_reuses_total", None),
    row("v6-ia-pd-lease-reuses", "pd_reuses_total", None),
    row("v6-reservation-conflicts", "reservation_conflicts_total", None),
];

/// Statistics of pools of prefixes. Exporters know none: under the names of subnets they would be counted twice.
static PREFIX_POOLS: &[Row] = &[
    row("assigned-pds", "pd_pool_assigned_total", None),
    row("reclaimed-leases", "pd_pool_reclaimed_total", None),
    row("total-pds", "pd_pool_total", None),
];

/// What a metric tells.
fn help(metric: &str) -> &'static str {
    match metric {
        SENT => "Packets sent",
        RECEIVED => "Packets received",
        "packets_sent_dhcp4_total" => "DHCPv4-over-DHCPv6 packets sent",
        "packets_received_dhcp4_total" => "DHCPv4-over-DHCPv6 packets received",
        FAILED => "Allocations that failed",
        "addresses_assigned_total" => "Assigned addresses",
        "addresses_declined_total" => "Declined addresses",
        "addresses_declined_reclaimed_total" => "Declined addresses that were reclaimed",
        "addresses_reclaimed_total" => "Expired addresses that were reclaimed",
        "addresses_total" => "Addresses of the pools",
        "leases_reused_total" => "Leases that were renewed in memory alone",
        "reservation_conflicts_total" => "Reservations that could not be kept",
        "na_assigned_total" => "Assigned non-temporary addresses (IA_NA)",
        "na_total" => "Non-temporary addresses of the pools",
        "na_reuses_total" => "IA_NA leases that were renewed in memory alone",
        "pd_assigned_total" => "Delegated prefixes (IA_PD)",
        "pd_total" => "Prefixes of the pools",
        "pd_pool_assigned_total" => "Delegated prefixes of a pool",
        "pd_pool_reclaimed_total" => "Expired prefixes of a pool that were reclaimed",
        "pd_pool_total" => "Prefixes of a pool",
        "pd_reuses_total" => "IA_PD leases that were renewed in memory alone",
        "leases" => "Leases in the store, in any state",
        "lease_writes_pending" => "Changes of leases that are not on the medium yet",
        "lease_write_failures_total" => "Changes of leases that could not be stored",
        QUEUE_DROPS => "Packets that the kernel dropped because a receive queue was full",
        "queue_late_drops_total" => "Packets that had waited too long in the queue of an overloaded server",
        "uptime_seconds" => "Seconds since the start",
        _ => "",
    }
}

/// A statistic of a subnet: `subnet[1].assigned-addresses`, `subnet[1].pool[0].assigned-addresses`,
/// `subnet[1].pd-pool[0].assigned-pds`.
struct OfSubnet<'a> {
    subnet: SubnetId,
    /// Kind and number.
    pool: Option<(&'a str, u32)>,
    name: &'a str,
}

impl<'a> OfSubnet<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (id, rest) = name.strip_prefix("subnet[")?.split_once("].")?;
        let subnet = SubnetId(id.parse().ok()?);
        let Some((pool, name)) = rest.split_once("].") else {
            return Some(Self { subnet, pool: None, name: rest });
        };
        let (kind, number) = pool.split_once('[')?;
        Some(Self { subnet, pool: Some((kind, number.parse().ok()?)), name })
    }

    fn is_prefix_pool(&self) -> bool {
        self.pool.is_some_and(|(kind, _)| kind == "pd-pool")
    }
}

/// The rows of a family: of packets, of subnets.
fn rows(family: Family) -> (&'static [Row], &'static [Row], &'static str) {
    match family {
        Family::V4 => (PACKETS4, SUBNETS4, "kea_dhcp4_"),
        Family::V6 => (PACKETS6, SUBNETS6, "kea_dhcp6_"),
    }
}

fn find(rows: &'static [Row], statistic: &str) -> Option<&'static Row> {
    rows.binary_search_by(|row| row.statistic.cmp(statistic)).ok().and_then(|at| rows.get(at))
}

/// All metrics of a server.
pub(crate) fn text<P: Protocol>(server: &Server<P>) -> String {
    let active = server.shared.active.load_full();
    let (packets, subnets, prefix) = rows(P::FAMILY);
    let mut metrics = Exposition::new(prefix);
    server.registry.for_each(|name, value| {
        let value = match value {
            StatisticValue::Integer(value) => i128::from(*value),
            StatisticValue::BigInteger(value) => *value,
            _ => return,
        };
        if let Some(row) = find(packets, name) {
            metrics.add(row.metric, &row.label.into_iter().collect::<Vec<_>>(), value);
        } else if let Some(of) = OfSubnet::parse(name)
            && let Some(row) = find(if of.is_prefix_pool() { PREFIX_POOLS } else { subnets }, of.name)
        {
            subnet::<P>(&mut metrics, &active.config, row, &of, value);
        }
    });
    match &active.home {
        Home::File(memfile) => {
            let store = memfile.status();
            metrics.add("leases", &[], store.leases);
            metrics.add("lease_writes_pending", &[], store.pending);
            metrics.add("lease_write_failures_total", &[], store.failures);
        }
        // How many there are the database knows, and nobody waits for that here.
        Home::Database(database) => {
            metrics.add("lease_write_failures_total", &[], database.leases.status().failures);
        }
    }
    let lost = server.shared.overload.lost(server.shared.clock.steady());
    for (queue, packets) in lost.by_queue() {
        metrics.add(QUEUE_DROPS, &[("queue", queue)], packets);
    }
    metrics.add("queue_late_drops_total", &[], lost.late);
    let uptime = server.shared.clock.steady().saturating_sub(server.started) / 1_000_000;
    metrics.add("uptime_seconds", &[], uptime);
    metrics.text(help)
}

fn subnet<P: Protocol>(
    metrics: &mut Exposition,
    config: &Config<P>,
    row: &'static Row,
    of: &OfSubnet<'_>,
    value: i128,
) {
    // What belongs to a subnet that has gone is not shown.
    let Some(subnet) = config.subnet(of.subnet) else { return };
    let (prefix, id) = (subnet.prefix.to_string(), of.subnet.to_string());
    let mut labels = vec![("subnet", prefix.as_str()), ("subnet_id", id.as_str())];
    let pool = match of.pool {
        None => String::new(),
        Some(("pool", number)) => match subnet.pools.iter().find(|pool| pool.id.0 == number) {
            Some(pool) => config::pool_text(pool.first, pool.last),
            None => return,
        },
        Some((kind, number)) => format!("{kind}[{number}]"),
    };
    match row.label {
        Some(label) => labels.push(label),
        None => labels.push(("pool", &pool)),
    }
    metrics.add(row.metric, &labels, value);
}

/// What `GET` serves on the HTTP control sockets beside commands.
pub(crate) fn pages<P: Protocol>(server: &Arc<Server<P>>) -> Vec<Page> {
    let page = |path: &'static str, open: bool, render: fn(&Server<P>, &Origin) -> Reply| {
        let weak = Arc::downgrade(server);
        let render = Arc::new(move |origin: Origin| {
            let server = weak.upgrade();
            Box::pin(async move {
                let Some(server) = server else { return Reply::error(StatusCode::SERVICE_UNAVAILABLE) };
                // With many subnets there is much to write.
                let background = server.background.clone();
                let reply = background.spawn(async move { render(&server, &origin) });
                reply.await.unwrap_or_else(|_| Reply::error(StatusCode::INTERNAL_SERVER_ERROR))
            }) as control::BoxFuture<Reply>
        });
        Page { path, open, render }
    };
    vec![
        page("/metrics", false, |server, origin| {
            // Who may not ask for statistics may not have them this way.
            match server.commands.admits("statistic-get-all", origin).admitted() {
                Err(refusal) => refusal,
                Ok(_) => Reply {
                    content_type: Exposition::FORMAT.into(),
                    ..Reply::text(StatusCode::OK, text(server))
                },
            }
        }),
        page("/livez", true, |_, _| Reply::text(StatusCode::OK, "ok\n".to_owned())),
        page("/readyz", true, |server, _| match crate::status::unready(server) {
            None => Reply::text(StatusCode::OK, "ok\n".to_owned()),
            Some(reason) => Reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_explained() {
        for rows in [PACKETS4, SUBNETS4, PACKETS6, SUBNETS6, PREFIX_POOLS] {
            assert!(rows.windows(2).all(|pair| pair[0].statistic < pair[1].statistic));
            assert!(rows.iter().all(|row| !help(row.metric).is_empty()));
        }
    }

    #[test]
    fn names_of_statistics() {
        let parsed = |name| OfSubnet::parse(name).map(|of| (of.subnet.0, of.pool, of.name));
        assert_eq!(parsed("subnet[7].total-addresses"), Some((7, None, "total-addresses")));
        assert_eq!(
            parsed("subnet[7].pd-pool[2].assigned-pds"),
            Some((7, Some(("pd-pool", 2)), "assigned-pds"))
        );
        for name in ["pkt4-sent", "subnet[x].a", "subnet[1]a", "subnet[1].pool[x].a"] {
            assert_eq!(parsed(name), None, "{name}");
        }
    }

    #[test]
    fn pools_of_prefixes_are_not_counted_with_their_subnets() {
        let of = |name| OfSubnet::parse(name).unwrap().is_prefix_pool();
        assert!(of("subnet[7].pd-pool[2].assigned-pds"));
        assert!(!of("subnet[7].pool[2].assigned-nas") && !of("subnet[7].assigned-pds"));
        for row in PREFIX_POOLS {
            assert!([SUBNETS4, SUBNETS6].iter().all(|rows| rows.iter().all(|of| of.metric != row.metric)));
        }
    }
}
