//! What servers would run after a write: the checks that Kea leaves to the operator.
//!
//! Nothing here costs time in proportion to the number of stored subnets, but the change of an option definition that
//! is in use, and the deletion of a client class.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backend::{
    Objects, Pulled, Server, ServerSelector, Stored, StoredGlobal, StoredSubnet, int_member, merge,
    text_member,
};
use base::{IpPrefix, ServerTag};
use config::{Element, Protocol, ResolveEnv, Written};
use json::{Map, Pos, Value};

use super::Call;
use super::args::{Refusal, refuse};
use super::classes::is_builtin;
use super::definitions::{Definitions, space_of};
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

    /// Globals and definitions of one server with further objects: what it would run, but for what does not matter
    /// to those.
    fn compose(&self, tag: &ServerTag, mut objects: Objects) -> Written<P> {
        let selector = ServerSelector::of(std::slice::from_ref(tag));
        objects.globals = self.globals.iter().filter(|g| selector.matches(&g.tags)).cloned().collect();
        if objects.option_defs.is_empty() {
            let defs = self.definitions.stored().iter().filter(|d| selector.matches(&d.element.server_tags));
            objects.option_defs = defs.map(|d| (d.row, d.clone())).collect();
        }
        let mut base = match &self.file {
            Some(file) if *tag == self.own => Written::clone(file),
            _ => Written::default(),
        };
        // Objects beside the new one do not matter to it, or were looked up on their own.
        base.subnets.clear();
        base.shared_networks.clear();
        base.reservations.clear();
        if objects.classes.is_empty() {
            base.client_classes.clear();
        }
        merge(&base, &objects, &selector)
    }

    /// Tries objects on servers; each text once, with the servers that it holds for.
    fn try_on(
        &self,
        targets: &[ServerTag],
        what: &str,
        objects: impl Fn(&ServerTag) -> Objects,
    ) -> Vec<String> {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for tag in targets {
            let errors = resolution(self.compose(tag, objects(tag)));
            if errors.is_empty() {
                continue;
            }
            // What is wrong without the new object is not its fault.
            let before = resolution(self.compose(tag, Objects::default()));
            for text in errors.into_iter().filter(|text| !before.contains(text)) {
                texts.entry(text).or_default().push(format!("'{tag}'"));
            }
        }
        texts
            .into_iter()
            .map(|(text, tags)| format!("{what} on server {}: {text}", tags.join(", ")))
            .collect()
    }

    /// What would be wrong with these parameters, all of one server or of `all`, and without another, that is not
    /// wrong now.
    pub(crate) fn globals_run(
        mut self,
        tag: &ServerTag,
        globals: Vec<StoredGlobal>,
        gone: Option<&str>,
    ) -> Vec<String> {
        let before: Vec<(ServerTag, Vec<String>)> = self
            .targets(std::slice::from_ref(tag))
            .into_iter()
            .map(|target| {
                let texts = resolution(self.compose(&target, Objects::default()));
                (target, texts)
            })
            .collect();
        let all = Arc::make_mut(&mut self.globals);
        all.retain(|old| !globals.iter().any(|global| global.name == old.name && global.tags == old.tags));
        all.retain(|old| gone != Some(old.name.as_str()) || !old.tags.contains(tag));
        all.extend(globals);
        let mut findings = Vec::new();
        for (target, known) in before {
            for text in resolution(self.compose(&target, Objects::default())) {
                if !known.contains(&text) {
                    findings.push(format!("global parameters on server '{target}': {text}"));
                }
            }
        }
        findings
    }

    pub(crate) async fn network_runs(
        &self,
        _: &Call<'_, P>,
        tags: &[ServerTag],
        map: &Map,
        members: &[StoredSubnet],
    ) -> Result<Vec<String>, Refusal> {
        let name = text_member(map, "name");
        let network = Stored { row: 1, element: element(map.clone(), &format!("shared network '{name}'")) };
        let objects = |_: &ServerTag| Objects {
            networks: [(1, network.clone())].into(),
            subnets: members.iter().map(|s| (s.id, s.clone())).collect(),
            ..Objects::default()
        };
        Ok(self.try_on(&self.targets(tags), &format!("shared network '{name}'"), objects))
    }

    pub(crate) async fn subnet_runs(
        &self,
        call: &Call<'_, P>,
        tags: &[ServerTag],
        subnet: &Subnet,
    ) -> Result<Vec<String>, Refusal> {
        let what = format!("subnet {} ({})", subnet.id, subnet.prefix);
        let mut findings = Vec::new();
        let mut network = None;
        if let Some(name) = &subnet.shared_network {
            let Some(found) = call.backend()?.network(name.clone()).await? else {
                return refuse(format!(
                    "{what}: shared network '{name}' does not exist in the configuration database"
                ));
            };
            for tag in lacking(&found.element.server_tags, tags) {
                findings.push(format!("{what}: its shared network '{name}' is not given to server '{tag}'"));
            }
            network = Some(found);
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
                let Some(prefix) = backend::Prefix::new(other.prefix.first().into(), other.prefix.length())
                else {
                    continue;
                };
                if prefix != subnet.prefix && prefix.overlaps(&subnet.prefix) {
                    findings.push(format!(
                        "{what}: overlaps with subnet {} ({prefix}) in the file of server '{}'",
                        other.id, self.own
                    ));
                }
            }
        }
        let stored = StoredSubnet {
            id: subnet.id,
            prefix: subnet.prefix,
            shared_network: subnet.shared_network.clone(),
            element: element(subnet.map.clone(), &format!("subnet {}", subnet.id)),
        };
        let objects = |_: &ServerTag| Objects {
            networks: network.iter().map(|n| (n.row, n.clone())).collect(),
            subnets: [(stored.id, stored.clone())].into(),
            ..Objects::default()
        };
        findings.extend(self.try_on(&self.targets(tags), &what, objects));
        Ok(findings)
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

    /// What becomes wrong with a definition: two of one name, and options whose data fit the old one alone.
    pub(crate) async fn def_fits(
        &mut self,
        call: &Call<'_, P>,
        tag: &ServerTag,
        map: &Map,
    ) -> Result<(Vec<String>, Vec<String>), Refusal> {
        let (space, code) = (space_of(map, P::FAMILY), int_member(map, "code"));
        let what = format!("option definition {code} in '{space}'");
        let number = u16::try_from(code)?;
        let new = Stored {
            row: u64::MAX,
            element: Arc::new(Element {
                map: map.clone(),
                pos: position(&what),
                server_tags: vec![tag.clone()],
            }),
        };
        let own = |def: &Stored| {
            def.element.server_tags.contains(tag)
                && int_member(&def.element.map, "code") == code
                && space_of(&def.element.map, P::FAMILY) == space
        };
        let defs: Vec<Stored> =
            self.definitions.stored().iter().filter(|def| !own(def)).cloned().chain([new.clone()]).collect();
        let of = |target: &ServerTag| {
            let selector = ServerSelector::of(std::slice::from_ref(target));
            defs.iter()
                .filter(|d| selector.matches(&d.element.server_tags))
                .map(|d| (d.row, d.clone()))
                .collect()
        };
        let targets = self.targets(std::slice::from_ref(tag));
        let findings =
            self.try_on(&targets, &what, |target| Objects { option_defs: of(target), ..Objects::default() });
        if !findings.is_empty() || call.backend()?.option_users(space.clone(), number, 1).await?.is_empty() {
            return Ok((findings, Vec::new()));
        }
        let anew = self.definitions.find(tag, &space, Some(number), "").is_some();
        let mut findings = Vec::new();
        // Options of that code exist: whether they still fit, only the whole configuration tells.
        for target in targets {
            let Pulled::Everything { objects, .. } = call.backend()?.pull(target.clone(), None).await? else {
                continue;
            };
            let selector = ServerSelector::of(std::slice::from_ref(&target));
            let base = match &self.file {
                Some(file) if target == self.own => Written::clone(file),
                _ => Written::default(),
            };
            let before = resolution(merge(&base, &objects, &selector));
            let after = Objects { option_defs: of(&target), ..objects };
            for text in resolution(merge(&base, &after, &selector)) {
                if !before.contains(&text) {
                    findings.push(format!("{what} on server '{target}': {text}"));
                }
            }
        }
        Ok(if anew { (findings, Vec::new()) } else { (Vec::new(), findings) })
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
        let in_file = |name: &str| {
            let mut classes = self.file.iter().flat_map(|file| &file.client_classes);
            classes.any(|class| text_member(&class.map, "name") == name)
        };
        names.retain(|name| needs_definition(name) && own != Some(name.as_str()) && !in_file(name));
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
    !is_builtin(class) && !matches!(class, "DROP" | "REJECT" | "SKIP_DDNS")
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

fn element(map: Map, what: &str) -> Arc<Element> {
    Arc::new(Element { map, pos: position(what), server_tags: Vec::new() })
}

/// What is wrong with a whole configuration: what a server could not run, and classes that objects name in vain.
pub(crate) fn problems<P: Protocol>(written: Written<P>) -> Vec<String> {
    let mut texts = classes_missing(&written);
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
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.text).collect(),
    }
}
