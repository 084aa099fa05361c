//! `"dry-run": true`: what a write would change, server by server, as `config-get` would show the objects.

use std::collections::{BTreeMap, BTreeSet};

use backend::{Image, Preview, ServerSelector, Touched};
use base::ServerTag;
use config::Protocol;
use json::{Kind, Map, Value};

use super::Call;
use super::args::Refusal;

/// An object that counts for servers by its key: an own one hides that of all servers.
#[derive(Clone)]
struct Keyed {
    key: String,
    name: String,
    tags: Vec<ServerTag>,
    map: Map,
}

/// Objects of one table that hide each other, before and after.
#[derive(Default)]
struct Hiding {
    before: Vec<Keyed>,
    after: Vec<Keyed>,
}

/// The order of classes before and after, and who has each.
struct Order {
    before: Vec<String>,
    after: Vec<String>,
    tags: BTreeMap<String, Vec<ServerTag>>,
}

impl Order {
    /// What a server sees of it; a class that comes last or goes changes no order.
    fn change(&self, selector: &ServerSelector) -> Option<Value> {
        let seen = |names: &[String]| -> Vec<String> {
            let sees = |name: &&String| self.tags.get(*name).is_some_and(|tags| selector.matches(tags));
            names.iter().filter(sees).cloned().collect()
        };
        let (before, after) = (seen(&self.before), seen(&self.after));
        let stay: Vec<&String> = before.iter().filter(|name| after.contains(name)).collect();
        if after.iter().take(stay.len()).eq(stay) {
            return None;
        }
        let list = |names: Vec<String>| {
            let names: Vec<Value> = names.into_iter().map(Value::from).collect();
            Map::from([("client-classes".to_owned(), names.into())])
        };
        Some(change("client_class_order", "", Some(list(before)), Some(list(after))))
    }
}

impl<P: Protocol> Call<'_, P> {
    /// The differences of a preview for the servers that see one; with the objects that no server sees.
    pub(super) async fn difference(&self, preview: &Preview) -> Result<Value, Refusal> {
        let mut servers: Vec<ServerTag> =
            self.backend()?.servers().await?.into_iter().map(|server| server.tag).collect();
        let own = self.host.tag();
        if !own.is_empty() && !servers.contains(&own) {
            servers.push(own);
        }
        for tag in preview.objects.iter().flat_map(|t| [&t.before, &t.after]).flatten().flat_map(|i| &i.tags)
        {
            if !tag.is_all() && !servers.contains(tag) {
                servers.push(tag.clone());
            }
        }
        let hiding = self.hiding(&preview.objects).await?;
        let order = self.order(preview).await?;
        let mut list = Vec::new();
        let mut seen = BTreeSet::new();
        for tag in &servers {
            let selector = ServerSelector::of(std::slice::from_ref(tag));
            let mut changes = Vec::new();
            for touched in &preview.objects {
                if table(&touched.object_type) == "server" {
                    continue;
                }
                if hiding.contains_key(&touched.object_type) {
                    seen.insert((touched.object_type.as_str(), touched.object_id));
                    continue;
                }
                let visible = |image: &Option<Image>| image.clone().filter(|i| selector.matches(&i.tags));
                let (before, after) = (visible(&touched.before), visible(&touched.after));
                if before.is_none() && after.is_none() {
                    continue;
                }
                seen.insert((touched.object_type.as_str(), touched.object_id));
                if before != after {
                    let shown = |image: Option<Image>| image.map(|i| i.map);
                    let name = name_of(touched);
                    changes.push(change(&touched.object_type, &name, shown(before), shown(after)));
                }
            }
            for (object_type, objects) in &hiding {
                changes.extend(hidden(object_type, objects, &selector));
            }
            changes.extend(order.as_ref().and_then(|order| order.change(&selector)));
            if !changes.is_empty() {
                list.push(Value::from([
                    ("server-tag", Value::from(tag.as_str())),
                    ("changes", changes.into()),
                ]));
            }
        }
        // Servers themselves, and what belongs to no server or to servers that are not there yet.
        let mut rest = Vec::new();
        for touched in &preview.objects {
            if !seen.contains(&(touched.object_type.as_str(), touched.object_id)) {
                let shown = |image: &Option<Image>| image.as_ref().map(|i| i.map.clone());
                let (before, after) = (shown(&touched.before), shown(&touched.after));
                rest.push(change(&touched.object_type, &name_of(touched), before, after));
            }
        }
        if !rest.is_empty() {
            list.push(Value::from([("server-tag", Kind::Null.into()), ("changes", rest.into())]));
        }
        Ok(list.into())
    }

    /// The order of classes, where it changes.
    async fn order(&self, preview: &Preview) -> Result<Option<Order>, Refusal> {
        let (before, after) = preview.class_order.clone();
        if before == after {
            return Ok(None);
        }
        let name = |class: &backend::Stored| backend::text_member(&class.element.map, "name");
        let stored = self.backend()?.classes(ServerSelector::Any).await?;
        let mut tags: BTreeMap<String, Vec<ServerTag>> =
            stored.iter().map(|class| (name(class), class.element.server_tags.clone())).collect();
        for image in preview.objects.iter().filter_map(|touched| touched.after.as_ref()) {
            if after.contains(&image.name) {
                tags.insert(image.name.clone(), image.tags.clone());
            }
        }
        Ok(Some(Order { before, after, tags }))
    }

    /// Objects of the tables in which one hides another, of all servers: those that are touched alone do not say what
    /// comes to light when they go.
    async fn hiding(&self, objects: &[Touched]) -> Result<BTreeMap<String, Hiding>, Refusal> {
        let mut all: BTreeMap<String, Hiding> = BTreeMap::new();
        let mut types: BTreeSet<String> = BTreeSet::new();
        types.extend(objects.iter().map(|t| t.object_type.clone()));
        for object_type in types {
            let stored: Vec<Image> = match table(&object_type) {
                "global_parameter" => {
                    let globals = self.backend()?.globals(ServerSelector::Any).await?;
                    let image = |g: backend::StoredGlobal| Image {
                        map: Map::from([(g.name.clone(), g.value)]),
                        name: g.name,
                        tags: g.tags,
                        links: Map::new(),
                    };
                    globals.into_iter().map(image).collect()
                }
                kind @ ("option_def" | "options") => {
                    let list = if kind == "options" {
                        self.backend()?.options(ServerSelector::Any).await?
                    } else {
                        self.backend()?.option_defs(ServerSelector::Any).await?
                    };
                    let image = |s: backend::Stored| Image {
                        name: format!(
                            "{}.{}",
                            backend::text_member(&s.element.map, "space"),
                            backend::int_member(&s.element.map, "code")
                        ),
                        tags: s.element.server_tags.clone(),
                        map: s.element.map.clone(),
                        links: Map::new(),
                    };
                    list.into_iter().map(image).collect()
                }
                _ => continue,
            };
            let before: Vec<Keyed> = stored.into_iter().map(keyed).collect();
            let mut after = before.clone();
            for touched in objects.iter().filter(|t| t.object_type == object_type) {
                if let Some(old) = touched.before.clone().map(keyed) {
                    after.retain(|other| other.key != old.key || other.tags != old.tags);
                }
                if let Some(new) = touched.after.clone().map(keyed) {
                    after.retain(|other| other.key != new.key || other.tags != new.tags);
                    after.push(new);
                }
            }
            all.insert(object_type, Hiding { before, after });
        }
        Ok(all)
    }
}

/// What a server sees of objects that hide each other.
fn hidden(object_type: &str, objects: &Hiding, selector: &ServerSelector) -> Vec<Value> {
    let effective = |list: &[Keyed]| -> BTreeMap<String, (String, Map)> {
        let relevant = list.iter().filter(|k| selector.matches(&k.tags)).cloned().collect();
        let counting = selector.effective(relevant, |k: &Keyed| &k.tags, |k| k.key.clone());
        counting.into_iter().map(|k| (k.key, (k.name, k.map))).collect()
    };
    let (before, mut after) = (effective(&objects.before), effective(&objects.after));
    let mut changes = Vec::new();
    for (key, (name, old)) in before {
        let new = after.remove(&key).map(|(_, map)| map);
        if new.as_ref() != Some(&old) {
            changes.push(change(object_type, &name, Some(old), new));
        }
    }
    changes.extend(after.into_values().map(|(name, new)| change(object_type, &name, None, Some(new))));
    changes
}

fn keyed(image: Image) -> Keyed {
    let classes = image.map.get("client-classes").map(json::to_string).unwrap_or_default();
    Keyed { key: format!("{} {classes}", image.name), name: image.name, tags: image.tags, map: image.map }
}

/// `subnet` of `dhcp4_subnet`.
fn table(object_type: &str) -> &str {
    object_type.split_once('_').map_or(object_type, |(_, name)| name)
}

fn name_of(touched: &Touched) -> String {
    let image = touched.after.as_ref().or(touched.before.as_ref());
    image.map_or_else(|| touched.object_id.to_string(), |image| image.name.clone())
}

fn change(object_type: &str, name: &str, before: Option<Map>, after: Option<Map>) -> Value {
    let modification = match (&before, &after) {
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    let or_null = |map: Option<Map>| map.map_or_else(|| Kind::Null.into(), Value::from);
    [
        ("type", Value::from(object_type)),
        ("name", name.into()),
        ("modification", modification.into()),
        ("before", or_null(before)),
        ("after", or_null(after)),
    ]
    .into()
}
