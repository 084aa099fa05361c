//! `remote-option*`: options of servers, networks, subnets and pools.

use backend::{Change, OptionScope, ServerSelector, Stored, SubnetKey, option_key_of};
use base::ServerTag;
use config::Protocol;
use control::Answer;
use json::{Map, Value};

use super::args::{Level, Refusal, refuse};
use super::check::World;
use super::{Call, deleted, found, rules, stored};

/// Who gets what an option belongs to.
async fn tags_of<P: Protocol>(call: &Call<'_, P>, scope: &OptionScope) -> Result<Vec<ServerTag>, Refusal> {
    let missing = |what: &str, key: &str| {
        Refusal(format!("{what} '{key}' does not exist in the configuration database"))
    };
    let subnet = match scope {
        OptionScope::Global(tag) => return Ok(vec![tag.clone()]),
        OptionScope::Network(name) => {
            let network = call.network(name).await?.ok_or_else(|| missing("shared network", name))?;
            return Ok(network.element.server_tags.clone());
        }
        OptionScope::Subnet(id) => *id,
        OptionScope::Pool(range) => {
            let subnet = call.backend()?.subnet_of_pool(scope.clone()).await?;
            subnet.ok_or_else(|| missing("pool", &range.to_string()))?
        }
        OptionScope::PdPool(key) => {
            let subnet = call.backend()?.subnet_of_pool(scope.clone()).await?;
            subnet.ok_or_else(|| missing("pd-pool", &key.prefix.to_string()))?
        }
    };
    let found = call.backend()?.subnet(SubnetKey::Id(subnet)).await?;
    let found = found.ok_or_else(|| missing("subnet", &subnet.to_string()))?;
    Ok(found.element.server_tags.clone())
}

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>, level: Level) -> Result<Answer, Refusal> {
    let value = call.args.only("options")?;
    if value.as_map().is_none() {
        return refuse("'options' list must include a map");
    }
    let scope = call.args.scope(level)?;
    let given = rules::option(call.family, value)?;
    let world = World::fetch(call).await?;
    if let OptionScope::Global(tag) = &scope {
        world.known(std::slice::from_ref(tag))?;
    }
    let tags = tags_of(call, &scope).await?;
    let mut findings = Vec::new();
    let map = world.definitions().option(&given, &tags, &mut findings)?;
    let key = option_key_of(&map);
    let what = format!("option {} in '{}'", key.code, key.space);
    findings.extend(world.classes_known(call, &tags, &map, &what, None).await?);
    let change = Change::SetOption { scope, map };
    if findings.is_empty() {
        findings = world.option_runs(call, &what, change.clone()).await?;
    }
    call.guard(&findings)?;
    call.apply_one(change).await?;
    let mut shown = Map::from([("code".to_owned(), key.code.into()), ("space".to_owned(), key.space.into())]);
    let classes = key.classes.unwrap_or_default();
    if !classes.is_empty() {
        let list: Vec<Value> = classes.into_iter().map(Value::from).collect();
        shown.insert("client-classes".to_owned(), list.into());
    }
    Ok(stored(format!("DHCPv{} option successfully set.", call.digit()), "options", shown))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>, level: Level) -> Result<Answer, Refusal> {
    let key = call.args.option_key("options", &["client-classes"])?;
    let scope = call.args.scope(level)?;
    let global = if let OptionScope::Global(tag) = &scope { Some(tag.clone()) } else { None };
    let what = format!("deletion of option {} in '{}'", key.code, key.space);
    if let OptionScope::Network(name) = &scope {
        call.network(name).await?;
    }
    let change = Change::DeleteOption { scope, key };
    if let Some(tag) = global {
        let world = World::fetch(call).await?;
        world.known(&[tag])?;
        // It may have hidden one of all servers, or of the file.
        call.guard(&world.option_runs(call, &what, change.clone()).await?)?;
    }
    let count = call.apply_one(change).await?;
    Ok(deleted(format!("{count} DHCPv{} option(s) deleted.", call.digit()), count))
}

async fn effective<P: Protocol>(call: &Call<'_, P>, tag: ServerTag) -> Result<Vec<Stored>, Refusal> {
    let selector = ServerSelector::of(&[tag]);
    let options = call.backend()?.options(selector.clone()).await?;
    Ok(selector.effective(options, |o| &o.element.server_tags, |o| option_key_of(&o.element.map)))
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let wanted = call.args.option_key("options", &["client-classes"])?;
    let options = effective(call, call.args.one_tag()?).await?;
    let option: Vec<_> = options
        .iter()
        .filter(|option| {
            let key = option_key_of(&option.element.map);
            (&key.space, key.code) == (&wanted.space, wanted.code)
                && (wanted.classes.is_none() || key.classes == wanted.classes)
        })
        .take(1)
        .collect();
    let not = if option.is_empty() { "not " } else { "" };
    let text = format!("DHCPv{} option {} in '{}' {not}found.", call.digit(), wanted.code, wanted.space);
    let names = call.names().await?;
    Ok(found(text, "options", option.into_iter().map(|o| names.global_option(o)).collect()))
}

pub(crate) async fn get_all<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let options = effective(call, call.args.one_tag()?).await?;
    let names = call.names().await?;
    let text = format!("{} DHCPv{} option(s) found.", options.len(), call.digit());
    Ok(found(text, "options", options.iter().map(|o| names.global_option(o)).collect()))
}
