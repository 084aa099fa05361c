//! Which keywords of a scenario file decide how it ends.

use std::collections::BTreeSet;
use std::path::Path;

use json::{Kind, Value};

use super::parse::{self, File, Step};
use super::{run, run6};

/// A keyword where it stands in a configuration: `Dhcp4/subnet4/pools` and `pool`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub map: String,
    pub keyword: String,
}

/// What a file shows of a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub place: Place,
    /// The scenario that ends otherwise without it.
    pub scenario: String,
    /// A configuration without it is refused.
    pub required: bool,
}

/// Plays the scenarios of a text once for each keyword that their configurations have, without that keyword: those that a
/// scenario misses are the ones that it shows to act. `path` is where the text is from.
///
/// # Errors
/// When the text, or a configuration in it, cannot be read, and when the scenarios fail as they are.
pub fn decisive(path: &Path, text: &str) -> Result<Vec<Shown>, String> {
    let read = || parse::file(text).map_err(|(line, text)| format!("{}:{line}: {text}", path.display()));
    let file = read()?;
    let play = |file: &File| if file.six { run6::all(file, path) } else { run::all(file, path) };
    if let Some(failure) = play(&file).failures.first() {
        return Err(failure.to_string());
    }
    let top = if file.six { "Dhcp6" } else { "Dhcp4" };
    let mut places = BTreeSet::new();
    for config in configs(&file) {
        walk(&mut value(config)?, top, &mut |map, keyword| {
            places.insert(Place { map: map.to_owned(), keyword: keyword.to_owned() });
            true
        });
    }
    let mut shown = Vec::new();
    for place in places {
        let mut file = read()?;
        without(&mut file, top, &place)?;
        if let Some(failure) = play(&file).failures.first() {
            let required = failure.text.contains(&format!("\"{}\"", place.keyword))
                || failure.text.contains(&format!("'{}'", place.keyword));
            shown.push(Shown { place, scenario: failure.title.clone(), required });
        }
    }
    Ok(shown)
}

fn value(config: &str) -> Result<Value, String> {
    json::parse(config, None, json::Limits::default()).map(|parsed| parsed.value).map_err(|e| e.to_string())
}

/// All configurations of a file.
fn configs(file: &File) -> impl Iterator<Item = &String> {
    file.scenarios.iter().flat_map(|scenario| {
        let later = scenario.steps.iter().filter_map(|(_, step)| match step {
            Step::Reconfigure(config) => Some(config),
            _ => None,
        });
        scenario.setting.config.iter().map(|(config, _)| config).chain(later)
    })
}

/// Takes a keyword out of all configurations; scenarios that do not have it go.
fn without(file: &mut File, top: &str, place: &Place) -> Result<(), String> {
    let mut fault = None;
    file.scenarios.retain_mut(|scenario| {
        let mut there = false;
        let later = scenario.steps.iter_mut().filter_map(|(_, step)| match step {
            Step::Reconfigure(config) => Some(config),
            _ => None,
        });
        for config in scenario.setting.config.iter_mut().map(|(config, _)| config).chain(later) {
            match value(config) {
                Ok(mut value) => {
                    walk(&mut value, top, &mut |map, keyword| {
                        let stays = map != place.map || keyword != place.keyword;
                        there |= !stays;
                        stays
                    });
                    *config = json::to_string(&value);
                }
                Err(error) => fault = Some(error),
            }
        }
        there
    });
    fault.map_or(Ok(()), Err)
}

/// Shows each keyword with the map it stands in; takes out those that are not to stay.
fn walk(value: &mut Value, map: &str, stays: &mut impl FnMut(&str, &str) -> bool) {
    match &mut value.kind {
        Kind::List(list) => list.iter_mut().for_each(|item| walk(item, map, stays)),
        Kind::Map(keywords) => keywords.retain(|keyword, inner| {
            walk(inner, &format!("{map}/{keyword}"), stays);
            stays(map, keyword.as_str())
        }),
        _ => {}
    }
}
