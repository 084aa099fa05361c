//! Lease files of the type `memfile`: their version is told by the columns of their first line.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use base::Family;
use memfile::{LeaseFiles, OsStorage};

use crate::flags::{Command, Parameters};
use crate::{Failure, not_for};

/// Each version with the columns that it has beyond the one before (Kea manual, "Memfile").
const COLUMNS4: &[(&str, &str)] = &[
    ("1.0", "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname"),
    ("2.0", ",state"),
    ("2.1", ",user_context"),
    ("3.0", ",pool_id"),
];
const COLUMNS6: &[(&str, &str)] = &[
    (
        "1.0",
        "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,\
         hostname",
    ),
    ("2.0", ",hwaddr"),
    ("3.0", ",state"),
    ("3.1", ",user_context"),
    ("4.0", ",hwtype,hwaddr_source"),
    ("5.0", ",pool_id"),
];

/// Longest first line that is looked at.
const LONGEST: u64 = 4096;

pub(crate) fn run(command: Command, parameters: &Parameters) -> Result<(), Failure> {
    match command {
        Command::DbInit => {
            let (path, family) = target(command, parameters)?;
            init(&path, family)
        }
        Command::DbVersion => {
            let (path, family) = target(command, parameters)?;
            println!("{}", version(&path, family)?);
            Ok(())
        }
        Command::DbUpgrade => {
            let (path, family) = target(command, parameters)?;
            upgrade(&path, family)
        }
        Command::LeaseDump | Command::LeaseUpload | Command::ConfigImport | Command::ConfigExport => {
            Err(not_for(command, "memfile"))
        }
        Command::StatsRecount => {
            println!("INFO/kea-admin: memfile does not keep lease statistics");
            Ok(())
        }
    }
}

/// The lease file, by default that of the server.
fn target(command: Command, parameters: &Parameters) -> Result<(PathBuf, Family), Failure> {
    let family = parameters.family.ok_or_else(|| {
        Failure::new(format!("{}: lease type ( -4 or -6 ) needs to be specified", command.name()))
    })?;
    let path = match &parameters.name {
        Some(name) => name.clone(),
        None => {
            let paths = daemon::Paths::discover().map_err(|error| Failure::new(error.to_string()))?;
            let name = if family == Family::V4 { "kea-leases4.csv" } else { "kea-leases6.csv" };
            paths.data_dir.join(name)
        }
    };
    Ok((path, family))
}

fn versions(family: Family) -> &'static [(&'static str, &'static str)] {
    if family == Family::V4 { COLUMNS4 } else { COLUMNS6 }
}

fn current_header(family: Family) -> String {
    versions(family).iter().map(|(_, columns)| *columns).collect()
}

fn current_version(family: Family) -> &'static str {
    versions(family).last().map_or("", |(version, _)| version)
}

fn init(path: &Path, family: Family) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot create {}: {error}", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path).map_err(failed)?;
    file.write_all(current_header(family).as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    println!("Initialized lease file {}", path.display());
    println!("Schema version reported after initialization: {}", current_version(family));
    Ok(())
}

fn version(path: &Path, family: Family) -> Result<&'static str, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let file = fs::File::open(path).map_err(failed)?;
    let mut line = String::new();
    BufReader::new(file.take(LONGEST)).read_line(&mut line).map_err(failed)?;
    let mut header = String::new();
    for (version, columns) in versions(family) {
        header.push_str(columns);
        if header == line.trim_end() {
            return Ok(version);
        }
    }
    let kind = if family == Family::V4 { "DHCPv4" } else { "DHCPv6" };
    Err(Failure::new(format!("the first line of {} is not that of a {kind} lease file", path.display())))
}

/// Rewrites the leases as the lease file cleanup does, which writes the current columns. At every moment the files
/// hold all leases.
fn upgrade(path: &Path, family: Family) -> Result<(), Failure> {
    let before = version(path, family)?;
    println!("Schema version reported before upgrade: {before}");
    if before != current_version(family) {
        if let Some(pid) = holder(path) {
            return Err(Failure::new(format!(
                "{} is in use by process {pid}; stop the server before",
                path.display()
            )));
        }
        let files = LeaseFiles::of(path);
        let clean = || {
            memfile::clean(&OsStorage, family, &files, &AtomicBool::new(false))
                .map_err(|error| Failure::new(error.to_string()))
        };
        if files.input.exists() {
            clean()?;
        }
        fs::rename(&files.live, &files.input)
            .map_err(|error| Failure::new(format!("cannot rename {}: {error}", path.display())))?;
        clean()?;
        init_quietly(path, family)?;
        println!("Leases are in {} now", files.previous.display());
    }
    println!("Schema version reported after upgrade: {}", current_version(family));
    Ok(())
}

fn init_quietly(path: &Path, family: Family) -> Result<(), Failure> {
    let text = format!("{}\n", current_header(family));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::new(format!("cannot create {}: {error}", path.display())))
}

/// A process that has the file open, as far as the caller may see.
fn holder(path: &Path) -> Option<u32> {
    let path = fs::canonicalize(path).ok()?;
    let processes = fs::read_dir("/proc").ok()?;
    processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .find(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|open| {
                open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n\
                       192.0.2.5,08:00:27:00:00:01,,3600,4102444800,1,0,0,,0\n";

    #[test]
    fn versions_follow_from_the_columns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.csv");
        for family in [Family::V4, Family::V6] {
            init(&path, family).unwrap();
            assert_eq!(version(&path, family).unwrap(), current_version(family));
            assert!(init(&path, family).is_err(), "never overwritten");
            fs::remove_file(&path).unwrap();
        }
        for (text, family, expected) in [
            (OLD, Family::V4, Some("2.0")),
            (OLD, Family::V6, None),
            ("", Family::V4, None),
            ("garbage\n", Family::V4, None),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(version(&path, family).ok(), expected);
        }
    }

    #[test]
    fn an_upgrade_keeps_the_leases() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.csv");
        fs::write(&path, OLD).unwrap();
        upgrade(&path, Family::V4).unwrap();
        assert_eq!(version(&path, Family::V4).unwrap(), current_version(Family::V4));
        let previous = fs::read(dir.path().join("l.csv.2")).unwrap();
        let (leases, errors) = memfile::read_leases4(&previous).unwrap();
        assert_eq!((leases.len(), errors), (1, 0));
        // Once more changes nothing.
        upgrade(&path, Family::V4).unwrap();
        // Not under a running server. A thread cannot stand in for one: another process is needed.
        fs::write(&path, OLD).unwrap();
        let mut other = std::process::Command::new("sleep")
            .arg("30")
            .stdin(fs::File::open(&path).unwrap())
            .spawn()
            .unwrap();
        let refused = upgrade(&path, Family::V4);
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(refused.unwrap_err().to_string().contains("is in use by process"));
    }
}
