//! Which classes the expression of a class is built on.

use std::sync::Arc;

use base::Family;
use expr::{ClassId, compile_bool, compile_string};
use json::{Map, Value};
use options::DefTable;

/// Collects the classes that an expression mentions.
struct Mentions<'a> {
    definitions: &'a Arc<DefTable>,
    names: Vec<String>,
}

impl expr::Names for Mentions<'_> {
    fn class(&mut self, name: &str) -> Option<ClassId> {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u32::try_from(at).ok().map(ClassId)
    }

    fn definitions(&self) -> &Arc<DefTable> {
        self.definitions
    }
}

/// Compiles the expression of a class with the definitions of one server; the classes that it mentions, built-in ones
/// among them, whether they are defined or not.
pub fn mentioned_classes(
    class: &Map,
    family: Family,
    definitions: &Arc<DefTable>,
) -> Result<Vec<String>, String> {
    let mut mentions = Mentions { definitions, names: Vec::new() };
    if let Some(test) = class.get("test").and_then(Value::as_str) {
        compile_bool(test, family, &mut mentions)
            .map_err(|error| format!("expression: [{test}] error: {error}"))?;
    }
    if let Some(test) = class.get("template-test").and_then(Value::as_str) {
        compile_string(test, family, &mut mentions)
            .map_err(|error| format!("expression: [{test}] error: {error}"))?;
    }
    Ok(mentions.names)
}
