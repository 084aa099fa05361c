//! `remote-server*`.

use backend::{Change, ConfigBackend, Server, ServerSelector, int_member, text_member};
use config::Protocol;
use control::Answer;
use json::Map;

use super::args::{Refusal, refuse, string};
use super::{Call, deleted, found, stored};

fn show(server: &Server) -> Map {
    Map::from([
        ("server-tag".to_owned(), server.tag.as_str().into()),
        ("description".to_owned(), server.description.as_str().into()),
    ])
}

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let tag = call.args.server()?;
    let description = string(call.args.only_map("servers")?, "description")?.to_owned();
    if tag.is_all() {
        return refuse(
            "'all' is a name reserved for the server tag which associates the configuration elements with all servers \
             connecting to the database and a server with this name may not be created",
        );
    }
    call.server(&tag).await?;
    let server = Server { tag, description };
    call.apply_one(Change::SetServer(server.clone())).await?;
    Ok(stored(format!("DHCPv{} server successfully set.", call.digit()), "servers", show(&server)))
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let tag = call.args.server()?;
    let server = if tag.is_all() { None } else { call.server(&tag).await? };
    let not = if server.is_some() { "" } else { "not " };
    let text = format!("DHCPv{} server '{tag}' {not}found.", call.digit());
    Ok(found(text, "servers", server.iter().map(|s| show(s).into()).collect()))
}

pub(crate) async fn get_all<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let servers = call.backend()?.servers().await?;
    let text = format!("{} DHCPv{} server(s) found.", servers.len(), call.digit());
    Ok(found(text, "servers", servers.iter().map(|s| show(s).into()).collect()))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let tag = call.args.server()?;
    if tag.is_all() {
        return refuse(
            "'all' is a name reserved for the server tag which associates the configuration elements with all servers \
             connecting to the database and may not be deleted",
        );
    }
    call.server(&tag).await?;
    let losses = losses(call.backend()?, &tag).await?;
    let change = Change::DeleteServer(tag.clone());
    let what = format!("deletion of server '{tag}'");
    call.guard(&call.whole_runs(&what, std::slice::from_ref(&change)).await?)?;
    let count = call.apply_one(change).await?;
    let answer = deleted(format!("{count} DHCPv{} server(s) deleted.", call.digit()), count);
    Ok(call.with_warnings(answer, if count > 0 { losses } else { Vec::new() }))
}

/// What goes with a server, and what nobody has without it.
async fn losses(backend: &dyn ConfigBackend, tag: &base::ServerTag) -> Result<Vec<String>, Refusal> {
    let selector = ServerSelector::One(tag.clone());
    let mut losses = Vec::new();
    let only = |tags: &[base::ServerTag]| tags == [tag.clone()];
    for global in backend.globals(selector.clone()).await?.iter().filter(|g| only(&g.tags)) {
        losses.push(format!("global parameter '{}' of server '{tag}' is deleted with it", global.name));
    }
    for (what, list) in [
        ("option definition", backend.option_defs(selector.clone()).await?),
        ("global option", backend.options(selector.clone()).await?),
    ] {
        for stored in list.iter().filter(|s| only(&s.element.server_tags)) {
            let (code, space) =
                (int_member(&stored.element.map, "code"), text_member(&stored.element.map, "space"));
            losses.push(format!("{what} {code} in '{space}' of server '{tag}' is deleted with it"));
        }
    }
    for (what, list) in [
        ("client class", backend.classes(selector.clone()).await?),
        ("shared network", backend.networks(selector.clone()).await?),
    ] {
        for stored in list.iter().filter(|s| only(&s.element.server_tags)) {
            let name = text_member(&stored.element.map, "name");
            losses.push(format!("{what} '{name}' stays, but belongs to no server any more"));
        }
    }
    for subnet in backend.subnet_list(selector).await?.iter().filter(|s| only(&s.tags)) {
        losses.push(format!(
            "subnet {} ({}) stays, but belongs to no server any more",
            subnet.id, subnet.prefix
        ));
    }
    Ok(losses)
}
