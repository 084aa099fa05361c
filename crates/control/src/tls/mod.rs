//! TLS of the HTTP channels, 1.2 and 1.3 (RFC 5246, RFC 8446), of a server and of a client.
//!
//! Files are PEM. The texts of errors begin as Kea's do, and never hold what is in a key file.

mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, InconsistentKeys, RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use verify::{ClientVerifier, PeerVerifier};

/// Files of a server's TLS: `trust-anchor`, `cert-file`, `key-file`, `cert-required`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates that vouch for clients: a file, or a directory of files.
    pub trust_anchor: PathBuf,
    /// The server's certificate, and those between it and its authority.
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    /// Whether clients have to show a certificate; otherwise they are not asked for one.
    pub cert_required: bool,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("load of CA file '{path}' failed: {error}")]
    Anchor { path: PathBuf, error: String },
    #[error("load of CA directory '{path}' failed: {error}")]
    AnchorDirectory { path: PathBuf, error: String },
    #[error("load of cert file '{path}' failed: {error}")]
    Certificate { path: PathBuf, error: String },
    #[error("load of private key file '{path}' failed: {error}")]
    Key { path: PathBuf, error: String },
    #[error("certificate '{certificate}' and private key '{key}' cannot be used: {error}")]
    Pair { certificate: PathBuf, key: PathBuf, error: String },
    #[error("'{0}' is neither a host name nor an address")]
    Name(String),
}

/// TLS of a server, ready to use.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

/// TLS of a client, ready to use.
#[derive(Clone)]
pub struct ClientTls(Arc<ClientConfig>);

/// What a client's certificate says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Common name of the subject; `None` when it has none.
    pub subject: Option<String>,
    /// Common name of the issuer.
    pub issuer: Option<String>,
}

impl ServerTls {
    /// Reads the files.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let anchors = anchors(&files.trust_anchor)?;
        let own = own(&files.cert_file, &files.key_file)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&files.cert_file, &files.key_file, &error))?;
        let builder = if files.cert_required {
            let roots = Arc::new(roots(&files.trust_anchor, &anchors)?);
            let strict =
                WebPkiClientVerifier::builder_with_provider(roots, provider()).build().map_err(|error| {
                    TlsError::Anchor { path: files.trust_anchor.clone(), error: error.to_string() }
                })?;
            builder.with_client_cert_verifier(Arc::new(ClientVerifier::new(strict, anchors, &provider())))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(own);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        Arc::clone(&self.0).into()
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls")
    }
}

impl ClientTls {
    /// Trusts a server that `trust_anchor` vouches for, under the name or address that it is gone to by; `own` is the
    /// certificate and the key that the client shows.
    pub fn load(trust_anchor: &Path, own: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        Self::trusting(trust_anchor, own, false)
    }

    /// Trusts any server that `trust_anchor` vouches for, whatever its name, as Kea's servers do among themselves.
    pub fn load_for_peers(trust_anchor: &Path, own: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        Self::trusting(trust_anchor, own, true)
    }

    fn trusting(trust_anchor: &Path, own: Option<(&Path, &Path)>, any_name: bool) -> Result<Self, TlsError> {
        let anchors = anchors(trust_anchor)?;
        let roots = roots(trust_anchor, &anchors)?;
        let bad = |error: rustls::Error| TlsError::Anchor {
            path: trust_anchor.to_owned(),
            error: error.to_string(),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(bad)?;
        let builder = if any_name {
            let verifier = PeerVerifier::new(roots, anchors, &provider());
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            builder.with_root_certificates(roots)
        };
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_cert_resolver(self::own(certificate, key)?),
        };
        Ok(Self(Arc::new(config)))
    }

    /// The same trust towards one server.
    pub(crate) fn connector(
        &self,
        host: &str,
    ) -> Result<(tokio_rustls::TlsConnector, ServerName<'static>), TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        Ok((Arc::clone(&self.0).into(), name))
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientTls")
    }
}

impl Certificate {
    /// From the first certificate of a chain.
    pub(crate) fn of(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(chain.first()?).ok()?;
        let name = |name: &X509Name<'_>| {
            name.iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(str::to_owned)
        };
        Some(Self { subject: name(certificate.subject()), issuer: name(certificate.issuer()) })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn unusable(certificate: &Path, key: &Path, error: &rustls::Error) -> TlsError {
    TlsError::Pair { certificate: certificate.to_owned(), key: key.to_owned(), error: error.to_string() }
}

/// The certificates of a file, or of all files of a directory that hold some.
fn anchors(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    if !path.is_dir() {
        let found = certificates(path);
        return found.map_err(|error| TlsError::Anchor { path: path.to_owned(), error });
    }
    let failed = |error: String| TlsError::AnchorDirectory { path: path.to_owned(), error };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| failed(error.to_string()))? {
        let entry = entry.map_err(|error| failed(error.to_string()))?;
        // What holds no certificate (a list of revoked ones, a README) is not looked at.
        if entry.path().is_file()
            && let Ok(found) = certificates(&entry.path())
        {
            all.extend(found);
        }
    }
    if all.is_empty() { Err(failed("no file in it holds a certificate".to_owned())) } else { Ok(all) }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| told(&error))?;
    if all.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(all) }
}

fn roots(path: &Path, anchors: &[CertificateDer<'static>]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let (good, _) = roots.add_parsable_certificates(anchors.iter().cloned());
    if good == 0 {
        let error = "none of its certificates can vouch for another".to_owned();
        return Err(TlsError::Anchor { path: path.to_owned(), error });
    }
    Ok(roots)
}

/// The certificate that is shown to the other side, and its key.
fn own(certificate: &Path, key: &Path) -> Result<Arc<SingleCertAndKey>, TlsError> {
    let chain = certificates(certificate)
        .map_err(|error| TlsError::Certificate { path: certificate.to_owned(), error })?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsError::Key { path: key.to_owned(), error: told(&error) })?;
    let unusable = |error| unusable(certificate, key, &error);
    let signing = provider().key_provider.load_private_key(private).map_err(unusable)?;
    let own = CertifiedKey::new(chain, signing);
    match own.keys_match() {
        Err(error @ rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(unusable(error)),
        // Also when it cannot be told: rustls does not read certificates of X.509 version 1.
        _ => Ok(Arc::new(own.into())),
    }
}

fn told(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            "No such file or directory".to_owned()
        }
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "it holds none".to_owned(),
        // Never a piece of the file.
        _ => "it is not a PEM file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_loaded_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("broken.pem"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n").unwrap();
        std::fs::write(path("empty.pem"), "").unwrap();
        std::fs::create_dir(path("anchors")).unwrap();
        let files = |anchor: &str| TlsFiles {
            trust_anchor: path(anchor),
            cert_file: path("none.pem"),
            key_file: path("none.pem"),
            cert_required: true,
        };
        for (anchor, text) in [
            ("none.pem", "/none.pem' failed: No such file or directory"),
            ("broken.pem", "/broken.pem' failed: it is not a PEM file"),
            ("empty.pem", "/empty.pem' failed: it holds no certificate"),
            ("anchors", "/anchors' failed: no file in it holds a certificate"),
        ] {
            let error = ServerTls::load(&files(anchor)).unwrap_err().to_string();
            assert!(error.starts_with("load of CA ") && error.ends_with(text), "{error}");
        }
        assert!(ClientTls::load(&path("none.pem"), None).is_err());
    }
}
