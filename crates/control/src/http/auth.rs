//! Basic authentication (RFC 7617).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::messages;

/// Longest `Authorization` value that is looked at, in octets.
const LONGEST: usize = 4096;

/// Who may send requests. Holds digests, not passwords, and shows neither.
#[derive(Clone)]
pub struct Credentials {
    realm: String,
    clients: Vec<Client>,
}

#[derive(Clone)]
struct Client {
    user: String,
    /// SHA-256 of `user:password`; equal lengths make the comparison independent of what is compared.
    digest: [u8; 32],
}

/// The request is not let in. The texts are for the log and never hold what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no authentication header")]
    Missing,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("not matching authentication header")]
    Wrong,
}

impl Credentials {
    /// Credentials from users and passwords. `None` without any client: as in Kea, an empty list asks nothing.
    #[must_use]
    pub fn new<U: AsRef<str>, P: AsRef<str>>(
        realm: &str,
        clients: impl IntoIterator<Item = (U, P)>,
    ) -> Option<Self> {
        let clients: Vec<_> = clients
            .into_iter()
            .map(|(user, password)| {
                let user = user.as_ref().to_owned();
                let mut hash = Sha256::new_with_prefix(user.as_bytes());
                hash.update(b":");
                hash.update(password.as_ref().as_bytes());
                Client { digest: hash.finalize().into(), user }
            })
            .collect();
        (!clients.is_empty()).then(|| Self { realm: realm.to_owned(), clients })
    }

    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The user whom the value of an `Authorization` header proves. Takes equally long for every wrong value of a
    /// length.
    pub fn check(&self, header: Option<&[u8]>) -> Result<&str, Refusal> {
        let header = header.ok_or(Refusal::Missing)?.trim_ascii();
        if header.len() < 8 {
            return Err(Refusal::Malformed("header content is too short"));
        }
        if header.len() > LONGEST {
            return Err(Refusal::Malformed("header content is too long"));
        }
        let (scheme, rest) =
            header.split_at_checked(5).ok_or(Refusal::Malformed("header content is too short"))?;
        if !scheme.eq_ignore_ascii_case(b"basic") || !rest.first().is_some_and(u8::is_ascii_whitespace) {
            return Err(Refusal::Malformed("not basic authentication"));
        }
        let secret = STANDARD.decode(rest.trim_ascii()).map_err(|_| Refusal::Wrong)?;
        let digest: [u8; 32] = Sha256::digest(&secret).into();
        // Every client is compared, whether or not one has matched.
        let mut found = None;
        for client in &self.clients {
            let same: Choice = client.digest.ct_eq(&digest);
            if bool::from(same) {
                found = Some(client.user.as_str());
            }
        }
        found.ok_or(Refusal::Wrong)
    }

    /// As [`check`](Self::check), with a line in the log.
    pub(crate) fn check_and_log(&self, header: Option<&[u8]>) -> Option<&str> {
        match self.check(header) {
            Ok(user) => {
                observe::log!(messages::RequestAuthorized { user: crate::table::printable(user) });
                return Some(user);
            }
            Err(Refusal::Missing) => observe::log!(messages::NoAuthHeader),
            Err(Refusal::Wrong) => observe::log!(messages::NotAuthorized),
            Err(error @ Refusal::Malformed(_)) => observe::log!(messages::BadAuthHeader { error }),
        }
        None
    }

    /// The value of `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> String {
        let mut text = String::from("Basic realm=\"");
        for c in self.realm.chars().filter(|c| !c.is_control()) {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
        text
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials {{ realm: {:?}, clients: {} }}", self.realm, self.clients.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_header_but_the_right_one_is_let_in(header in prop::collection::vec(any::<u8>(), 0..60), secret in ".{0,20}") {
            prop_assert!(credentials().check(Some(&header)).is_err());
            let known = ["admin:1234", "käse:p:w", "empty:"].contains(&secret.as_str());
            prop_assert_eq!(credentials().check(Some(basic(&secret).as_bytes())).is_ok(), known);
        }
    }

    fn credentials() -> Credentials {
        Credentials::new("my \"realm\"", [("admin", "1234"), ("käse", "p:w"), ("empty", "")]).unwrap()
    }

    fn basic(secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(secret))
    }

    #[test]
    fn good_credentials() {
        for (header, user) in [
            (basic("admin:1234"), "admin"),
            (basic("käse:p:w"), "käse"),
            (basic("empty:"), "empty"),
            (basic("admin:1234").replace("Basic", "bAsIc"), "admin"),
            (basic("admin:1234").replace("Basic", "  Basic   "), "admin"),
        ] {
            assert_eq!(credentials().check(Some(header.as_bytes())), Ok(user), "{header}");
        }
    }

    #[test]
    fn bad_credentials() {
        let long = basic(&"x".repeat(5000));
        for (header, refusal) in [
            (basic("admin:12345"), Refusal::Wrong),
            (basic("admin:123"), Refusal::Wrong),
            (basic("admin1234"), Refusal::Wrong),
            (basic("Admin:1234"), Refusal::Wrong),
            (basic("admin:1234:"), Refusal::Wrong),
            (basic("admin\0:1234"), Refusal::Wrong),
            ("Basic !!!!!".to_owned(), Refusal::Wrong),
            ("Basic".to_owned(), Refusal::Malformed("header content is too short")),
            (String::new(), Refusal::Malformed("header content is too short")),
            ("Bearer abcdef".to_owned(), Refusal::Malformed("not basic authentication")),
            ("BasicYWRtaW46MTIzNA==".to_owned(), Refusal::Malformed("not basic authentication")),
            (long, Refusal::Malformed("header content is too long")),
        ] {
            assert_eq!(credentials().check(Some(header.as_bytes())), Err(refusal), "{header}");
        }
        assert_eq!(credentials().check(None), Err(Refusal::Missing));
        assert!(credentials().check(Some(&[0xff; 20])).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", credentials());
        assert!(!shown.contains("1234") && !shown.contains("admin"), "{shown}");
        assert_eq!(credentials().challenge(), r#"Basic realm="my \"realm\"""#);
        assert!(Credentials::new("r", [] as [(&str, &str); 0]).is_none());
    }
}
