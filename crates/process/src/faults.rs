//! What is wrong with a configuration.

use std::fmt;
use std::path::Path;

use config::{ConfigError, ErrorKind};
use json::{Dialect, FileLoader, Loader, Parsed, Parser};

/// Why a configuration is refused: every fault that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// One fault. `syntax` tells what Kea's `-t` reports as failed syntax check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub syntax: bool,
    pub text: String,
}

impl Fault {
    /// A fault of a value.
    #[must_use]
    pub fn value(text: String) -> Self {
        Self { syntax: false, text }
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self { syntax: error.kind == ErrorKind::Syntax, text: error.text }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", fault.text)?;
        }
        Ok(())
    }
}

/// Reads a configuration file with its includes.
///
/// # Errors
/// When it is not there or no JSON.
pub fn read_file(file: &Path) -> Result<Parsed, Faults> {
    let syntax = |text: String| Faults(vec![Fault { syntax: true, text }]);
    let mut loader = FileLoader::default();
    let loaded = loader
        .load(&file.to_string_lossy())
        .map_err(|error| syntax(format!("Unable to open file {}: {error}", file.display())))?;
    let parser = Parser::new(Dialect::Config).source(loaded.name).loader(&mut loader);
    parser.parse(&loaded.text).map_err(|error| syntax(error.to_string()))
}
