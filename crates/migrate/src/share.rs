//! Who has what in common.

use std::collections::{BTreeMap, BTreeSet};

use base::ServerTag;

/// One of the servers, by its place in the list.
pub(crate) type Index = usize;

/// The servers of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) tags: Vec<ServerTag>,
    /// Others have the tag `all` too.
    pub(crate) others: bool,
}

impl Servers {
    /// Whether what so many of them have is for `all`: every one of several does, and there are no others.
    fn is_all(&self, count: usize) -> bool {
        count == self.tags.len() && count > 1 && !self.others
    }

    /// The tags of what these servers have.
    pub(crate) fn tags(&self, of: &BTreeSet<Index>) -> Vec<ServerTag> {
        if self.is_all(of.len()) {
            return vec![ServerTag::all()];
        }
        of.iter().filter_map(|at| self.tags.get(*at)).cloned().collect()
    }

    /// Tags of objects that each server has for itself (globals, global options, definitions): when all servers have
    /// one, the value of most goes to `all` and the others to their servers, whose own value counts first.
    pub(crate) fn spread<'a, T: PartialEq>(&self, values: &'a BTreeMap<Index, T>) -> Vec<(ServerTag, &'a T)> {
        let mut spread = Vec::new();
        let mut common = None;
        if self.is_all(values.len()) {
            let votes = |value: &T| values.values().filter(|other| *other == value).count();
            let (mut most, mut best) = (1, None);
            for value in values.values() {
                let count = votes(value);
                if count > most {
                    (most, best) = (count, Some(value));
                }
            }
            common = best;
        }
        spread.extend(common.map(|value| (ServerTag::all(), value)));
        for (at, value) in values {
            if common != Some(value)
                && let Some(tag) = self.tags.get(*at)
            {
                spread.push((tag.clone(), value));
            }
        }
        spread
    }
}

/// One form of an object, and who has it.
#[derive(Clone, Debug)]
pub(crate) struct Variant<T> {
    pub(crate) value: T,
    pub(crate) servers: BTreeSet<Index>,
}

/// Groups equal values, in the order of their first.
pub(crate) fn variants<T: PartialEq>(values: impl IntoIterator<Item = (Index, T)>) -> Vec<Variant<T>> {
    let mut variants: Vec<Variant<T>> = Vec::new();
    for (server, value) in values {
        match variants.iter_mut().find(|variant| variant.value == value) {
            Some(variant) => {
                variant.servers.insert(server);
            }
            None => variants.push(Variant { value, servers: BTreeSet::from([server]) }),
        }
    }
    variants
}

/// One order for all lists: what stands before something in any of them does so in the result. Servers whose order
/// does not fit those before them are named.
pub(crate) fn order<'a>(lists: &[(Index, Vec<&'a str>)]) -> (Vec<&'a str>, BTreeSet<Index>) {
    let mut ordered: Vec<&str> = Vec::new();
    let mut unfit = BTreeSet::new();
    for (server, list) in lists {
        match merged(&ordered, list) {
            Some(merged) => ordered = merged,
            None => {
                unfit.insert(*server);
            }
        }
    }
    (ordered, unfit)
}

/// Two orders as one; `None` when they contradict each other.
fn merged<'a>(one: &[&'a str], other: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut result = Vec::with_capacity(one.len() + other.len());
    let mut rest = one.iter();
    for (at, name) in other.iter().enumerate() {
        if one.contains(name) {
            if result.contains(name) {
                return None;
            }
            // Everything up to it; none of that may come later in the other list.
            for before in rest.by_ref() {
                if before != name && other.iter().skip(at + 1).any(|later| later == before) {
                    return None;
                }
                result.push(*before);
                if before == name {
                    break;
                }
            }
            if !result.contains(name) {
                return None;
            }
        } else {
            result.push(name);
        }
    }
    result.extend(rest);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Servers {
        Servers { tags: names.iter().map(|name| ServerTag::new(name).unwrap()).collect(), others: false }
    }

    #[test]
    fn tags_of_shared_objects() {
        let of = |servers: &Servers, of: &[usize]| -> Vec<String> {
            servers.tags(&of.iter().copied().collect()).iter().map(ToString::to_string).collect()
        };
        let three = servers(&["a", "b", "c"]);
        assert_eq!(of(&three, &[0, 1, 2]), ["all"]);
        assert_eq!(of(&three, &[0, 2]), ["a", "c"]);
        assert_eq!(of(&servers(&["a"]), &[0]), ["a"], "a second server may come");
        assert_eq!(of(&Servers { others: true, ..servers(&["a", "b"]) }, &[0, 1]), ["a", "b"]);
    }

    #[test]
    fn tags_of_what_each_server_has() {
        let three = servers(&["a", "b", "c"]);
        let spread = |values: &[(usize, i32)]| -> Vec<(String, i32)> {
            let values: BTreeMap<_, _> = values.iter().copied().collect();
            three.spread(&values).into_iter().map(|(tag, value)| (tag.to_string(), *value)).collect()
        };
        let text = |list: &[(&str, i32)]| -> Vec<(String, i32)> {
            list.iter().map(|(tag, value)| ((*tag).to_owned(), *value)).collect()
        };
        assert_eq!(spread(&[(0, 1), (1, 1), (2, 1)]), text(&[("all", 1)]));
        assert_eq!(spread(&[(0, 2), (1, 1), (2, 1)]), text(&[("all", 1), ("a", 2)]));
        assert_eq!(spread(&[(0, 1), (1, 2), (2, 3)]), text(&[("a", 1), ("b", 2), ("c", 3)]));
        assert_eq!(spread(&[(0, 1), (1, 1)]), text(&[("a", 1), ("b", 1)]), "c would get it, too");
    }

    #[test]
    fn one_order_for_all() {
        let ordered = |lists: &[&[&'static str]]| {
            let lists: Vec<(usize, Vec<&str>)> = lists.iter().map(|l| l.to_vec()).enumerate().collect();
            order(&lists)
        };
        assert_eq!(ordered(&[&["a", "b"], &["b", "c"], &["a", "c"]]), (vec!["a", "b", "c"], BTreeSet::new()));
        assert_eq!(ordered(&[&["a", "b"], &["x", "a", "y", "b"]]).0, ["x", "a", "y", "b"]);
        assert_eq!(ordered(&[&["a", "b"], &["b", "a"]]), (vec!["a", "b"], BTreeSet::from([1])));
        assert_eq!(ordered(&[&["a"], &[], &["b"]]).0, ["b", "a"]);
    }
}
