//! Databases of the type `sqlite`: one file.

use std::path::Path;

use crate::flags::{Backend, Command, Parameters};
use crate::{Failure, moving, not_for};

pub(crate) fn run(command: Command, parameters: &Parameters) -> Result<(), Failure> {
    let name = || {
        parameters
            .name
            .as_deref()
            .filter(|name| !name.as_os_str().is_empty())
            .ok_or_else(|| Failure::new("you must specify the database file with -n or --name"))
    };
    match command {
        Command::DbInit => init(name()?),
        Command::DbVersion => {
            println!("{}", version(name()?)?);
            Ok(())
        }
        Command::DbUpgrade => upgrade(name()?),
        Command::LeaseDump | Command::LeaseUpload | Command::StatsRecount => Err(not_for(command, "sqlite")),
        Command::ConfigImport | Command::ConfigExport => moving::run(command, Backend::Sqlite, parameters),
    }
}

fn init(path: &Path) -> Result<(), Failure> {
    println!("Checking if there is a database initialized already...");
    let created = sqlite::create(path).map_err(|error| Failure::new(error.to_string()))?;
    if !created {
        let path = shown(path);
        return Err(Failure::new(format!(
            "Expected empty database {path}. Aborting, it has its tables already."
        )));
    }
    println!("Initialized database {}", shown(path));
    println!("Schema version reported after initialization: {}", version(path)?);
    Ok(())
}

fn version(path: &Path) -> Result<String, Failure> {
    if !path.exists() {
        return Err(Failure::new(format!("database {} does not exist", shown(path))));
    }
    sqlite::version_of(path)
        .map(|version| version.to_string())
        .map_err(|error| Failure::new(error.to_string()))
}

fn upgrade(path: &Path) -> Result<(), Failure> {
    let before = version(path)?;
    println!("Schema version reported before upgrade: {before}");
    if before != sqlite::VERSION.to_string() {
        return Err(Failure::new(format!(
            "no upgrade from schema version {before} to {} is known to this release",
            sqlite::VERSION
        )));
    }
    println!("Schema version reported after upgrade: {before}");
    Ok(())
}

fn shown(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
