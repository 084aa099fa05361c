//! Judging the certificates of clients.
//!
//! rustls knows certificates of X.509 version 3 alone. `openssl x509 -req` without a file of extensions makes ones of
//! version 1 up to OpenSSL 3.1, so many clients of Kea have them. Such a certificate is taken when a trust anchor has
//! signed it itself; everything else is left to rustls.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Version};

/// rustls' verifier, and what it lacks.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    strict: Arc<dyn ClientCertVerifier>,
    anchors: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(super) fn new(
        strict: Arc<dyn ClientCertVerifier>,
        anchors: Vec<CertificateDer<'static>>,
        provider: &CryptoProvider,
    ) -> Self {
        Self { strict, anchors, algorithms: provider.signature_verification_algorithms }
    }

    /// Whether a trust anchor vouches for a certificate of version 1.
    fn verify_old(&self, certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), CertificateError> {
        in_time(certificate, now)?;
        let mut known = false;
        for anchor in &self.anchors {
            let Ok((_, anchor)) = X509Certificate::from_der(anchor) else { continue };
            if anchor.subject().as_raw() != certificate.issuer().as_raw() || in_time(&anchor, now).is_err() {
                continue;
            }
            known = true;
            if certificate.verify_signature(Some(anchor.public_key())).is_ok() {
                return Ok(());
            }
        }
        Err(if known { CertificateError::BadSignature } else { CertificateError::UnknownIssuer })
    }
}

fn in_time(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    let now = now.ok_or(CertificateError::BadEncoding)?;
    let validity = certificate.validity();
    if now < validity.not_before {
        Err(CertificateError::NotValidYet)
    } else if now > validity.not_after {
        Err(CertificateError::Expired)
    } else {
        Ok(())
    }
}

/// A certificate of version 1; `None` when it is another, or none.
fn old<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    (rest.is_empty() && certificate.version() == X509Version::V1).then_some(certificate)
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.strict.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match old(end_entity) {
            None => self.strict.verify_client_cert(end_entity, intermediates, now),
            Some(certificate) => {
                self.verify_old(&certificate, now)?;
                Ok(ClientCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(certificate) = old(cert) else {
            return verify_tls12_signature(message, cert, dss, &self.algorithms);
        };
        let key = &certificate.public_key().subject_public_key.data;
        let candidates = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme);
        candidates
            .flat_map(|(_, algorithms)| algorithms.iter())
            .any(|algorithm| algorithm.verify_signature(key, message, dss.signature()).is_ok())
            .then(HandshakeSignatureValid::assertion)
            .ok_or_else(|| CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(certificate) = old(cert) else {
            return verify_tls13_signature(message, cert, dss, &self.algorithms);
        };
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}
