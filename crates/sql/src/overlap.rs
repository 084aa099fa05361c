//! Which subnets share addresses with a prefix, without looking at all of them each time: the prefixes of all
//! subnets, kept up to date by the audit.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use backend::{Cursor, Prefix};
use base::SubnetId;

use crate::write::Step;

/// Prefixes of all subnets as of a revision.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    pub(crate) cursor: Cursor,
    by_prefix: BTreeMap<Prefix, SubnetId>,
    by_id: HashMap<SubnetId, Prefix>,
}

impl Prefixes {
    pub(crate) fn insert(&mut self, id: SubnetId, prefix: Prefix) {
        self.remove(id);
        self.by_id.insert(id, prefix);
        self.by_prefix.insert(prefix, id);
    }

    pub(crate) fn remove(&mut self, id: SubnetId) {
        if let Some(prefix) = self.by_id.remove(&id)
            && self.by_prefix.get(&prefix) == Some(&id)
        {
            self.by_prefix.remove(&prefix);
        }
    }

    /// Follows a revision.
    pub(crate) fn step(&mut self, step: &Step) {
        for (row, prefix) in &step.subnets {
            let id = SubnetId(u32::try_from(*row).unwrap_or_default());
            match prefix {
                Some(prefix) => self.insert(id, *prefix),
                None => self.remove(id),
            }
        }
        self.cursor = step.after.clone();
    }

    /// In the order of ids. Networks nest: those that overlap begin inside the prefix, or are one of its ancestors.
    pub(crate) fn overlapping(&self, prefix: Prefix) -> Vec<SubnetId> {
        let around = prefix.ancestors().filter_map(|ancestor| self.by_prefix.get(&ancestor));
        let mut ids: Vec<SubnetId> = around.copied().collect();
        if let Some(last) = last(&prefix) {
            let inside = self.by_prefix.range(prefix..=last).map(|(_, id)| *id);
            ids.extend(inside);
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// The greatest prefix within a prefix.
fn last(prefix: &Prefix) -> Option<Prefix> {
    let (_, last) = prefix.range();
    let address = match prefix.address() {
        IpAddr::V4(_) => IpAddr::from(<[u8; 4]>::try_from(last).ok()?),
        IpAddr::V6(_) => IpAddr::from(<[u8; 16]>::try_from(last).ok()?),
    };
    Prefix::new(address, if address.is_ipv4() { 32 } else { 128 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_networks_of_both_families() {
        let mut prefixes = Prefixes::default();
        let texts =
            ["10.0.0.0/8", "10.0.0.0/16", "10.1.2.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::/64"];
        for (id, text) in (1..).zip(texts) {
            prefixes.insert(SubnetId(id), text.parse().unwrap());
        }
        let find = |prefixes: &Prefixes, text: &str| -> Vec<u32> {
            prefixes.overlapping(text.parse().unwrap()).into_iter().map(|id| id.0).collect()
        };
        assert_eq!(find(&prefixes, "10.0.0.0/12"), [1, 2, 3, 4]);
        assert_eq!(find(&prefixes, "10.0.0.0/24"), [1, 2, 4]);
        assert_eq!(find(&prefixes, "11.0.0.0/8"), [4]);
        assert_eq!(find(&prefixes, "::/0"), [5, 6]);
        assert_eq!(find(&prefixes, "2001:db8:0:1::/64"), [5]);
        // Two that change places.
        prefixes.insert(SubnetId(2), "10.1.2.0/24".parse().unwrap());
        prefixes.insert(SubnetId(3), "10.0.0.0/16".parse().unwrap());
        assert_eq!(find(&prefixes, "10.0.0.0/16"), [1, 3, 4]);
        prefixes.remove(SubnetId(3));
        assert_eq!(find(&prefixes, "10.0.0.0/16"), [1, 4]);
    }
}
