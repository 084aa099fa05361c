//! High availability around the machines of the crate `ha`: who talks to the partner, whom packets ask whose they are,
//! and who waits for lease updates.

mod commands;
mod line;
mod link;
mod listener;
mod seat;
mod untold;
mod work;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Clock, Family, SubnetId};
use config::ClassId;
use engine::share::{Asking, Share};
use engine::{Changed, DropReason};
use ha::messages as say;
use json::{Map, Value};
use modules::ha::Settings;
use modules::lease_cmds::Leases;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

pub(crate) use commands::HaHost;
pub(crate) use listener::Listeners;
pub(crate) use seat::{Change, Seat};

use crate::Protocol;
use crate::parking::Parking;
use crate::protocol::{Config, Written};
use crate::server::Server;
use untold::Untold;

/// The relationships of a server, and what works for them.
pub(crate) struct Group<P: Protocol> {
    settings: Settings,
    pub(crate) seats: Vec<Arc<Seat<P>>>,
    untold: Untold,
    drivers: Mutex<Vec<AbortHandle>>,
}

impl<P: Protocol> Group<P> {
    /// `threads`: packets are served by several.
    pub(crate) fn new(settings: Settings, threads: bool, clock: &Arc<dyn Clock>, runtime: &Handle) -> Self {
        let seats = settings.0.iter().zip(0..).map(|(secured, number)| {
            remark(&secured.relationship, threads);
            Seat::new(secured, number, threads, clock, runtime)
        });
        Self { seats: seats.collect(), untold: Untold::default(), drivers: Mutex::default(), settings }
    }

    /// Whether it goes on with these settings: they are the same, and all is well.
    pub(crate) fn goes_on(&self, settings: &Settings) -> bool {
        let ended = |seat: &Arc<Seat<P>>| seat.look(|machine, _| machine.state()) == ha::State::Terminated;
        self.settings.is_same(settings) && !self.seats.iter().any(ended)
    }

    /// Begins to work, unless it does already.
    pub(crate) fn start(&self, server: &Arc<Server<P>>) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        if drivers.is_empty() {
            observe::log!(say::Configured);
            drivers.extend(self.seats.iter().map(|seat| {
                let work = work::drive(Arc::downgrade(server), Arc::clone(seat));
                server.background.spawn(work).abort_handle()
            }));
        }
    }

    /// The relationship of a server by its name; `None`: of the only one.
    pub(crate) fn seat(&self, server: Option<&str>) -> Result<&Arc<Seat<P>>, String> {
        match (server, self.seats.as_slice()) {
            (None, [seat]) => Ok(seat),
            (None, _) => Err("expected one relationship to be configured".to_owned()),
            (Some(name), seats) => seats
                .iter()
                .find(|seat| seat.relationship.place(name).is_some())
                .ok_or_else(|| format!("{name} matches no configured 'server-name'")),
        }
    }

    /// The relationships in which this server has taken over for maintenance; where there is none all, for each to say so.
    pub(crate) fn in_maintenance(&self) -> Vec<&Arc<Seat<P>>> {
        let began = |seat: &&Arc<Seat<P>>| seat.look(|machine, _| machine.may_cancel().is_ok());
        let some: Vec<&Arc<Seat<P>>> = self.seats.iter().filter(began).collect();
        if some.is_empty() { self.seats.iter().collect() } else { some }
    }

    /// `high-availability` of `status-get`.
    pub(crate) fn report(&self) -> Value {
        self.seats
            .iter()
            .map(|seat| seat.look(|machine, now| machine.report(now)).into())
            .collect::<Vec<Value>>()
            .into()
    }

    /// Ends, and lets the service go on as if there were no relationships.
    pub(crate) fn end(&self, server: &Server<P>) {
        for driver in self.drivers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            driver.abort();
        }
        for seat in &self.seats {
            work::serve(server, seat, true);
        }
        observe::log!(say::Stopped);
    }
}

impl<P: Protocol> Drop for Group<P> {
    fn drop(&mut self) {
        for driver in self.drivers.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            driver.abort();
        }
    }
}

/// Says what is unusual about a relationship.
fn remark(relationship: &ha::Relationship, threads: bool) {
    let server = &relationship.own().name;
    let (updates, syncing) = (relationship.send_lease_updates, relationship.sync_leases);
    if !relationship.own().auto_failover {
        observe::log!(say::AutoFailoverDisabled { server });
    }
    if !updates {
        observe::log!(say::UpdatesDisabled { server });
    }
    if !syncing {
        observe::log!(say::SyncingDisabled { server });
    }
    if updates != syncing {
        observe::log!(say::UpdatesAndSyncingDiffer { server, updates, syncing });
    }
    if threads && !relationship.threading.enable {
        observe::log!(say::ThreadsDisabled { server });
    }
}

/// Who shares the clients, as the packets of a configuration see it.
pub(crate) struct Ha<P: Protocol> {
    pub(crate) group: Arc<Group<P>>,
    /// The class `HA_` of each server of each relationship, where the configuration refers to it.
    classes: Vec<Vec<Option<ClassId>>>,
    /// The relationships of subnets that name one.
    subnets: HashMap<SubnetId, usize>,
    /// For queries that wait for the partner.
    parking: Parking,
}

impl<P: Protocol> Ha<P> {
    pub(crate) fn new(group: Arc<Group<P>>, config: &Config<P>) -> Arc<Self> {
        let classes = group.seats.iter().map(|seat| {
            let names = seat.relationship.peers.iter().map(|peer| format!("HA_{}", peer.name));
            names.map(|name| config.classes.id(&name)).collect()
        });
        let place = |name: &str| group.seats.iter().position(|seat| seat.relationship.place(name).is_some());
        let subnets = named::<P>(&config.written)
            .into_iter()
            .filter_map(|(subnet, name)| Some((subnet, place(&name)?)));
        let (classes, subnets) = (classes.collect(), subnets.collect());
        Arc::new(Self { classes, subnets, parking: Parking::new(config.services.parked_packet_limit), group })
    }

    /// The relationship of a subnet.
    fn seat_of(&self, subnet: SubnetId) -> Option<&Arc<Seat<P>>> {
        match self.group.seats.as_slice() {
            [seat] => Some(seat),
            seats => seats.get(*self.subnets.get(&subnet)?),
        }
    }

    /// Whether leases of a subnet are those of a relationship: all are where no subnet says whose it is.
    pub(crate) fn belongs(&self, subnet: SubnetId, seat: &Seat<P>) -> bool {
        let number = usize::try_from(seat.number).ok();
        self.subnets.is_empty() || self.subnets.get(&subnet).copied() == number
    }

    /// Has the other servers told of what queries changed, and waits for those that are to know before the client
    /// does. Answers of each query why it is not to be answered, if so.
    pub(crate) async fn tell(&self, queries: Vec<Vec<Change<P>>>) -> Vec<Option<DropReason>> {
        let mut awaited = Vec::with_capacity(queries.len());
        for changes in queries {
            let addresses = addresses::<P>(&changes);
            let subnet = changes.first().map(|change| P::Model::subnet(change.lease()));
            let seat = subnet.and_then(|subnet| self.seat_of(subnet));
            awaited.push((addresses, seat.map(|seat| seat.tell(changes, &self.parking)).transpose()));
        }
        let mut refused = Vec::with_capacity(awaited.len());
        for (addresses, awaited) in awaited {
            let reason = match awaited {
                Ok(Some(awaited)) => awaited.refused().await,
                Ok(None) => None,
                Err(reason) => Some(reason),
            };
            self.group.untold.settled(&addresses, reason.is_none());
            refused.push(reason);
        }
        refused
    }

    /// Forgets changes that could not be stored, and so are none.
    pub(crate) fn undone(&self, updates: &Updates<P>) {
        for (_, changes) in updates {
            self.group.untold.settled(&addresses::<P>(changes), true);
        }
    }

    /// Whether this server is to reclaim a lease.
    pub(crate) fn reclaims(&self, lease: &P::Lease) -> bool {
        let Some(seat) = self.seat_of(P::Model::subnet(lease)) else { return true };
        let ours = seat.look(|machine, _| {
            let key = P::share_key(lease);
            machine.reclaims(ha::owner(&seat.relationship, key.as_deref()))
        });
        if !ours {
            let lease = P::Model::named(lease);
            match P::FAMILY {
                Family::V4 => observe::log!(say::ReclaimSkip4 { lease }),
                Family::V6 => observe::log!(say::ReclaimSkip6 { lease }),
            }
        }
        ours
    }

    /// Whether a query is this server's in a relationship; the place of the server whose it is.
    fn decide(&self, seat: &Seat<P>, asking: &Asking<'_>) -> Result<Option<ClassId>, Option<usize>> {
        let Some(place) = ha::owner(&seat.relationship, asking.key) else { return Err(None) };
        if seat.serves(place) {
            let classes = usize::try_from(seat.number).ok().and_then(|number| self.classes.get(number));
            return Ok(classes.and_then(|classes| classes.get(place).copied().flatten()));
        }
        seat.overheard(asking);
        Err(Some(place))
    }
}

fn addresses<P: Protocol>(changes: &[Change<P>]) -> Vec<IpAddr> {
    changes.iter().map(|change| P::Model::address(change.lease()).into()).collect()
}

/// What subnets say of their relationship (`ha-server-name` in their `user-context` or in that of their network).
fn named<P: Protocol>(written: &Written<P>) -> Vec<(SubnetId, String)> {
    let name = |map: &Map| Some(map.get("user-context")?.get("ha-server-name")?.as_str()?.to_owned());
    let networks: HashMap<&str, String> = written
        .shared_networks
        .iter()
        .filter_map(|network| Some((network.map.get("name")?.as_str()?, name(&network.map)?)))
        .collect();
    let of_network = |network: &Option<String>| networks.get(network.as_deref()?).cloned();
    written
        .subnets
        .iter()
        .filter_map(|subnet| {
            let name = name(&subnet.element.map).or_else(|| of_network(&subnet.shared_network))?;
            Some((subnet.id, name))
        })
        .collect()
}

impl<P: Protocol> Share for Ha<P> {
    fn by_subnet(&self) -> bool {
        self.group.seats.len() > 1
    }

    fn changed(&self, address: IpAddr) {
        self.group.untold.changed(address);
    }

    fn is_told(&self, address: IpAddr) -> bool {
        !self.group.untold.holds(address)
    }

    fn arrived(&self, asking: &Asking<'_>) -> Result<Option<ClassId>, DropReason> {
        let Some(seat) = self.group.seats.first() else { return Ok(None) };
        let query = asking.label;
        self.decide(seat, asking).map_err(|place| {
            let server = &seat.relationship.own().name;
            let transaction = format_args!("{:#x}", asking.transaction);
            match (P::FAMILY, place) {
                (Family::V4, None) => observe::log!(say::NoKey4 { server, transaction }),
                (Family::V6, None) => observe::log!(say::NoKey6 { server, transaction }),
                (Family::V4, Some(_)) => observe::log!(say::NotForUs4 { query }),
                (Family::V6, Some(_)) => observe::log!(say::NotForUs6 { query }),
            }
            DropReason::NotForUs
        })
    }

    fn selected(
        &self,
        asking: &Asking<'_>,
        subnet: Option<(SubnetId, &dyn fmt::Display)>,
    ) -> Result<Option<ClassId>, DropReason> {
        let query = asking.label;
        let Some((id, subnet)) = subnet else {
            match P::FAMILY {
                Family::V4 => observe::log!(say::NoSubnet4 { query }),
                Family::V6 => observe::log!(say::NoSubnet6 { query }),
            }
            return Err(DropReason::NotForUs);
        };
        let Some(seat) = self.seat_of(id) else {
            match P::FAMILY {
                Family::V4 => observe::log!(say::NoRelationship4 { query, subnet }),
                Family::V6 => observe::log!(say::NoRelationship6 { query, subnet }),
            }
            return Err(DropReason::NotForUs);
        };
        self.decide(seat, asking).map_err(|_| {
            let relationship = &seat.relationship.own().name;
            match P::FAMILY {
                Family::V4 => observe::log!(say::SubnetNotForUs4 { query, relationship }),
                Family::V6 => observe::log!(say::SubnetNotForUs6 { query, relationship }),
            }
            DropReason::NotForUs
        })
    }
}

/// The changes of queries, each with the place of its reply if it has one.
pub(crate) type Updates<P> = Vec<(Option<usize>, Vec<Changed<<P as Protocol>::Lease>>)>;
