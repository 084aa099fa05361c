//! The entries of the legal log (`libdhcp_legal_log`): what becomes of a client's lease, in words that programs know or
//! by the operator's expressions. They leave once the leases they speak of are durable.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use base::Timestamp;
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

/// Faults of the operator's expressions. Any client may bring one about with each of its packets, so they are logged once a
/// second.
#[derive(Debug)]
pub(crate) struct Faults {
    told: AtomicU64,
    /// Those since.
    untold: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self { told: AtomicU64::new(u64::MAX), untold: AtomicU64::new(0) }
    }
}

impl Faults {
    /// What is to be logged of a fault, if anything.
    pub(crate) fn tell(&self, error: &EvalError, now: Timestamp) -> Option<String> {
        let last = self.told.load(Ordering::Relaxed);
        let first = last != now.0
            && self.told.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !first {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(match self.untold.swap(0, Ordering::Relaxed) {
            0 => error.to_string(),
            more => format!("{error}; {more} more since the last one that was logged"),
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_of_once_a_second() {
        let faults = Faults::default();
        let told = |now| faults.tell(&EvalError::NotBoolean, Timestamp(now));
        let text = EvalError::NotBoolean.to_string();
        assert_eq!(told(0), Some(text.clone()));
        assert_eq!((told(0), told(0)), (None, None));
        assert_eq!(told(1), Some(format!("{text}; 2 more since the last one that was logged")));
        assert_eq!(told(1), None);
        // A clock that was set back.
        assert!(told(0).is_some());
    }
}
