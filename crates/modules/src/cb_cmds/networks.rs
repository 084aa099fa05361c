//! `remote-network*`.

use backend::{Change, NetworkSubnets, ServerSelector, Stored, text_member};
use config::Protocol;
use control::Answer;
use json::{Map, Value};

use super::args::Refusal;
use super::check::{World, element, lacking};
use super::pieces::Piece;
use super::{Call, deleted, found, render, rules, stored};

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let value = call.args.only("shared-networks")?;
    call.args.only_map("shared-networks")?;
    let tags = call.args.some_tags()?;
    let mut map = rules::network(call.family, value)?;
    let name = text_member(&map, "name");
    let world = World::fetch(call).await?;
    world.known(&tags)?;
    let mut findings = Vec::new();
    world.definitions().options_in(&mut map, &tags, &mut findings)?;
    let old = call.network(&name).await?;
    // Subnets that are in it must not be left without it.
    let members = call.backend()?.subnets_of(name.clone()).await?;
    for subnet in &members {
        for tag in lacking(&tags, &subnet.element.server_tags) {
            findings.push(format!(
                "subnet {} ({}) of server '{tag}' would be without its shared network '{name}'",
                subnet.id, subnet.prefix
            ));
        }
    }
    let what = format!("shared network '{name}'");
    findings.extend(world.classes_known(call, &tags, &map, &what, None).await?);
    if findings.is_empty() {
        let row = old.as_ref().map_or(u64::MAX, |old| old.row);
        let new = Stored { row, element: element(map.clone(), &what, &tags) };
        let before = Piece::of_network(&name, old, members.clone());
        let after = Piece::of_network(&name, Some(new), members);
        findings = world.piece_runs(call, &what, &before, &after).await?;
    }
    call.guard(&findings)?;
    call.apply_one(Change::SetNetwork { tags, map }).await?;
    let shown = Map::from([("name".to_owned(), name.into())]);
    Ok(stored(format!("IPv{} shared network successfully set.", call.digit()), "shared-networks", shown))
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let name = call.args.name("shared-networks")?;
    let full = call.args.word("subnets-include", &["no", "full"])? == "full";
    let network = call.network(name).await?;
    let names = call.names().await?;
    let mut shown: Vec<Value> = Vec::new();
    if let Some(network) = &network {
        let mut map = names.network(network);
        if full {
            let subnets = call.backend()?.subnets_of(name.to_owned()).await?;
            let list: Vec<Value> = subnets.iter().map(|subnet| names.subnet(subnet)).collect();
            map.insert(format!("subnet{}", call.digit()), list.into());
        }
        shown.push(map.into());
    }
    let not = if network.is_some() { "" } else { "not " };
    let text = format!("IPv{} shared network '{name}' {not}found.", call.digit());
    Ok(found(text, "shared-networks", shown))
}

pub(crate) async fn list<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let selector = call.args.selector()?;
    let unassigned = selector == ServerSelector::Unassigned;
    let networks = call.backend()?.networks(selector).await?;
    let text = format!("{} IPv{} shared network(s) found.", networks.len(), call.digit());
    Ok(found(
        text,
        "shared-networks",
        networks.iter().map(|n| render::network_brief(n, unassigned)).collect(),
    ))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let name = call.args.name("shared-networks")?;
    let subnets = match call.args.word("subnets-action", &["keep", "delete"])? {
        "delete" => NetworkSubnets::Delete,
        _ => NetworkSubnets::Keep,
    };
    let world = World::fetch(call).await?;
    let old = call.network(name).await?;
    let mut members = call.backend()?.subnets_of(name.to_owned()).await?;
    let before = Piece::of_network(name, old, members.clone());
    match subnets {
        NetworkSubnets::Delete => members.clear(),
        NetworkSubnets::Keep => members.iter_mut().for_each(|subnet| subnet.shared_network = None),
    }
    let after = Piece::of_network(name, None, members);
    let what = format!("deletion of shared network '{name}'");
    call.guard(&world.piece_runs(call, &what, &before, &after).await?)?;
    let count = call.apply_one(Change::DeleteNetwork { name: name.to_owned(), subnets }).await?;
    Ok(deleted(format!("{count} IPv{} shared network(s) deleted.", call.digit()), count))
}
