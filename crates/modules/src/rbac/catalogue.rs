//! What commands there are: their access and their library, from API files and from the configuration.

use std::collections::HashMap;
use std::path::Path;

use control::Access;
use json::Value;

use super::unbuilt;

/// Largest API file that is read.
const LARGEST: u64 = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    access: Access,
    /// Without `libdhcp_`; empty: of the server itself.
    hook: String,
}

/// Commands by name.
#[derive(Debug, Default)]
pub(super) struct Catalogue(HashMap<String, Entry>);

impl Catalogue {
    /// Reads the API files of a directory: all `*.json` in it.
    pub(super) fn read(directory: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot read '{}': {error}", directory.display());
        let mut catalogue = Self::default();
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            // Files that begin with `_` are templates in Kea's own folder.
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("_");
            if path.extension().is_none_or(|extension| extension != "json") || name.starts_with('_') {
                continue;
            }
            let fault = |text: String| format!("API file '{}': {text}", path.display());
            let length = std::fs::metadata(&path).map_err(|error| fault(error.to_string()))?.len();
            if length > LARGEST {
                return Err(fault(format!("{length} octets are too many")));
            }
            let text = std::fs::read(&path).map_err(|error| fault(error.to_string()))?;
            let value = json::parse_command(&text, json::Limits::default())
                .map_err(|error| fault(error.to_string()))?;
            catalogue.define(&value).map_err(fault)?;
        }
        Ok(catalogue)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a command, or changes one: a map with `name`, `access` and perhaps `hook`. Answers its name.
    pub(super) fn define<'v>(&mut self, value: &'v Value) -> Result<&'v str, String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let name = text("name").ok_or("the 'name' of the command is missing")?;
        let access = access(text("access").ok_or("the 'access' of the command is missing")?)?;
        let hook = match value.get("hook").map(Value::as_str) {
            None => "",
            Some(Some(hook)) => hook_name(hook),
            Some(None) => return Err("the 'hook' of the command is not a string".to_owned()),
        };
        self.0.insert(name.to_owned(), Entry { access, hook: hook.to_owned() });
        Ok(name)
    }

    /// Access and library of a command.
    pub(super) fn get(&self, command: &str) -> Option<(Access, &str)> {
        let described = self.0.get(command).map(|entry| (entry.access, entry.hook.as_str()));
        described.or_else(|| unbuilt::find(command))
    }
}

/// `read` or `write`.
pub(super) fn access(text: &str) -> Result<Access, String> {
    match text {
        "read" => Ok(Access::Read),
        "write" => Ok(Access::Write),
        _ => Err(format!("the access is '{text}', neither read nor write")),
    }
}

/// The name of a library as access lists have it: `lease_cmds` of `libdhcp_lease_cmds.so`.
pub(super) fn hook_name(text: &str) -> &str {
    let name = text.strip_suffix(".so").unwrap_or(text);
    name.strip_prefix("libdhcp_").unwrap_or(name)
}
