//! Objects that arrive one by one, in commands.

use std::sync::Arc;

use base::Family;
use json::Value;

use super::{Checker, Origin, written_subnet};
use crate::error::ConfigError;
use crate::keywords::{self, Table, Tables, Type};
use crate::{Element, Protocol, Written, WrittenSubnet};

fn object(
    family: Family,
    table: impl FnOnce(&'static Tables) -> &'static Table,
    value: &Value,
) -> Result<Element, Vec<ConfigError>> {
    let mut checker = Checker::new(Origin::Command, family);
    let table = table(checker.tables);
    let map = checker.map(table, value.clone());
    if checker.errors.is_empty() {
        Ok(Element { map, pos: value.pos(), server_tags: Vec::new() })
    } else {
        Err(checker.errors)
    }
}

/// A subnet as in `remote-subnet4-set`, `subnet6-add` and the like. Its member `shared-network-name`, where those
/// commands have one, becomes [`WrittenSubnet4::shared_network`]; an empty text or null is none.
pub fn parse_subnet<P: Protocol>(value: &Value) -> Result<WrittenSubnet<P>, Vec<ConfigError>> {
    let mut value = value.clone();
    let network = value.as_map_mut().and_then(|map| map.remove("shared-network-name"));
    let shared_network = match &network {
        None => None,
        Some(name) if name.is_null() => None,
        Some(name) => match name.as_str() {
            Some(text) => Some(text.to_owned()).filter(|t| !t.is_empty()),
            None => {
                let text = "'shared-network-name' parameter is not a string";
                return Err(vec![ConfigError::at(&name.pos(), text)]);
            }
        },
    };
    let mut element = object(P::FAMILY, |tables| tables.subnet, &value)?;
    let pos = element.pos.clone();
    let mut whole = value.clone_position();
    whole.kind = json::Kind::Map(std::mem::take(&mut element.map));
    // Both keys are required members that were checked.
    written_subnet(whole, shared_network)
        .ok_or_else(|| vec![ConfigError::at(&pos, "subnet configuration failed")])
}

/// A shared network as in `remote-network4-set`; it comes without subnets.
pub fn parse_shared_network(family: Family, value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    let mut element = object(family, |tables| tables.shared_network, value)?;
    let subnets = keywords::tables(family).subnet.name;
    if let Some(subnets) = element.map.remove(subnets)
        && subnets.as_list().is_some_and(|list| !list.is_empty())
    {
        let text = "subnets of a shared network are set on their own, with 'shared-network-name'";
        return Err(vec![ConfigError::at(&subnets.pos(), text)]);
    }
    Ok(Arc::new(element))
}

/// An option definition as in `remote-option-def4-set`.
pub fn parse_option_def(family: Family, value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(family, |tables| tables.option_def, value).map(Arc::new)
}

/// An option as in `remote-option4-*-set`. Whether its data fit a definition is not checked here: the definitions
/// are those of the servers that will get the option.
pub fn parse_option_data(family: Family, value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(family, |tables| tables.option_data, value).map(Arc::new)
}

/// A host reservation as in `reservation-add`, without its `subnet-id`.
pub fn parse_reservation(family: Family, value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(family, |tables| tables.reservation, value).map(Arc::new)
}

/// A client class as in `remote-class4-set`. Its expression is not compiled here: it may refer to other classes.
pub fn parse_client_class(family: Family, value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(family, |tables| tables.client_class, value).map(Arc::new)
}

/// A global parameter as in `remote-global-parameter4-set`: `name`, or `map.member`. Gives the value in its present
/// spelling.
pub fn parse_global(family: Family, name: &str, value: &Value) -> Result<Value, ConfigError> {
    let unknown = || ConfigError::plain(&value.pos(), format!("unknown parameter '{name}'"));
    let keyword = keywords::global_parameter(family, name).ok_or_else(unknown)?;
    if let Type::Map(_) | Type::Maps(_) | Type::FreeMap = keyword.kind {
        return Err(unknown());
    }
    let mut checker = Checker::new(Origin::Command, family);
    let checked = checker.value(checker.tables.globals.name, keyword, value.clone());
    match (checked, checker.errors.into_iter().next()) {
        (Some(value), None) => Ok(value),
        (_, Some(error)) => Err(error),
        (None, None) => Err(unknown()),
    }
}

/// What no file may have in its globals, alone or beside each other, of globals that came together from a file and a
/// database.
pub fn check_globals<P: Protocol>(written: &Written<P>) -> Vec<ConfigError> {
    let mut checker = Checker::new(Origin::Command, P::FAMILY);
    checker.map(checker.tables.globals, written.globals.clone().into());
    checker.errors
}
