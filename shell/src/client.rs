//! Sending a request, as the flags say.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::http::client::{Login, PostError, Target, post};
use control::http::{Bytes, StatusCode};
use control::tls::{ClientTls, TlsError};

use crate::flags::Flags;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot read '{path}': {error}")]
    File { path: String, error: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("Connection timeout")]
    Timeout,
    #[error("HTTP Error {}: {}", .0.as_u16(), .0.canonical_reason().unwrap_or_default())]
    Status(StatusCode),
}

/// Where requests go by these flags: files of credentials and certificates are read once.
pub fn target(flags: &Flags) -> Result<Target, SendError> {
    let tls = if flags.ca.is_empty() {
        None
    } else {
        let own = (!flags.cert.is_empty()).then(|| (Path::new(&flags.cert), Path::new(&flags.key)));
        Some(ClientTls::load(Path::new(&flags.ca), own)?)
    };
    Ok(Target {
        host: flags.host.clone(),
        port: flags.port,
        path: flags.path.clone(),
        tls,
        login: login(flags)?,
        headers: flags.headers.clone(),
        user_agent: format!("Kea-shell/{}", daemon::version::KEA_VERSION),
    })
}

/// Who asks; `None` without a user.
fn login(flags: &Flags) -> Result<Option<Login>, SendError> {
    let user = match &flags.auth_user_file {
        Some(path) => first_line(path)?,
        None => flags.auth_user.clone(),
    };
    if user.is_empty() {
        return Ok(None);
    }
    let password = match &flags.auth_password_file {
        Some(path) => first_line(path)?,
        None => flags.auth_password.clone(),
    };
    Ok(Some(Login { user, password }))
}

fn first_line(path: &Path) -> Result<String, SendError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SendError::File { path: path.display().to_string(), error })?;
    // Blanks may be part of it.
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Sends the body and returns that of the answer. Any status but 200 is an error.
pub async fn send(target: &Target, limit: Duration, body: String) -> Result<Bytes, SendError> {
    let answer = tokio::time::timeout(limit, post(target, Bytes::from(body))).await;
    match answer {
        Err(_) => Err(SendError::Timeout),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok((StatusCode::OK, body))) => Ok(body),
        Ok(Ok((status, _))) => Err(SendError::Status(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_their_files() {
        let dir = tempfile::tempdir().unwrap();
        let (user, password) = (dir.path().join("user"), dir.path().join("password"));
        std::fs::write(&user, "admin\nsecond line\n").unwrap();
        std::fs::write(&password, "12:34\r\n").unwrap();
        let plain = Flags { auth_user: "u".into(), auth_password: "p".into(), ..Flags::default() };
        for (flags, secret) in [
            (Flags::default(), None),
            (Flags { auth_password: "p".into(), ..Flags::default() }, None),
            (plain.clone(), Some(("u", "p"))),
            (Flags { auth_user_file: Some(user.clone()), ..plain.clone() }, Some(("admin", "p"))),
            (Flags { auth_password_file: Some(password.clone()), ..plain.clone() }, Some(("u", "12:34"))),
            (Flags { auth_user: "u".into(), ..Flags::default() }, Some(("u", ""))),
        ] {
            let expected =
                secret.map(|(user, password)| Login { user: user.into(), password: password.into() });
            assert!(target(&flags).unwrap().login == expected, "{flags:?}");
        }
        let missing = Flags { auth_user_file: Some(dir.path().join("missing")), ..plain };
        assert!(matches!(target(&missing), Err(SendError::File { .. })));
        let untrusted = Flags { ca: "/nonexistent".into(), ..Flags::default() };
        assert!(matches!(target(&untrusted), Err(SendError::Tls(_))));
    }

    #[tokio::test]
    async fn silence_ends() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = target(&Flags { port, ..Flags::default() }).unwrap();
        let limit = Duration::from_millis(100);
        assert!(matches!(send(&target, limit, String::new()).await, Err(SendError::Timeout)));
        drop(listener);
        assert!(matches!(
            send(&target, limit, String::new()).await,
            Err(SendError::Post(PostError::Connect { .. }))
        ));
    }
}
