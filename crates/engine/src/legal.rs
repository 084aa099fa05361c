//! The entries of the legal log (`libdhcp_legal_log`): what becomes of a client's lease, in words that programs know or
//! by the operator's expressions. They leave once the leases they speak of are durable.

use std::fmt::Write;

use config::LegalLog;
use expr::{EvalError, Expression, QueryView};
use lease::Readable;

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Given or extended.
    Assigned,
    /// Given back, declined, or replaced by another.
    Released,
}

/// The text of an entry by the operator's expressions; `None`: there is none for what is at hand.
pub(crate) fn custom<Q: QueryView, R: QueryView>(
    log: &LegalLog,
    query: &Q,
    reply: Option<&R>,
) -> Option<Result<String, EvalError>> {
    let response = log.response.as_ref().zip(reply);
    if log.request.is_none() && response.is_none() {
        return None;
    }
    let render = || {
        let mut text = String::new();
        if let Some(expression) = &log.request {
            push(expression, query, &mut text)?;
        }
        if let Some((expression, reply)) = response {
            push(expression, reply, &mut text)?;
        }
        Ok(text)
    };
    Some(render())
}

/// Values come from clients: what is no text is shown by its number, and may not talk to a terminal.
fn push(expression: &Expression, view: &impl QueryView, text: &mut String) -> Result<(), EvalError> {
    let value = expression.eval_string(view)?;
    for c in String::from_utf8_lossy(&value).chars() {
        match c {
            '\n' | '\t' => text.push(c),
            c if c.is_control() => {
                let _ = write!(text, "\\x{:02x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    Ok(())
}

/// Identifiers that relay agents added, as far as they are there and not empty: `remote-id: 01:02 and ...`.
pub(crate) fn identified<'v>(
    identifiers: impl IntoIterator<Item = (&'static str, Option<&'v [u8]>)>,
) -> String {
    let mut text = String::new();
    for (name, value) in identifiers {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let and = if text.is_empty() { "" } else { " and " };
            let _ = write!(text, "{and}{name}: {}", Readable(value));
        }
    }
    text
}
