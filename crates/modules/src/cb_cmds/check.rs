//! What servers would run after a write: the checks that Kea leaves to the operator.
//!
//! Nothing here costs time in proportion to the number of stored subnets; what a change of globals, definitions and
//! classes does to all of them is looked at by [`whole`](super::whole).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backend::{
    Objects, Server, ServerSelector, Stored, StoredGlobal, StoredSubnet, SubnetKey, int_member, merge,
    text_member,
};
use base::ServerTag;
use config::{Element, Protocol, ResolveEnv, Written};
use json::{Map, Pos, Value};

use super::Call;
use super::args::{Refusal, refuse};
use super::definitions::{Definitions, space_of};
use super::pieces::{Beside, Piece, prefix_of};
use super::rules::Subnet;

/// Tags of `need` whose servers do not get what is tied to `have`.
pub(crate) fn lacking<'a>(have: &[ServerTag], need: &'a [ServerTag]) -> Vec<&'a ServerTag> {
    if have.iter().any(ServerTag::is_all) {
        return Vec::new();
    }
    need.iter().filter(|tag| !have.contains(tag)).collect()
}

/// Whether some server gets both what is tied to `a` and what is tied to `b`.
pub(crate) fn share(a: &[ServerTag], b: &[ServerTag]) -> bool {
    let all = |tags: &[ServerTag]| tags.iter().any(ServerTag::is_all);
    !a.is_empty() && !b.is_empty() && (all(a) || all(b) || a.iter().any(|tag| b.contains(tag)))
}

/// What is wrong after a change, with the servers that it is wrong on.
#[derive(Default)]
pub(crate) struct Faults(BTreeMap<String, Vec<String>>);

impl Faults {
    /// What is wrong on a server after a change; what is wrong `before` it as well is not its fault.
    pub(crate) fn note(&mut self, tag: &ServerTag, after: Vec<String>, before: impl FnOnce() -> Vec<String>) {
        if after.is_empty() {
            return;
        }
        let before: BTreeSet<String> = before().into_iter().collect();
        for text in after.into_iter().filter(|text| !before.contains(text)) {
            let servers = self.0.entry(text).or_default();
            let tag = format!("'{tag}'");
            if !servers.contains(&tag) {
                servers.push(tag);
            }
        }
    }

    /// Each once, the first ones only: a change of what all subnets need may be wrong with every one.
    pub(crate) fn texts(self, what: &str) -> Vec<String> {
        let count = self.0.len();
        let mut texts: Vec<String> = self
            .0
            .into_iter()
            .take(FAULTS)
            .map(|(text, tags)| format!("{what} on server {}: {text}", tags.join(", ")))
            .collect();
        if count > FAULTS {
            texts.push(format!("and {} more", count - FAULTS));
        }
        texts
    }
}

/// Faults that a refusal names.
const FAULTS: usize = 10;

/// What all servers have in common with an object that is about to be written: globals and definitions.
pub(crate) struct World<P: Protocol> {
    servers: Vec<Server>,
    globals: Arc<Vec<StoredGlobal>>,
    definitions: Definitions,
    /// Of the server that got the command.
    own: ServerTag,
    file: Option<Arc<Written<P>>>,
}

impl<P: Protocol> World<P> {
    /// The state that the command is checked against from here on: what is written later is checked again.
    pub(crate) async fn fetch(call: &Call<'_, P>) -> Result<Self, Refusal> {
        let premises = call.backend()?.premises().await?;
        call.checked_against(premises.cursor);
        let file = call.host.file();
        let defs = file.as_ref().map_or(&[][..], |file| &file.option_defs);
        Ok(Self {
            servers: premises.servers,
            globals: premises.globals,
            definitions: Definitions::new(P::FAMILY, premises.option_defs, defs),
            own: call.host.tag(),
            file,
        })
    }

    pub(crate) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Refuses tags of servers that were not created.
    pub(crate) fn known(&self, tags: &[ServerTag]) -> Result<(), Refusal> {
        for tag in tags.iter().filter(|tag| !tag.is_all()) {
            if !self.servers.iter().any(|server| server.tag == *tag) {
                return refuse(format!(
                    "server with the tag '{tag}' does not exist in the configuration database"
                ));
            }
        }
        Ok(())
    }

    /// The servers to try an object of `tags` on: those, and for `all` each that differs from the others.
    pub(crate) fn targets(&self, tags: &[ServerTag]) -> Vec<ServerTag> {
        let mut targets = tags.to_vec();
        if tags.iter().any(ServerTag::is_all) {
            let defs = self.definitions.stored().iter().flat_map(|d| &d.element.server_tags);
            for tag in self.globals.iter().flat_map(|g| &g.tags).chain(defs).chain([&self.own]) {
                if !tag.is_empty() && !targets.contains(tag) {
                    targets.push(tag.clone());
                }
            }
        }
        targets
    }

    /// The server that got the command, and its file.
    pub(super) fn own(&self) -> Option<(&ServerTag, &Written<P>)> {
        Some((&self.own, self.file.as_deref()?))
    }

    /// Globals and definitions of one server with further objects, and with what its file has of `beside`: what it would
    /// run, but for what does not matter to those.
    pub(super) fn compose(&self, tag: &ServerTag, mut objects: Objects, beside: &Beside<P>) -> Written<P> {
        let selector = ServerSelector::of(std::slice::from_ref(tag));
        objects.globals = self.globals.iter().filter(|g| selector.matches(&g.tags)).cloned().collect();
        let defs = self.definitions.stored().iter().filter(|d| selector.matches(&d.element.server_tags));
        objects.option_defs = defs.map(|d| (d.row, d.clone())).collect();
        let base = match &self.file {
            Some(file) if *tag == self.own => Written {
                globals: file.globals.clone(),
                globals_pos: file.globals_pos.clone(),
                option_defs: file.option_defs.clone(),
                options: file.options.clone(),
                shared_networks: beside.networks.clone(),
                subnets: beside.subnets.clone(),
                ..Written::default()
            },
            _ => Written::default(),
        };
        merge(&base, &objects, &selector)
    }

    /// What would be wrong with a subnet; with `sound`, also with what servers would make of it.
    pub(crate) async fn subnet_runs(
        &self,
        call: &Call<'_, P>,
        tags: &[ServerTag],
        subnet: &Subnet,
        sound: bool,
    ) -> Result<Vec<String>, Refusal> {
        let what = format!("subnet {} ({})", subnet.id, subnet.prefix);
        let mut findings = Vec::new();
        if let Some(name) = &subnet.shared_network {
            let Some(found) = call.network(name).await? else {
                return refuse(format!(
                    "{what}: shared network '{name}' does not exist in the configuration database"
                ));
            };
            for tag in lacking(&found.element.server_tags, tags) {
                findings.push(format!("{what}: its shared network '{name}' is not given to server '{tag}'"));
            }
        }
        for other in call.backend()?.overlapping(subnet.prefix).await? {
            if other.id == subnet.id {
                continue;
            }
            // The one that this one takes the place of, which no server may miss.
            if other.prefix == subnet.prefix {
                for tag in lacking(tags, &other.tags) {
                    findings
                        .push(format!("{what}: takes the place of subnet {} of server '{tag}'", other.id));
                }
                continue;
            }
            if share(&other.tags, tags) {
                let servers: Vec<String> = other.tags.iter().map(|tag| format!("'{tag}'")).collect();
                findings.push(format!(
                    "{what}: overlaps with subnet {} ({}) of server {}",
                    other.id,
                    other.prefix,
                    servers.join(", ")
                ));
            }
        }
        if tags.iter().any(|tag| tag.is_all() || *tag == self.own)
            && let Some(file) = &self.file
        {
            for other in file.subnets.iter().filter(|s| s.id != subnet.id) {
                let Some(prefix) = prefix_of(other) else { continue };
                if prefix != subnet.prefix
                    && prefix.overlaps(&subnet.prefix)
                    && !self.is_replaced(call, other.id, prefix).await?
                {
                    findings.push(format!(
                        "{what}: overlaps with subnet {} ({prefix}) in the file of server '{}'",
                        other.id, self.own
                    ));
                }
            }
        }
        if !sound || !findings.is_empty() {
            return Ok(findings);
        }
        let after = StoredSubnet {
            id: subnet.id,
            prefix: subnet.prefix,
            shared_network: subnet.shared_network.clone(),
            element: element(subnet.map.clone(), &what, tags),
        };
        let (mut before, after) = (Piece::default(), Piece::of_subnet(after));
        // What it takes the place of matters where that hides something of the file, and to tell whose fault it is.
        let mixed = self.file.as_ref().is_some_and(|file| !file.subnets.is_empty());
        if mixed {
            before = replaced(call, subnet).await?;
        }
        findings = self.piece_runs(call, &what, &before, &after).await?;
        if !findings.is_empty() && !mixed {
            before = replaced(call, subnet).await?;
            findings = self.piece_runs(call, &what, &before, &after).await?;
        }
        Ok(findings)
    }

    /// Whether a subnet of the own file has to make way for one of the database.
    async fn is_replaced(
        &self,
        call: &Call<'_, P>,
        id: base::SubnetId,
        prefix: backend::Prefix,
    ) -> Result<bool, Refusal> {
        let own = ServerSelector::One(self.own.clone());
        for key in [SubnetKey::Id(id), SubnetKey::Prefix(prefix)] {
            let found = call.backend()?.subnet(key).await?;
            if found.is_some_and(|subnet| own.matches(&subnet.element.server_tags)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    // Definitions.

    /// Whether the database has a definition of exactly this server.
    pub(crate) fn has_def(&self, tag: &ServerTag, space: &str, code: u16) -> bool {
        self.defs_of(space, code).any(|def| def.element.server_tags.contains(tag))
    }

    /// Whether servers of `tag` still have a definition when that one is gone.
    pub(crate) fn def_stays(&self, tag: &ServerTag, space: &str, code: u16) -> bool {
        let of_all =
            self.defs_of(space, code).any(|def| def.element.server_tags.iter().any(ServerTag::is_all));
        (!tag.is_all() && of_all) || options::DefTable::standard(P::FAMILY).by_code(space, code).is_some()
    }

    fn defs_of<'a>(&'a self, space: &'a str, code: u16) -> impl Iterator<Item = &'a Stored> {
        self.definitions.stored().iter().filter(move |def| {
            int_member(&def.element.map, "code") == i64::from(code)
                && space_of(&def.element.map, P::FAMILY) == space
        })
    }

    // Classes.

    /// What is wrong with the classes that an object names, in whichever of its parts: those that nobody defined, or
    /// not for all of its servers. `own` is the name of the class that is the object.
    pub(crate) async fn classes_known(
        &self,
        call: &Call<'_, P>,
        tags: &[ServerTag],
        map: &Map,
        what: &str,
        own: Option<&str>,
    ) -> Result<Vec<String>, Refusal> {
        let mut names = BTreeSet::new();
        classes_of(map, &mut names);
        names.retain(|name| needs_definition(name) && own != Some(name.as_str()));
        let in_file = |name: &String| {
            let mut classes = self.file.iter().flat_map(|file| &file.client_classes);
            classes.any(|class| text_member(&class.map, "name") == *name)
        };
        // Those of the file count until the database has any.
        if own.is_none() && names.iter().any(in_file) {
            let mut concerned = tags.to_vec();
            if tags.iter().any(ServerTag::is_all) && !self.own.is_empty() {
                concerned.push(self.own.clone());
            }
            if call.backend()?.classes(ServerSelector::of(&concerned)).await?.is_empty() {
                names.retain(|name| !in_file(name));
            }
        }
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let stored = call.backend()?.class_tags(names.iter().cloned().collect()).await?;
        let mut findings = Vec::new();
        for name in names {
            match stored.get(&name) {
                None => {
                    let servers: Vec<String> = tags.iter().map(|tag| format!("'{tag}'")).collect();
                    findings.push(format!(
                        "{what}: client class '{name}' is not defined for server {}",
                        servers.join(", ")
                    ));
                }
                Some(have) => findings.extend(
                    lacking(have, tags)
                        .into_iter()
                        .map(|tag| format!("{what}: client class '{name}' is not given to server '{tag}'")),
                ),
            }
        }
        Ok(findings)
    }
}

/// Names of classes in an object and what is in it.
fn classes_of(map: &Map, names: &mut BTreeSet<String>) {
    for keyword in ["client-classes", "evaluate-additional-classes"] {
        let list = map.get(keyword).and_then(Value::as_list).unwrap_or_default();
        names.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    for keyword in ["pools", "pd-pools", "option-data"] {
        let parts = map.get(keyword).and_then(Value::as_list).unwrap_or_default();
        parts.iter().filter_map(Value::as_map).for_each(|part| classes_of(part, names));
    }
}

fn needs_definition(class: &str) -> bool {
    !config::class_names::is_builtin(class) && !matches!(class, "DROP" | "REJECT" | "SKIP_DDNS")
}

/// The stored subnets whose place one takes, by its number and by its prefix.
async fn replaced<P: Protocol>(call: &Call<'_, P>, subnet: &Subnet) -> Result<Piece, Refusal> {
    let mut piece = Piece::default();
    for key in [SubnetKey::Id(subnet.id), SubnetKey::Prefix(subnet.prefix)] {
        piece.subnets.extend(call.backend()?.subnet(key).await?);
    }
    piece.subnets.dedup_by_key(|subnet| subnet.id);
    Ok(piece)
}

/// What a server with this configuration would be lacking of classes.
fn classes_missing<P: Protocol>(written: &Written<P>) -> Vec<String> {
    let defined: BTreeSet<String> =
        written.client_classes.iter().map(|class| text_member(&class.map, "name")).collect();
    let mut texts = Vec::new();
    let mut look = |map: &Map, what: &dyn Fn() -> String| {
        let mut names = BTreeSet::new();
        classes_of(map, &mut names);
        for name in names.into_iter().filter(|name| needs_definition(name) && !defined.contains(name)) {
            texts.push(format!("{}: client class '{name}' is not defined", what()));
        }
    };
    for subnet in &written.subnets {
        look(&subnet.element.map, &|| format!("subnet {} ({})", subnet.id, subnet.prefix));
    }
    for network in &written.shared_networks {
        look(&network.map, &|| format!("shared network '{}'", text_member(&network.map, "name")));
    }
    for class in &written.client_classes {
        look(&class.map, &|| format!("client class '{}'", text_member(&class.map, "name")));
    }
    for option in &written.options {
        look(&option.map, &|| {
            let (name, code) = (text_member(&option.map, "name"), int_member(&option.map, "code"));
            if name.is_empty() { format!("option {code}") } else { format!("option '{name}'") }
        });
    }
    texts
}

fn position(what: &str) -> Pos {
    Pos { file: Some(what.into()), ..Pos::default() }
}

/// An object as a pull will see it.
pub(super) fn element(map: Map, what: &str, tags: &[ServerTag]) -> Arc<Element> {
    Arc::new(Element { map, pos: position(what), server_tags: tags.to_vec() })
}

/// What is wrong with a whole configuration: what a server could not run, classes that objects name in vain, and
/// parameters that no file may have.
pub(crate) fn problems<P: Protocol>(written: Written<P>) -> Vec<String> {
    let mut texts = classes_missing(&written);
    // What a database has of them stands nowhere.
    let nowhere = format!(" ({})", Pos::default());
    texts.extend(config::check_globals(&written).into_iter().map(|error| error.text.replace(&nowhere, "")));
    texts.extend(resolution(written));
    texts
}

/// What a server could not run, without its own paths, interfaces and secrets: a file of them may hold a user as well.
pub(crate) fn resolution<P: Protocol>(written: Written<P>) -> Vec<String> {
    let env = ResolveEnv {
        relaxed: true,
        interface_exists: None,
        read_secret: Arc::new(|_| Ok("user:secret".to_owned())),
    };
    match P::resolve(Arc::new(written), &env) {
        Ok(config) => config.left_out.iter().map(|error| error.text.clone()).collect(),
        Err(errors) => errors.into_iter().map(|error| error.text).collect(),
    }
}
