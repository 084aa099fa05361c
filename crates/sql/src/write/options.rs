//! Options of every scope.

use backend::columns::{self, Datum};
use backend::{BackendError, OptionKey, OptionScope, int_member, text_member};
use base::decode_hex;
use json::{Map, Value};

use super::{Modified, Writer};
use crate::Error;
use crate::link::{number, text};
use crate::read::{NETWORKS, OPTIONS, SUBNETS, maps};

impl Writer<'_> {
    pub(super) fn set_option(&mut self, scope: &OptionScope, map: &Map) -> Result<u64, Error> {
        let owner = self.owner(scope)?.ok_or_else(|| missing(scope))?;
        let mut key = backend::option_key_of(map);
        key.space = self.space_of(map);
        let old = self.option_rows(scope, &owner, &key)?;
        for row in &old {
            self.send("DELETE FROM dhcp4_options WHERE option_id = ?1", &[number(*row)?])?;
        }
        let row = self.insert_option(map, old.first().copied(), &owner)?;
        if let OptionScope::Global(tag) = scope {
            self.tie_new(OPTIONS, row, tag)?;
            self.audit_set(OPTIONS.table, row, old.first(), self.code_name(map));
        } else {
            self.audit_owner(&owner)?;
        }
        Ok(1)
    }

    pub(super) fn delete_option(&mut self, scope: &OptionScope, key: &OptionKey) -> Result<u64, Error> {
        let Some(owner) = self.owner(scope)? else { return Ok(0) };
        let rows = self.option_rows(scope, &owner, key)?;
        for row in &rows {
            self.send("DELETE FROM dhcp4_options WHERE option_id = ?1", &[number(*row)?])?;
            if matches!(scope, OptionScope::Global(_)) {
                self.audit(OPTIONS.table, *row, Modified::Delete);
            }
        }
        if let OptionScope::Global(tag) = scope {
            if !rows.is_empty() {
                self.concerned.insert(tag.clone());
            }
        } else if !rows.is_empty() {
            self.audit_owner(&owner)?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// The object that options of a scope belong to; `None` when it is not there.
    pub(super) fn owner(&mut self, scope: &OptionScope) -> Result<Option<Owner>, Error> {
        Ok(match scope {
            OptionScope::Global(tag) => {
                self.server_id(tag)?;
                Some(Owner { scope: 0, ..Owner::default() })
            }
            OptionScope::Subnet(id) => self
                .find("SELECT subnet_id FROM dhcp4_subnet WHERE subnet_id = ?1", &[Datum::Int(id.0.into())])?
                .map(|id| Owner { scope: 1, subnet: Some(id), ..Owner::default() }),
            OptionScope::Network(name) => self
                .find("SELECT id FROM dhcp4_shared_network WHERE name = ?1", &[text(name)])?
                .map(|row| Owner { scope: 4, network: Some((row, name.clone())), ..Owner::default() }),
            OptionScope::Pool(_) => self.reader.pool_row(scope)?.map(|(pool, subnet)| Owner {
                scope: 5,
                pool: Some(pool),
                holder: Some(u64::from(subnet.0)),
                ..Owner::default()
            }),
            OptionScope::PdPool(_) => self.reader.pool_row(scope)?.map(|(pool, subnet)| Owner {
                scope: 6,
                pd_pool: Some(pool),
                holder: Some(u64::from(subnet.0)),
                ..Owner::default()
            }),
        })
    }

    /// Options of a network, subnet or pool are part of it.
    pub(super) fn audit_owner(&mut self, owner: &Owner) -> Result<(), Error> {
        if let Some((row, _)) = &owner.network {
            self.concern(NETWORKS, *row)?;
            self.audit(NETWORKS.table, *row, Modified::Update);
        }
        if let Some(row) = owner.subnet.or(owner.holder) {
            self.concern(SUBNETS, row)?;
            self.audit(SUBNETS.table, row, Modified::Update);
        }
        Ok(())
    }

    /// Rows of the options of a key in a scope.
    pub(super) fn option_rows(
        &mut self,
        scope: &OptionScope,
        owner: &Owner,
        key: &OptionKey,
    ) -> Result<Vec<u64>, Error> {
        let mut condition = "o.scope_id = ?2 AND o.code = ?3 AND o.space = ?4".to_owned();
        let mut bind = vec![Datum::Int(owner.scope), Datum::Int(key.code.into()), text(&key.space)];
        match &key.classes {
            Some(classes) if self.layout.option_classes => {
                bind.push(text(classes_text(classes)));
                condition.push_str(" AND o.client_classes = ?5");
            }
            // Where options have no classes, those with classes are not there.
            Some(classes) if !classes.is_empty() => return Ok(Vec::new()),
            _ => {}
        }
        if let OptionScope::Global(tag) = scope {
            return self.own_rows(OPTIONS, tag, &condition, bind);
        }
        let (column, value) = owner.column()?;
        bind.insert(0, value);
        let sql = format!(
            "SELECT o.option_id FROM dhcp4_options o WHERE o.{column} = ?1 AND {condition} ORDER BY 1"
        );
        self.reader.find_all(&sql, &bind)
    }

    fn insert_option(&self, map: &Map, row: Option<u64>, owner: &Owner) -> Result<u64, Error> {
        self.insert_row(OPTIONS.table, OPTIONS.key, row, self.option_values(map, owner)?)
    }

    fn option_values(&self, map: &Map, owner: &Owner) -> Result<Vec<(&'static str, Datum)>, Error> {
        const KEYWORDS: [&str; 9] = [
            "code",
            "space",
            "name",
            "csv-format",
            "data",
            "always-send",
            "never-send",
            "client-classes",
            "user-context",
        ];
        columns::check_storable(map, &[], &KEYWORDS)?;
        let data = text_member(map, "data");
        let flag = |keyword| map.get(keyword).and_then(Value::as_bool).unwrap_or(false);
        let (formatted, octets) = if flag("csv-format") {
            (Some(data), None)
        } else {
            let octets = decode_hex(&data).map_err(|_| BackendError::BadValue {
                keyword: "data".into(),
                wanted: "a string of hexadecimal digits",
            })?;
            (None, Some(octets))
        };
        let classes = backend::option_key_of(map).classes.unwrap_or_default();
        let context = map.get("user-context").map(columns::json_text);
        let mut values = vec![
            ("code", Datum::Int(int_member(map, "code"))),
            ("value", octets.map_or(Datum::Null, Datum::Bytes)),
            ("formatted_value", formatted.map_or(Datum::Null, Datum::Text)),
            ("space", text(self.space_of(map))),
            ("persistent", Datum::Int(flag("always-send").into())),
            ("user_context", context.map_or(Datum::Null, Datum::Text)),
            ("scope_id", Datum::Int(owner.scope)),
        ];
        if self.layout.cancelled {
            values.push(("cancelled", Datum::Int(flag("never-send").into())));
        } else if flag("never-send") {
            return Err(BackendError::NoColumn("never-send".to_owned()).into());
        }
        if self.layout.option_classes {
            values.push(("client_classes", text(classes_text(&classes))));
        } else if !classes.is_empty() {
            return Err(BackendError::NoColumn("client-classes".to_owned()).into());
        }
        if owner.scope != 0 {
            values.push(owner.column()?);
        }
        Ok(values)
    }

    pub(super) fn insert_options(&self, map: &Map, owner: &Owner) -> Result<(), Error> {
        for option in maps(map, "option-data") {
            self.send_row(OPTIONS.table, self.option_values(option, owner)?)?;
        }
        Ok(())
    }
}

/// What options belong to.
#[derive(Clone, Debug, Default)]
pub(super) struct Owner {
    /// Number of the scope.
    pub(super) scope: i64,
    pub(super) class: Option<String>,
    pub(super) subnet: Option<u64>,
    pub(super) network: Option<(u64, String)>,
    pub(super) pool: Option<u64>,
    pub(super) pd_pool: Option<u64>,
    /// A host reservation.
    pub(super) host: Option<u64>,
    /// The subnet that has the pool.
    pub(super) holder: Option<u64>,
}

impl Owner {
    /// A host reservation, by its row.
    pub(super) fn host(row: u64) -> Self {
        Self { scope: 3, host: Some(row), ..Self::default() }
    }

    fn column(&self) -> Result<(&'static str, Datum), Error> {
        Ok(match self {
            Self { subnet: Some(n), .. } => ("dhcp4_subnet_id", number(*n)?),
            Self { network: Some((_, name)), .. } => ("shared_network_name", text(name)),
            Self { pool: Some(n), .. } => ("pool_id", number(*n)?),
            Self { pd_pool: Some(n), .. } => ("pd_pool_id", number(*n)?),
            Self { host: Some(n), .. } => ("host_id", number(*n)?),
            _ => ("dhcp_client_class", text(self.class.clone().unwrap_or_default())),
        })
    }
}

/// `client_classes` of an option; equal lists give equal texts.
pub(super) fn classes_text(classes: &[String]) -> String {
    columns::json_text(&Value::from(classes.iter().map(|c| Value::from(c.as_str())).collect::<Vec<_>>()))
}

fn missing(scope: &OptionScope) -> BackendError {
    match scope {
        OptionScope::Global(tag) => BackendError::UnknownServer(tag.clone()),
        OptionScope::Network(name) => BackendError::Missing { what: "shared network", key: name.clone() },
        OptionScope::Subnet(id) => BackendError::Missing { what: "subnet", key: id.to_string() },
        OptionScope::Pool(range) => BackendError::Missing { what: "pool", key: range.to_string() },
        OptionScope::PdPool(key) => BackendError::Missing { what: "pd-pool", key: key.prefix.to_string() },
    }
}
