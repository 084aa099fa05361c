//! Objects that arrive one by one, in commands.

use std::sync::Arc;

use json::Value;

use super::{Checker, Origin, subnet4};
use crate::error::ConfigError;
use crate::keywords::{
    self, CLIENT_CLASS, DHCP4, OPTION_DATA, OPTION_DEF, RESERVATION4, SHARED_NETWORK4, SUBNET4, Table, Type,
};
use crate::{Element, WrittenSubnet4};

fn object(table: &'static Table, value: &Value) -> Result<Element, Vec<ConfigError>> {
    let mut checker = Checker::new(Origin::Command);
    let map = checker.map(table, value.clone());
    if checker.errors.is_empty() {
        Ok(Element { map, pos: value.pos.clone(), server_tags: Vec::new() })
    } else {
        Err(checker.errors)
    }
}

/// A subnet as in `remote-subnet4-set`, `subnet4-add` and the like. Its member `shared-network-name`, where those
/// commands have one, becomes [`WrittenSubnet4::shared_network`]; an empty text or null is none.
pub fn parse_subnet4(value: &Value) -> Result<WrittenSubnet4, Vec<ConfigError>> {
    let mut value = value.clone();
    let network = value.as_map_mut().and_then(|map| map.remove("shared-network-name"));
    let shared_network = match &network {
        None => None,
        Some(name) if name.is_null() => None,
        Some(name) => match name.as_str() {
            Some(text) => Some(text.to_owned()).filter(|t| !t.is_empty()),
            None => {
                let text = "'shared-network-name' parameter is not a string";
                return Err(vec![ConfigError::at(&name.pos, text)]);
            }
        },
    };
    let mut element = object(&SUBNET4, &value)?;
    let pos = element.pos.clone();
    let mut whole = value.clone_position();
    whole.kind = json::Kind::Map(std::mem::take(&mut element.map));
    // Both keys are required members that were checked.
    subnet4(whole, shared_network).ok_or_else(|| vec![ConfigError::at(&pos, "subnet configuration failed")])
}

/// A shared network as in `remote-network4-set`; it comes without subnets.
pub fn parse_shared_network4(value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    let mut element = object(&SHARED_NETWORK4, value)?;
    if let Some(subnets) = element.map.remove("subnet4")
        && subnets.as_list().is_some_and(|list| !list.is_empty())
    {
        let text = "subnets of a shared network are set on their own, with 'shared-network-name'";
        return Err(vec![ConfigError::at(&subnets.pos, text)]);
    }
    Ok(Arc::new(element))
}

/// An option definition as in `remote-option-def4-set`.
pub fn parse_option_def(value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(&OPTION_DEF, value).map(Arc::new)
}

/// An option as in `remote-option4-*-set`. Whether its data fit a definition is not checked here: the definitions
/// are those of the servers that will get the option.
pub fn parse_option_data(value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(&OPTION_DATA, value).map(Arc::new)
}

/// A host reservation as in `reservation-add`, without its `subnet-id`.
pub fn parse_reservation4(value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(&RESERVATION4, value).map(Arc::new)
}

/// A client class as in `remote-class4-set`. Its expression is not compiled here: it may refer to other classes.
pub fn parse_client_class(value: &Value) -> Result<Arc<Element>, Vec<ConfigError>> {
    object(&CLIENT_CLASS, value).map(Arc::new)
}

/// A global parameter as in `remote-global-parameter4-set`: `name`, or `map.member`. Gives the value in its present
/// spelling.
pub fn parse_global(name: &str, value: &Value) -> Result<Value, ConfigError> {
    let unknown = || ConfigError::plain(&value.pos, format!("unknown parameter '{name}'"));
    let keyword = keywords::global_parameter(name).ok_or_else(unknown)?;
    if let Type::Map(_) | Type::Maps(_) | Type::FreeMap = keyword.kind {
        return Err(unknown());
    }
    let mut checker = Checker::new(Origin::Command);
    let checked = checker.value(DHCP4.name, keyword, value.clone());
    match (checked, checker.errors.into_iter().next()) {
        (Some(value), None) => Ok(value),
        (_, Some(error)) => Err(error),
        (None, None) => Err(unknown()),
    }
}
