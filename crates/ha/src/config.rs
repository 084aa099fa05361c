//! The configuration of a relationship (Kea manual, "libdhcp_ha.so").

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::State;

/// How the servers share the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    LoadBalancing,
    HotStandby,
    PassiveBackup,
}

impl Mode {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LoadBalancing => "load-balancing",
            Self::HotStandby => "hot-standby",
            Self::PassiveBackup => "passive-backup",
        }
    }
}

/// What a server is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Primary,
    Secondary,
    Standby,
    Backup,
}

impl Role {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Standby => "standby",
            Self::Backup => "backup",
        }
    }
}

/// When the machine stops on its way into a state, until an operator lets it go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pause {
    #[default]
    Never,
    /// The first time.
    Once,
    Always,
}

/// Where a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// As written.
    pub text: String,
    pub encrypted: bool,
    pub address: IpAddr,
    pub port: u16,
    pub path: String,
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// User and password of basic authentication (RFC 7617).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

/// Files of TLS, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub trust_anchor: String,
    pub cert_file: String,
    pub key_file: String,
}

/// One of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub name: String,
    pub url: Url,
    pub role: Role,
    /// It serves its partner's clients too once that is down, without being told to.
    pub auto_failover: bool,
    /// As whom others come to it.
    pub login: Option<Login>,
    /// Of those that go to it, and of itself.
    pub tls: Option<Tls>,
}

impl Peer {
    /// As log lines name it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.url.text)
    }
}

/// `multi-threading`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threading {
    pub enable: bool,
    /// The server listens on its own URL.
    pub dedicated_listener: bool,
    /// 0: as the server sees fit, here and below.
    pub listener_threads: u32,
    pub client_threads: u32,
}

/// A server, its partner and their backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// In the order of their roles: the active servers come first.
    pub peers: Vec<Peer>,
    /// The place of this server among them.
    pub this: usize,
    pub mode: Mode,
    /// Milliseconds, here and below; 0: the partner is never asked.
    pub heartbeat_delay: u32,
    pub max_response_delay: u32,
    pub max_ack_delay: u32,
    /// 0: silence of the partner alone is proof.
    pub max_unacked_clients: u32,
    /// 0: any number.
    pub max_rejected_lease_updates: u32,
    pub delayed_updates_limit: u32,
    pub send_lease_updates: bool,
    pub sync_leases: bool,
    pub sync_timeout: u32,
    pub sync_page_limit: u32,
    pub wait_backup_ack: bool,
    pub require_client_certs: bool,
    pub restrict_commands: bool,
    pub threading: Threading,
    /// States in which the machine stops; others are not here.
    pub pauses: BTreeMap<State, Pause>,
}

impl Relationship {
    /// This server.
    #[must_use]
    pub fn own(&self) -> &Peer {
        // `this` is a place of the list, by construction.
        &self.peers[self.this]
    }

    /// Its place, and the place of the other active server if there is one.
    #[must_use]
    pub fn partner(&self) -> Option<(usize, &Peer)> {
        if self.own().role == Role::Backup {
            return None;
        }
        self.active().find(|(at, _)| *at != self.this)
    }

    /// How log lines name the partner; empty where there is none.
    #[must_use]
    pub fn partner_label(&self) -> String {
        self.partner().map(|(_, peer)| peer.label()).unwrap_or_default()
    }

    /// The servers that serve clients on their own, with their places.
    pub fn active(&self) -> impl Iterator<Item = (usize, &Peer)> {
        self.peers.iter().enumerate().filter(|(_, peer)| peer.role != Role::Backup)
    }

    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.peers.iter().position(|peer| peer.name == name)
    }

    /// The state in which all is well.
    #[must_use]
    pub fn normal_state(&self) -> State {
        match self.mode {
            _ if self.own().role == Role::Backup => State::Backup,
            Mode::LoadBalancing => State::LoadBalancing,
            Mode::HotStandby => State::HotStandby,
            Mode::PassiveBackup => State::PassiveBackup,
        }
    }

    /// Load balancing goes on while the partner cannot be reached.
    pub(crate) fn recovers(&self) -> bool {
        self.mode == Mode::LoadBalancing && self.delayed_updates_limit > 0
    }

    /// This server listens on its own URL, apart from its control sockets.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.threading.enable && self.threading.dedicated_listener
    }
}
