//! `libdhcp_ddns_tuning`: names of leases by expression, and clients of which DNS is not told (Kea manual, "DDNS
//! Tuning").

mod messages;

use std::sync::Arc;

use base::SubnetId;
use config::{Ddns, DdnsTuning, HookLibrary, Subnet4, Subnet6, builtin};
use engine::{LeaseName, Point, v4, v6};
use expr::{EvalError, QueryView};

use crate::callouts;
use messages::GlobalSet;

/// Longest name in DNS, its last dot included, and longest label (RFC 1035 section 2.3.4).
const LONGEST: usize = 254;
const LABEL: usize = 63;

/// The library with its expressions.
pub(crate) struct Library(Arc<DdnsTuning>);

/// Why there is no name.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Expression(#[from] EvalError),
    #[error("'{0}' is no name in DNS")]
    NoName(String),
}

impl callouts::Library for Library {
    fn points(&self) -> Vec<Point> {
        vec![Point::Named]
    }
}

impl Library {
    pub(crate) fn new(tuning: &Arc<DdnsTuning>, listed: &HookLibrary) -> Self {
        if tuning.expression.is_some() {
            let written = listed.parameters.get("hostname-expr").and_then(json::Value::as_str);
            observe::log!(GlobalSet { expression: written.unwrap_or_default() });
        }
        Self(Arc::clone(tuning))
    }

    /// The name that the expression in scope makes, if any. `dot`: one that gets the suffix ends with a dot.
    fn calculated(
        &self,
        subnet: SubnetId,
        query: &impl QueryView,
        ddns: &Ddns,
        dot: bool,
    ) -> Result<Option<String>, Fault> {
        let expression = self.0.subnets.get(&subnet).unwrap_or(&self.0.expression);
        let Some(expression) = expression else { return Ok(None) };
        let octets = expression.eval_string(query)?.to_vec();
        if octets.is_empty() {
            return Ok(None);
        }
        let mut name = String::from_utf8(octets)
            .map_err(|error| Fault::NoName(String::from_utf8_lossy(error.as_bytes()).into_owned()))?;
        name.make_ascii_lowercase();
        // Of one label: it is not whole.
        if !name.strip_suffix('.').unwrap_or(&name).contains('.') {
            name = ddns.qualify(&name, dot);
        }
        if is_name(&name) { Ok(Some(name)) } else { Err(Fault::NoName(name)) }
    }
}

/// Whether a text can be a name: labels of 1 to 63 octets, 255 octets on the wire.
fn is_name(name: &str) -> bool {
    let labels = name.strip_suffix('.').unwrap_or(name);
    name.len() <= LONGEST
        && labels.split('.').all(|label| (1..=LABEL).contains(&label.len()))
        && !name.chars().any(char::is_control)
}

impl v4::Library for Library {
    fn named(&self, query: &v4::Query<'_>, subnet: &Subnet4, ddns: &Ddns, name: &mut LeaseName) {
        use messages::v4::{Calculated, Failed, Skipped};

        match self.calculated(subnet.id, query, ddns, false) {
            Ok(Some(calculated)) if calculated != name.hostname => {
                let (before, after) = (&name.hostname, &calculated);
                observe::log!(Calculated { before, after, query: query.label() });
                name.hostname = calculated;
            }
            Ok(_) => {}
            Err(error) => observe::log!(Failed { query: query.label(), error }),
        }
        if (name.forward || name.reverse) && query.classes.contains(builtin::SKIP_DDNS) {
            observe::log!(Skipped { query: query.label() });
            (name.forward, name.reverse) = (false, false);
        }
    }
}

impl v6::Library for Library {
    fn named(&self, query: &v6::Query<'_>, subnet: &Subnet6, ddns: &Ddns, name: &mut LeaseName) {
        use messages::v6::{Calculated, Failed, Skipped};

        match self.calculated(subnet.id, query, ddns, true) {
            Ok(Some(calculated)) if calculated != name.hostname => {
                let (before, after) = (&name.hostname, &calculated);
                observe::log!(Calculated { before, after, query: query.label() });
                name.hostname = calculated;
            }
            Ok(_) => {}
            Err(error) => observe::log!(Failed { query: query.label(), error }),
        }
        if (name.forward || name.reverse) && query.classes.contains(builtin::SKIP_DDNS) {
            observe::log!(Skipped { query: query.label() });
            (name.forward, name.reverse) = (false, false);
        }
    }
}
