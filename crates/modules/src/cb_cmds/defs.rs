//! `remote-option-def*`.

use backend::{Change, ServerSelector, Stored, int_member, text_member};
use base::ServerTag;
use config::Protocol;
use control::Answer;
use json::Map;
use options::DefTable;

use super::args::{Refusal, flag, integer, refuse};
use super::check::{World, share};
use super::definitions::space_of;
use super::{Call, deleted, found, render, rules, stored};

/// Option users named in a refusal.
const NAMED: u32 = 5;

fn key_of(def: &Stored) -> (String, i64) {
    (text_member(&def.element.map, "space"), int_member(&def.element.map, "code"))
}

async fn effective<P: Protocol>(call: &Call<'_, P>, tag: ServerTag) -> Result<Vec<Stored>, Refusal> {
    let selector = ServerSelector::of(&[tag]);
    let defs = call.backend()?.option_defs(selector.clone()).await?;
    Ok(selector.effective(defs, |d| &d.element.server_tags, key_of))
}

pub(crate) async fn set<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let value = call.args.only("option-defs")?;
    let given = call.args.only_map("option-defs")?;
    let tag = call.args.one_tag()?;
    // A standard option: the text that programs know, before any other.
    if let (Ok(code), Some(_)) = (integer(given, "code"), given.get("name")) {
        let space = space_of(given, call.family);
        let standard = u16::try_from(code)
            .ok()
            .and_then(|code| DefTable::standard(call.family).by_code(&space, code).map(|_| code));
        let deferred = space == "dhcp4" && (code == 43 || (224..=254).contains(&code));
        if standard.is_some() && !deferred && code != 0 && matches!(space.as_str(), "dhcp4" | "dhcp6") {
            return refuse(format!("an option with code {code} already exists in space '{space}'"));
        }
    }
    let mut map = rules::option_def(call.family, value)?;
    let space = space_of(&map, call.family);
    let code = u16::try_from(int_member(&map, "code"))?;
    map.insert("space".to_owned(), space.as_str().into());
    World::fetch(call).await?.known(std::slice::from_ref(&tag))?;
    let change = Change::SetOptionDef { tag, map };
    let what = format!("option definition {code} in '{space}'");
    call.guard(&call.whole_runs(&what, std::slice::from_ref(&change)).await?)?;
    call.apply_one(change).await?;
    let shown = Map::from([("code".to_owned(), code.into()), ("space".to_owned(), space.into())]);
    Ok(stored(format!("DHCPv{} option definition successfully set.", call.digit()), "option-defs", shown))
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let key = call.args.option_key("option-defs", &["name"])?;
    let defs = effective(call, call.args.one_tag()?).await?;
    let def: Vec<_> =
        defs.iter().filter(|d| key_of(d) == (key.space.clone(), i64::from(key.code))).take(1).collect();
    let not = if def.is_empty() { "not " } else { "" };
    let text = format!("DHCPv{} option definition {} in '{}' {not}found.", call.digit(), key.code, key.space);
    Ok(found(text, "option-defs", def.into_iter().map(render::option_def).collect()))
}

pub(crate) async fn get_all<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let defs = effective(call, call.args.one_tag()?).await?;
    let text = format!("{} DHCPv{} option definition(s) found.", defs.len(), call.digit());
    Ok(found(text, "option-defs", defs.iter().map(render::option_def).collect()))
}

pub(crate) async fn del<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let key = call.args.option_key("option-defs", &["force"])?;
    let tag = call.args.one_tag()?;
    let world = World::fetch(call).await?;
    world.known(std::slice::from_ref(&tag))?;
    let force = call.args.force()? || flag(call.args.only_map("option-defs")?, "force")?;
    if !force && world.has_def(&tag, &key.space, key.code) && !world.def_stays(&tag, &key.space, key.code) {
        let users = call.backend()?.option_users(key.space.clone(), key.code, 1000).await?;
        let concerned: Vec<String> = users
            .into_iter()
            .filter(|(_, tags)| share(tags, std::slice::from_ref(&tag)))
            .map(|(what, _)| what)
            .take(usize::try_from(NAMED).unwrap_or(usize::MAX))
            .collect();
        if !concerned.is_empty() {
            return refuse(format!(
                "option definition {} in '{}' of server '{tag}' is needed by {} (\"force\": true deletes it nevertheless)",
                key.code,
                key.space,
                concerned.join(", ")
            ));
        }
    }
    let what = format!("deletion of option definition {} in '{}'", key.code, key.space);
    let change = Change::DeleteOptionDef { tag, space: key.space, code: key.code };
    if !force {
        let findings = call.whole_runs(&what, std::slice::from_ref(&change)).await?;
        if !findings.is_empty() {
            return refuse(format!("{} (\"force\": true deletes it nevertheless)", findings.join("; ")));
        }
    }
    let count = call.apply_one(change).await?;
    Ok(deleted(format!("{count} DHCPv{} option definition(s) deleted.", call.digit()), count))
}
