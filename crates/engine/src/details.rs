//! Options as the log shows them.

use std::fmt;

use options::{DefTable, OptionSpace, Show};

/// An option of the top level in Kea's form; made when it is written.
pub(crate) struct OptionText<'a> {
    pub(crate) definitions: &'a DefTable,
    pub(crate) code: u16,
    pub(crate) value: &'a [u8],
}

impl fmt::Display for OptionText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = OptionSpace::top(self.definitions.family());
        let definition = self.definitions.by_code(space.as_str(), self.code);
        let mut text = Vec::new();
        show(self.definitions).option(self.code, definition.map(|def| &**def), self.value, 0, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// How the log shows options.
pub(crate) fn show(definitions: &DefTable) -> Show<'_> {
    Show { table: definitions, lenient: true, for_log: true }
}
