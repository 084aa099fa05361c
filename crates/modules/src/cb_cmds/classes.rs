//! `remote-class*`.

use backend::{Change, text_member};
use base::ServerTag;
use config::class_names::is_builtin;
use config::{Protocol, mentioned_classes};
use control::Answer;
use json::{Map, Value};

use super::args::{Refusal, refuse};
use super::check::World;
use super::{Call, deleted, found, rules, stored};

/// Users of a class that are named in a refusal.
const NAMED: usize = 5;

/// An object with its servers.
fn of_servers(what: String, tags: &[ServerTag]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("'{tag}'")).collect();
    if tags.is_empty() { what } else { format!("{what} of server {}", tags.join(", ")) }
}

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let value = call.args.only("client-classes")?;
    let given = call.args.only_map("client-classes")?;
    let tags = call.args.some_tags()?;
    let follow = call.args.follow(given)?;
    let mut value = value.clone();
    if let Some(map) = value.as_map_mut() {
        map.remove("follow-class-name");
    }
    let mut map = rules::class(call.family, &value)?;
    let name = text_member(&map, "name");
    let world = World::fetch(call).await?;
    world.known(&tags)?;
    call.class(&name).await?;
    let definitions = world.definitions().with_class(&map);
    let mut findings = Vec::new();
    definitions.options_in(&mut map, &tags, &mut findings)?;
    if let Some(json::Kind::List(list)) = map.get_mut("option-def").map(|value| &mut value.kind) {
        for def in list.iter_mut().filter_map(Value::as_map_mut) {
            let space = super::definitions::space_of(def, call.family);
            def.insert("space".to_owned(), space.into());
        }
    }
    let what = format!("client class '{name}'");
    findings.extend(world.classes_known(call, &tags, &map, &what, Some(&name)).await?);
    let names = compile(call, &world.targets(&tags), &map, &definitions, &mut findings)?;
    let depends_on_known = names.iter().any(|name| name == "KNOWN" || name == "UNKNOWN");
    let dependencies = names.into_iter().filter(|name| !is_builtin(name)).collect();
    let change = Change::SetClass { tags, map, follow, dependencies, depends_on_known };
    if findings.is_empty() {
        findings = call.whole_runs(&what, std::slice::from_ref(&change)).await?;
    }
    call.guard(&findings)?;
    call.apply_one(change).await?;
    engine::warn_of_class_name(&name);
    let shown = Map::from([("name".to_owned(), name.into())]);
    Ok(stored(format!("DHCPv{} client class successfully set.", call.digit()), "client-classes", shown))
}

/// The expression must be right for every server, as definitions may give names another meaning there.
fn compile<P: Protocol>(
    call: &Call<'_, P>,
    tags: &[ServerTag],
    map: &Map,
    definitions: &super::definitions::Definitions,
    findings: &mut Vec<String>,
) -> Result<Vec<String>, Refusal> {
    let mut names = None;
    let mut failed = Vec::new();
    for tag in tags {
        match mentioned_classes(map, call.family, &definitions.table(tag)) {
            Ok(found) => names = Some(found),
            Err(error) => failed.push((tag, error)),
        }
    }
    let Some(names) = names else {
        return refuse(failed.into_iter().next().map(|(_, error)| error).unwrap_or_default());
    };
    findings.extend(failed.into_iter().map(|(tag, error)| format!("on server '{tag}' {error}")));
    Ok(names)
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let name = call.args.name("client-classes")?;
    let class = call.class(name).await?;
    let names = call.names().await?;
    let not = if class.is_some() { "" } else { "not " };
    let text = format!("DHCPv{} client class '{name}' {not}found.", call.digit());
    Ok(found(text, "client-classes", class.iter().map(|c| names.class(c)).collect()))
}

pub(crate) async fn get_all<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let classes = call.backend()?.classes(call.args.selector()?).await?;
    let names = call.names().await?;
    let text = format!("{} DHCPv{} client class(es) found.", classes.len(), call.digit());
    Ok(found(text, "client-classes", classes.iter().map(|c| names.class(c)).collect()))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let name = call.args.name("client-classes")?;
    World::fetch(call).await?;
    if call.class(name).await?.is_some() && !call.args.force()? {
        let users = call.backend()?.class_users(name.to_owned(), NAMED).await?;
        let users: Vec<String> = users.into_iter().map(|(what, tags)| of_servers(what, &tags)).collect();
        if !users.is_empty() {
            return refuse(format!(
                "client class '{name}' is used by {} (\"force\": true deletes it nevertheless)",
                users.join(", ")
            ));
        }
    }
    let change = Change::DeleteClass { name: name.to_owned() };
    let what = format!("deletion of client class '{name}'");
    call.guard(&call.whole_runs(&what, std::slice::from_ref(&change)).await?)?;
    let count = call.apply_one(change).await?;
    Ok(deleted(format!("{count} DHCPv{} client class(es) deleted.", call.digit()), count))
}
