//! Certificates as operators make them: with the `openssl` program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority, and what it has signed, in a directory.
#[derive(Clone, Debug)]
pub struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    /// An authority `Kea`, a server `localhost` (also 127.0.0.1 and ::1) and clients: `client` with a certificate of
    /// X.509 version 3, `old` with one of version 1 as `openssl x509` makes it without extensions, and `stranger`,
    /// whom another authority vouches for.
    ///
    /// # Panics
    /// Without a working `openssl`.
    #[must_use]
    pub fn make(directory: &Path) -> Self {
        let made = Self { directory: directory.to_owned() };
        made.authority("ca", "Kea");
        made.authority("other", "Other");
        made.signed("server", "localhost", "ca", Some("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"));
        made.signed("client", "client", "ca", Some("basicConstraints=CA:FALSE"));
        made.signed("old", "old", "ca", None);
        made.signed("stranger", "stranger", "other", None);
        made
    }

    /// The certificate of this name.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.pem"))
    }

    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.key"))
    }

    fn authority(&self, name: &str, common_name: &str) {
        self.run(&format!(
            "req -x509 -nodes -days 3650 -newkey rsa:2048 -keyout {name}.key -out {name}.pem -subj /O=kea-rs/CN={common_name}"
        ));
    }

    fn signed(&self, name: &str, common_name: &str, authority: &str, extensions: Option<&str>) {
        self.run(&format!(
            "req -nodes -newkey rsa:2048 -keyout {name}.key -out {name}.csr -subj /O=kea-rs/CN={common_name}"
        ));
        let mut line = format!(
            "x509 -req -days 3650 -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -out {name}.pem"
        );
        if let Some(extensions) = extensions {
            std::fs::write(self.directory.join("extensions"), extensions)
                .expect("the directory can be written to");
            line.push_str(" -extfile extensions");
        }
        self.run(&line);
    }

    fn run(&self, line: &str) {
        let output = Command::new("openssl")
            .args(line.split(' '))
            .current_dir(&self.directory)
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
