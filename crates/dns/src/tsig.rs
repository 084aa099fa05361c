//! Transaction signatures (RFC 8945): a keyed hash over a message and the time, in a record behind it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use subtle::ConstantTimeEq;
use thiserror::Error;
use wire::Reader;

use crate::message::{ARCOUNT, HEADER, Rcode, Type, class, header};
use crate::{Name, NameError};

/// Seconds by which clocks may differ (section 10).
const FUDGE: u16 = 300;
/// Octets that a signature has at least, whatever its length in full (section 5.2.2.1).
const SHORTEST: usize = 10;

/// Errors that a signature carries (section 5.3).
mod error {
    pub(super) const BADSIG: u16 = 16;
    pub(super) const BADKEY: u16 = 17;
    pub(super) const BADTIME: u16 = 18;
    pub(super) const BADTRUNC: u16 = 22;
}

/// A keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [(Self, &'static str, &'static str, usize); 6] = [
        (Self::Md5, "HMAC-MD5", "hmac-md5.sig-alg.reg.int", 16),
        (Self::Sha1, "HMAC-SHA1", "hmac-sha1", 20),
        (Self::Sha224, "HMAC-SHA224", "hmac-sha224", 28),
        (Self::Sha256, "HMAC-SHA256", "hmac-sha256", 32),
        (Self::Sha384, "HMAC-SHA384", "hmac-sha384", 48),
        (Self::Sha512, "HMAC-SHA512", "hmac-sha512", 64),
    ];

    /// By the word that configurations have for it, in upper or lower case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name, ..)| name.eq_ignore_ascii_case(word)).map(|(this, ..)| this)
    }

    fn row(self) -> (&'static str, usize) {
        let row = Self::ALL.into_iter().find(|(this, ..)| *this == self);
        row.map_or(("", 0), |(_, _, wire, length)| (wire, length))
    }

    /// Octets of a signature in full.
    #[must_use]
    pub fn length(self) -> usize {
        self.row().1
    }

    fn digest(self, secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        fn of<M: hmac::Mac + hmac::digest::KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
            // Keys of any length are taken.
            let Ok(mut mac) = <M as hmac::Mac>::new_from_slice(secret) else { return Vec::new() };
            for part in parts {
                mac.update(part);
            }
            mac.finalize().into_bytes().to_vec()
        }
        match self {
            Self::Md5 => of::<Hmac<md5::Md5>>(secret, parts),
            Self::Sha1 => of::<Hmac<sha1::Sha1>>(secret, parts),
            Self::Sha224 => of::<Hmac<sha2::Sha224>>(secret, parts),
            Self::Sha256 => of::<Hmac<sha2::Sha256>>(secret, parts),
            Self::Sha384 => of::<Hmac<sha2::Sha384>>(secret, parts),
            Self::Sha512 => of::<Hmac<sha2::Sha512>>(secret, parts),
        }
    }
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    #[error("its name is no domain name: {0}")]
    Name(NameError),
    #[error("its secret is not in base64")]
    Secret,
    #[error("its secret is empty")]
    Empty,
    #[error("digest-bits is no number of octets from 80 bits and half of the hash up to all of it")]
    Length,
}

/// A key that a name server has, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    name: Name,
    algorithm: Algorithm,
    algorithm_name: Name,
    secret: Box<[u8]>,
    /// Octets of signatures.
    length: usize,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the secret.
        write!(f, "Key({}, {:?})", self.name, self.algorithm)
    }
}

/// What an answer's signature covers of the request: the request's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mac(Box<[u8]>);

/// Why an answer is not believed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    #[error("the message is malformed")]
    Malformed,
    #[error("the answer is not signed")]
    Missing,
    #[error("the answer is signed with another key or algorithm")]
    OtherKey,
    #[error("the signature is not right")]
    Wrong,
    #[error("the signature is shorter than agreed")]
    Short,
    #[error("the answer was signed at {signed}, and it is {now} here: clocks differ")]
    Time { signed: u64, now: u64 },
    #[error("the name server does not take the signature: {0}")]
    Refused(Refusal),
}

/// What a name server says of a signature that it does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(u16);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            error::BADSIG => f.write_str("BADSIG, the secrets or the algorithms differ"),
            error::BADKEY => f.write_str("BADKEY, it does not know the key"),
            error::BADTIME => f.write_str("BADTIME, the clocks differ"),
            error::BADTRUNC => f.write_str("BADTRUNC, the signature is too short for it"),
            other => write!(f, "error {other}"),
        }
    }
}

impl Key {
    /// A key by its name, and the secret in base64. `bits` is how long signatures are, 0 is in full.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(name: &str, algorithm: Algorithm, secret: &str, bits: u32) -> Result<Self, KeyError> {
        let name = Name::parse(name).map_err(KeyError::Name)?.canonical();
        let secret = secret.split_ascii_whitespace().collect::<String>();
        let secret = STANDARD.decode(secret).map_err(|_| KeyError::Secret)?;
        if secret.is_empty() {
            return Err(KeyError::Empty);
        }
        let full = algorithm.length();
        let length = match usize::try_from(bits / 8).unwrap_or(usize::MAX) {
            0 if bits == 0 => full,
            octets if bits.is_multiple_of(8) && (SHORTEST.max(full / 2)..=full).contains(&octets) => octets,
            _ => return Err(KeyError::Length),
        };
        let algorithm_name = Name::parse(algorithm.row().0).map_err(KeyError::Name)?;
        Ok(Self { name, algorithm, algorithm_name, secret: secret.into(), length })
    }

    /// The name in lower case.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Signs a message that is not signed yet, at `now` in seconds since 1970.
    pub fn sign(&self, message: &mut Vec<u8>, now: u64) -> Mac {
        let id = header(message).map_or(0, |header| header.id);
        let mac = self.mac(None, message, &self.variables(now, FUDGE, 0, &[]));
        self.append(message, id, now, &mac, 0);
        Mac(mac.into())
    }

    /// Whether an answer to what was signed comes from who has the key, as it was sent, at about this time.
    ///
    /// # Errors
    /// When it is not to be believed.
    pub fn verify(&self, message: &[u8], request: &Mac, now: u64) -> Result<(), SignatureError> {
        let found = Record::find(message)?.ok_or(SignatureError::Missing)?;
        if found.name.canonical() != self.name || found.algorithm.canonical() != self.algorithm_name {
            return Err(SignatureError::OtherKey);
        }
        // One who does not know the key, or finds its use wrong, has nothing to sign with (section 5.3.2).
        if matches!(found.error, error::BADSIG | error::BADKEY) {
            return Err(SignatureError::Refused(Refusal(found.error)));
        }
        if found.mac.len() > self.algorithm.length() {
            return Err(SignatureError::Malformed);
        }
        if found.mac.len() < self.length {
            return Err(SignatureError::Short);
        }
        // The message as it was before it was signed (section 5.3.1).
        let mut unsigned = message.get(..found.at).ok_or(SignatureError::Malformed)?.to_vec();
        if let Some(place) = unsigned.get_mut(..2) {
            place.copy_from_slice(&found.original_id.to_be_bytes());
        }
        count_additional(&mut unsigned, -1);
        let variables = self.variables(found.time, found.fudge, found.error, found.other);
        let full = self.algorithm.digest(
            &self.secret,
            &[&u16::try_from(request.0.len()).unwrap_or(0).to_be_bytes(), &request.0, &unsigned, &variables],
        );
        let expected = full.get(..found.mac.len()).unwrap_or_default();
        if !bool::from(expected.ct_eq(found.mac)) {
            return Err(SignatureError::Wrong);
        }
        if found.error != 0 {
            return Err(SignatureError::Refused(Refusal(found.error)));
        }
        if now.abs_diff(found.time) > u64::from(found.fudge) {
            return Err(SignatureError::Time { signed: found.time, now });
        }
        Ok(())
    }

    fn mac(&self, request: Option<&Mac>, message: &[u8], variables: &[u8]) -> Vec<u8> {
        let before = request
            .map(|mac| [&u16::try_from(mac.0.len()).unwrap_or(0).to_be_bytes()[..], &mac.0].concat())
            .unwrap_or_default();
        let mut mac = self.algorithm.digest(&self.secret, &[&before, message, variables]);
        mac.truncate(self.length);
        mac
    }

    /// What is signed beside the message (section 4.3.3).
    fn variables(&self, time: u64, fudge: u16, error: u16, other: &[u8]) -> Vec<u8> {
        let mut out = self.name.octets().to_vec();
        out.extend_from_slice(&class::ANY.to_be_bytes());
        out.extend_from_slice(&0_u32.to_be_bytes());
        out.extend_from_slice(self.algorithm_name.octets());
        out.extend_from_slice(&seconds(time));
        out.extend_from_slice(&fudge.to_be_bytes());
        out.extend_from_slice(&error.to_be_bytes());
        out.extend_from_slice(&u16::try_from(other.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(other);
        out
    }

    fn append(&self, message: &mut Vec<u8>, id: u16, time: u64, mac: &[u8], error: u16) {
        count_additional(message, 1);
        let mut data = self.algorithm_name.octets().to_vec();
        data.extend_from_slice(&seconds(time));
        data.extend_from_slice(&FUDGE.to_be_bytes());
        data.extend_from_slice(&u16::try_from(mac.len()).unwrap_or(0).to_be_bytes());
        data.extend_from_slice(mac);
        for word in [id, error, 0] {
            data.extend_from_slice(&word.to_be_bytes());
        }
        message.extend_from_slice(self.name.octets());
        for word in [Type::TSIG.0, class::ANY, 0, 0, u16::try_from(data.len()).unwrap_or(0)] {
            message.extend_from_slice(&word.to_be_bytes());
        }
        message.extend_from_slice(&data);
    }

    /// The answer that one who has the key gives to a signed request, for tests of those who verify it.
    #[must_use]
    pub fn answer(&self, id: u16, rcode: Rcode, request: &Mac, now: u64) -> Vec<u8> {
        let mut message = id.to_be_bytes().to_vec();
        message.extend_from_slice(&[0xa8, rcode.0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mac = self.mac(Some(request), &message, &self.variables(now, FUDGE, 0, &[]));
        self.append(&mut message, id, now, &mac, 0);
        message
    }
}

/// 48 bits of time.
fn seconds(time: u64) -> [u8; 6] {
    let [_, _, rest @ ..] = time.to_be_bytes();
    rest
}

fn count_additional(message: &mut [u8], by: i16) {
    if let Some(place) = message.get_mut(ARCOUNT..HEADER)
        && let [high, low] = *place
    {
        place.copy_from_slice(&u16::from_be_bytes([high, low]).wrapping_add_signed(by).to_be_bytes());
    }
}

/// The signature of a message.
struct Record<'a> {
    /// Where the message ends without it.
    at: usize,
    name: Name,
    algorithm: Name,
    time: u64,
    fudge: u16,
    mac: &'a [u8],
    original_id: u16,
    error: u16,
    other: &'a [u8],
}

impl<'a> Record<'a> {
    /// The last record, if it is a signature.
    fn find(message: &'a [u8]) -> Result<Option<Self>, SignatureError> {
        Self::read(message).ok_or(SignatureError::Malformed)
    }

    #[allow(clippy::option_option)] // Malformed, not there, there.
    fn read(message: &'a [u8]) -> Option<Option<Self>> {
        let mut reader = Reader::new(message);
        let _flags = (reader.u16()?, reader.u16()?);
        let [questions, records, more, additional] =
            [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        for _ in 0..questions {
            Name::read(&mut reader, message)?;
            reader.bytes(4)?;
        }
        let mut last = None;
        for index in 0..u32::from(records) + u32::from(more) + u32::from(additional) {
            let at = reader.position();
            let name = Name::read(&mut reader, message)?;
            let (kind, class, ttl) = (Type(reader.u16()?), reader.u16()?, reader.u32()?);
            let length = reader.u16()?;
            let data_at = reader.position();
            reader.bytes(usize::from(length))?;
            let in_additional = index >= u32::from(records) + u32::from(more);
            last = (kind == Type::TSIG && class == class::ANY && ttl == 0 && in_additional).then_some((
                at,
                name,
                data_at,
                usize::from(length),
            ));
        }
        let Some((at, name, data_at, length)) = last else { return Some(None) };
        let mut data = Reader::new(message.get(data_at..data_at + length)?);
        let algorithm = Name::read(&mut data, message)?;
        let [a, b, c, d, e, f] = *data.array()?;
        let time = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let fudge = data.u16()?;
        let size = data.u16()?;
        let mac = data.bytes(usize::from(size))?;
        let (original_id, error, size) = (data.u16()?, data.u16()?, data.u16()?);
        let other = data.bytes(usize::from(size))?;
        data.is_empty().then_some(Some(Self {
            at,
            name,
            algorithm,
            time,
            fudge,
            mac,
            original_id,
            error,
            other,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Data, Entry, Update};

    const NOW: u64 = 1_700_000_000;

    fn key(algorithm: Algorithm, bits: u32) -> Key {
        Key::new("Key.Example.", algorithm, "c2VjcmV0IG9mIHR3bw==", bits).unwrap()
    }

    fn request() -> Vec<u8> {
        let (zone, name) = (Name::parse("example.com").unwrap(), Name::parse("a.example.com").unwrap());
        let add = Entry::add(Type::A, 600, Data::Address("192.0.2.1".parse().unwrap()));
        let update =
            Update { zone: &zone, name: &name, prerequisites: vec![Entry::not_in_use()], changes: vec![add] };
        update.encode(0x1234)
    }

    /// Test case 2 of RFC 2202 (MD5, SHA-1) and of RFC 4231.
    #[test]
    fn hashes_of_the_rfcs() {
        for (algorithm, expected) in [
            (Algorithm::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (Algorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Algorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let digest = algorithm.digest(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
            assert_eq!(base::encode_hex(&digest).to_lowercase(), expected, "{algorithm:?}");
            assert_eq!(digest.len(), algorithm.length());
        }
    }

    #[test]
    fn keys() {
        let sha = Algorithm::Sha256;
        assert_eq!(Key::new("k", sha, "c2Vj cmV0\n", 0).map(|key| key.secret), Ok((*b"secret").into()));
        assert_eq!(Key::new("", sha, "c2VjcmV0", 0), Err(KeyError::Name(NameError::Empty)));
        assert_eq!(Key::new("k", sha, "secret!", 0), Err(KeyError::Secret));
        assert_eq!(Key::new("k", sha, "", 0), Err(KeyError::Empty));
        for (algorithm, bits, fits) in [
            (sha, 128, true),
            (sha, 256, true),
            (sha, 120, false),
            (sha, 129, false),
            (sha, 264, false),
            (sha, 4, false),
            (Algorithm::Md5, 80, true),
            (Algorithm::Md5, 72, false),
            (Algorithm::Sha512, 248, false),
        ] {
            assert_eq!(Key::new("k", algorithm, "c2VjcmV0", bits).is_ok(), fits, "{algorithm:?} {bits}");
        }
        assert!(!format!("{:?}", key(sha, 0)).contains("secret"));
    }

    #[test]
    fn answers_of_who_has_the_key() {
        for (algorithm, ..) in Algorithm::ALL {
            for bits in [0, u32::try_from(algorithm.length()).unwrap() * 4] {
                if bits > 0 && bits < 80 {
                    continue;
                }
                let key = key(algorithm, bits);
                let mut signed = request();
                let mac = key.sign(&mut signed, NOW);
                assert_eq!(signed[ARCOUNT..HEADER], [0, 1]);
                let answer = key.answer(0x1234, Rcode::NOERROR, &mac, NOW + 5);
                assert_eq!(key.verify(&answer, &mac, NOW + 6), Ok(()), "{algorithm:?} {bits}");
                // The request is not its own answer.
                assert_eq!(key.verify(&signed, &mac, NOW), Err(SignatureError::Wrong));
            }
        }
    }

    #[test]
    fn answers_of_others() {
        let ours = key(Algorithm::Sha256, 0);
        let mac = ours.sign(&mut request(), NOW);
        let answer = |key: &Key| key.answer(1, Rcode::NOERROR, &mac, NOW);
        let verdict = |message: &[u8]| ours.verify(message, &mac, NOW);
        let other_secret = Key::new("key.example.", Algorithm::Sha256, "c2VjcmV0IG9mIG9uZQ==", 0).unwrap();
        assert_eq!(verdict(&answer(&other_secret)), Err(SignatureError::Wrong));
        let other_name = Key::new("key2.example.", Algorithm::Sha256, "c2VjcmV0IG9mIHR3bw==", 0).unwrap();
        assert_eq!(verdict(&answer(&other_name)), Err(SignatureError::OtherKey));
        assert_eq!(verdict(&answer(&key(Algorithm::Sha1, 0))), Err(SignatureError::OtherKey));
        assert_eq!(verdict(&answer(&key(Algorithm::Sha256, 128))), Err(SignatureError::Short));
        assert_eq!(verdict(&[0, 1, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(SignatureError::Missing));
        assert_eq!(verdict(&[0, 1, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0]), Err(SignatureError::Malformed));
        // Not one bit may change: neither of the message nor of its signature.
        let whole = answer(&ours);
        assert_eq!(verdict(&whole), Ok(()));
        for at in 2..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(verdict(&changed).is_err(), "{at} of {}", whole.len());
        }
        let late = ours.answer(1, Rcode::NOERROR, &mac, NOW - 301);
        assert_eq!(verdict(&late), Err(SignatureError::Time { signed: NOW - 301, now: NOW }));
        assert_eq!(ours.verify(&late, &mac, NOW - 1), Ok(()));
        let elsewhere = ours.sign(&mut request(), NOW + 1);
        assert_eq!(ours.verify(&whole, &elsewhere, NOW), Err(SignatureError::Wrong), "of another request");
    }

    #[test]
    fn refusals() {
        let key = key(Algorithm::Sha256, 0);
        let mac = key.sign(&mut request(), NOW);
        for (error, text) in [(error::BADKEY, "BADKEY"), (error::BADSIG, "BADSIG")] {
            let mut message = vec![0x12, 0x34, 0xa8, 9, 0, 0, 0, 0, 0, 0, 0, 0];
            key.append(&mut message, 0x1234, NOW, &[], error);
            let verdict = key.verify(&message, &mac, NOW).unwrap_err();
            assert_eq!(verdict, SignatureError::Refused(Refusal(error)));
            assert!(verdict.to_string().contains(text), "{verdict}");
        }
        let unsigned_badtime = {
            let mut message = vec![0x12, 0x34, 0xa8, 9, 0, 0, 0, 0, 0, 0, 0, 0];
            key.append(&mut message, 0x1234, NOW, &[0; 32], error::BADTIME);
            message
        };
        assert_eq!(key.verify(&unsigned_badtime, &mac, NOW), Err(SignatureError::Wrong));
    }

    proptest! {
        #[test]
        fn anything_may_come(octets: Vec<u8>, tail: Vec<u8>) {
            let key = key(Algorithm::Sha256, 0);
            let mac = key.sign(&mut request(), NOW);
            let _ = key.verify(&octets, &mac, NOW);
            let mut message = vec![0, 1, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
            message.extend_from_slice(&tail);
            let _ = key.verify(&message, &mac, NOW);
        }
    }
}
