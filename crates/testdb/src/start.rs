//! How each server is made and started.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use nix::unistd::Pid;

use crate::{AUTHORITY, CERTIFICATE, KEY, Kind, PASSWORD, Server, USER, own, owner};

/// A hundred servers with several connections each.
const CONNECTIONS: u32 = 500;

/// A data directory at `data`, copied from one that is made once per machine: making it takes seconds.
pub(crate) fn prepare(kind: Kind, data: &Path) {
    let user = owner().0;
    let name = if kind == Kind::MariaDb { "mariadb" } else { "postgresql" };
    let template = std::env::temp_dir().join(format!("kea-testdb-template-{name}-{user}"));
    if !template.exists() {
        let parent = tempfile::Builder::new().prefix("kea-testdb-new.").tempdir().unwrap();
        own(parent.path());
        let made = parent.path().join("data");
        initialise(kind, &made, parent.path());
        // Another test may have been quicker; both made the same.
        let _ = std::fs::rename(&made, &template);
    }
    copy(&template, data);
}

fn initialise(kind: Kind, data: &Path, scratch: &Path) {
    let mut command = as_owner(&[]);
    match kind {
        Kind::MariaDb => {
            command.args(["mariadb-install-db", "--no-defaults", "--skip-test-db", "--skip-name-resolve"]);
            command.args(["--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"]);
            command.arg(format!("--datadir={}", data.display())).env("TMPDIR", scratch);
        }
        Kind::PostgreSql => {
            let password = scratch.join("password");
            std::fs::write(&password, PASSWORD).unwrap();
            own(&password);
            command.arg(postgres("initdb")).args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8"]);
            command
                .args(["--locale=C", "--username", USER, "--pwfile"])
                .arg(password)
                .arg("--pgdata")
                .arg(data);
        }
    }
    let output = command.current_dir(scratch).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Starts the server's program and answers with its process, which ends with this process.
pub(crate) fn spawn(server: &Server) -> Pid {
    let directory = server.directory.path();
    let mut command = as_owner(&server.options.prefix);
    let durable = server.options.durable;
    match server.kind {
        Kind::MariaDb => {
            let setup = directory.join("setup.sql");
            let users = format!(
                "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 CREATE USER IF NOT EXISTS '{USER}'@'localhost' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n\
                 GRANT ALL ON *.* TO '{USER}'@'localhost' WITH GRANT OPTION;\n"
            );
            std::fs::write(&setup, users).unwrap();
            own(&setup);
            command.args(["mariadbd", "--no-defaults", "--skip-name-resolve", "--bind-address=127.0.0.1"]);
            // One that starts removes what looks like its own temporary tables, in a shared place those of others.
            command.arg(format!("--tmpdir={}", directory.display()));
            command.arg(format!("--max-connections={CONNECTIONS}"));
            command.args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M", "--skip-log-bin"]);
            command.arg(format!("--innodb-flush-log-at-trx-commit={}", u8::from(durable)));
            command.arg(format!("--innodb-flush-method={}", if durable { "fsync" } else { "nosync" }));
            command.arg(format!("--datadir={}", directory.join("data").display()));
            command.arg(format!("--socket={}", server.socket().display()));
            command.arg(format!("--pid-file={}", directory.join("pid").display()));
            command.arg(format!("--init-file={}", setup.display())).arg(format!("--port={}", server.port));
            if server.options.tls.is_some() {
                for (name, file) in [("ssl-cert", CERTIFICATE), ("ssl-key", KEY), ("ssl-ca", AUTHORITY)] {
                    command.arg(format!("--{name}={}", directory.join(file).display()));
                }
            }
        }
        Kind::PostgreSql => {
            command.arg(postgres("postgres")).arg("-D").arg(directory.join("data"));
            let settings = [
                ("listen_addresses", "127.0.0.1".to_owned()),
                ("port", server.port.to_string()),
                ("unix_socket_directories", directory.display().to_string()),
                ("fsync", if durable { "on" } else { "off" }.to_owned()),
                ("shared_buffers", "64MB".to_owned()),
                ("max_connections", CONNECTIONS.to_string()),
            ];
            for (name, value) in settings {
                command.arg("-c").arg(format!("{name}={value}"));
            }
            if server.options.tls.is_some() {
                command.args(["-c", "ssl=on"]);
                for (name, file) in
                    [("ssl_cert_file", CERTIFICATE), ("ssl_key_file", KEY), ("ssl_ca_file", AUTHORITY)]
                {
                    command.arg("-c").arg(format!("{name}={}", directory.join(file).display()));
                }
            }
        }
    }
    let log = File::options().create(true).append(true).open(directory.join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).current_dir(directory);
    // The kernel ends the server with the thread that started it, so that one has to stay.
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("setpriv can not be started: {error}"));
        sender.send(child.id()).unwrap();
        let _ = child.wait();
    });
    let pid = receiver.recv().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap())
}

/// A command that runs as the owner of the files and ends with this process. `setpriv` replaces itself with it.
fn as_owner(prefix: &[String]) -> Command {
    let (user, group) = owner();
    let setpriv = std::iter::once("setpriv".to_owned());
    let mut words = prefix.iter().cloned().chain(setpriv);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--pdeathsig", "KILL"]);
    if nix::unistd::geteuid().is_root() {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    }
    command.arg("--").env("HOME", "/nonexistent").env("LC_ALL", "C");
    command
}

/// A program of PostgreSQL; Debian keeps those of the server out of the path.
fn postgres(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.retain(|path| path.exists());
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}
