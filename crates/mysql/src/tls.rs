//! Encryption of connections.

use std::path::Path;

use mysql_async::{ClientIdentity, SslOpts};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sql::{Error, Tls, TlsMode};

/// How the library encrypts; not at all for `Disable`. Where it verifies certificates, they have to name the host: it
/// has no way to look at the authority alone, so `verify-ca` is as strict as `verify-full`.
pub(crate) fn options(tls: &Tls) -> Result<Option<SslOpts>, Error> {
    if tls.mode == TlsMode::Disable {
        return Ok(None);
    }
    let mut options = SslOpts::default()
        .with_danger_accept_invalid_certs(matches!(tls.mode, TlsMode::Prefer | TlsMode::Require));
    if let Some(anchor) = &tls.trust_anchor {
        options = options.with_disable_built_in_roots(true).with_root_certs(vec![anchor.clone().into()]);
    }
    let identity = match &tls.identity {
        Some((certificate, key)) => {
            Some(ClientIdentity::new(certificate.clone().into(), client_key(key)?.into()))
        }
        None => None,
    };
    Ok(Some(options.with_client_identity(identity)))
}

/// The key in the one form that the library takes: RSA in PKCS #1, as DER.
fn client_key(file: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::Unavailable(format!("client key '{}': {error}", file.display()))
    };
    let other = || wrong(&"only RSA keys can be used with MySQL");
    match PrivateKeyDer::from_pem_file(file).map_err(|error| wrong(&error))? {
        PrivateKeyDer::Pkcs1(key) => Ok(key.secret_pkcs1_der().to_vec()),
        PrivateKeyDer::Pkcs8(key) => {
            rsa_in_pkcs8(key.secret_pkcs8_der()).map(<[u8]>::to_vec).ok_or_else(other)
        }
        _ => Err(other()),
    }
}

/// RFC 5958, section 2: version, algorithm, key.
fn rsa_in_pkcs8(der: &[u8]) -> Option<&[u8]> {
    const INTEGER: u8 = 2;
    const OCTET_STRING: u8 = 4;
    const OBJECT: u8 = 6;
    const SEQUENCE: u8 = 0x30;
    /// rsaEncryption, RFC 8017, appendix C.
    const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    let (info, _) = value(der, SEQUENCE)?;
    let (_, rest) = value(info, INTEGER)?;
    let (algorithm, rest) = value(rest, SEQUENCE)?;
    let (name, _) = value(algorithm, OBJECT)?;
    (name == RSA).then(|| value(rest, OCTET_STRING).map(|(key, _)| key)).flatten()
}

/// The value that these octets begin with, which has to be of this kind, and what comes after it.
fn value(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = octets.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    if *first == tag { rest.split_at_checked(length) } else { None }
}
