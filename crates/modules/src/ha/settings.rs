//! What the library is listed with: relationships, and the certificates of their servers.

use std::path::Path;
use std::sync::Arc;

use ::ha::Relationship;
use ::ha::config::Tls;
use control::tls::{ClientTls, ServerTls, TlsFiles};

/// A relationship with what its files hold.
#[derive(Clone, Debug)]
pub struct Secured {
    pub relationship: Arc<Relationship>,
    /// As whom this server goes to each of the others, by their places.
    pub clients: Vec<Option<ClientTls>>,
    /// As whom it is gone to, where it listens for itself.
    pub server: Option<ServerTls>,
}

/// The relationships of a server.
#[derive(Clone, Debug)]
pub struct Settings(pub Vec<Secured>);

impl Settings {
    /// # Errors
    /// Everything that is wrong.
    pub fn load(parameters: &json::Map) -> Result<Self, Vec<String>> {
        let secrets = |path: &str| config::read_secret(Path::new(path));
        let relationships = ::ha::relationships(parameters, &secrets)?;
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for relationship in relationships {
            match Secured::load(relationship) {
                Ok(secured) => all.push(secured),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self(all)) } else { Err(faults) }
    }

    /// Whether the other settings ask for the same servers in the same way, and no file may have changed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let encrypted = |secured: &Secured| secured.relationship.peers.iter().any(|peer| peer.tls.is_some());
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|(one, other)| one.relationship == other.relationship && !encrypted(one))
    }
}

impl Secured {
    fn load(relationship: Relationship) -> Result<Self, String> {
        let bad =
            |name: &str, error: control::tls::TlsError| format!("bad TLS config for server {name}: {error}");
        let mut clients = Vec::new();
        for (at, peer) in relationship.peers.iter().enumerate() {
            let tls = peer.tls.as_ref().filter(|_| at != relationship.this && peer.url.encrypted);
            let client = match tls {
                None => None,
                Some(Tls { trust_anchor, cert_file, key_file }) => {
                    let own = Some((Path::new(cert_file), Path::new(key_file)));
                    Some(
                        ClientTls::load_for_peers(Path::new(trust_anchor), own)
                            .map_err(|e| bad(&peer.name, e))?,
                    )
                }
            };
            clients.push(client);
        }
        let own = relationship.own();
        let wanted = own.tls.as_ref().filter(|_| own.url.encrypted && relationship.listens());
        let server = match wanted {
            None => None,
            Some(Tls { trust_anchor, cert_file, key_file }) => {
                let files = TlsFiles {
                    trust_anchor: trust_anchor.into(),
                    cert_file: cert_file.into(),
                    key_file: key_file.into(),
                    cert_required: relationship.require_client_certs,
                };
                Some(ServerTls::load(&files).map_err(|error| bad(&own.name, error))?)
            }
        };
        Ok(Self { relationship: Arc::new(relationship), clients, server })
    }
}
