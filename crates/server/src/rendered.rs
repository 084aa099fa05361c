//! The running configuration as text: monitoring asks for it again and again, and it changes rarely.

use std::sync::{Arc, PoisonError, Weak};

use crate::Protocol;
use crate::protocol::Config;
use crate::server::Server;

/// Octets of text that are kept; what is larger is written again each time.
const KEPT: usize = 256 << 10;

/// What `config-get` answers to, for as long as its configuration is in force. Made when it is asked for.
pub(crate) struct Rendered<P: Protocol> {
    of: Weak<Config<P>>,
    pub(crate) hash: Arc<str>,
    /// The arguments of the answer; `None`: too long to be kept.
    pub(crate) text: Option<Arc<str>>,
}

impl<P: Protocol> Clone for Rendered<P> {
    fn clone(&self) -> Self {
        Self { of: Weak::clone(&self.of), hash: Arc::clone(&self.hash), text: self.text.clone() }
    }
}

impl<P: Protocol> Server<P> {
    /// What is known of the running configuration.
    pub(crate) fn rendered(&self) -> Option<Rendered<P>> {
        let kept = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let running = &self.shared.active.load().config;
        // A weak reference keeps the place: no later configuration can have it.
        kept.as_ref().filter(|kept| kept.of.as_ptr() == Arc::as_ptr(running)).cloned()
    }

    /// Writes the running configuration. Takes its time where there are many subnets.
    pub(crate) fn render(&self) -> (Rendered<P>, Arc<str>) {
        let config = self.config();
        let (text, hash) = config::config_get_text(&config.written);
        let text: Arc<str> = text.into();
        let kept = (text.len() <= KEPT).then(|| Arc::clone(&text));
        let rendered = Rendered { of: Arc::downgrade(&config), hash: hash.into(), text: kept };
        *self.rendered.lock().unwrap_or_else(PoisonError::into_inner) = Some(rendered.clone());
        (rendered, text)
    }

    /// Hash of the running configuration.
    pub(crate) fn config_hash(&self) -> Arc<str> {
        self.rendered().unwrap_or_else(|| self.render().0).hash
    }
}
