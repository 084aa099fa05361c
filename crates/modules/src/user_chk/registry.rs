//! The registry of users: a file with a map of JSON in each line, read anew whenever it has changed, by the thread of
//! [`keeper`](super::keeper).

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

/// How a user is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum IdKind {
    HwAddr,
    Duid,
}

impl IdKind {
    /// Its name in both files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HwAddr => "HW_ADDR",
            Self::Duid => "DUID",
        }
    }
}

/// What the registry says of a user beside its identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) bootfile: Option<String>,
    pub(super) tftp_server: Option<String>,
}

/// The users of a file.
#[derive(Debug, Default)]
pub(super) struct Users(HashMap<(IdKind, Vec<u8>), User>);

impl Users {
    pub(super) fn get(&self, kind: IdKind, id: &[u8]) -> Option<&User> {
        self.0.get(&(kind, id.to_vec()))
    }

    /// Reads the lines of a registry.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut users = HashMap::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let (id, user) = entry(line).map_err(|reason| format!("line {}: {reason}", at + 1))?;
            if users.insert(id, user).is_some() {
                return Err(format!("line {}: duplicate user", at + 1));
            }
        }
        Ok(Self(users))
    }
}

fn entry(line: &str) -> Result<((IdKind, Vec<u8>), User), String> {
    let value = json::parse_command(line.as_bytes(), json::Limits::default())
        .map_err(|error| format!("malformed JSON: {error}"))?;
    let map = value.as_map().ok_or("no map")?;
    let mut user = User::default();
    let (mut kind, mut id) = (None, None);
    for (name, value) in map {
        let text = value.as_str().ok_or_else(|| format!("non-string value for '{name}'"))?;
        match name.as_str() {
            "type" => {
                let known = [IdKind::HwAddr, IdKind::Duid].into_iter().find(|kind| kind.name() == text);
                kind = Some(known.ok_or_else(|| format!("invalid type '{text}'"))?);
            }
            "id" => id = Some(identifier(text)?),
            "bootfile" => user.bootfile = Some(text.to_owned()),
            "tftp_server" => user.tftp_server = Some(text.to_owned()),
            // Anything may stand there for others.
            _ => {}
        }
    }
    let missing = |name| format!("'{name}' is missing");
    Ok(((kind.ok_or_else(|| missing("type"))?, id.ok_or_else(|| missing("id"))?), user))
}

/// Digits, with or without colons.
fn identifier(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    match base::decode_hex(&digits) {
        Ok(octets) if !octets.is_empty() => Ok(octets),
        _ => Err(format!("'{text}' is no identifier")),
    }
}

/// What tells one state of a file from another.
type Stamp = (u64, u64, i64, i64);

fn stamp(file: &Metadata) -> Stamp {
    (file.ino(), file.len(), file.mtime(), file.mtime_nsec())
}

/// A file with the users in it.
#[derive(Debug)]
pub(super) struct Registry {
    path: PathBuf,
    read: Option<Stamp>,
    users: Arc<ArcSwap<Users>>,
}

impl Registry {
    /// Reads the file.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let mut registry = Self { path: path.to_owned(), read: None, users: Arc::default() };
        registry.refresh()?;
        Ok(registry)
    }

    /// Reads the file again if it has changed; where that fails, what was read before stays.
    pub(super) fn refresh(&mut self) -> Result<(), String> {
        let failed =
            |reason: std::io::Error| format!("cannot open file:{} reason: {reason}", self.path.display());
        let now = stamp(&std::fs::metadata(&self.path).map_err(failed)?);
        if self.read == Some(now) {
            return Ok(());
        }
        // A fault is told once for each state of the file.
        self.read = Some(now);
        let text = std::fs::read_to_string(&self.path).map_err(failed)?;
        let users = Users::parse(&text).map_err(|reason| format!("{}: {reason}", self.path.display()))?;
        self.users.store(Arc::new(users));
        Ok(())
    }

    /// Where the users are, as last read.
    pub(super) fn users(&self) -> Arc<ArcSwap<Users>> {
        Arc::clone(&self.users)
    }
}
