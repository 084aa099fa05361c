//! Configuration files.

use std::path::Path;
use std::sync::Arc;

use json::{Dialect, FileLoader, Loader, Parsed, Parser, Pos};

use crate::error::{ConfigError, ErrorKind};
use crate::parse::{Origin, top};

/// Reads a file with its includes and gives what its one member `name` (`Dhcp4`, `Control-agent`) holds.
///
/// Paths of includes are relative to the current directory, as in Kea.
pub fn read_file(path: &Path, name: &str) -> Result<Parsed, ConfigError> {
    let shown = path.to_string_lossy();
    let mut loader = FileLoader::default();
    let file = loader.load(&shown).map_err(|why| {
        let pos = Pos { file: Some(Arc::from(&*shown)), line: 1, column: 1 };
        let text = format!("Unable to open file {shown}: {why}");
        ConfigError::plain(&pos, text).kind(ErrorKind::Syntax)
    })?;
    read_text(&file.text, Some(Arc::from(&*shown)), name, &mut loader)
}

/// As [`read_file`], from a text; `source` names it in positions.
pub fn read_text(
    text: &str,
    source: Option<Arc<str>>,
    name: &str,
    loader: &mut dyn Loader,
) -> Result<Parsed, ConfigError> {
    let parsed = Parser::new(Dialect::Config).source(source).loader(loader).parse(text)?;
    let mut errors = Vec::new();
    let value = top(&mut errors, parsed.value, name, Origin::File);
    match (value, errors.into_iter().next()) {
        (Some(value), None) => Ok(Parsed { value, warnings: parsed.warnings }),
        (_, Some(error)) => Err(error),
        (None, None) => Err(ConfigError::plain(&Pos::default(), format!("missing \"{name}\""))),
    }
}
