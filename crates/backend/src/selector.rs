//! Which servers, and which database, a command means.

use std::collections::BTreeSet;

use base::ServerTag;

use crate::Identity;

/// The servers whose objects are meant (Kea manual, "Configuration Sharing and Server Tags").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerSelector {
    /// What one server gets: its own objects and those of all servers.
    One(ServerTag),
    /// What any of several servers gets.
    Many(BTreeSet<ServerTag>),
    /// Only what is tied to all servers.
    All,
    /// Objects tied to no server.
    Unassigned,
    /// Every object, whatever it is tied to.
    Any,
}

impl ServerSelector {
    /// The selector that a list of tags means; `all` alone is [`ServerSelector::All`].
    #[must_use]
    pub fn of(tags: &[ServerTag]) -> Self {
        match tags {
            [] => Self::Unassigned,
            [only] if only.is_all() => Self::All,
            [only] => Self::One(only.clone()),
            many => Self::Many(many.iter().cloned().collect()),
        }
    }

    /// Tags whose objects are wanted, with `all` where it belongs; `None` for no tag at all and for any.
    #[must_use]
    pub fn tags(&self) -> Option<BTreeSet<ServerTag>> {
        let mut tags = match self {
            Self::One(tag) => BTreeSet::from([tag.clone()]),
            Self::Many(tags) => tags.clone(),
            Self::All => BTreeSet::new(),
            Self::Unassigned | Self::Any => return None,
        };
        tags.insert(ServerTag::all());
        Some(tags)
    }

    /// Whether an object tied to `tags` is meant.
    #[must_use]
    pub fn matches(&self, tags: &[ServerTag]) -> bool {
        match self {
            Self::Any => true,
            Self::Unassigned => tags.is_empty(),
            Self::All => tags.iter().any(ServerTag::is_all),
            Self::One(own) => tags.iter().any(|t| t.is_all() || t == own),
            Self::Many(wanted) => tags.iter().any(|t| t.is_all() || wanted.contains(t)),
        }
    }

    /// Of objects that cannot be shared (globals, global options, option definitions), those that count: an
    /// object of a server hides the one of all servers with the same key. Order is kept.
    #[must_use]
    pub fn effective<T, K: Ord>(
        &self,
        items: Vec<T>,
        tags: impl Fn(&T) -> &[ServerTag],
        key: impl Fn(&T) -> K,
    ) -> Vec<T> {
        let own: BTreeSet<K> =
            items.iter().filter(|i| !tags(i).iter().any(ServerTag::is_all)).map(&key).collect();
        items
            .into_iter()
            .filter(|item| self.matches(tags(item)))
            .filter(|item| {
                !tags(item).iter().any(ServerTag::is_all)
                    || matches!(self, Self::All | Self::Any)
                    || !own.contains(&key(item))
            })
            .collect()
    }
}

/// The `remote` map of a command: which database is meant. An empty one means the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendSelector {
    /// `sqlite`, `mysql`, `postgresql`.
    pub kind: Option<String>,
    pub host: Option<String>,
    /// Only together with `host`.
    pub port: Option<u16>,
}

impl BackendSelector {
    /// Whether the database is meant.
    #[must_use]
    pub fn matches(&self, identity: &Identity) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == identity.kind)
            && self.host.as_deref().is_none_or(|host| host == identity.host)
            && self.port.is_none_or(|port| port == identity.port)
    }
}

impl std::fmt::Display for BackendSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.kind.as_ref().map(|k| format!("type={k}")));
        parts.extend(self.host.as_ref().map(|h| format!("host={h}")));
        parts.extend(self.port.map(|p| format!("port={p}")));
        f.write_str(&if parts.is_empty() { "unspecified".to_owned() } else { parts.join(",") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> ServerTag {
        ServerTag::new(text).unwrap()
    }

    #[test]
    fn which_objects_a_selector_means() {
        let (a, b, all) = (tag("a"), tag("b"), ServerTag::all());
        let cases: [(ServerSelector, [bool; 5]); 5] = [
            // tied to:                       none   a      b      a+b    all
            (ServerSelector::One(a.clone()), [false, true, false, true, true]),
            (ServerSelector::of(&[a.clone(), b.clone()]), [false, true, true, true, true]),
            (ServerSelector::All, [false, false, false, false, true]),
            (ServerSelector::Unassigned, [true, false, false, false, false]),
            (ServerSelector::Any, [true; 5]),
        ];
        let tied = [vec![], vec![a.clone()], vec![b.clone()], vec![a.clone(), b.clone()], vec![all]];
        for (selector, wanted) in cases {
            for (tags, want) in tied.iter().zip(wanted) {
                assert_eq!(selector.matches(tags), want, "{selector:?} {tags:?}");
            }
        }
        assert_eq!(ServerSelector::of(&[tag("ALL")]), ServerSelector::All);
        assert_eq!(ServerSelector::of(&[]), ServerSelector::Unassigned);
    }

    #[test]
    fn own_object_hides_that_of_all() {
        let items = [
            ("x", vec![ServerTag::all()], 1),
            ("x", vec![tag("a")], 2),
            ("y", vec![ServerTag::all()], 3),
            ("z", vec![tag("b")], 4),
        ];
        let pick = |selector: &ServerSelector| -> Vec<i32> {
            let relevant = items.iter().filter(|i| selector.matches(&i.1)).cloned().collect::<Vec<_>>();
            selector.effective(relevant, |i| &i.1, |i| i.0).into_iter().map(|i| i.2).collect()
        };
        assert_eq!(pick(&ServerSelector::One(tag("a"))), [2, 3]);
        assert_eq!(pick(&ServerSelector::One(tag("b"))), [1, 3, 4]);
        assert_eq!(pick(&ServerSelector::All), [1, 3]);
    }

    #[test]
    fn remote_selects_by_what_it_names() {
        let identity = Identity { kind: "mysql", name: "kea".into(), host: "h".into(), port: 3306 };
        let of = |kind: Option<&str>, host: Option<&str>, port| BackendSelector {
            kind: kind.map(Into::into),
            host: host.map(Into::into),
            port,
        };
        assert!(of(None, None, None).matches(&identity));
        assert!(of(Some("mysql"), Some("h"), Some(3306)).matches(&identity));
        assert!(!of(Some("postgresql"), None, None).matches(&identity));
        assert!(!of(None, Some("other"), None).matches(&identity));
        assert!(!of(None, Some("h"), Some(1)).matches(&identity));
        assert_eq!(of(Some("mysql"), None, Some(1)).to_string(), "type=mysql,port=1");
    }
}
