//! `cargo xtask install --prefix DIR [--debug]`: the layout of Kea's own installation, so that keactrl, packagers and
//! test suites find everything where they look. With `--debug` the programs are those of `cargo build`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::{Outcome, command, root};

/// A built program and where it goes.
const PROGRAMS: [(&str, &str); 7] = [
    ("kea-dhcp4", "sbin"),
    ("kea-dhcp6", "sbin"),
    ("kea-dhcp-ddns", "sbin"),
    ("kea-ctrl-agent", "sbin"),
    ("kea-lfc", "sbin"),
    ("kea-shell", "sbin"),
    ("kea-admin", "sbin"),
];

/// Directories and their modes: what holds leases, sockets and logs is for the server and its group only.
const DIRECTORIES: [(&str, u32); 20] = [
    ("sbin", 0o755),
    ("bin", 0o755),
    ("etc/kea", 0o750),
    ("var/lib/kea", 0o750),
    ("var/run/kea", 0o750),
    ("var/log/kea", 0o750),
    ("lib/kea/hooks", 0o755),
    ("share/kea/api", 0o755),
    ("share/kea/scripts", 0o755),
    ("share/kea/scripts/mysql", 0o755),
    ("share/kea/scripts/pgsql", 0o755),
    ("share/doc/kea", 0o755),
    ("share/man/man7", 0o755),
    ("share/man/man8", 0o755),
    ("share/bash-completion/completions", 0o755),
    ("share/fish/vendor_completions.d", 0o755),
    ("share/zsh/site-functions", 0o755),
    ("lib/systemd/system", 0o755),
    ("lib/sysusers.d", 0o755),
    ("lib/tmpfiles.d", 0o755),
];

/// Manual pages.
const PAGES: [&str; 9] = [
    "kea-admin.8",
    "kea-commands.7",
    "kea-ctrl-agent.8",
    "kea-dhcp-ddns.8",
    "kea-dhcp4.8",
    "kea-dhcp6.8",
    "kea-lfc.8",
    "kea-shell.8",
    "keactrl.8",
];

/// Completion scripts of each shell, below `share`.
const COMPLETIONS: &[(&str, &[&str])] = &[
    ("bash-completion/completions", &["kea-shell", "kea-shell.commands"]),
    ("zsh/site-functions", &["_kea-shell"]),
    ("fish/vendor_completions.d", &["kea-shell.fish"]),
];

/// Configurations and their modes.
const CONFIGURATIONS: [(&str, u32); 5] = [
    ("keactrl.conf", 0o644),
    ("kea-dhcp4.conf", 0o640),
    ("kea-dhcp6.conf", 0o640),
    ("kea-dhcp-ddns.conf", 0o640),
    ("kea-ctrl-agent.conf", 0o640),
];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    const USAGE: &str = "usage: install --prefix DIR [--debug]";
    let (mut prefix, mut debug) = (None, false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--debug" => debug = true,
            "--prefix" => prefix = arguments.next().map(PathBuf::from),
            other => prefix = Some(other.strip_prefix("--prefix=").map(PathBuf::from).ok_or(USAGE)?),
        }
    }
    let prefix = std::path::absolute(prefix.ok_or(USAGE)?).map_err(|error| error.to_string())?;
    let mut build = vec!["build"];
    if !debug {
        build.push("--release");
    }
    for (program, _) in PROGRAMS {
        build.extend(["--bin", program]);
    }
    command::run("cargo", &build)?;
    into(&prefix, &target().join(if debug { "debug" } else { "release" }))
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Lays out what `built` holds.
fn into(prefix: &Path, built: &Path) -> Outcome {
    let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for (directory, mode) in DIRECTORIES {
        let path = place(prefix, directory);
        fs::create_dir_all(&path).map_err(|e| at(&path, e))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(|e| at(&path, e))?;
    }
    for (program, directory) in PROGRAMS {
        copy(&built.join(program), &prefix.join(directory).join(program), 0o755)?;
    }
    folder("share/api", &prefix.join("share/kea/api"))?;
    folder("share/hooks", &prefix.join("lib/kea/hooks"))?;
    for (directory, names) in COMPLETIONS {
        for name in *names {
            let from = root().join("share/completions").join(name);
            copy(&from, &prefix.join("share").join(directory).join(name), 0o644)?;
        }
    }
    for page in PAGES {
        let section = page.chars().next_back().unwrap_or('8');
        copy(
            &root().join("docs/man").join(page),
            &prefix.join(format!("share/man/man{section}")).join(page),
            0o644,
        )?;
    }
    for file in ["etc/nginx.conf.example", "docs/reference/openapi.json"] {
        let name = file.rsplit('/').next().unwrap_or(file);
        copy(&root().join(file), &prefix.join("share/doc/kea").join(name), 0o644)?;
    }
    for unit in ["kea-dhcp4.service", "kea-dhcp6.service", "kea-dhcp-ddns.service", "kea-ctrl-agent.service"]
    {
        script(&format!("etc/{unit}.in"), &prefix.join("lib/systemd/system").join(unit), prefix, 0o644)?;
    }
    for (name, directory) in [("sysusers.conf", "lib/sysusers.d"), ("tmpfiles.conf", "lib/tmpfiles.d")] {
        script(&format!("etc/{name}.in"), &prefix.join(directory).join("kea.conf"), prefix, 0o644)?;
    }
    script("shell/keactrl.in", &prefix.join("sbin/keactrl"), prefix, 0o755)?;
    for database in ["mysql", "pgsql"] {
        let name = format!("scripts/{database}/wipe_data.sh");
        copy(&root().join("shell").join(&name), &prefix.join("share/kea").join(&name), 0o755)?;
    }
    for (name, mode) in CONFIGURATIONS {
        let to = place(prefix, "etc/kea").join(name);
        // An operator's configuration is never overwritten.
        if !to.exists() {
            script(&format!("etc/{name}.in"), &to, prefix, mode)?;
        }
    }
    eprintln!("installed below {}", prefix.display());
    Ok(())
}

/// Where a directory of the installation lies: below /usr nothing changes, so what does is in the root's own.
fn place(prefix: &Path, directory: &str) -> PathBuf {
    let changes = directory.starts_with("etc") || directory.starts_with("var");
    let root = if changes && prefix == Path::new("/usr") { Path::new("/") } else { prefix };
    root.join(directory)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Outcome {
    let at = |error: std::io::Error| format!("{} to {}: {error}", from.display(), to.display());
    // A running program keeps its own file.
    if to.exists() {
        fs::remove_file(to).map_err(at)?;
    }
    fs::copy(from, to).map_err(at)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).map_err(at)
}

/// Copies the files of a folder. What an operator has changed in them is lost, as with Kea's.
fn folder(from: &str, to: &Path) -> Outcome {
    let from = root().join(from);
    let at = |error: std::io::Error| format!("{}: {error}", from.display());
    for entry in fs::read_dir(&from).map_err(at)? {
        let entry = entry.map_err(at)?;
        copy(&entry.path(), &to.join(entry.file_name()), 0o644)?;
    }
    Ok(())
}

/// Copies a text with `@prefix@` filled in.
fn script(from: &str, to: &Path, prefix: &Path, mode: u32) -> Outcome {
    let from = root().join(from);
    let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
    let shown = |directory: &str| place(prefix, directory).display().to_string();
    let text = ["etc", "var"]
        .iter()
        .fold(text, |text, directory| text.replace(&format!("@prefix@/{directory}"), &shown(directory)))
        .replace("@prefix@", &prefix.display().to_string());
    fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
        .map_err(|error| format!("{}: {error}", to.display()))
}
