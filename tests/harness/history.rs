//! What clients were told, and whether it can all be true: the judge of crashes and reconfigurations.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use lease::{Lease4, Lease6};

use crate::speech::{Speech, V4};

/// An ACK, or a REPLY with a lease, as a client saw it.
#[derive(Clone, Debug)]
pub struct Grant<S: Speech = V4> {
    pub client: S::Client,
    pub address: S::Address,
    /// Microseconds since 1970, when the first REQUEST of the exchange was sent; the server cannot have granted
    /// anything before.
    pub requested: u64,
    /// When the ACK arrived.
    pub acknowledged: u64,
    /// Seconds.
    pub lifetime: u32,
}

impl<S: Speech> Grant<S> {
    /// The earliest end of the grant that the server can have meant, microseconds since 1970.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.requested + u64::from(self.lifetime) * 1_000_000
    }
}

/// All that clients were told and did.
#[derive(Clone, Debug)]
pub struct History<S: Speech = V4> {
    pub grants: Vec<Grant<S>>,
    /// Client, address, microseconds since 1970 when it was first said.
    pub releases: Vec<(S::Client, S::Address, u64)>,
    /// Seconds that a server's clock may be behind ours.
    pub slack: u64,
}

impl<S: Speech> Default for History<S> {
    fn default() -> Self {
        Self { grants: Vec::new(), releases: Vec::new(), slack: 0 }
    }
}

/// The grants of each address with their begin and end, in the order of their begin.
type Spans<'a, S> = HashMap<<S as Speech>::Address, Vec<(u64, u64, &'a Grant<S>)>>;

impl<S: Speech> History<S> {
    /// Until when each grant held: its end, or the client's next release of it.
    fn spans(&self) -> Spans<'_, S> {
        let mut releases: HashMap<(&S::Client, S::Address), Vec<u64>> = HashMap::new();
        for (client, address, at) in &self.releases {
            releases.entry((client, *address)).or_default().push(*at);
        }
        let mut spans: Spans<'_, S> = HashMap::new();
        for grant in &self.grants {
            let released = releases.get(&(&grant.client, grant.address)).into_iter().flatten();
            let released = released.copied().filter(|at| *at >= grant.acknowledged).min();
            let end = released.map_or(grant.end(), |at| at.min(grant.end()));
            spans.entry(grant.address).or_default().push((grant.acknowledged, end, grant));
        }
        for list in spans.values_mut() {
            list.sort_by_key(|(begin, ..)| *begin);
        }
        spans
    }

    /// Addresses that two clients held at the same time.
    #[must_use]
    pub fn doubles(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (address, spans) in self.spans() {
            // The longest reach of each client so far; few clients share an address.
            let mut reach: Vec<(&S::Client, u64)> = Vec::new();
            for (begin, end, grant) in spans {
                for (other, until) in &reach {
                    if **other != grant.client && *until > begin {
                        found.push(format!("{address}: {other:?} held it until {until}, {grant:?}"));
                    }
                }
                match reach.iter_mut().find(|(client, _)| **client == grant.client) {
                    Some((_, until)) => *until = end,
                    None => reach.push((&grant.client, end)),
                }
            }
        }
        found
    }

    /// The grants that hold at `now`: the newest of each address, neither ended nor released.
    #[must_use]
    pub fn holding(&self, now: u64) -> Vec<&Grant<S>> {
        let spans = self.spans();
        let last = spans.values().filter_map(|spans| spans.last());
        last.filter(|(_, end, _)| *end > now).map(|(.., grant)| *grant).collect()
    }

    /// Grants that hold at `now` and that these leases do not know as they were told.
    #[must_use]
    pub fn missing(&self, leases: &HashMap<S::Address, Arc<S::Lease>>, now: u64) -> Vec<String> {
        let wrong = self.holding(now).into_iter().filter_map(|grant| {
            let Some(lease) = leases.get(&grant.address) else {
                return Some(format!("no row for {grant:?}"));
            };
            let right =
                S::holds(lease, &grant.client) && S::end(lease) + self.slack >= grant.end() / 1_000_000;
            (!right).then(|| format!("{lease:?} for {grant:?}"))
        });
        wrong.collect()
    }
}

/// Rows of a lease file and of what a cleanup in progress has made of it, oldest first.
#[must_use]
pub fn lease_rows(live: &Path) -> String {
    let file = |end: &str| std::fs::read_to_string(format!("{}{end}", live.display())).ok();
    let completed = file(".completed");
    let old = match &completed {
        // It holds what the others did.
        Some(_) => vec![completed],
        None => vec![file(".2"), file(".1")],
    };
    let files: Vec<String> = old.into_iter().chain([file("")]).flatten().collect();
    // An older Kea's rows lack the last columns; beside longer ones they have them, zero.
    let columns = |line: &str| line.matches(',').count();
    let header = files.iter().filter_map(|text| text.lines().next()).max_by_key(|line| columns(line));
    let Some(header) = header else { return String::new() };
    let mut all = format!("{header}\n");
    for text in &files {
        // A torn last row counts for nothing.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let Some((own, rows)) = whole.split_once('\n') else { continue };
        let missing = ",0".repeat(columns(header) - columns(own));
        for row in rows.lines() {
            all.push_str(row);
            all.push_str(&missing);
            all.push('\n');
        }
    }
    all
}

/// The leases that a lease file holds, by a reading of its own of which files count.
#[must_use]
pub fn stored_leases(live: &Path) -> HashMap<Ipv4Addr, Arc<Lease4>> {
    let text = lease_rows(live);
    if text.is_empty() {
        return HashMap::new();
    }
    let (leases, errors) = memfile::read_leases4(text.as_bytes()).expect("a lease file");
    assert_eq!(errors, 0, "rows with errors in {}", live.display());
    leases.into_iter().map(|lease| (lease.address, lease)).collect()
}

/// [`stored_leases`] of kea-dhcp6.
#[must_use]
pub fn stored_leases6(live: &Path) -> HashMap<Ipv6Addr, Arc<Lease6>> {
    let text = lease_rows(live);
    if text.is_empty() {
        return HashMap::new();
    }
    let (leases, errors) = memfile::read_leases6(text.as_bytes()).expect("a lease file");
    assert_eq!(errors, 0, "rows with errors in {}", live.display());
    leases.into_iter().map(|lease| (lease.address, lease)).collect()
}

#[cfg(test)]
mod tests {
    use base::HwAddr;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn client(last: u8) -> HwAddr {
        HwAddr::new(1, &[2, 0, 0, 0, 0, last]).unwrap()
    }

    /// Seconds of the request; acknowledged half a second later, for a hundred.
    fn grant(who: u8, last: u8, at: u64) -> Grant {
        let address = Ipv4Addr::new(192, 0, 2, last);
        let requested = at * SECOND;
        Grant { client: client(who), address, requested, acknowledged: requested + SECOND / 2, lifetime: 100 }
    }

    fn history(grants: &[Grant], releases: &[(u8, u8, u64)]) -> History {
        let releases = releases
            .iter()
            .map(|(who, last, at)| (client(*who), Ipv4Addr::new(192, 0, 2, *last), at * SECOND))
            .collect();
        History { grants: grants.to_vec(), releases, slack: 0 }
    }

    #[test]
    fn doubles_are_overlaps_of_different_clients() {
        for (grants, releases, doubles) in [
            // Renewals are no doubles, nor are two addresses of one client.
            (vec![grant(1, 1, 0), grant(1, 1, 50), grant(1, 2, 60)], vec![], 0),
            (vec![grant(1, 1, 0), grant(2, 1, 50)], vec![], 1),
            (vec![grant(1, 1, 0), grant(2, 1, 101)], vec![], 0),
            (vec![grant(1, 1, 0), grant(1, 1, 50), grant(2, 1, 101)], vec![], 1),
            // Given back before, after, by another.
            (vec![grant(1, 1, 0), grant(2, 1, 50)], vec![(1, 1, 40)], 0),
            (vec![grant(1, 1, 0), grant(2, 1, 50)], vec![(1, 1, 60)], 1),
            (vec![grant(1, 1, 0), grant(2, 1, 50)], vec![(3, 1, 40)], 1),
            // Back to the first while the second holds it.
            (vec![grant(1, 1, 0), grant(2, 1, 50), grant(1, 1, 70)], vec![(1, 1, 40)], 1),
        ] {
            let found = history(&grants, &releases).doubles();
            assert_eq!(found.len(), doubles, "{grants:?} {releases:?}: {found:?}");
        }
    }

    #[test]
    fn what_is_held_must_be_stored_as_it_was_told() {
        let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id";
        let row = "192.0.2.1,02:00:00:00:00:01,,100,1100,1,0,0,,0,,0";
        let story = history(&[grant(1, 1, 1000)], &[]);
        for (rows, now, missing) in [
            (row.to_owned(), 1050, 0),
            (String::new(), 1050, 1),
            // An end that has come, a grant that was released.
            (String::new(), 1150, 0),
            // Another client, an earlier end, another state.
            (row.replace(":01,", ":02,"), 1050, 1),
            (row.replace(",100,1100,", ",100,1099,"), 1050, 1),
            (row.replace(",0,,0,,0", ",0,,3,,0"), 1050, 1),
            (format!("{row}\n192.0.2.1,02:00:00:00:00:01,,0,1000,1,0,0,,0,,0"), 1050, 1),
        ] {
            let text = format!("{header}\n{rows}\n");
            let (leases, errors) = memfile::read_leases4(text.as_bytes()).unwrap();
            assert_eq!(errors, 0, "{text}");
            let leases = leases.into_iter().map(|lease| (lease.address, lease)).collect();
            assert_eq!(story.missing(&leases, now * SECOND).len(), missing, "{rows} at {now}");
        }
        assert_eq!(
            history(&[grant(1, 1, 1000)], &[(1, 1, 1020)]).missing(&HashMap::new(), 1050 * SECOND),
            [""; 0]
        );
    }
}
