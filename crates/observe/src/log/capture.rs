//! Messages caught in a test.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

use super::layer::SEVERITY_FIELD;
use crate::logger::{Threshold, loggers};

/// A message as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Identifier, such as `DHCP4_STARTED`.
    pub id: &'static str,
    /// The logger, without the root.
    pub logger: &'static str,
    pub severity: String,
    pub text: String,
}

/// Catches the messages that the current thread logs, at every level, until it is dropped. For tests: it lowers the
/// bar of all loggers of the process and leaves it so.
pub struct Capture {
    caught: Arc<Mutex<Vec<Captured>>>,
    _guard: DefaultGuard,
}

impl Capture {
    #[must_use]
    pub fn start() -> Self {
        for logger in loggers() {
            logger.set_threshold(Threshold::ALL);
        }
        let caught = Arc::default();
        let catcher = Catcher { caught: Arc::clone(&caught) };
        Self { caught, _guard: tracing::subscriber::set_default(catcher) }
    }

    /// What was caught since the start or the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut self.caught.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The messages that the current thread logs, at every level, while `run` runs.
pub fn capture(run: impl FnOnce()) -> Vec<Captured> {
    let capture = Capture::start();
    run();
    capture.take()
}

struct Catcher {
    caught: Arc<Mutex<Vec<Captured>>>,
}

#[derive(Default)]
struct Fields {
    severity: String,
    text: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == SEVERITY_FIELD {
            value.clone_into(&mut self.severity);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        }
    }
}

impl Subscriber for Catcher {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.fields().field(SEVERITY_FIELD).is_some()
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let caught = Captured {
            id: metadata.name(),
            logger: metadata.target(),
            severity: fields.severity,
            text: fields.text,
        };
        self.caught.lock().unwrap_or_else(PoisonError::into_inner).push(caught);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
