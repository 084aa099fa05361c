//! Where definitions are looked up.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use base::Family;

use crate::{DefError, OptionDef, OptionSpace, std4, std6, vendor};

/// Definitions by space and code and by space and name: the standard ones of a family, and layers of custom ones
/// over them. Never changed once built; a layer shares what lies under it.
#[derive(Debug)]
pub struct DefTable {
    family: Family,
    spaces: HashMap<String, Space>,
    below: Option<Arc<Self>>,
}

#[derive(Debug, Default)]
struct Space {
    by_code: HashMap<u16, Arc<OptionDef>>,
    by_name: HashMap<String, Arc<OptionDef>>,
}

/// A definition that a layer refuses, by its place in the list given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct BadDef {
    pub index: usize,
    pub error: DefError,
}

static STANDARD4: LazyLock<Arc<DefTable>> =
    LazyLock::new(|| DefTable::from_rows(Family::V4, &[std4::TABLE, vendor::TABLE4], vendor::ALIASES4));
static STANDARD6: LazyLock<Arc<DefTable>> =
    LazyLock::new(|| DefTable::from_rows(Family::V6, &[std6::TABLE, vendor::TABLE6], vendor::ALIASES6));

impl DefTable {
    /// The definitions that a family has out of the box.
    #[must_use]
    pub fn standard(family: Family) -> Arc<Self> {
        match family {
            Family::V4 => Arc::clone(&STANDARD4),
            Family::V6 => Arc::clone(&STANDARD6),
        }
    }

    /// This table with custom definitions over it. Each is validated; two of one code or one name in the same
    /// space are refused, while those of layers below are hidden.
    pub fn with(self: &Arc<Self>, custom: Vec<OptionDef>) -> Result<Arc<Self>, BadDef> {
        let mut layer = Self { family: self.family, spaces: HashMap::new(), below: Some(Arc::clone(self)) };
        for (index, def) in custom.into_iter().enumerate() {
            def.validate().and_then(|()| layer.add(def)).map_err(|error| BadDef { index, error })?;
        }
        Ok(Arc::new(layer))
    }

    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The definition of a code; the uppermost layer that has one wins.
    #[must_use]
    pub fn by_code(&self, space: &str, code: u16) -> Option<&Arc<OptionDef>> {
        self.layers().find_map(|layer| layer.spaces.get(space)?.by_code.get(&code))
    }

    /// The definition of a name; the uppermost layer that has one wins. A standard name whose code a layer has
    /// defined anew under another name leads to the new definition.
    #[must_use]
    pub fn by_name(&self, space: &str, name: &str) -> Option<&Arc<OptionDef>> {
        let found = self.layers().find_map(|layer| layer.spaces.get(space)?.by_name.get(name))?;
        self.by_code(space, found.code)
    }

    /// The definitions of one space in the order of their codes, hidden ones left out.
    #[must_use]
    pub fn space(&self, space: &str) -> Vec<&Arc<OptionDef>> {
        let mut codes: Vec<u16> = self
            .layers()
            .filter_map(|layer| layer.spaces.get(space))
            .flat_map(|s| s.by_code.keys().copied())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes.into_iter().filter_map(|code| self.by_code(space, code)).collect()
    }

    fn layers(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |layer| layer.below.as_deref())
    }

    /// Refuses a custom definition that would replace one of a standard space.
    pub(crate) fn refuse_override(&self, def: &OptionDef) -> Result<(), DefError> {
        if !is_standard_space(&def.space) || is_deferred(def) {
            return Ok(());
        }
        let refuse = |option: String| Err(DefError::Override { option, space: def.space.clone() });
        if self.by_code(def.space.as_str(), def.code).is_some() {
            return refuse(def.code.to_string());
        }
        if self.by_name(def.space.as_str(), &def.name).is_some() {
            return refuse(def.name.to_string());
        }
        Ok(())
    }

    fn add(&mut self, def: OptionDef) -> Result<(), DefError> {
        let space = self.spaces.entry(def.space.as_str().to_owned()).or_default();
        if space.by_code.contains_key(&def.code) {
            return Err(DefError::DuplicateCode { code: def.code, space: def.space });
        }
        if space.by_name.contains_key(def.name.as_ref()) {
            return Err(DefError::DuplicateName { name: def.name.to_string(), space: def.space });
        }
        let def = Arc::new(def);
        space.by_code.insert(def.code, Arc::clone(&def));
        space.by_name.insert(def.name.to_string(), def);
        Ok(())
    }

    fn from_rows(family: Family, tables: &[&[Row]], aliases: &[(&'static str, &'static str)]) -> Arc<Self> {
        let mut table = Self { family, spaces: HashMap::new(), below: None };
        for row in tables.iter().flat_map(|rows| rows.iter()) {
            // The rows are constants; a test proves that none clashes.
            let _ = table.add(row.def(family));
            for (_, alias) in aliases.iter().filter(|(space, _)| *space == row.space) {
                let _ = table.add(OptionDef { space: OptionSpace::standard(alias), ..row.def(family) });
            }
        }
        Arc::new(table)
    }
}

fn is_standard_space(space: &OptionSpace) -> bool {
    matches!(space.as_str(), "dhcp4" | "dhcp6" | "docsis3-v4" | "docsis3-v6")
}

/// Options of DHCPv4 whose meaning depends on the classes of the client.
fn is_deferred(def: &OptionDef) -> bool {
    def.space == OptionSpace::DHCP4 && (def.code == 43 || (224..=254).contains(&def.code))
}

/// A row of the standard tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) space: &'static str,
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) data_type: crate::DataType,
    pub(crate) array: bool,
    pub(crate) record_types: &'static [crate::DataType],
    pub(crate) encapsulates: Option<&'static str>,
}

impl Row {
    fn def(&self, family: Family) -> OptionDef {
        OptionDef {
            family,
            space: OptionSpace::standard(self.space),
            code: self.code,
            name: self.name.into(),
            data_type: self.data_type,
            array: self.array,
            record_types: self.record_types.into(),
            encapsulates: self.encapsulates.map(OptionSpace::standard),
        }
    }
}

/// One value, an array of values, or a container.
pub(crate) const fn row(
    space: &'static str,
    code: u16,
    name: &'static str,
    data_type: crate::DataType,
) -> Row {
    Row { space, code, name, data_type, array: false, record_types: &[], encapsulates: None }
}

impl Row {
    pub(crate) const fn array(mut self) -> Self {
        self.array = true;
        self
    }

    pub(crate) const fn encapsulates(mut self, space: &'static str) -> Self {
        self.encapsulates = Some(space);
        self
    }

    pub(crate) const fn record(mut self, types: &'static [crate::DataType]) -> Self {
        self.record_types = types;
        self
    }
}
