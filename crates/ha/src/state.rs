//! The states of a server in a relationship (Kea manual, "Server States").

use std::fmt;

/// What a server does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A backup server: takes lease updates, serves nobody.
    Backup,
    /// Load balancing goes on without the partner; lease updates wait for it.
    CommunicationRecovery,
    HotStandby,
    /// May be shut down: the partner serves all clients.
    InMaintenance,
    LoadBalancing,
    /// The partner is taken for dead: all clients are served.
    PartnerDown,
    /// The partner is about to be shut down by its operator: all clients are served.
    PartnerInMaintenance,
    PassiveBackup,
    /// The leases are those of the partner; waits for it to share the clients again.
    Ready,
    /// Fetches the partner's leases.
    Syncing,
    /// Goes on without the partner until an operator has looked.
    Terminated,
    /// Has begun, and looks for its partner.
    Waiting,
}

impl State {
    pub const ALL: [Self; 12] = [
        Self::Backup,
        Self::CommunicationRecovery,
        Self::HotStandby,
        Self::InMaintenance,
        Self::LoadBalancing,
        Self::PartnerDown,
        Self::PartnerInMaintenance,
        Self::PassiveBackup,
        Self::Ready,
        Self::Syncing,
        Self::Terminated,
        Self::Waiting,
    ];

    /// As commands and configurations write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::CommunicationRecovery => "communication-recovery",
            Self::HotStandby => "hot-standby",
            Self::InMaintenance => "in-maintenance",
            Self::LoadBalancing => "load-balancing",
            Self::PartnerDown => "partner-down",
            Self::PartnerInMaintenance => "partner-in-maintenance",
            Self::PassiveBackup => "passive-backup",
            Self::Ready => "ready",
            Self::Syncing => "syncing",
            Self::Terminated => "terminated",
            Self::Waiting => "waiting",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether clients may be answered in it, those of the scopes that are served.
    #[must_use]
    pub fn serves(self) -> bool {
        matches!(
            self,
            Self::CommunicationRecovery
                | Self::HotStandby
                | Self::LoadBalancing
                | Self::PartnerDown
                | Self::PartnerInMaintenance
                | Self::PassiveBackup
                | Self::Terminated
        )
    }

    /// Whether the partner is asked how it is.
    pub(crate) fn watches(self) -> bool {
        !matches!(self, Self::Backup | Self::PassiveBackup | Self::Terminated)
    }

    /// Whether the partner is told of leases.
    pub(crate) fn updates(self) -> bool {
        matches!(self, Self::HotStandby | Self::LoadBalancing | Self::PartnerInMaintenance)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is known of the partner's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartnerState {
    /// It was not heard of.
    #[default]
    Unknown,
    /// It did not answer.
    Unavailable,
    In(State),
}

impl PartnerState {
    /// As commands write it; empty when nothing is known.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Unavailable => "unavailable",
            Self::In(state) => state.name(),
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "unavailable" => Some(Self::Unavailable),
            name => State::from_name(name).map(Self::In),
        }
    }
}

/// A state as log lines write it: in capitals.
pub(crate) struct Loud(pub(crate) &'static str);

impl fmt::Display for Loud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("UNDEFINED");
        }
        self.0.chars().try_for_each(|c| fmt::Write::write_char(f, c.to_ascii_uppercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.name()), Some(state));
            assert_eq!(PartnerState::from_name(state.name()), Some(PartnerState::In(state)));
        }
        assert_eq!(State::from_name("unavailable"), None);
        assert_eq!(PartnerState::from_name("unavailable"), Some(PartnerState::Unavailable));
        assert_eq!(PartnerState::from_name(""), None);
        assert_eq!(Loud("partner-down").to_string(), "PARTNER-DOWN");
        assert_eq!(Loud(PartnerState::Unknown.name()).to_string(), "UNDEFINED");
    }
}
