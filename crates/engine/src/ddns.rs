//! What DNS is told of leases (Kea manual, "DDNS"), in either family: name change requests are made here, and leave
//! once the lease they speak of is durable.

use std::fmt::Display;
use std::net::IpAddr;

use base::{Seconds, Timestamp};
use config::Ddns;
use ncr::{Change, Dhcid, NameChangeRequest, NcrError, wire_name};

use crate::messages::{NcrFailed, NcrQueued, NcrSkipped};

/// Requests in the order in which they are to leave.
pub type Requests = Vec<NameChangeRequest>;

/// What a lease says of its client's name.
pub(crate) struct Named<'a, L> {
    /// How log lines name the client.
    pub label: L,
    pub hostname: &'a str,
    pub forward: bool,
    pub reverse: bool,
    pub address: IpAddr,
    pub valid_lifetime: Seconds,
    pub expires: Timestamp,
}

/// Where requests are made: whether they are wanted at all, and for whom.
pub(crate) struct Requester<'a> {
    /// The server sends requests (`enable-updates`, and the sender is not suspended).
    pub enabled: bool,
    /// The rules of the lease's pool, else of its subnet; `None` for a subnet that is gone.
    pub rules: Option<&'a Ddns>,
}

impl Requester<'_> {
    /// Adds what DNS is to be told of a lease: nothing, where its name is not the server's business. `dhcid` makes
    /// the client's mark from the name's wire form.
    pub(crate) fn tell<L: Display>(
        &self,
        change: Change,
        named: &Named<'_, L>,
        dhcid: impl FnOnce(&[u8]) -> Option<Dhcid>,
        requests: &mut Requests,
    ) {
        if !self.enabled || named.hostname.is_empty() || !(named.forward || named.reverse) {
            observe::log!(NcrSkipped { query: &named.label, address: named.address });
            return;
        }
        let word = match change {
            Change::Add => "add",
            Change::Remove => "remove",
        };
        match self.request(change, named, dhcid) {
            Ok(request) => {
                observe::log!(NcrQueued { query: &named.label, change: word, request: &request });
                requests.push(request);
            }
            Err(error) => {
                observe::log!(NcrFailed { query: &named.label, change: word, address: named.address, error });
            }
        }
    }

    fn request<L>(
        &self,
        change: Change,
        named: &Named<'_, L>,
        dhcid: impl FnOnce(&[u8]) -> Option<Dhcid>,
    ) -> Result<NameChangeRequest, NcrError> {
        let wire = wire_name(named.hostname)?;
        let (ttl, conflict_resolution) =
            self.rules.map_or_else(Default::default, |rules| (rules.ttl, rules.conflict_resolution));
        Ok(NameChangeRequest {
            change,
            forward: named.forward,
            reverse: named.reverse,
            fqdn: if named.hostname.ends_with('.') {
                named.hostname.into()
            } else {
                format!("{}.", named.hostname).into()
            },
            address: named.address,
            dhcid: dhcid(&wire).ok_or(NcrError::NoClient)?,
            lease_expires: Some(named.expires),
            ttl: ttl.of(named.valid_lifetime),
            conflict_resolution,
        })
    }
}
