//! `remote-global-parameter*`.

use backend::{Change, ServerSelector, StoredGlobal};
use base::ServerTag;
use config::Protocol;
use control::Answer;
use json::{Kind, Map, Value};

use super::args::{Refusal, refuse};
use super::check::World;
use super::{Call, deleted, found, number, render, rules};

/// Parameters by name, members of maps as `map.member`.
fn flatten(map: &Map) -> Result<Vec<(String, &Value)>, Refusal> {
    let mut flat = Vec::new();
    for (name, value) in map {
        match &value.kind {
            Kind::Map(inner) => {
                for (member, value) in inner {
                    if value.as_map().is_some() {
                        return refuse(format!("'{name}.{member}' parameter must not be a map"));
                    }
                    flat.push((format!("{name}.{member}"), value));
                }
            }
            _ => flat.push((name.to_string(), value)),
        }
    }
    Ok(flat)
}

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let Some(map) = call.args.get("parameters").and_then(Value::as_map) else {
        return refuse("'parameters' parameter must be specified and must be a map");
    };
    let tag = call.args.one_tag()?;
    if map.is_empty() {
        return refuse("'parameters' map must not be empty");
    }
    let mut changes = Vec::new();
    let mut shown = Map::new();
    let flat = flatten(map)?;
    // Before what is wrong with values.
    if let Some((name, _)) = flat.iter().find(|(name, _)| !rules::is_global(call.family, name)) {
        return refuse(format!("unknown parameter '{name}'"));
    }
    for (name, value) in flat {
        let value = rules::global(call.family, &name, value)?;
        render::insert_global(&mut shown, &name, value.clone());
        changes.push(Change::SetGlobal { tag: tag.clone(), name, value });
    }
    let world = World::fetch(call).await?;
    world.known(std::slice::from_ref(&tag))?;
    call.guard(&call.whole_runs("global parameters", &changes).await?)?;
    let count = changes.len();
    call.apply(changes).await?;
    let arguments = Map::from([("count".to_owned(), number(count)), ("parameters".to_owned(), shown.into())]);
    Ok(Answer::full(
        format!("{count} DHCPv{} global parameter(s) successfully set.", call.digit()),
        arguments,
    ))
}

/// The name and server of `get` and `del`.
fn one<P: Protocol>(call: &Call<'_, P>) -> Result<(String, ServerTag), Refusal> {
    let only = call.args.only("parameters")?;
    let tag = call.args.one_tag()?;
    match only.as_str() {
        None => refuse("'parameters' list must include a string"),
        Some("") => refuse("global parameter name must not be empty"),
        Some(name) => Ok((name.to_owned(), tag)),
    }
}

async fn effective<P: Protocol>(call: &Call<'_, P>, tag: ServerTag) -> Result<Vec<StoredGlobal>, Refusal> {
    let selector = ServerSelector::of(&[tag]);
    let globals = call.backend()?.globals(selector.clone()).await?;
    Ok(selector.effective(globals, |g| &g.tags, |g| g.name.clone()))
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let (name, tag) = one(call)?;
    let global = effective(call, tag).await?.into_iter().find(|g| g.name == name);
    let digit = call.digit();
    Ok(match global {
        Some(global) => {
            let arguments = Map::from([
                ("count".to_owned(), number(1)),
                ("parameters".to_owned(), render::global(&global).into()),
            ]);
            Answer::full(format!("'{name}' DHCPv{digit} global parameter found."), arguments)
        }
        None => {
            let arguments =
                Map::from([("count".to_owned(), number(0)), ("parameters".to_owned(), Value::map())]);
            Answer::empty(format!("'{name}' DHCPv{digit} global parameter not found."))
                .and_arguments(arguments)
        }
    })
}

pub(crate) async fn get_all<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let globals = effective(call, call.args.one_tag()?).await?;
    let text = format!("{} DHCPv{} global parameter(s) found.", globals.len(), call.digit());
    Ok(found(text, "parameters", globals.iter().map(|g| render::global(g).into()).collect()))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let (name, tag) = one(call)?;
    let world = World::fetch(call).await?;
    world.known(std::slice::from_ref(&tag))?;
    let change = Change::DeleteGlobal { tag, name };
    call.guard(&call.whole_runs("global parameters", std::slice::from_ref(&change)).await?)?;
    let count = call.apply_one(change).await?;
    Ok(deleted(format!("{count} DHCPv{} global parameter(s) deleted.", call.digit()), count))
}
