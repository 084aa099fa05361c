//! How clients are named (Kea manual, "DDNS for DHCPv4"): which name a client gets, and who updates DNS.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use ncr::{ConflictResolution, TtlRule};
use regex::bytes::{NoExpand, Regex};

/// When a generated name takes the place of the client's (`ddns-replace-client-name`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplaceClientName {
    /// Only an empty name is replaced.
    #[default]
    Never,
    Always,
    /// Where the client sends a name.
    WhenPresent,
    /// Where the client sends none.
    WhenNotPresent,
}

/// Names in one scope: subnets have theirs from their networks and the globals, pools from their subnets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ddns {
    pub send_updates: bool,
    /// Update DNS though the client wants nobody to.
    pub override_no_update: bool,
    /// Update DNS though the client wants to do it.
    pub override_client_update: bool,
    /// Update DNS at each renewal, not only when the name has changed.
    pub update_on_renew: bool,
    pub conflict_resolution: ConflictResolution,
    /// How long the entries live.
    pub ttl: TtlRule,
    pub replace_client_name: ReplaceClientName,
    /// Start of generated names.
    pub generated_prefix: Arc<str>,
    /// Appended to partial names; empty: nothing.
    pub qualifying_suffix: Arc<str>,
    /// What is replaced in names, a regular expression; empty: nothing.
    pub hostname_char_set: Arc<str>,
    pub hostname_char_replacement: Arc<str>,
    /// Those two, compiled; `None`: names stay as clients send them.
    pub sanitiser: Option<Arc<Sanitiser>>,
}

impl Ddns {
    /// Whether a client that sends no name gets one.
    #[must_use]
    pub fn names_the_nameless(&self) -> bool {
        matches!(self.replace_client_name, ReplaceClientName::Always | ReplaceClientName::WhenNotPresent)
    }

    /// Whether a name that a client sends is replaced.
    #[must_use]
    pub fn replaces_names(&self) -> bool {
        matches!(self.replace_client_name, ReplaceClientName::Always | ReplaceClientName::WhenPresent)
    }

    /// Appends the suffix to a partial name that does not end with it at a label's boundary. `dot` says whether the
    /// result ends with a dot.
    #[must_use]
    pub fn qualify(&self, name: &str, dot: bool) -> String {
        let mut full = String::with_capacity(name.len() + self.qualifying_suffix.len() + 2);
        full.push_str(name);
        if !self.qualifying_suffix.is_empty() && !name.ends_with('.') {
            let bare = self.qualifying_suffix.strip_suffix('.').unwrap_or(&self.qualifying_suffix);
            let there = name.strip_suffix(bare).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            if !there {
                full.push('.');
                full.push_str(&self.qualifying_suffix);
            }
        }
        match (dot, full.ends_with('.')) {
            (true, false) => full.push('.'),
            (false, true) => {
                full.pop();
            }
            _ => {}
        }
        full
    }

    /// The name made from an address: `myhost-192-0-2-10`, `myhost-2001-db8--1`, qualified.
    #[must_use]
    pub fn generate(&self, address: IpAddr, dot: bool) -> String {
        let label = address.to_string().replace(['.', ':'], "-");
        self.qualify(&format!("{}-{label}", self.generated_prefix), dot)
    }
}

/// Replaces what `hostname-char-set` matches by `hostname-char-replacement`.
#[derive(Clone, Debug)]
pub struct Sanitiser {
    regex: Regex,
    replacement: Box<[u8]>,
}

impl PartialEq for Sanitiser {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.replacement == other.replacement
    }
}

impl Sanitiser {
    pub(crate) fn new(regex: Regex, replacement: &str) -> Self {
        Self { regex, replacement: replacement.as_bytes().into() }
    }

    /// The name with every match replaced. Octets that are no text match as octets.
    #[must_use]
    pub fn scrub<'a>(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        self.regex.replace_all(name, NoExpand(&self.replacement))
    }
}
