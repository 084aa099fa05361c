//! Shares of the clients: the scope of each active server, and which of them this server serves.

use crate::config::{Mode, Relationship, Role};
use crate::hash::hash;

/// The places of the servers whose clients are served, as bits. Backups have no clients of their own; an operator may name
/// them all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(pub u32);

impl Scopes {
    pub const NONE: Self = Self(0);

    fn of(place: usize) -> Self {
        Self(u32::try_from(place).ok().and_then(|place| 1_u32.checked_shl(place)).unwrap_or(0))
    }

    /// What this server serves while all is well.
    #[must_use]
    pub fn default_of(relationship: &Relationship) -> Self {
        match (relationship.mode, relationship.own().role) {
            (_, Role::Primary) | (Mode::LoadBalancing, Role::Secondary) => Self::of(relationship.this),
            _ => Self::NONE,
        }
    }

    /// What there is to serve.
    #[must_use]
    pub fn all(relationship: &Relationship) -> Self {
        let owners = relationship.active().filter(|(_, peer)| owns(relationship.mode, peer.role));
        Self(owners.fold(0, |bits, (place, _)| bits | Self::of(place).0))
    }

    /// Those of servers by their names (`ha-scopes`), which may stand with `HA_` before them.
    ///
    /// # Errors
    /// Why not.
    pub fn named<'n>(
        relationship: &Relationship,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, String> {
        let mut scopes = Self::NONE;
        for name in names {
            let server = name.strip_prefix("HA_").unwrap_or(name);
            let place = [name, server].into_iter().find_map(|name| relationship.place(name));
            let Some(place) = place else {
                return Err(format!(
                    "invalid server name specified '{name}' while enabling/disabling HA scopes"
                ));
            };
            scopes.0 |= Self::of(place).0;
        }
        Ok(scopes)
    }

    #[must_use]
    pub fn serves(self, place: usize) -> bool {
        self.0 & Self::of(place).0 != 0
    }

    /// The names of the servers whose clients are served.
    pub fn names(self, relationship: &Relationship) -> impl Iterator<Item = &str> {
        let places = relationship.peers.iter().enumerate();
        places.filter(move |(place, _)| self.serves(*place)).map(|(_, peer)| peer.name.as_str())
    }
}

/// Whether servers of a role have clients of their own.
fn owns(mode: Mode, role: Role) -> bool {
    role == Role::Primary || (mode == Mode::LoadBalancing && role == Role::Secondary)
}

/// The place of the server whose client it is, by what the client is known by; `None`: it is known by nothing, and load
/// is balanced.
#[must_use]
pub fn owner(relationship: &Relationship, key: Option<&[u8]>) -> Option<usize> {
    match relationship.mode {
        // The primary is first in the list, the secondary follows.
        Mode::LoadBalancing => key.filter(|key| !key.is_empty()).map(|key| usize::from(hash(key) % 2)),
        Mode::HotStandby | Mode::PassiveBackup => Some(0),
    }
}
