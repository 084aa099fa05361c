//! What a file needs to be one that a server starts with: servers resolve their file before they ask a database.

use std::collections::BTreeSet;
use std::sync::Arc;

use backend::text_member;
use config::{ConfigError, ResolveEnv, ServerConfig, Written};

use crate::objects::{flatten, insert};
use crate::{Protocol, Source};

/// What went into the database and is kept in the file too, where what stays there is built on it. The database's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    OptionDef(usize),
    Global(String),
    Network(usize),
    /// All of them.
    Classes,
}

/// Resolves as a server does at its start, whatever machine this is: of files with secrets and of interfaces only the
/// names are known here.
pub(crate) fn resolve<P: Protocol>(written: &Written<P>) -> Result<ServerConfig<P>, Vec<ConfigError>> {
    let env = ResolveEnv {
        relaxed: true,
        interface_exists: None,
        read_secret: Arc::new(|_| Ok("not known here".to_owned())),
    };
    P::resolve(Arc::new(written.clone()), &env)
}

/// Puts back into what remains of a server's file what the rest of it needs to be resolved without the database; nothing
/// when it needs nothing. Answers what that is, or what is wrong although all that could be needed is there.
pub(crate) fn complete<P: Protocol>(
    source: &Source<P>,
    remaining: &mut Written<P>,
) -> Result<Vec<Piece>, Vec<ConfigError>> {
    if resolve(remaining).is_ok() {
        return Ok(Vec::new());
    }
    let candidates = pieces(source, remaining);
    resolve(&with(source, remaining, &candidates))?;
    let mut works = |pieces: &[Piece]| resolve(&with(source, remaining, pieces)).is_ok();
    let mut needed = needed(&[], &candidates, &mut works);
    if !works(&needed) {
        // One may need another that the rest does not.
        needed = candidates;
    }
    *remaining = with(source, remaining, &needed);
    Ok(needed)
}

/// Of `candidates`, which do together, as few as do: halves are tried, so that few of many are found in few attempts.
fn needed(base: &[Piece], candidates: &[Piece], works: &mut impl FnMut(&[Piece]) -> bool) -> Vec<Piece> {
    if candidates.is_empty() || works(base) {
        return Vec::new();
    }
    if candidates.len() == 1 {
        return candidates.to_vec();
    }
    let (one, other) = candidates.split_at(candidates.len() / 2);
    let of_other = needed(&[base, one].concat(), other, works);
    let of_one = needed(&[base, &of_other].concat(), one, works);
    [of_one, of_other].concat()
}

/// What a file had and has no more, but for subnets and options, on which nothing is built.
fn pieces<P: Protocol>(source: &Source<P>, remaining: &Written<P>) -> Vec<Piece> {
    let whole = &source.written;
    let gone = |list: &[Arc<config::Element>], element| !list.contains(element);
    let defs = whole.option_defs.iter().enumerate();
    let networks = whole.shared_networks.iter().enumerate();
    let kept: BTreeSet<String> = flatten(&remaining.globals).map(|(name, _)| name).collect();
    let globals = flatten(&whole.globals).map(|(name, _)| name).filter(|name| !kept.contains(name));
    let classes = !whole.client_classes.is_empty() && remaining.client_classes.is_empty();
    defs.filter(|(_, def)| gone(&remaining.option_defs, def))
        .map(|(at, _)| Piece::OptionDef(at))
        .chain(globals.map(Piece::Global))
        .chain(
            networks
                .filter(|(_, network)| gone(&remaining.shared_networks, network))
                .map(|(at, _)| Piece::Network(at)),
        )
        .chain(classes.then_some(Piece::Classes))
        .collect()
}

fn with<P: Protocol>(source: &Source<P>, remaining: &Written<P>, pieces: &[Piece]) -> Written<P> {
    let whole = &source.written;
    let mut file = remaining.clone();
    for piece in pieces {
        match piece {
            Piece::OptionDef(at) => file.option_defs.extend(whole.option_defs.get(*at).cloned()),
            Piece::Global(name) => {
                let found = flatten(&whole.globals).find(|(known, _)| known == name);
                if let Some((_, value)) = found {
                    insert(&mut file.globals, name, value.clone());
                }
            }
            Piece::Network(at) => {
                let Some(network) = whole.shared_networks.get(*at) else { continue };
                let name = text_member(&network.map, "name");
                // In place of its name alone.
                file.shared_networks.retain(|other| text_member(&other.map, "name") != name);
                file.shared_networks.push(Arc::clone(network));
            }
            Piece::Classes => file.client_classes.clone_from(&whole.client_classes),
        }
    }
    file
}
