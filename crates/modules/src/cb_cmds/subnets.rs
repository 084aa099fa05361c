//! `remote-subnet*`.

use backend::{Change, Prefix, ServerSelector, StoredSubnet, SubnetKey};
use config::Protocol;
use control::Answer;
use json::{Kind, Map, Value};

use super::args::{Refusal, refuse};
use super::check::World;
use super::pieces::Piece;
use super::{Call, deleted, found, render, rules, stored};

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let value = call.args.only("subnets")?;
    let given = call.args.only_map("subnets")?;
    let tags = call.args.some_tags()?;
    let mut subnet = rules::subnet::<P>(value)?;
    if !given.contains_key("shared-network-name") {
        return refuse("missing 'shared-network-name' parameter");
    }
    let world = World::fetch(call).await?;
    world.known(&tags)?;
    let mut findings = Vec::new();
    world.definitions().options_in(&mut subnet.map, &tags, &mut findings)?;
    for keyword in ["pools", "pd-pools"] {
        if let Some(Kind::List(pools)) = subnet.map.get_mut(keyword).map(|value| &mut value.kind) {
            for pool in pools.iter_mut().filter_map(Value::as_map_mut) {
                world.definitions().options_in(pool, &tags, &mut findings)?;
            }
        }
    }
    let what = format!("subnet {} ({})", subnet.id, subnet.prefix);
    findings.extend(world.classes_known(call, &tags, &subnet.map, &what, None).await?);
    findings.extend(world.subnet_runs(call, &tags, &subnet, findings.is_empty()).await?);
    call.guard(&findings)?;
    let shown = Map::from([
        ("id".to_owned(), subnet.id.0.into()),
        ("subnet".to_owned(), subnet.prefix.to_string().into()),
    ]);
    let rules::Subnet { id, prefix, shared_network, map } = subnet;
    call.apply_one(Change::SetSubnet { tags, id, prefix, shared_network, map }).await?;
    Ok(stored(format!("IPv{} subnet successfully set.", call.digit()), "subnets", shown))
}

async fn show<P: Protocol>(
    call: &Call<'_, P>,
    subnet: Option<StoredSubnet>,
    key: &str,
) -> Result<Answer, Refusal> {
    let names = call.names().await?;
    let not = if subnet.is_some() { "" } else { "not " };
    let text = format!("IPv{} subnet {key} {not}found.", call.digit());
    Ok(found(text, "subnets", subnet.iter().map(|s| names.subnet(s)).collect()))
}

pub(crate) async fn get_by_id<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let id = call.args.subnet_id()?;
    show(call, call.backend()?.subnet(SubnetKey::Id(id)).await?, &id.to_string()).await
}

pub(crate) async fn get_by_prefix<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let (text, prefix) = call.args.subnet_prefix()?;
    show(call, call.backend()?.subnet(SubnetKey::Prefix(prefix)).await?, text).await
}

pub(crate) async fn list<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let selector = call.args.selector()?;
    let unassigned = selector == ServerSelector::Unassigned;
    let subnets = call.backend()?.subnet_list(selector).await?;
    let text = format!("{} IPv{} subnet(s) found.", subnets.len(), call.digit());
    Ok(found(text, "subnets", subnets.iter().map(|s| render::brief(s, unassigned)).collect()))
}

/// `beside`: the prefix that the subnet must have.
async fn del<P: Protocol>(
    call: &Call<'_, P>,
    key: SubnetKey,
    beside: Option<Prefix>,
) -> Result<Answer, Refusal> {
    let world = World::fetch(call).await?;
    if let Some(subnet) = call.backend()?.subnet(key).await? {
        if let Some(prefix) = beside.filter(|prefix| *prefix != subnet.prefix) {
            return refuse(format!("subnet {} is {}, not {prefix}", subnet.id, subnet.prefix));
        }
        let what = format!("deletion of subnet {} ({})", subnet.id, subnet.prefix);
        let before = Piece::of_subnet(subnet);
        call.guard(&world.piece_runs(call, &what, &before, &Piece::default()).await?)?;
    }
    let count = call.apply_one(Change::DeleteSubnet(key)).await?;
    Ok(deleted(format!("{count} IPv{} subnet(s) deleted.", call.digit()), count))
}

pub(crate) async fn del_by_id<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    del(call, SubnetKey::Id(call.args.subnet_id()?), call.args.prefix_beside()?).await
}

pub(crate) async fn del_by_prefix<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    del(call, SubnetKey::Prefix(call.args.subnet_prefix()?.1), None).await
}
