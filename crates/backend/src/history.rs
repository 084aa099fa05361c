//! What a database remembers of changes: for lists of what was done, for trying changes out, and for going back.

use std::collections::BTreeSet;

use base::ServerTag;
use json::{Kind, Map, Value};

use crate::{Cursor, Modification, Objects};

/// Revisions that databases keep unless told otherwise: with more, the oldest go, and with them the ways back to
/// what they replaced.
pub const KEPT_REVISIONS: u64 = 10_000;

/// One object at one moment, complete enough to be written again.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// How operators call it: prefix, name, `space.code`, tag.
    pub name: String,
    pub tags: Vec<ServerTag>,
    /// In the form of a configuration file; a global parameter is a map of one member.
    pub map: Map,
    /// What the map does not say: what a class depends on.
    pub links: Map,
}

impl Image {
    /// The image as JSON, for storing.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let tags: Vec<Value> = self.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
        [
            ("name", self.name.as_str().into()),
            ("server-tags", tags.into()),
            ("map", self.map.clone().into()),
            ("links", self.links.clone().into()),
        ]
        .into()
    }

    /// What [`to_value`](Self::to_value) made; `None` when it is something else.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let tags = value.get("server-tags")?.as_list()?;
        Some(Self {
            name: value.get("name")?.as_str()?.to_owned(),
            tags: tags.iter().map(|tag| ServerTag::new(tag.as_str()?).ok()).collect::<Option<_>>()?,
            map: value.get("map")?.as_map()?.clone(),
            links: value.get("links")?.as_map()?.clone(),
        })
    }

    /// A member of `links` as a list of texts.
    #[must_use]
    pub fn linked(&self, keyword: &str) -> Vec<String> {
        match self.links.get(keyword).map(|value| &value.kind) {
            Some(Kind::List(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// The table of the object, such as `dhcp4_subnet`.
    pub object_type: String,
    pub object_id: u64,
    /// `None`: it is created.
    pub before: Option<Image>,
    /// `None`: it is deleted.
    pub after: Option<Image>,
}

/// What changes would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preview {
    /// As [`apply`](crate::ConfigBackend::apply) would answer.
    pub counts: Vec<u64>,
    pub objects: Vec<Touched>,
    /// Names of all classes in the order of evaluation, before and after.
    pub class_order: (Vec<String>, Vec<String>),
    /// Everything that the server asked about has before and after.
    pub server: Option<(Objects, Objects)>,
}

/// Which revisions are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionFilter {
    /// Only those with a greater number.
    pub after: u64,
    /// Only those of this moment (seconds since the epoch) or later.
    pub from: base::Timestamp,
    /// Only those that concern one of these servers.
    pub servers: Option<BTreeSet<ServerTag>>,
    pub limit: u32,
}

/// A revision of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub cursor: Cursor,
    /// The server that it concerns, `all` when several are; `None` when that server is not there any more.
    pub server: Option<ServerTag>,
    /// What the writer said about it.
    pub message: String,
    /// In the order in which they were touched.
    pub objects: Vec<RevisedObject>,
    /// Whether what it replaced is known, so that it can be undone.
    pub undoable: bool,
}

/// An object that a revision touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisedObject {
    /// The table of the object, such as `dhcp4_subnet`.
    pub object_type: String,
    pub object_id: u64,
    /// `None` when the revision was written by another program.
    pub name: Option<String>,
    pub modification: Modification,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::json_value;

    #[test]
    fn images_come_back() {
        let map = |text: &str| json_value(text).unwrap().as_map().unwrap().clone();
        let image = Image {
            name: "10.0.0.0/8".into(),
            tags: vec![ServerTag::all(), ServerTag::new("hq").unwrap()],
            map: map(r#"{"id": 1, "pools": [{"pool": "10.0.0.1-10.0.0.2"}], "cache-threshold": 0.25}"#),
            links: map(r#"{"dependencies": ["a", "b"]}"#),
        };
        let text = crate::columns::json_text(&image.to_value());
        assert_eq!(Image::from_value(&json_value(&text).unwrap()), Some(image.clone()));
        assert_eq!(image.linked("dependencies"), ["a", "b"]);
        for bad in ["{}", "[]", r#"{"name": "x", "server-tags": [1], "map": {}, "links": {}}"#] {
            assert_eq!(Image::from_value(&json_value(bad).unwrap()), None);
        }
    }
}
