//! Which object goes where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use backend::{
    Change, Objects, OptionKey, OptionScope, Server, Stored, StoredGlobal, StoredSubnet, int_member,
    option_key_of, text_member,
};
use base::{ServerTag, SubnetId};
use config::{ConfigError, Element, Written, WrittenSubnet, definition_table, mentioned_classes};
use json::{Map, Pos, Value};
use options::DefTable;

use crate::alone::{self, Piece};
use crate::objects::{Storable, flatten};
use crate::share::{Index, Servers, order, variants};
use crate::{Key, Present, Protocol};

/// The configuration of one server, read and found right.
#[derive(Clone, Debug)]
pub struct Source<P: Protocol> {
    /// Under which the server will be known.
    pub tag: ServerTag,
    /// What people call it, for the description in the database.
    pub name: String,
    pub written: Written<P>,
}

/// An object with its place in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `subnet`, `global parameter` and so on.
    pub kind: &'static str,
    pub name: String,
    pub tags: Vec<ServerTag>,
}

/// An object that stays in the file of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub server: ServerTag,
    pub object: String,
    pub reason: String,
}

/// Why nothing is planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("no configuration to move")]
    Nothing,
    #[error("two servers have the tag '{0}'")]
    SameTag(ServerTag),
    #[error("the tag 'all' means all servers; name the server of {0} by another")]
    All(String),
    #[error("server '{server}': {text}")]
    Server { server: ServerTag, text: String },
}

impl PlanError {
    fn of<P: Protocol>(source: &Source<P>, what: &str, errors: Vec<ConfigError>) -> Self {
        let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Self::Server { server: source.tag.clone(), text: format!("{what}: {text}") }
    }
}

/// What goes into the database and what stays in files.
#[derive(Clone, Debug)]
pub struct Plan<P: Protocol> {
    pub servers: Vec<Server>,
    /// In the order in which they are applied.
    pub changes: Vec<Change>,
    pub places: Vec<Place>,
    pub left: Vec<Left>,
    /// What each server's file still says, in the order of the servers.
    pub remaining: Vec<Written<P>>,
}

const SUBNET: &str = "subnet";
const NETWORK: &str = "shared network";
const CLASS: &str = "client class";
const OPTION: &str = "global option";
const DEFINITION: &str = "option definition";
const GLOBAL: &str = "global parameter";

/// An object that several servers may share: subnets, networks, classes.
#[derive(Clone, Debug, PartialEq)]
struct Shared {
    map: Map,
    /// Of subnets.
    network: Option<String>,
}

/// What servers have under one subnet id.
#[derive(Clone, Debug, PartialEq)]
struct Numbered<P: Protocol> {
    prefix: P::Prefix,
    shared: Shared,
}

struct Planner<'a, P: Protocol> {
    sources: &'a [Source<P>],
    present: &'a Present,
    tags: Servers,
    definitions: Vec<Arc<DefTable>>,
    plan: Plan<P>,
}

impl<P: Protocol> Plan<P> {
    /// Plans for servers, given in the order in which ties are broken, and a database with what is `present`.
    pub fn new(sources: &[Source<P>], present: &Present) -> Result<Self, PlanError> {
        if sources.is_empty() {
            return Err(PlanError::Nothing);
        }
        let mut definitions = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            if source.tag.is_all() || source.tag.is_empty() {
                return Err(PlanError::All(source.name.clone()));
            }
            if sources.iter().take(at).any(|other| other.tag == source.tag) {
                return Err(PlanError::SameTag(source.tag.clone()));
            }
            let failed = |errors| PlanError::of(source, "its file", errors);
            definitions.push(definition_table(P::FAMILY, &source.written.option_defs).map_err(failed)?);
            alone::resolve(&source.written).map_err(failed)?;
        }
        let mut plan = Self::once(sources, definitions, present);
        plan.complete(sources)?;
        Ok(plan)
    }

    fn once(sources: &[Source<P>], definitions: Vec<Arc<DefTable>>, present: &Present) -> Self {
        let servers: Vec<Server> = sources
            .iter()
            .map(|source| Server {
                tag: source.tag.clone(),
                description: format!("Imported from {}", source.name),
            })
            .collect();
        let plan = Self {
            changes: servers.iter().cloned().map(Change::SetServer).collect(),
            servers,
            places: Vec::new(),
            left: Vec::new(),
            remaining: sources.iter().map(|source| source.written.clone()).collect(),
        };
        let tags = sources.iter().map(|source| source.tag.clone()).collect();
        let tags = Servers { tags, others: present.others };
        let mut planner = Planner { sources, present, tags, definitions, plan };
        planner.globals();
        planner.option_defs();
        planner.classes();
        planner.options();
        let networks = planner.networks();
        planner.subnets(&networks);
        planner.plan
    }

    /// Makes each file one that its server starts with, without what the database has too as far as that goes.
    fn complete(&mut self, sources: &[Source<P>]) -> Result<(), PlanError> {
        for (source, remaining) in sources.iter().zip(&mut self.remaining) {
            let needed = alone::complete(source, remaining)
                .map_err(|errors| PlanError::of(source, "what would remain of its file", errors))?;
            for piece in needed {
                let member = |list: &[Arc<Element>], at: usize, name| {
                    list.get(at).map_or_else(String::new, |element| text_member(&element.map, name))
                };
                let object = match piece {
                    Piece::OptionDef(at) => {
                        format!("{DEFINITION} '{}'", member(&source.written.option_defs, at, "name"))
                    }
                    Piece::Global(name) => format!("{GLOBAL} '{name}'"),
                    Piece::Network(at) => {
                        format!("{NETWORK} '{}'", member(&source.written.shared_networks, at, "name"))
                    }
                    Piece::Classes => "client classes".to_owned(),
                };
                let reason = "what else stays needs it; the database has it too".to_owned();
                self.left.push(Left { server: source.tag.clone(), object, reason });
            }
        }
        Ok(())
    }

    /// What a server would get of the planned objects.
    #[must_use]
    pub fn objects(&self, tag: &ServerTag) -> Objects {
        let mut objects = Objects::default();
        let wanted = |tags: &[ServerTag]| tags.iter().any(|t| t.is_all() || t == tag);
        for (row, change) in (1..).zip(&self.changes) {
            let stored = |map: &Map, tags: &[ServerTag]| Stored { row, element: element(map, tags) };
            match change {
                Change::SetGlobal { tag, name, value } if wanted(std::slice::from_ref(tag)) => {
                    let tags = vec![tag.clone()];
                    objects.globals.push(StoredGlobal { name: name.clone(), value: value.clone(), tags });
                }
                Change::SetOptionDef { tag, map } if wanted(std::slice::from_ref(tag)) => {
                    objects.option_defs.insert(row, stored(map, std::slice::from_ref(tag)));
                }
                Change::SetOption { scope: OptionScope::Global(tag), map }
                    if wanted(std::slice::from_ref(tag)) =>
                {
                    objects.options.insert(row, stored(map, std::slice::from_ref(tag)));
                }
                Change::SetClass { tags, map, .. } if wanted(tags) => objects.classes.push(stored(map, tags)),
                Change::SetNetwork { tags, map } if wanted(tags) => {
                    objects.networks.insert(row, stored(map, tags));
                }
                Change::SetSubnet { tags, id, prefix, shared_network, map } if wanted(tags) => {
                    let stored = StoredSubnet {
                        id: *id,
                        prefix: *prefix,
                        shared_network: shared_network.clone(),
                        element: element(map, tags),
                    };
                    objects.subnets.insert(*id, stored);
                }
                _ => {}
            }
        }
        objects
    }
}

impl<P: Protocol> Planner<'_, P> {
    fn storable(&self, server: Index) -> Storable<'_> {
        Storable { family: P::FAMILY, definitions: &self.definitions[server], space: P::SPACE }
    }

    fn tag(&self, server: Index) -> ServerTag {
        self.tags.tags.get(server).cloned().unwrap_or_default()
    }

    fn stays(&mut self, server: Index, kind: &str, name: &str, reason: impl Into<String>) {
        let object = format!("{kind} {name}");
        self.plan.left.push(Left { server: self.tag(server), object, reason: reason.into() });
    }

    fn goes(&mut self, kind: &'static str, name: impl Into<String>, tags: &[ServerTag]) {
        self.plan.places.push(Place { kind, name: name.into(), tags: tags.to_vec() });
    }

    fn globals(&mut self) {
        let mut by_name: BTreeMap<String, BTreeMap<Index, Value>> = BTreeMap::new();
        for (server, source) in self.sources.iter().enumerate() {
            for (name, value) in flatten(&source.written.globals) {
                // Where it lies, and who it is there.
                if name == "server-tag" || name.starts_with("config-control") {
                    continue;
                }
                if let Some(value) = P::global(&name, value) {
                    by_name.entry(name).or_default().insert(server, value);
                }
            }
        }
        for (name, values) in &by_name {
            if let Some(reason) = self.present.refusal(&Key::Global(name.clone())) {
                for server in values.keys() {
                    self.stays(*server, GLOBAL, name, reason.clone());
                }
                continue;
            }
            for (tag, value) in self.tags.clone().spread(values) {
                self.goes(GLOBAL, name, std::slice::from_ref(&tag));
                self.plan.changes.push(Change::SetGlobal { tag, name: name.clone(), value: value.clone() });
            }
            for server in values.keys() {
                if let Some(file) = self.plan.remaining.get_mut(*server) {
                    remove(&mut file.globals, name);
                }
            }
        }
    }

    fn option_defs(&mut self) {
        let mut by_key: BTreeMap<(String, i64), BTreeMap<Index, Map>> = BTreeMap::new();
        for (server, source) in self.sources.iter().enumerate() {
            for element in &source.written.option_defs {
                match self.storable(server).option_def(&element.map) {
                    Ok(map) => {
                        let key = (text_member(&map, "space"), int_member(&map, "code"));
                        by_key.entry(key).or_default().insert(server, map);
                    }
                    Err(reason) => self.stays(server, DEFINITION, &text_member(&element.map, "name"), reason),
                }
            }
        }
        for ((space, code), maps) in &by_key {
            if let Some(reason) = self.present.refusal(&Key::OptionDef(space.clone(), *code)) {
                for server in maps.keys() {
                    self.stays(*server, DEFINITION, &format!("{space}.{code}"), reason.clone());
                }
                continue;
            }
            for (tag, map) in self.tags.clone().spread(maps) {
                self.goes(DEFINITION, format!("{space}.{code}"), std::slice::from_ref(&tag));
                self.plan.changes.push(Change::SetOptionDef { tag, map: map.clone() });
            }
            for server in maps.keys() {
                if let Some(file) = self.plan.remaining.get_mut(*server) {
                    let own = |map: &Map| {
                        let space_of = text_member(map, "space");
                        (space_of == *space || (space_of.is_empty() && space == P::SPACE))
                            && int_member(map, "code") == *code
                    };
                    file.option_defs.retain(|element| !own(&element.map));
                }
            }
        }
    }

    fn options(&mut self) {
        let mut by_key: BTreeMap<OptionKey, BTreeMap<Index, Map>> = BTreeMap::new();
        for (server, source) in self.sources.iter().enumerate() {
            let mut kept = Vec::new();
            for element in &source.written.options {
                let storable = self.storable(server).option(&element.map).and_then(|map| {
                    match self.present.refusal(&Key::Option(option_key_of(&map))) {
                        None => Ok(map),
                        Some(reason) => Err(reason),
                    }
                });
                match storable {
                    Ok(map) => {
                        by_key.entry(option_key_of(&map)).or_default().insert(server, map);
                    }
                    Err(reason) => {
                        let name = text_member(&element.map, "name");
                        self.stays(server, OPTION, &name, reason);
                        kept.push(Arc::clone(element));
                    }
                }
            }
            if let Some(file) = self.plan.remaining.get_mut(server) {
                file.options = kept;
            }
        }
        for (key, maps) in &by_key {
            for (tag, map) in self.tags.clone().spread(maps) {
                self.goes(OPTION, format!("{}.{}", key.space, key.code), std::slice::from_ref(&tag));
                let scope = OptionScope::Global(tag);
                self.plan.changes.push(Change::SetOption { scope, map: map.clone() });
            }
        }
    }

    /// A class of the database takes the place of all classes of a file, so the classes of a server go all or none, and
    /// there is one order and one form of each for all.
    fn classes(&mut self) {
        let mut lists: Vec<(Index, Vec<(String, Shared)>)> = Vec::new();
        for (server, source) in self.sources.iter().enumerate() {
            let mut list = Vec::new();
            let mut refused = None;
            for element in &source.written.client_classes {
                let name = text_member(&element.map, "name");
                let storable = match self.present.against_class(&name) {
                    None => self.storable(server).class(&element.map),
                    Some(reason) => Err(reason),
                };
                match storable {
                    Ok(map) => list.push((name, Shared { map, network: None })),
                    Err(reason) => refused = refused.or(Some((name, reason))),
                }
            }
            if let Some((name, reason)) = refused {
                self.classes_stay(server, format!("class '{name}': {reason}"));
            } else if !list.is_empty() {
                lists.push((server, list));
            }
        }
        let mut chosen: BTreeMap<String, Shared> = BTreeMap::new();
        let mut forms: BTreeMap<String, String> = BTreeMap::new();
        lists.retain(|(server, list)| {
            let alike = list.iter().map(|(name, _)| (self.present.form(name), name));
            let mut own = forms.clone();
            for (form, name) in alike {
                let known = own.entry(form).or_insert_with(|| name.clone());
                if known != name {
                    let reason = format!("to the database '{known}' and '{name}' are one name");
                    self.classes_stay(*server, reason);
                    return false;
                }
            }
            let other =
                list.iter().find(|(name, class)| chosen.get(name).is_some_and(|known| known != class));
            if let Some((name, _)) = other {
                self.classes_stay(*server, format!("class '{name}' is another on a server before it"));
                return false;
            }
            chosen.extend(list.iter().cloned());
            forms = own;
            true
        });
        let names: Vec<(Index, Vec<&str>)> = lists
            .iter()
            .map(|(server, list)| (*server, list.iter().map(|(name, _)| name.as_str()).collect()))
            .collect();
        let (ordered, unfit) = order(&names);
        for server in &unfit {
            self.classes_stay(*server, "their order contradicts that of a server before it".to_owned());
        }
        for name in ordered {
            let has = |(server, list): &&(Index, Vec<&str>)| !unfit.contains(server) && list.contains(&name);
            let servers: BTreeSet<Index> = names.iter().filter(has).map(|(server, _)| *server).collect();
            let Some(class) = chosen.get(name) else { continue };
            let Some(first) = servers.first() else { continue };
            let table = Arc::clone(&self.definitions[*first]);
            let mentioned = mentioned_classes(&class.map, P::FAMILY, &table).unwrap_or_default();
            let tags = self.tags.tags(&servers);
            self.goes(CLASS, name, &tags);
            self.plan.changes.push(Change::SetClass {
                tags,
                map: class.map.clone(),
                follow: None,
                depends_on_known: mentioned.iter().any(|name| matches!(name.as_str(), "KNOWN" | "UNKNOWN")),
                dependencies: mentioned.into_iter().filter(|name| chosen.contains_key(name)).collect(),
            });
        }
        for (server, _) in names.iter().filter(|(server, _)| !unfit.contains(server)) {
            if let Some(file) = self.plan.remaining.get_mut(*server) {
                file.client_classes.clear();
            }
        }
    }

    fn classes_stay(&mut self, server: Index, reason: String) {
        self.plan.left.push(Left { server: self.tag(server), object: "client classes".to_owned(), reason });
    }

    /// Names of the networks that each server gets from the database.
    fn networks(&mut self) -> Vec<BTreeSet<String>> {
        let mut by_name: BTreeMap<String, Vec<(Index, Shared)>> = BTreeMap::new();
        for (server, source) in self.sources.iter().enumerate() {
            for element in &source.written.shared_networks {
                let name = text_member(&element.map, "name");
                let against = self.present.against_network(&name);
                let storable = against.map_or(Ok(()), Err).and_then(|()| {
                    let map = self.storable(server).network(&element.map)?;
                    inherits(&element.map, &[&source.written.globals]).map_or(Ok(map), Err)
                });
                match storable {
                    Ok(map) => by_name.entry(name).or_default().push((server, Shared { map, network: None })),
                    Err(reason) => self.stays(server, NETWORK, &format!("'{name}'"), reason),
                }
            }
        }
        let mut stored = vec![BTreeSet::new(); self.sources.len()];
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (name, forms) in by_name {
            let known = names.entry(self.present.form(&name)).or_insert_with(|| name.clone());
            if *known != name {
                let reason = format!("to the database its name and '{known}' are one");
                for (server, _) in forms {
                    self.stays(server, NETWORK, &format!("'{name}'"), reason.clone());
                }
                continue;
            }
            let mut forms = variants(forms);
            forms.sort_by_key(|form| std::cmp::Reverse(form.servers.len()));
            let mut forms = forms.into_iter();
            if let Some(form) = forms.next() {
                let tags = self.tags.tags(&form.servers);
                self.goes(NETWORK, &name, &tags);
                self.plan.changes.push(Change::SetNetwork { tags, map: form.value.map });
                for server in form.servers {
                    stored[server].insert(name.clone());
                }
            }
            for server in forms.flat_map(|form| form.servers) {
                self.stays(server, NETWORK, &format!("'{name}'"), "most servers have another of this name");
            }
        }
        stored
    }

    fn subnets(&mut self, networks: &[BTreeSet<String>]) {
        // Equal ones are found by their id first: comparing each with each would cost the square of their number.
        let mut by_id: BTreeMap<SubnetId, Vec<(Index, Numbered<P>)>> = BTreeMap::new();
        let homes: Vec<BTreeMap<String, &Map>> = self.sources.iter().map(networks_of).collect();
        for (server, source) in self.sources.iter().enumerate() {
            for subnet in &source.written.subnets {
                let name = title::<P>(subnet.id, subnet.prefix);
                if let Some(network) = &subnet.shared_network
                    && !networks[server].contains(network)
                {
                    self.stays(server, SUBNET, &name, format!("so does its shared network '{network}'"));
                    continue;
                }
                let home = subnet.shared_network.as_deref().and_then(|home| homes[server].get(home));
                let outer: Vec<&Map> = home.copied().into_iter().chain([&source.written.globals]).collect();
                let against = self.present.against_subnet(subnet.id, P::prefix(subnet.prefix));
                let storable = against.map_or(Ok(()), Err).and_then(|()| {
                    let map = self.storable(server).subnet(&subnet.element.map)?;
                    inherits(&subnet.element.map, &outer).map_or(Ok(map), Err)
                });
                match storable {
                    Ok(map) => {
                        let shared = Shared { map, network: subnet.shared_network.clone() };
                        let numbered = Numbered { prefix: subnet.prefix, shared };
                        by_id.entry(subnet.id).or_default().push((server, numbered));
                    }
                    Err(reason) => self.stays(server, SUBNET, &name, reason),
                }
            }
        }
        let mut forms: Vec<_> = by_id
            .into_iter()
            .flat_map(|(id, list)| variants(list).into_iter().map(move |form| (id, form)))
            .collect();
        forms.sort_by_key(|(_, form)| std::cmp::Reverse(form.servers.len()));
        let mut ids: BTreeMap<SubnetId, P::Prefix> = BTreeMap::new();
        let mut prefixes: BTreeMap<String, SubnetId> = BTreeMap::new();
        let mut taken: Vec<BTreeSet<SubnetId>> = vec![BTreeSet::new(); self.sources.len()];
        let mut changes = BTreeMap::new();
        for (id, form) in forms {
            let Numbered { prefix, shared } = form.value;
            let name = title::<P>(id, prefix);
            let reason = match (ids.get(&id), prefixes.get(&prefix.to_string())) {
                (Some(other), _) if *other != prefix => {
                    Some(format!("other servers have {other} under this id"))
                }
                (Some(_), _) => Some("other servers have it with other parameters".to_owned()),
                (None, Some(other)) => Some(format!("other servers have it under the id {other}")),
                (None, None) => None,
            };
            if let Some(reason) = reason {
                for server in form.servers {
                    self.stays(server, SUBNET, &name, reason.clone());
                }
                continue;
            }
            ids.insert(id, prefix);
            prefixes.insert(prefix.to_string(), id);
            for server in &form.servers {
                taken[*server].insert(id);
            }
            let tags = self.tags.tags(&form.servers);
            let mut map = shared.map;
            map.insert("id".to_owned(), id.0.into());
            map.insert("subnet".to_owned(), prefix.to_string().into());
            let change = Change::SetSubnet {
                tags: tags.clone(),
                id,
                prefix: P::prefix(prefix),
                shared_network: shared.network,
                map,
            };
            changes.insert(id, (name, tags, change));
        }
        for (name, tags, change) in changes.into_values() {
            self.goes(SUBNET, name, &tags);
            self.plan.changes.push(change);
        }
        for (server, file) in self.plan.remaining.iter_mut().enumerate() {
            remain(file, &taken[server], &networks[server]);
        }
    }
}

fn networks_of<P: Protocol>(source: &Source<P>) -> BTreeMap<String, &Map> {
    let networks = source.written.shared_networks.iter();
    networks.map(|network| (text_member(&network.map, "name"), &network.map)).collect()
}

/// Why an object of a file would run otherwise in a database, where the bounds of a lifetime are inherited together or
/// not at all: it says some and inherits others. `outer` are the levels above it, the nearest first.
fn inherits(map: &Map, outer: &[&Map]) -> Option<String> {
    const LIFETIMES: [[&str; 3]; 2] = [
        ["valid-lifetime", "min-valid-lifetime", "max-valid-lifetime"],
        ["preferred-lifetime", "min-preferred-lifetime", "max-preferred-lifetime"],
    ];
    let own = LIFETIMES.iter().filter(|names| names.iter().any(|name| map.contains_key(*name)));
    let inherited = own.flatten().find(|name| {
        // It has a default.
        let above = **name == "valid-lifetime" || outer.iter().any(|outer| outer.contains_key(**name));
        !map.contains_key(**name) && above
    });
    inherited.map(|name| {
        format!("it inherits '{name}' and has bounds of its own, which a database takes together")
    })
}

/// What a file says of subnets and networks when those of the database are gone from it: host reservations, and the
/// networks that subnets of the file are in.
fn remain<P: Protocol>(file: &mut Written<P>, taken: &BTreeSet<SubnetId>, stored: &BTreeSet<String>) {
    file.subnets = std::mem::take(&mut file.subnets)
        .into_iter()
        .filter_map(|subnet| {
            if !taken.contains(&subnet.id) {
                return Some(subnet);
            }
            let reservations = subnet.element.map.get("reservations")?;
            if reservations.as_list().is_none_or(<[Value]>::is_empty) {
                return None;
            }
            let map = Map::from([("reservations".to_owned(), reservations.clone())]);
            // The place that the database gives the subnet is none of the file's.
            Some(WrittenSubnet { shared_network: None, element: element(&map, &[]), ..subnet })
        })
        .collect();
    let homes: BTreeSet<&str> = file.subnets.iter().filter_map(|s| s.shared_network.as_deref()).collect();
    file.shared_networks = file
        .shared_networks
        .iter()
        .filter_map(|network| {
            let name = text_member(&network.map, "name");
            if !stored.contains(&name) {
                return Some(Arc::clone(network));
            }
            let map = Map::from([("name".to_owned(), Value::from(name.as_str()))]);
            homes.contains(name.as_str()).then(|| element(&map, &[]))
        })
        .collect();
}

fn title<P: Protocol>(id: SubnetId, prefix: P::Prefix) -> String {
    format!("{id} ({prefix})")
}

fn element(map: &Map, tags: &[ServerTag]) -> Arc<Element> {
    Arc::new(Element { map: map.clone(), pos: Pos::default(), server_tags: tags.to_vec() })
}

/// Takes a parameter out of the globals, and its map when it was the last member.
fn remove(globals: &mut Map, name: &str) {
    match name.split_once('.') {
        None => {
            globals.remove(name);
        }
        Some((map, member)) => {
            let empty = globals.get_mut(map).and_then(Value::as_map_mut).is_some_and(|inner| {
                inner.remove(member);
                inner.is_empty()
            });
            if empty {
                globals.remove(map);
            }
        }
    }
}

impl<P: Protocol> fmt::Display for Plan<P> {
    /// The plan for people: servers, what goes where, what stays and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Servers:")?;
        for server in &self.servers {
            writeln!(f, "  {}: {}", server.tag, server.description)?;
        }
        let mut by_tags: BTreeMap<Vec<String>, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for place in &self.places {
            let tags = place.tags.iter().map(ToString::to_string).collect();
            by_tags.entry(tags).or_default().entry(place.kind).or_default().push(&place.name);
        }
        for (tags, kinds) in by_tags {
            writeln!(
                f,
                "With the server tag{} {}:",
                if tags.len() == 1 { "" } else { "s" },
                tags.join(", ")
            )?;
            for kind in [GLOBAL, DEFINITION, CLASS, OPTION, NETWORK, SUBNET] {
                let Some(names) = kinds.get(kind) else { continue };
                const NAMED: usize = 8;
                let more = if names.len() > NAMED { ", ..." } else { "" };
                let named = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
                let plural = if names.len() == 1 {
                    ""
                } else if kind == CLASS {
                    "es"
                } else {
                    "s"
                };
                writeln!(f, "  {} {kind}{plural}: {named}{more}", names.len())?;
            }
        }
        if !self.left.is_empty() {
            writeln!(f, "In the files stay:")?;
        }
        for left in &self.left {
            writeln!(f, "  {}: {}: {}", left.server, left.object, left.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
