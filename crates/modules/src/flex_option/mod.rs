//! `libdhcp_flex_option`: options are added, superseded and removed by expression (Kea manual, "Flexible Option Actions
//! for Option Value Settings"), in replies before they leave and in queries before anything is looked up.

mod container;
mod messages;

use std::fmt;
use std::sync::Arc;

use base::Family;
use config::{ClassTable, FlexAction, FlexOption, FlexRule, FlexSubOption};
use engine::{Draft, Next, Point, v4, v6};
use expr::{EvalError, QueryView};
use options::{OptionDef, OptionError};

use crate::callouts;
use container::{Container, Found};
use messages::{
    Added, ClassSkipped, Failed, Removed, SubAdded, SubClassSkipped, SubRemoved, SubSuperseded, Superseded,
    UselessClass, UselessMember, UselessSubClass, UselessSubMember, VendorMismatch,
};

/// The library with its rules.
pub(crate) struct Library {
    rules: Arc<FlexOption>,
    classes: Arc<ClassTable>,
}

/// Why the rules of a packet ended before their last.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Expression(#[from] EvalError),
    #[error("the value is no text")]
    NoText,
    #[error(transparent)]
    Value(#[from] OptionError),
    #[error("option {0} is not well-formed")]
    Malformed(u16),
    #[error("option {0} would be too long")]
    TooLong(u16),
}

impl callouts::Library for Library {
    fn points(&self) -> Vec<Point> {
        let any = |wanted: bool| self.rules.rules.iter().any(|rule| rule.changes_query == wanted);
        let points = [(Point::Received, any(true)), (Point::Sending, any(false))];
        points.into_iter().filter_map(|(point, wanted)| wanted.then_some(point)).collect()
    }
}

impl Library {
    /// With the rules of a configuration; says which of them ask for what is not known yet.
    pub(crate) fn new(rules: &Arc<FlexOption>, classes: &Arc<ClassTable>) -> Self {
        let library = Self { rules: Arc::clone(rules), classes: Arc::clone(classes) };
        for rule in rules.rules.iter().filter(|rule| rule.changes_query) {
            let code = rule.code;
            match (&rule.sub, rule.class) {
                (Some(FlexSubOption { code: sub, class: Some(class), .. }), _) => {
                    observe::log!(UselessSubClass { sub, code, class: library.name(*class) });
                }
                (_, Some(class)) => observe::log!(UselessClass { code, class: library.name(class) }),
                _ => {}
            }
            if !rule.expression.classes().is_empty() {
                let expression = &rule.written;
                match &rule.sub {
                    Some(sub) => observe::log!(UselessSubMember { sub: sub.code, code, expression }),
                    None => observe::log!(UselessMember { code, expression }),
                }
            }
        }
        library
    }

    fn name(&self, class: config::ClassId) -> &str {
        self.classes.get(class).map_or("", |class| &class.name)
    }

    /// Applies the rules for queries, or those for replies.
    fn apply<D: QueryView>(
        &self,
        family: Family,
        query: &impl QueryView,
        draft: &mut Draft<'_, D>,
        changes_query: bool,
        label: impl fmt::Display,
    ) {
        for rule in self.rules.rules.iter().filter(|rule| rule.changes_query == changes_query) {
            if let Some(class) = rule.class.filter(|class| !query.member(*class)) {
                observe::log!(ClassSkipped { code: rule.code, class: self.name(class) });
                continue;
            }
            let done = match &rule.sub {
                None => whole(rule, query, draft),
                Some(sub) => {
                    if let Some(class) = sub.class.filter(|class| !query.member(*class)) {
                        let (sub, code) = (sub.code, rule.code);
                        observe::log!(SubClassSkipped { sub, code, class: self.name(class) });
                        continue;
                    }
                    part(family, rule, sub, query, draft)
                }
            };
            if let Err(error) = done {
                observe::log!(Failed { query: &label, error });
                return;
            }
        }
    }
}

impl v4::Library for Library {
    fn received(
        &self,
        _: &v4::Context4<'_>,
        query: &v4::Query<'_>,
        draft: &mut Draft<'_, v4::Query<'_>>,
    ) -> Next {
        self.apply(Family::V4, query, draft, true, query.label());
        Next::Go
    }

    fn sending(&self, query: &v4::Query<'_>, draft: &mut Draft<'_, v4::Query<'_>>) {
        self.apply(Family::V4, query, draft, false, query.label());
    }
}

impl v6::Library for Library {
    fn received(
        &self,
        _: &v6::Context6<'_>,
        query: &v6::Query<'_>,
        draft: &mut Draft<'_, v6::Query<'_>>,
    ) -> Next {
        self.apply(Family::V6, query, draft, true, query.label());
        Next::Go
    }

    fn sending(&self, query: &v6::Query<'_>, draft: &mut Draft<'_, v6::Query<'_>>) {
        self.apply(Family::V6, query, draft, false, query.label());
    }
}

/// A rule for an option.
fn whole<D: QueryView>(
    rule: &FlexRule,
    query: &impl QueryView,
    draft: &mut Draft<'_, D>,
) -> Result<(), Fault> {
    let code = rule.code;
    let there = draft.get(code).is_some();
    match rule.action {
        FlexAction::Add if there => {}
        FlexAction::Remove => {
            if there && holds(rule, query, draft)? {
                draft.remove(code);
                observe::log!(Removed { code });
            }
        }
        FlexAction::Add | FlexAction::Supersede => {
            let Some(value) = value(rule, query, draft)? else { return Ok(()) };
            let payload = encode(rule.definition.as_deref(), &value)?;
            draft.remove(code);
            draft.add(code, payload);
            if rule.action == FlexAction::Add {
                observe::log!(Added { code, value: Shown(&value) });
            } else {
                observe::log!(Superseded { code, value: Shown(&value) });
            }
        }
    }
    Ok(())
}

/// A rule for a sub-option.
fn part<D: QueryView>(
    family: Family,
    rule: &FlexRule,
    sub: &FlexSubOption,
    query: &impl QueryView,
    draft: &mut Draft<'_, D>,
) -> Result<(), Fault> {
    let (code, sub_code) = (rule.code, sub.code);
    let found = Container::find(family, code, sub, draft.options()).ok_or(Fault::Malformed(code))?;
    let container = match found {
        Found::There(container) => Some(container),
        Found::Nowhere => None,
        Found::OfOthers(there) => {
            observe::log!(VendorMismatch { code, there, wanted: sub.vendor.unwrap_or_default() });
            return Ok(());
        }
    };
    match rule.action {
        FlexAction::Remove => {
            let Some(mut container) = container.filter(|container| container.has(sub_code)) else {
                return Ok(());
            };
            if holds(rule, query, draft)? {
                container.remove(sub_code);
                observe::log!(SubRemoved { sub: sub_code, code });
                let gone = sub.with_container && container.is_empty();
                if gone {
                    observe::log!(Removed { code });
                }
                container.put(draft.options_mut(), gone).ok_or(Fault::TooLong(code))?;
            }
        }
        FlexAction::Add | FlexAction::Supersede => {
            if container.is_none() && !sub.with_container {
                return Ok(());
            }
            let Some(value) = value(rule, query, draft)? else { return Ok(()) };
            let there = container.as_ref().is_some_and(|container| container.has(sub_code));
            if there && rule.action == FlexAction::Add {
                return Ok(());
            }
            let payload = encode(rule.definition.as_deref(), &value)?;
            let mut container = match container {
                Some(container) => container,
                None => {
                    let shown = sub.vendor.map_or_else(String::new, |vendor| vendor.to_string());
                    observe::log!(Added { code, value: shown });
                    Container::new(family, code, sub)
                }
            };
            container.remove(sub_code);
            container.add(sub_code, payload);
            container.put(draft.options_mut(), false).ok_or(Fault::TooLong(code))?;
            if rule.action == FlexAction::Add {
                observe::log!(SubAdded { sub: sub_code, code, value: Shown(&value) });
            } else {
                observe::log!(SubSuperseded { sub: sub_code, code, value: Shown(&value) });
            }
        }
    }
    Ok(())
}

/// What the expression of a rule gives; nothing, where that is empty.
fn value<D: QueryView>(
    rule: &FlexRule,
    query: &impl QueryView,
    draft: &Draft<'_, D>,
) -> Result<Option<Vec<u8>>, Fault> {
    let value = if rule.sees_reply || rule.changes_query {
        rule.expression.eval_string(draft)?.to_vec()
    } else {
        rule.expression.eval_string(query)?.to_vec()
    };
    Ok((!value.is_empty()).then_some(value))
}

/// Whether the condition of a rule holds.
fn holds<D: QueryView>(rule: &FlexRule, query: &impl QueryView, draft: &Draft<'_, D>) -> Result<bool, Fault> {
    Ok(if rule.sees_reply || rule.changes_query {
        rule.expression.eval_bool(draft)?
    } else {
        rule.expression.eval_bool(query)?
    })
}

/// The payload for a value, a text where there is a definition for it.
fn encode(definition: Option<&OptionDef>, value: &[u8]) -> Result<Vec<u8>, Fault> {
    match definition {
        None => Ok(value.to_vec()),
        Some(definition) => {
            let text = std::str::from_utf8(value).map_err(|_| Fault::NoText)?;
            Ok(options::encode_csv(definition, text)?)
        }
    }
}

/// A value for the log: as text where it is one.
struct Shown<'v>(&'v [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|octet| (0x20..0x7f).contains(octet)) {
            return write!(f, "'{}'", String::from_utf8_lossy(self.0));
        }
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}
