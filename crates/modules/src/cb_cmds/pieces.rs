//! Changes of shared networks and subnets, tried with what of file and database lies beside them: the network of a
//! subnet, and enough of the other subnets in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backend::{
    Image, Objects, Preview, ServerSelector, Stored, StoredSubnet, Touched, int_member, text_member,
};
use base::{Family, IpPrefix, ServerTag, SubnetId};
use config::{Element, Protocol, WrittenSubnet};
use json::{Map, Value};

use super::Call;
use super::args::Refusal;
use super::check::{Faults, World, element, resolution};

/// Networks by name and subnets that a change touches, before or after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Piece {
    pub(crate) networks: BTreeMap<String, Stored>,
    pub(crate) subnets: Vec<StoredSubnet>,
}

/// What the file of a server has to do with a piece.
pub(crate) struct Beside<P: Protocol> {
    pub(crate) networks: Vec<Arc<Element>>,
    pub(crate) subnets: Vec<WrittenSubnet<P>>,
}

impl<P: Protocol> Default for Beside<P> {
    fn default() -> Self {
        Self { networks: Vec::new(), subnets: Vec::new() }
    }
}

impl Piece {
    pub(crate) fn of_subnet(subnet: StoredSubnet) -> Self {
        Self { subnets: vec![subnet], ..Self::default() }
    }

    /// A network with its subnets.
    pub(crate) fn of_network(name: &str, network: Option<Stored>, members: Vec<StoredSubnet>) -> Self {
        Self {
            networks: network.map(|network| (name.to_owned(), network)).into_iter().collect(),
            subnets: members,
        }
    }

    /// Networks and subnets of a preview, as `side` shows them.
    fn of_preview(preview: &Preview, side: impl Fn(&Touched) -> Option<&Image>) -> Self {
        let mut piece = Self::default();
        for touched in &preview.objects {
            let Some(Image { name, tags, map, .. }) = side(touched) else { continue };
            if touched.object_type.ends_with("_shared_network") {
                let element = element(map.clone(), &format!("shared network '{name}'"), tags);
                piece.networks.insert(name.clone(), Stored { row: touched.object_id, element });
            } else if touched.object_type.ends_with("_subnet") {
                piece.subnets.extend(subnet_of(map, tags));
            }
        }
        piece
    }

    fn tags(&self) -> impl Iterator<Item = &ServerTag> {
        let networks = self.networks.values().flat_map(|network| &network.element.server_tags);
        networks.chain(self.subnets.iter().flat_map(|subnet| &subnet.element.server_tags))
    }

    /// Names of the networks that it has, or that its subnets are in.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.networks.keys().chain(self.subnets.iter().filter_map(|subnet| subnet.shared_network.as_ref()))
    }

    /// What a server gets of this and of another.
    fn seen(&self, other: &Self, selector: &ServerSelector) -> Objects {
        let networks = self.networks.values().chain(other.networks.values());
        let subnets = self.subnets.iter().chain(&other.subnets);
        Objects {
            networks: networks
                .filter(|network| selector.matches(&network.element.server_tags))
                .map(|network| (network.row, network.clone()))
                .collect(),
            subnets: subnets
                .filter(|subnet| selector.matches(&subnet.element.server_tags))
                .map(|subnet| (subnet.id, subnet.clone()))
                .collect(),
            ..Objects::default()
        }
    }
}

fn subnet_of(map: &Map, tags: &[ServerTag]) -> Option<StoredSubnet> {
    let mut map = map.clone();
    let network = map.remove("shared-network-name");
    let id = SubnetId(u32::try_from(int_member(&map, "id")).ok()?);
    let prefix: backend::Prefix = text_member(&map, "subnet").parse().ok()?;
    Some(StoredSubnet {
        id,
        prefix,
        shared_network: network.as_ref().and_then(Value::as_str).map(str::to_owned),
        element: element(map, &format!("subnet {id} ({prefix})"), tags),
    })
}

pub(super) fn prefix_of<P: Protocol>(subnet: &WrittenSubnet<P>) -> Option<backend::Prefix> {
    backend::Prefix::new(subnet.prefix.first().into(), subnet.prefix.length())
}

/// Whether an object names an interface.
fn interface(map: &Map) -> bool {
    !text_member(map, "interface").is_empty()
}

impl<P: Protocol> World<P> {
    /// What would be wrong with servers that get something of a piece, and is not now. Networks of the piece come with
    /// all of their subnets.
    pub(crate) async fn piece_runs(
        &self,
        call: &Call<'_, P>,
        what: &str,
        before: &Piece,
        after: &Piece,
    ) -> Result<Vec<String>, Refusal> {
        let mut tags: BTreeSet<ServerTag> = before.tags().chain(after.tags()).cloned().collect();
        let mut names: BTreeSet<String> = before.names().chain(after.names()).cloned().collect();
        let beside_in_file = self.in_file(before, after, &tags, &mut names);
        let mut beside = Piece::default();
        for name in names {
            let whole = before.networks.contains_key(&name) || after.networks.contains_key(&name);
            if whole {
                continue;
            }
            let network = call.backend()?.network(name.clone()).await?;
            let linked = network.as_ref().is_some_and(|network| interface(&network.element.map));
            if let Some(network) = network {
                beside.networks.insert(name.clone(), network);
            }
            let own = after.subnets.iter().filter(|subnet| subnet.shared_network.as_ref() == Some(&name));
            let file = beside_in_file.subnets.iter().filter(|s| s.shared_network.as_ref() == Some(&name));
            let mut maps = own.map(|s| &s.element.map).chain(file.map(|s| &s.element.map));
            // In DHCPv4, only interfaces can contradict each other.
            if P::FAMILY == Family::V6 || (!linked && maps.any(interface)) {
                let but = after.subnets.first().map_or(SubnetId(0), |subnet| subnet.id);
                beside.subnets.extend(call.backend()?.examples_of(name, but).await?);
            }
        }
        let touched = |id| before.subnets.iter().chain(&after.subnets).any(|subnet| subnet.id == id);
        beside.subnets.retain(|subnet| !touched(subnet.id));
        if tags.iter().any(ServerTag::is_all) {
            tags.extend(beside.tags().cloned());
        }
        let tags: Vec<ServerTag> = tags.into_iter().collect();
        let mut faults = Faults::default();
        for tag in self.targets(&tags) {
            let selector = ServerSelector::of(std::slice::from_ref(&tag));
            let texts = |piece: &Piece| {
                resolution(self.compose(&tag, piece.seen(&beside, &selector), &beside_in_file))
            };
            faults.note(&tag, texts(after), || texts(before));
        }
        let mut findings = faults.texts(what);
        findings.extend(self.shown_again(call, what, before, after, &beside_in_file).await?);
        Ok(findings)
    }

    /// What is wrong with the classes of what the own file has and the database hides no more.
    async fn shown_again(
        &self,
        call: &Call<'_, P>,
        what: &str,
        before: &Piece,
        after: &Piece,
        file: &Beside<P>,
    ) -> Result<Vec<String>, Refusal> {
        let Some((own, _)) = self.own() else { return Ok(Vec::new()) };
        let selector = ServerSelector::One(own.clone());
        let [before, after] = [before, after].map(|piece| piece.seen(&Piece::default(), &selector));
        let named = |objects: &Objects, name: &str| {
            objects.networks.values().any(|network| text_member(&network.element.map, "name") == name)
        };
        let hides = |objects: &Objects, s: &WrittenSubnet<P>| {
            let prefix = prefix_of(s);
            objects.subnets.values().any(|other| other.id == s.id || Some(other.prefix) == prefix)
        };
        let networks = file.networks.iter().filter_map(|network| {
            let name = text_member(&network.map, "name");
            let shown = named(&before, &name) && !named(&after, &name);
            shown.then(|| (format!("shared network '{name}'"), &network.map))
        });
        let subnets = file.subnets.iter().filter(|s| hides(&before, s) && !hides(&after, s));
        let subnets = subnets.map(|s| (format!("subnet {} ({})", s.id, s.prefix), &s.element.map));
        let mut findings = Vec::new();
        for (object, map) in networks.chain(subnets) {
            let what = format!("{what} brings back what the file has: {object}");
            findings.extend(self.classes_known(call, std::slice::from_ref(own), map, &what, None).await?);
        }
        Ok(findings)
    }

    /// What the own file has in the networks of a piece, or comes to light or goes with its subnets. Adds the networks of
    /// those.
    fn in_file(
        &self,
        before: &Piece,
        after: &Piece,
        tags: &BTreeSet<ServerTag>,
        names: &mut BTreeSet<String>,
    ) -> Beside<P> {
        let Some((own, file)) = self.own() else { return Beside::default() };
        if !tags.contains(own) && !tags.iter().any(ServerTag::is_all) {
            return Beside::default();
        }
        let pieces = || before.subnets.iter().chain(&after.subnets);
        let ids: BTreeSet<SubnetId> = pieces().map(|subnet| subnet.id).collect();
        let prefixes: BTreeSet<backend::Prefix> = pieces().map(|subnet| subnet.prefix).collect();
        let near = |s: &&WrittenSubnet<P>| {
            ids.contains(&s.id)
                || s.shared_network.as_ref().is_some_and(|name| names.contains(name))
                || prefix_of(s).is_some_and(|prefix| prefixes.contains(&prefix))
        };
        let subnets: Vec<WrittenSubnet<P>> = file.subnets.iter().filter(near).cloned().collect();
        names.extend(subnets.iter().filter_map(|subnet| subnet.shared_network.clone()));
        let networks = file.shared_networks.iter().filter(|e| names.contains(&text_member(&e.map, "name")));
        Beside { networks: networks.cloned().collect(), subnets }
    }

    /// What would be wrong with a change of one option, wherever it is.
    pub(crate) async fn option_runs(
        &self,
        call: &Call<'_, P>,
        what: &str,
        change: backend::Change,
    ) -> Result<Vec<String>, Refusal> {
        let preview = call.backend()?.preview(vec![change], None).await?;
        let before = Piece::of_preview(&preview, |touched| touched.before.as_ref());
        let after = Piece::of_preview(&preview, |touched| touched.after.as_ref());
        let mut findings = self.piece_runs(call, what, &before, &after).await?;
        let global = preview.objects.iter().filter(|touched| touched.object_type.ends_with("_options"));
        let global: Vec<&Touched> = global.collect();
        if global.is_empty() {
            return Ok(findings);
        }
        // Sub-options of one level make up one option: those of all spaces are looked at together.
        let mut options: BTreeMap<u64, Stored> =
            call.backend()?.options(ServerSelector::Any).await?.into_iter().map(|o| (o.row, o)).collect();
        let old = options.clone();
        let mut tags = BTreeSet::new();
        for touched in global {
            options.remove(&touched.object_id);
            tags.extend(touched.before.iter().flat_map(|image| image.tags.iter().cloned()));
            if let Some(image) = &touched.after {
                tags.extend(image.tags.iter().cloned());
                let element = element(image.map.clone(), what, &image.tags);
                options.insert(touched.object_id, Stored { row: touched.object_id, element });
            }
        }
        if tags.iter().any(ServerTag::is_all) {
            tags.extend(old.values().flat_map(|option| option.element.server_tags.iter().cloned()));
        }
        let tags: Vec<ServerTag> = tags.into_iter().collect();
        let mut faults = Faults::default();
        for tag in self.targets(&tags) {
            let selector = ServerSelector::of(std::slice::from_ref(&tag));
            let texts = |options: &BTreeMap<u64, Stored>| {
                let seen = options.iter().filter(|(_, option)| selector.matches(&option.element.server_tags));
                let options = seen.map(|(row, option)| (*row, option.clone())).collect();
                resolution(self.compose(&tag, Objects { options, ..Objects::default() }, &Beside::default()))
            };
            faults.note(&tag, texts(&options), || texts(&old));
        }
        findings.extend(faults.texts(what));
        Ok(findings)
    }
}
