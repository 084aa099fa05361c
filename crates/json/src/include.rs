//! Where the text of `<?include "file"?>` comes from.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use crate::parse::from_latin1;

/// A text that was included.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Identifies the file in positions, and in the search for loops: the same file must get the same name.
    pub name: Arc<str>,
    pub text: String,
}

/// Source of included files. The caller decides which paths are allowed; the parser guards against loops and depth.
pub trait Loader {
    /// `path` as written. The error is a text for the operator, without the path.
    fn load(&mut self, path: &str) -> Result<Loaded, String>;
}

impl<F: FnMut(&str) -> Result<Loaded, String>> Loader for F {
    fn load(&mut self, path: &str) -> Result<Loaded, String> {
        self(path)
    }
}

/// Reads from the file system, relative paths from the current directory as Kea does.
#[derive(Clone, Copy, Debug)]
pub struct FileLoader {
    /// Largest file in octets.
    pub max_bytes: u64,
}

impl Default for FileLoader {
    fn default() -> Self {
        Self { max_bytes: 256 << 20 }
    }
}

impl Loader for FileLoader {
    fn load(&mut self, path: &str) -> Result<Loaded, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let mut octets = Vec::new();
        // One octet more than allowed: a device that never ends must not be read for ever.
        file.take(self.max_bytes.saturating_add(1)).read_to_end(&mut octets).map_err(|e| e.to_string())?;
        if u64::try_from(octets.len()).unwrap_or(u64::MAX) > self.max_bytes {
            return Err(format!("larger than {} octets", self.max_bytes));
        }
        let text = String::from_utf8(octets).unwrap_or_else(|error| from_latin1(error.as_bytes()));
        Ok(Loaded { name: Arc::from(path), text })
    }
}
