//! `lease6-bulk-apply`: many changes with one command, as high availability partners send them.

use control::{Answer, result};
use json::{Map, Value};
use lease::LeaseType;

use super::protocol::{By, Leases};
use super::{World, map, query, replace, report};
use crate::params::{Params, Refusal, refuse};

/// Why a lease was not changed, with what the command knows of it.
fn failed(kind: LeaseType, known: &[(&str, String)], result: u32, text: &str) -> Value {
    let mut shown = Map::from([
        ("type".to_owned(), kind.name().into()),
        ("result".to_owned(), result.into()),
        ("error-message".to_owned(), text.into()),
    ]);
    for (name, value) in known {
        shown.insert((*name).to_owned(), value.as_str().into());
    }
    shown.into()
}

/// What a command named, as answers name it.
fn key<A: std::fmt::Display>(by: &By<A>) -> [(&'static str, String); 1] {
    [match by {
        By::Address(address) => ("ip-address", address.to_string()),
        By::HwAddr(hw_addr, _) => ("hw-address", hw_addr.to_string()),
        By::ClientId(id, _) => ("client-id", id.to_string()),
        By::Duid(duid, ..) => ("duid", duid.to_string()),
    }]
}

fn list<'a>(params: Params<'a>, name: &str) -> Result<Option<&'a [Value]>, Refusal> {
    let Some(value) = params.get(name) else { return Ok(None) };
    match value.as_list() {
        Some(list) => Ok(Some(list)),
        None => refuse(format!("the '{name}' parameter must be a list")),
    }
}

/// Everything is read before anything is changed: a command that is wrong changes nothing.
pub(super) async fn apply<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let Some(params) = arguments.and_then(Params::of) else {
        return refuse("Command arguments missing or a not a map.");
    };
    let (deleted, leases) = (list(params, "deleted-leases")?, list(params, "leases")?);
    if deleted.is_none() && leases.is_none() {
        return refuse("neither 'deleted-leases' nor 'leases' parameter specified");
    }
    let mut gone = Vec::new();
    for value in deleted.unwrap_or_default() {
        let wanted = query::wanted::<P>(Some(value))?;
        if let Some(why) = P::undeletable(&wanted.by) {
            return refuse(why);
        }
        let lease = P::find(world, &wanted).await?;
        gone.push((wanted, lease));
    }
    let mut new: Vec<P::Lease> = Vec::new();
    for value in leases.unwrap_or_default() {
        new.push(world.lease(map(value)?)?);
    }

    let mut count = 0;
    let mut failed_deleted: Vec<Value> = Vec::new();
    for (wanted, lease) in gone {
        let kind = wanted.lease_type.unwrap_or_default();
        // What is found by its client and is not there has nothing to be deleted, as in Kea.
        if lease.is_none() && !matches!(wanted.by, By::Address(_)) {
            continue;
        }
        let outcome = match &lease {
            None => Ok(false),
            Some(lease) => P::delete(&world.store, lease).await,
        };
        match outcome {
            Ok(true) => count += 1,
            Ok(false) => {
                failed_deleted.push(failed(kind, &key(&wanted.by), result::EMPTY, "lease not found"));
            }
            Err(why) => {
                failed_deleted.push(failed(kind, &key(&wanted.by), result::ERROR, &why.to_string()));
            }
        }
    }
    let mut failed_leases: Vec<Value> = Vec::new();
    for lease in &new {
        match replace(world, lease, true).await {
            Ok(_) => count += 1,
            Err(why) => {
                let mut known = vec![("ip-address", P::address(lease).to_string())];
                known.extend(P::client(lease).map(|client| (P::CLIENT, client)));
                failed_leases.push(failed(P::lease_type(lease), &known, why.result, &why.text));
            }
        }
    }
    report::applied(count);
    let code = if count > 0 { result::OK } else { result::EMPTY };
    let answer = Answer::with_result(code, format!("Bulk apply of {count} IPv6 leases completed."));
    let lists = [("failed-deleted-leases", failed_deleted), ("failed-leases", failed_leases)];
    let arguments: Map = lists
        .into_iter()
        .filter(|(_, failed)| !failed.is_empty())
        .map(|(name, failed)| (name.to_owned(), Value::from(failed)))
        .collect();
    Ok(if arguments.is_empty() { answer } else { answer.and_arguments(arguments) })
}
