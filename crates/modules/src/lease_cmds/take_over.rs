//! Leases of another server, taken over where they are newer (`libdhcp_ha`).

use std::sync::Arc;

use config::ServerConfig;
use json::{Map, Value};
use lease::{Durable, LeaseState};

use super::protocol::Leases;
use super::{ATTEMPTS, World};
use crate::params::{Params, Refusal};
use base::SubnetId;

/// What became of a lease of the other server.
pub enum Taken<'a, P: Leases> {
    /// It is the lease here now. There may have been another one.
    Over { lease: &'a P::Lease, before: Option<Arc<P::Lease>> },
    /// What is here is as new, or newer.
    Stale { lease: &'a P::Lease, kept: Arc<P::Lease> },
    /// It is none that there can be here.
    Refused { lease: &'a Value, reason: &'a str },
}

/// Takes over a page of leases, each as the commands on leases take it; answers how many are new here. `belongs` tells
/// which subnets are meant at all.
///
/// # Errors
/// When the store fails.
pub async fn take_over<P: Leases>(
    world: &World<'_, P>,
    leases: Vec<Map>,
    belongs: impl Fn(&ServerConfig<P>, SubnetId) -> bool,
    mut tell: impl FnMut(Taken<'_, P>),
) -> Result<u64, String> {
    let mark = world.store.mark();
    let mut count = 0;
    for map in leases {
        // Those of others are not read at all: there may be no such subnet here.
        let subnet = map.get("subnet-id").and_then(Value::as_int).and_then(|id| u32::try_from(id).ok());
        if subnet.is_some_and(|subnet| !belongs(&world.config, SubnetId(subnet))) {
            continue;
        }
        let value = Value::from(map);
        let read = Params::of(&value).ok_or_else(|| Refusal::error("a lease is a map"));
        let lease = match read.and_then(|params| world.lease(params)) {
            Ok(lease) => lease,
            Err(refusal) => {
                tell(Taken::Refused { lease: &value, reason: &refusal.text });
                continue;
            }
        };
        match newer::<P>(world, &lease).await.map_err(|refusal| refusal.text)? {
            Outcome::Over(before) => {
                count += 1;
                tell(Taken::Over { lease: &lease, before });
            }
            Outcome::Stale(kept) => tell(Taken::Stale { lease: &lease, kept }),
            Outcome::Raced => {
                tell(Taken::Refused { lease: &value, reason: "the lease changes all the time" })
            }
        }
    }
    world.store.commit(mark).await.map_err(|error| error.to_string())?;
    Ok(count)
}

enum Outcome<L> {
    Over(Option<Arc<L>>),
    Stale(Arc<L>),
    Raced,
}

async fn newer<P: Leases>(world: &World<'_, P>, lease: &P::Lease) -> Result<Outcome<P::Lease>, Refusal> {
    for _ in 0..ATTEMPTS {
        match P::by_address(&world.store, P::address(lease)).await? {
            None if P::add(&world.store, lease.clone()).await? => return Ok(Outcome::Over(None)),
            None => {}
            Some(own) if P::cltt(&own) >= P::cltt(lease) => return Ok(Outcome::Stale(own)),
            // A row has one type for its life.
            Some(own) if P::lease_type(&own) != P::lease_type(lease) => return Ok(Outcome::Stale(own)),
            Some(own) if P::update(&world.store, lease.clone(), &own).await? => {
                return Ok(Outcome::Over(Some(own)));
            }
            Some(_) => {}
        }
    }
    Ok(Outcome::Raced)
}

/// Whether both leases are held, and by different clients.
pub fn differ<P: Leases>(one: &P::Lease, other: &P::Lease) -> bool {
    let held = |lease| P::state(lease) == LeaseState::Default;
    held(one) && held(other) && P::holder(one) != P::holder(other)
}
