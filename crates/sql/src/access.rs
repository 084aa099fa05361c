//! How to reach a database server.

use std::path::PathBuf;
use std::time::Duration;

use backend::Identity;

/// Where a database is and who comes.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// Empty: this machine. A path: that of the server's UNIX socket, or of its directory (PostgreSQL).
    pub host: String,
    /// 0: the usual one.
    pub port: u16,
    pub name: String,
    pub user: String,
    pub password: String,
    pub connect_timeout: Duration,
    /// How long a statement may take, rows included.
    pub statement_timeout: Duration,
    pub tls: Tls,
}

/// What a connection has to be, in the words of PostgreSQL's `ssl-mode`, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    #[default]
    Disable,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted, with whatever certificate.
    Require,
    /// Encrypted, with a certificate that the trust anchor vouches for.
    VerifyCa,
    /// And that is the named host's.
    VerifyFull,
}

impl TlsMode {
    const ALL: [Self; 5] = [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// Its word in `ssl-mode`, and in `sslmode` of PostgreSQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// The mode of a word; `None` for others.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// Encryption of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub mode: TlsMode,
    /// Certificates (PEM) that vouch for the server; without them, those that the world trusts.
    pub trust_anchor: Option<PathBuf>,
    /// Certificate and key (PEM) of this client.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the password.
        write!(f, "Access {{ {}@{}:{}/{}, tls: {:?} }}", self.user, self.host, self.port, self.name, self.tls)
    }
}

impl Access {
    /// How long a connection attempt may take unless told otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a statement may take unless told otherwise: a server that answers nothing for longer is given up.
    pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

    /// That database on this machine.
    #[must_use]
    pub fn local(name: &str, user: &str, password: &str) -> Self {
        Self {
            host: String::new(),
            port: 0,
            name: name.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            connect_timeout: Self::CONNECT_TIMEOUT,
            statement_timeout: Self::STATEMENT_TIMEOUT,
            tls: Tls::default(),
        }
    }

    /// How the database is told from others; with Kea, no host is `localhost`.
    #[must_use]
    pub fn identity(&self, kind: &'static str) -> Identity {
        let host = if self.host.is_empty() { "localhost" } else { &self.host };
        Identity { kind, name: self.name.clone(), host: host.to_owned(), port: self.port }
    }
}
