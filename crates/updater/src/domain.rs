//! Zones, and who serves them.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use dns::{Key, Name};

/// A name server that takes updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub address: SocketAddr,
    /// Signs what is sent to it.
    pub key: Option<Arc<Key>>,
}

/// As log lines show it.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port:{}", self.address.ip(), self.address.port())
    }
}

/// A zone with its servers, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    pub name: Name,
    pub servers: Vec<Server>,
}

/// The domains of one direction. A name is found in as many steps as it has labels.
#[derive(Clone, Debug, Default)]
pub struct Domains {
    by_name: HashMap<Box<[u8]>, Arc<Domain>>,
    any: Option<Arc<Domain>>,
}

impl Domains {
    /// `any` is the domain `*`: of names that are in no other.
    #[must_use]
    pub fn new(domains: Vec<Domain>, any: Option<Domain>) -> Self {
        let by_name = domains.into_iter().map(|d| (d.name.canonical().octets().into(), Arc::new(d)));
        Self { by_name: by_name.collect(), any: any.map(Arc::new) }
    }

    /// No domain at all: this direction is not updated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.any.is_none()
    }

    /// The domain with the longest name that the name is in, or that it is.
    #[must_use]
    pub fn find(&self, name: &Name) -> Option<&Arc<Domain>> {
        name.canonical().and_above().find_map(|part| self.by_name.get(part)).or(self.any.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Domain {
        Domain { name: Name::parse(name).unwrap(), servers: Vec::new() }
    }

    #[test]
    fn the_longest_match() {
        let some = Domains::new(vec![domain("example.com."), domain("Sub.example.com"), domain("net")], None);
        let all = Domains { any: Some(Arc::new(domain("*"))), ..some.clone() };
        for (name, expected) in [
            ("host.example.com.", Some("example.com.")),
            ("example.com", Some("example.com.")),
            ("host.sub.EXAMPLE.com.", Some("Sub.example.com.")),
            ("a.b.sub.example.com.", Some("Sub.example.com.")),
            ("xsub.example.com.", Some("example.com.")),
            ("notexample.com.", None),
            ("com.", None),
            ("host.net.", Some("net.")),
        ] {
            let name = Name::parse(name).unwrap();
            let found = |domains: &Domains| domains.find(&name).map(|domain| domain.name.to_string());
            assert_eq!(found(&some).as_deref(), expected, "{name}");
            assert_eq!(found(&all).as_deref(), expected.or(Some("*.")), "{name}");
        }
        assert!(Domains::default().is_empty() && !some.is_empty() && !all.is_empty());
    }
}
