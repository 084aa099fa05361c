//! `config-import` and `config-export`: servers into a configuration database, and back into files.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use backend::{
    BackendError, Boxed, Change, ConfigBackend, Note, Objects, Pulled, RevisionFilter, ServerSelector,
};
use base::{Clock, Family, ServerTag};
use config::{Dhcp4, Dhcp6, Written};
use json::{Kind, Map, Value};
use migrate::{Plan, Protocol, Source, differences};
use sql::TlsMode;

use crate::flags::{Backend, Command, Parameters, ServerFile};
use crate::{Failure, ask, server};

/// A server as named on the command line.
struct Named<P: Protocol> {
    tag: ServerTag,
    file: Option<PathBuf>,
    written: Written<P>,
}

pub(crate) fn run(command: Command, backend: Backend, parameters: &Parameters) -> Result<(), Failure> {
    if parameters.servers.is_empty() {
        return Err(Failure::new(format!("{}: no servers are named, each as [TAG=]FILE", command.name())));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(error.to_string()))?;
    let moving = Moving { runtime, command, parameters, kind: backend };
    match parameters.family {
        Some(Family::V6) => moving.run::<Dhcp6>(),
        _ => moving.run::<Dhcp4>(),
    }
}

struct Moving<'a> {
    runtime: tokio::runtime::Runtime,
    command: Command,
    parameters: &'a Parameters,
    kind: Backend,
}

impl Moving<'_> {
    fn run<P: Protocol>(&self) -> Result<(), Failure> {
        let servers = self.parameters.servers.iter().map(named::<P>).collect::<Result<Vec<_>, _>>()?;
        let output = match &self.parameters.output {
            Some(output) => output.clone(),
            None if self.parameters.dry_run => PathBuf::new(),
            None => {
                return Err(Failure::new(format!(
                    "you must specify a directory for the files of the servers with -o or --output for {}",
                    self.command.name()
                )));
            }
        };
        if self.command == Command::ConfigImport {
            self.import(&servers, &output)
        } else {
            self.export(&servers, &output)
        }
    }

    fn wait<T>(&self, call: Boxed<T>) -> Result<T, Failure> {
        self.runtime.block_on(call).map_err(|error: BackendError| Failure::new(error.to_string()))
    }

    fn open<P: Protocol>(&self) -> Result<(Box<dyn ConfigBackend>, Map), Failure> {
        let name = self.parameters.name.as_ref().map(|name| name.to_string_lossy().into_owned());
        if self.kind == Backend::Sqlite {
            let name =
                name.ok_or_else(|| Failure::new("you must specify the database file with -n or --name"))?;
            let reach = Map::from([
                ("type".to_owned(), self.kind.config_type().into()),
                ("name".to_owned(), name.as_str().into()),
            ]);
            return Ok((Box::new(sqlite::open(name, P::FAMILY)), reach));
        }
        let access = server::access(self.kind, self.parameters)?;
        let mut reach = Map::from([
            ("type".to_owned(), self.kind.config_type().into()),
            ("name".to_owned(), access.name.as_str().into()),
            ("user".to_owned(), access.user.as_str().into()),
            ("password".to_owned(), access.password.as_str().into()),
            ("host".to_owned(), access.host.as_str().into()),
        ]);
        if access.port != 0 {
            reach.insert("port".to_owned(), access.port.into());
        }
        if access.tls.mode != TlsMode::Disable {
            reach.insert("ssl-mode".to_owned(), access.tls.mode.word().into());
        }
        let identity = access.tls.identity.as_ref();
        let files = [
            ("trust-anchor", access.tls.trust_anchor.as_ref()),
            ("cert-file", identity.map(|(certificate, _)| certificate)),
            ("key-file", identity.map(|(_, key)| key)),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                reach.insert(name.to_owned(), file.display().to_string().into());
            }
        }
        let database = match self.kind {
            Backend::Mysql => mysql::open(access, P::FAMILY),
            _ => postgres::open(access, P::FAMILY),
        };
        Ok((Box::new(database), reach))
    }

    /// Everything that a server gets.
    fn objects(&self, backend: &dyn ConfigBackend, tag: &ServerTag) -> Result<Objects, Failure> {
        match self.wait(backend.pull(tag.clone(), None))? {
            Pulled::Everything { objects, .. } => Ok(objects),
            Pulled::Nothing | Pulled::Changes { .. } => Ok(Objects::default()),
        }
    }

    fn import<P: Protocol>(&self, servers: &[Named<P>], output: &Path) -> Result<(), Failure> {
        let sources: Vec<Source<P>> = servers
            .iter()
            .map(|server| Source {
                tag: server.tag.clone(),
                name: server.file.as_deref().unwrap_or(Path::new("")).display().to_string(),
                written: server.written.clone(),
            })
            .collect();
        let plan = Plan::new(&sources).map_err(|error| Failure::new(error.to_string()))?;
        print!("{plan}");
        for (source, remaining) in sources.iter().zip(&plan.remaining) {
            same(source, remaining, &plan.objects(&source.tag), "as planned")?;
        }
        println!("Every server keeps its configuration.");
        if self.parameters.dry_run {
            return Ok(());
        }
        let (backend, reach) = self.open::<P>()?;
        let unused_at = self.wait(backend.premises())?.cursor;
        let before = unused_at.revision;
        self.unused(backend.as_ref(), &plan.servers)?;
        for (source, remaining) in sources.iter().zip(&plan.remaining) {
            let preview = self.wait(backend.preview(plan.changes.clone(), Some(source.tag.clone())))?;
            let objects = preview.server.map(|(_, after)| after).unwrap_or_default();
            same(source, remaining, &objects, "as the database would hold it")?;
        }
        let files: Vec<PathBuf> = servers.iter().map(|server| path(output, server)).collect();
        for file in &files {
            ask::may_overwrite(file, self.parameters.yes, self.command.name())?;
        }
        if !self.parameters.yes {
            println!("{} objects go into {}.", plan.places.len(), backend.identity());
            if !ask::agrees() {
                return Err(Failure::new(format!("{} aborted by user.", self.command.name())));
            }
        }
        // What remains of the files is on the medium before anything is stored, and takes its place afterwards.
        let mut drafts = Drafts::default();
        for ((server, remaining), file) in servers.iter().zip(&plan.remaining).zip(&files) {
            let mut remaining = remaining.clone();
            remaining.globals.insert("server-tag".to_owned(), server.tag.as_str().into());
            fetch_from(&mut remaining.globals, &reach);
            load(&mut remaining.globals, self.kind.config_type());
            drafts.write(file, &migrate::file(&remaining))?;
        }
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let note = Note { time: now(), message: format!("kea-admin config-import: {}", names.join(", ")) };
        if let Err(error) = self.runtime.block_on(backend.apply(plan.changes.clone(), note, Some(unused_at)))
        {
            let uncertain = matches!(error, BackendError::Uncertain { .. });
            let advice = if uncertain { drafts.left_to_operator() } else { String::new() };
            return Err(Failure::new(format!("{error}{advice}")));
        }
        for (source, remaining) in sources.iter().zip(&plan.remaining) {
            let objects = self.objects(backend.as_ref(), &source.tag)?;
            if let Err(failure) = same(source, remaining, &objects, "as the database holds it") {
                return Err(self.undone(backend.as_ref(), before, failure));
            }
        }
        println!("Stored in {}; every server gets what it had.", backend.identity());
        drafts.place()?;
        for (server, file) in servers.iter().zip(&files) {
            println!("What remains of the file of server '{}' is in {}.", server.tag, file.display());
        }
        Ok(())
    }

    /// A database that has something for these servers already is not written to.
    fn unused(&self, backend: &dyn ConfigBackend, servers: &[backend::Server]) -> Result<(), Failure> {
        for server in servers {
            if self.wait(backend.server(server.tag.clone()))?.is_some() {
                return Err(Failure::new(format!(
                    "{} knows server '{}' already; nothing was changed",
                    backend.identity(),
                    server.tag
                )));
            }
        }
        let common = self.objects(backend, &ServerTag::all())?;
        if common.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} has objects for all servers already, which these would get; nothing was changed",
            backend.identity()
        )))
    }

    /// Takes an import back that does not read as it was written; `before` is the revision that it was made after.
    fn undone(&self, backend: &dyn ConfigBackend, before: u64, failure: Failure) -> Failure {
        let filter = RevisionFilter { after: 0, from: base::Timestamp(0), servers: None, limit: 2 };
        let undo = || -> Result<(), Failure> {
            let revisions = self.wait(backend.revisions(filter))?;
            let newest = revisions.first().map_or(0, |revision| revision.cursor.revision);
            if revisions.get(1).map_or(0, |revision| revision.cursor.revision) != before {
                return Err(Failure::new("somebody else has written meanwhile"));
            }
            let note = Note { time: now(), message: "kea-admin config-import: taken back".to_owned() };
            self.wait(backend.apply(vec![Change::Restore { revision: before, newest }], note, None))
                .map(|_| ())
        };
        let outcome = match undo() {
            Ok(()) => "what was stored was taken back".to_owned(),
            Err(error) => format!("what was stored could not be taken back: {}", error.text),
        };
        Failure::new(format!("{}; {outcome}", failure.text))
    }

    fn export<P: Protocol>(&self, servers: &[Named<P>], output: &Path) -> Result<(), Failure> {
        let (backend, _) = self.open::<P>()?;
        for server in servers {
            if self.wait(backend.server(server.tag.clone()))?.is_none() {
                return Err(Failure::new(format!("{} knows no server '{}'", backend.identity(), server.tag)));
            }
            let objects = self.objects(backend.as_ref(), &server.tag)?;
            let selector = ServerSelector::One(server.tag.clone());
            let mut whole = P::merge(&server.written, &objects, &selector);
            whole.globals.remove("config-control");
            let value = migrate::file(&whole);
            let (again, errors) = P::parse(value.clone());
            if let Some(error) = errors.first() {
                return Err(Failure::new(format!("server '{}': {}", server.tag, error.text)));
            }
            let different = differences::<P>(&whole, &again);
            if let Some(first) = different.first() {
                return Err(Failure::new(format!("server '{}': {first}", server.tag)));
            }
            let file = path(output, server);
            ask::may_overwrite(&file, self.parameters.yes, self.command.name())?;
            write(&file, &value)?;
            println!("The configuration of server '{}' is in {}.", server.tag, file.display());
        }
        Ok(())
    }
}

fn now() -> base::Timestamp {
    daemon::RealClock::new().now().seconds()
}

/// Reads the file of a server.
fn named<P: Protocol>(server: &ServerFile) -> Result<Named<P>, Failure> {
    let written = match &server.file {
        None => Written::default(),
        Some(path) => {
            let parsed = config::read_file(path, P::NAME).map_err(|error| Failure::new(error.to_string()))?;
            let (written, errors) = P::parse(parsed.value);
            if !errors.is_empty() {
                let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
                return Err(Failure::new(format!("{}: {}", path.display(), texts.join("; "))));
            }
            written
        }
    };
    let shown = server.file.as_deref().unwrap_or(Path::new("")).display().to_string();
    let tag = match &server.tag {
        Some(tag) => tag.clone(),
        None => written
            .globals
            .get("server-tag")
            .and_then(Value::as_str)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| {
                Failure::new(format!("{shown} has no server-tag; name its server as TAG={shown}"))
            })?,
    };
    let tag = ServerTag::new(&tag).map_err(|error| Failure::new(format!("server tag '{tag}': {error}")))?;
    Ok(Named { tag, file: server.file.clone(), written })
}

/// Files under names of their own beside those that they are for. What is not put into its place is removed.
#[derive(Default)]
struct Drafts(Vec<(PathBuf, PathBuf)>);

impl Drafts {
    fn write(&mut self, file: &Path, value: &Value) -> Result<(), Failure> {
        let mut name = file.as_os_str().to_owned();
        name.push(".new");
        let draft = PathBuf::from(name);
        self.0.push((draft.clone(), file.to_owned()));
        write(&draft, value)
    }

    /// Leaves them all where they are. Answers what is to be done with them.
    fn left_to_operator(mut self) -> String {
        let drafts: Vec<String> =
            std::mem::take(&mut self.0).iter().map(|(draft, _)| draft.display().to_string()).collect();
        format!(
            ". If the database knows the servers now, it has everything, and what belongs into their files is in {}; \
             otherwise begin anew",
            drafts.join(", ")
        )
    }

    fn place(mut self) -> Result<(), Failure> {
        for (draft, file) in std::mem::take(&mut self.0) {
            fs::rename(&draft, &file).map_err(|error| {
                let (draft, file) = (draft.display(), file.display());
                Failure::new(format!(
                    "{draft} is what belongs into {file}, where it could not be put: {error}"
                ))
            })?;
        }
        Ok(())
    }
}

impl Drop for Drafts {
    fn drop(&mut self) {
        for (draft, _) in &self.0 {
            let _ = fs::remove_file(draft);
        }
    }
}

/// Whether a server has with the database what it had before.
fn same<P: Protocol>(
    source: &Source<P>,
    remaining: &Written<P>,
    objects: &Objects,
    how: &str,
) -> Result<(), Failure> {
    const SHOWN: usize = 10;
    let selector = ServerSelector::One(source.tag.clone());
    let found = differences::<P>(&source.written, &P::merge(remaining, objects, &selector));
    if found.is_empty() {
        return Ok(());
    }
    let shown: BTreeSet<&String> = found.iter().take(SHOWN).collect();
    let shown: Vec<&str> = shown.into_iter().map(String::as_str).collect();
    Err(Failure::new(format!(
        "server '{}' would run another configuration {how}; nothing was changed:\n  {}",
        source.tag,
        shown.join("\n  ")
    )))
}

/// Makes a server fetch from the database, unless its file says from where it fetches.
fn fetch_from(globals: &mut Map, reach: &Map) {
    let control = globals.entry("config-control".to_owned()).or_insert_with(Value::map);
    if let Some(control) = control.as_map_mut() {
        let databases = control.entry("config-databases".to_owned()).or_insert_with(|| Vec::new().into());
        if databases.as_list().is_none_or(<[Value]>::is_empty) {
            *databases = vec![Value::from(reach.clone())].into();
        }
    }
}

/// Lists the libraries that a server on such a database needs, unless its file does: for the database itself, and for
/// the commands that administer it from now on.
fn load(globals: &mut Map, kind: &str) {
    let libraries = globals.entry("hooks-libraries".to_owned()).or_insert_with(|| Vec::new().into());
    let Kind::List(libraries) = &mut libraries.kind else { return };
    for names in [&["libdhcp_cb_cmds.so"], config::database_libraries(kind)] {
        let listed = libraries.iter().filter_map(|library| library.get("library")?.as_str());
        let listed =
            listed.map(|file| file.rsplit('/').next().unwrap_or(file)).any(|file| names.contains(&file));
        if let Some(name) = names.first().filter(|_| !listed) {
            libraries.push(Value::from([("library", (*name).into())]));
        }
    }
}

/// `DIR/TAG/FILE`.
fn path<P: Protocol>(output: &Path, server: &Named<P>) -> PathBuf {
    let name = server.file.as_deref().and_then(Path::file_name);
    let default = format!("kea-{}.conf", P::SPACE);
    output.join(server.tag.as_str()).join(name.map_or(Path::new(&default), Path::new))
}

/// Files hold passwords: they are closed to others.
fn write(path: &Path, value: &Value) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    let text = json::to_string_pretty(value, 4) + "\n";
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o640)
        .open(path)
        .map_err(failed)?;
    // It has the password of the database: the mode of one that was there already does not matter.
    file.set_permissions(fs::Permissions::from_mode(0o640)).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
