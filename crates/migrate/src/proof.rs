//! Whether a server keeps its configuration.

use backend::{Objects, ServerSelector};
use base::{ServerTag, SubnetId};
use config::{ConfigError, ServerConfig, Written};

use crate::alone::resolve;
use crate::{Protocol, differences};

/// Whether a server starts with the file `rest` alone, and with `objects` of the database runs `whole`, as `config-get`
/// shows both and as subnets and networks inherit. Answers what is against it; nothing when it is proved.
#[must_use]
pub fn proof<P: Protocol>(
    whole: &Written<P>,
    rest: &Written<P>,
    objects: &Objects,
    tag: &ServerTag,
) -> Vec<String> {
    if let Err(errors) = resolve(rest) {
        return texts("its file alone", &errors);
    }
    let merged = P::merge(rest, objects, &ServerSelector::One(tag.clone()));
    let found = differences(whole, &merged);
    if !found.is_empty() {
        return found;
    }
    match (resolve(whole), resolve(&merged)) {
        (Ok(whole), Ok(merged)) => {
            let (subnets, networks) = unlike(&whole, &merged);
            let subnets = subnets.iter().map(|id| format!("/{}/{id}: inherits other parameters", P::SUBNETS));
            let networks =
                networks.iter().map(|n| format!("/shared-networks/{n}: inherits other parameters"));
            subnets.chain(networks).collect()
        }
        (Err(errors), _) => texts("its file", &errors),
        (_, Err(errors)) => texts("its file with the database", &errors),
    }
}

fn texts(what: &str, errors: &[ConfigError]) -> Vec<String> {
    errors.iter().map(|error| format!("{what}: {error}")).collect()
}

/// Subnets and networks whose parameters, inherited ones included, differ: objects of a database inherit otherwise than
/// those of a file.
fn unlike<P: Protocol>(one: &ServerConfig<P>, other: &ServerConfig<P>) -> (Vec<SubnetId>, Vec<String>) {
    // Both are in the order of their numbers.
    let subnets = one.subnets.iter().zip(&other.subnets);
    let subnets = subnets.filter(|(a, b)| a.id != b.id || a.params != b.params).map(|(a, _)| a.id).collect();
    let networks = one.networks.iter().filter(|network| {
        let same = other.networks.iter().find(|other| other.name == network.name);
        same.is_none_or(|other| other.params != network.params)
    });
    (subnets, networks.map(|network| network.name.to_string()).collect())
}
