//! Who may send which command over HTTP: the place where roles (`libdhcp_rbac.so`) are asked.

use std::sync::Arc;

use crate::{Answer, Origin};

/// Judges requests after their sender has been authenticated and before their command runs.
pub trait Gate: Send + Sync {
    fn admit(&self, command: &str, origin: &Origin) -> Admission;

    /// Is told, when it comes into force, which commands there are to judge.
    fn guards(&self, _commands: &[&str]) {}
}

/// What becomes of a request.
#[derive(Clone)]
pub enum Admission {
    Granted,
    /// The command runs, and its answer is looked through before it leaves.
    Filtered(Arc<dyn ResponseFilter>),
    /// Status 401: the request did not come the way it has to.
    Unauthorized,
    /// Status 403.
    Forbidden,
}

/// Takes out of an answer what its receiver is not to see.
pub trait ResponseFilter: Send + Sync {
    fn apply(&self, answer: &mut Answer);
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Granted => "Granted",
            Self::Filtered(_) => "Filtered",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
        })
    }
}
