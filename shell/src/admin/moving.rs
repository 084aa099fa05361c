//! `config-import` and `config-export`: servers into a configuration database, and back into files.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use backend::{
    BackendError, Boxed, Change, ConfigBackend, Note, Objects, Preview, Pulled, RevisionFilter,
    ServerSelector, text_member,
};
use base::{Clock, Family, ServerTag};
use config::{Dhcp4, Dhcp6, Written};
use json::{Kind, Map, Value};
use migrate::{Key, Plan, Present, Protocol, Source, differences};
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
    let moving = Moving { runtime, command, parameters, kind: backend, access: OnceCell::new() };
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
    /// Once it was asked for.
    access: OnceCell<sql::Access>,
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

    /// The way into a database server; a password is asked for once.
    fn access(&self) -> Result<sql::Access, Failure> {
        if let Some(known) = self.access.get() {
            return Ok(known.clone());
        }
        let access = server::access(self.kind, self.parameters)?;
        Ok(self.access.get_or_init(|| access).clone())
    }

    /// The file of SQLite.
    fn file(&self) -> Result<&Path, Failure> {
        let missing = || Failure::new("you must specify the database file with -n or --name");
        self.parameters.name.as_deref().ok_or_else(missing)
    }

    /// How servers reach the database, as a map of `config-databases`; `None` in a dry run that names none.
    fn reach(&self) -> Result<Option<Map>, Failure> {
        if self.parameters.name.is_none() && self.parameters.dry_run {
            return Ok(None);
        }
        if self.kind == Backend::Sqlite {
            let name = self.file()?.to_string_lossy().into_owned();
            return Ok(Some(Map::from([
                ("type".to_owned(), self.kind.config_type().into()),
                ("name".to_owned(), name.into()),
            ])));
        }
        let access = self.access()?;
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
        Ok(Some(reach))
    }

    fn open<P: Protocol>(&self) -> Result<Box<dyn ConfigBackend>, Failure> {
        Ok(match self.kind {
            Backend::Sqlite => Box::new(sqlite::open(self.file()?.to_owned(), P::FAMILY)),
            Backend::Mysql => Box::new(mysql::open(self.access()?, P::FAMILY)),
            _ => Box::new(postgres::open(self.access()?, P::FAMILY)),
        })
    }

    /// The file of a database that is still to be made.
    fn to_be_made(&self) -> Option<&Path> {
        let file = self.parameters.name.as_deref().filter(|_| self.kind == Backend::Sqlite)?;
        (!file.exists()).then_some(file)
    }

    /// Everything that a server gets.
    fn objects(&self, backend: &dyn ConfigBackend, tag: &ServerTag) -> Result<Objects, Failure> {
        match self.wait(backend.pull(tag.clone(), None))? {
            Pulled::Everything { objects, .. } => Ok(objects),
            Pulled::Nothing | Pulled::Changes { .. } => Ok(Objects::default()),
        }
    }

    fn import<P: Protocol>(&self, servers: &[Named<P>], output: &Path) -> Result<(), Failure> {
        let reach = self.reach()?;
        let sources: Vec<Source<P>> = servers
            .iter()
            .map(|server| Source {
                tag: server.tag.clone(),
                name: server.file.as_deref().unwrap_or(Path::new("")).display().to_string(),
                written: server.written.clone(),
            })
            .collect();
        for source in &sources {
            fetches_from_nowhere_else(source, reach.as_ref())?;
        }
        // A database that is not there yet is made when something is stored in it: until then, it is tried on another.
        let scratch = match &reach {
            Some(_) if self.to_be_made().is_some() => Some(tempfile::tempdir().map_err(failed_here)?),
            _ => None,
        };
        let trial: Option<Box<dyn ConfigBackend>> = match (&reach, &scratch) {
            (None, _) => None,
            (Some(_), None) => Some(self.open::<P>()?),
            (Some(_), Some(scratch)) => {
                Some(Box::new(sqlite::open(scratch.path().join("trial.db"), P::FAMILY)))
            }
        };
        let unused_at = trial.as_ref().map(|trial| self.wait(trial.premises())).transpose()?;
        let unused_at = unused_at.map(|premises| premises.cursor).unwrap_or_default();
        let tags: Vec<&ServerTag> = sources.iter().map(|source| &source.tag).collect();
        let mut present = match &trial {
            Some(trial) => self.present(trial.as_ref(), &tags)?,
            None => Present::default(),
        };
        let plan = self.planned(&sources, trial.as_deref(), &mut present)?;
        print!("{plan}");
        let adopted = |written: &Written<P>, tag: &ServerTag| {
            let mut written = written.clone();
            adopt(&mut written.globals, tag, reach.as_ref(), self.kind.config_type());
            written
        };
        // What each server ran, and its new file as it will be read.
        let mut proofs = Vec::with_capacity(sources.len());
        for (source, remaining) in sources.iter().zip(&plan.remaining) {
            let file = migrate::file(&adopted(remaining, &source.tag));
            let (read, errors) = P::parse(file.clone());
            if let Some(error) = errors.first() {
                return Err(Failure::new(format!("server '{}': what remains: {error}", source.tag)));
            }
            proofs.push(Proof {
                tag: &source.tag,
                whole: adopted(&source.written, &source.tag),
                rest: read,
                file,
            });
        }
        for proof in &proofs {
            proof.holds(&plan.objects(proof.tag), "as planned")?;
        }
        if let Some(trial) = &trial {
            for proof in &proofs {
                let preview = self.wait(trial.preview(plan.changes.clone(), Some(proof.tag.clone())))?;
                leaves_others(&preview, &tags, present.others)?;
                let objects = preview.server.map(|(_, after)| after).unwrap_or_default();
                proof.holds(&objects, "as the database would hold it")?;
            }
        }
        println!("Every server keeps its configuration.");
        if self.parameters.dry_run {
            return Ok(());
        }
        let files: Vec<PathBuf> = servers.iter().map(|server| path(output, server)).collect();
        for file in &files {
            ask::may_overwrite(file, self.parameters.yes, self.command.name())?;
        }
        let Some(trial) = trial else { return Ok(()) };
        let identity =
            if scratch.is_some() { self.open::<P>()?.identity().clone() } else { trial.identity().clone() };
        if !self.parameters.yes {
            println!("{} objects go into {identity}.", plan.places.len());
            if !ask::agrees() {
                return Err(Failure::new(format!("{} aborted by user.", self.command.name())));
            }
        }
        // What remains of the files is on the medium before anything is stored, and takes its place afterwards.
        let mut drafts = Drafts::default();
        for (proof, file) in proofs.iter().zip(&files) {
            drafts.write(file, &proof.file)?;
        }
        let backend = if scratch.is_some() { self.made::<P>()? } else { trial };
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let note = Note { time: now(), message: format!("kea-admin config-import: {}", names.join(", ")) };
        let before = unused_at.revision;
        let checked = if scratch.is_some() { self.wait(backend.premises())?.cursor } else { unused_at };
        if let Err(error) = self.runtime.block_on(backend.apply(plan.changes.clone(), note, Some(checked))) {
            let uncertain = matches!(error, BackendError::Uncertain { .. });
            let advice = if uncertain { drafts.left_to_operator() } else { String::new() };
            return Err(Failure::new(format!("{error}{advice}")));
        }
        for proof in &proofs {
            let objects = self.objects(backend.as_ref(), proof.tag)?;
            if let Err(failure) = proof.holds(&objects, "as the database holds it") {
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

    /// The database, made now; one that somebody else made meanwhile has to be empty.
    fn made<P: Protocol>(&self) -> Result<Box<dyn ConfigBackend>, Failure> {
        let backend = self.open::<P>()?;
        if self.wait(backend.premises())?.cursor.revision != 0 {
            return Err(Failure::new(format!(
                "{} was made by somebody else meanwhile; nothing was changed",
                backend.identity()
            )));
        }
        Ok(backend)
    }

    /// Plans until the database refuses nothing: what it has no room for stays in the files.
    fn planned<P: Protocol>(
        &self,
        sources: &[Source<P>],
        trial: Option<&dyn ConfigBackend>,
        present: &mut Present,
    ) -> Result<Plan<P>, Failure> {
        loop {
            let plan = Plan::new(sources, present).map_err(|error| Failure::new(error.to_string()))?;
            let Some(trial) = trial else { return Ok(plan) };
            let refused = match self.runtime.block_on(trial.preview(plan.changes.clone(), None)) {
                Ok(_) => return Ok(plan),
                Err(BackendError::NoRoom(refused)) => refused,
                Err(error) => return Err(Failure::new(error.to_string())),
            };
            let mut new = false;
            for misfit in &refused {
                let key = plan.changes.get(misfit.change).and_then(Key::of);
                new |= key.is_some_and(|key| present.refused.insert(key, misfit.reason.clone()).is_none());
            }
            if !new {
                return Err(Failure::new(BackendError::NoRoom(refused).to_string()));
            }
        }
    }

    /// What a database has of other servers. It must not have anything for these yet, nor for all.
    fn present(&self, backend: &dyn ConfigBackend, tags: &[&ServerTag]) -> Result<Present, Failure> {
        let known = self.wait(backend.servers())?;
        if let Some(server) = known.iter().find(|server| tags.contains(&&server.tag)) {
            return Err(Failure::new(format!(
                "{} knows server '{}' already; nothing was changed",
                backend.identity(),
                server.tag
            )));
        }
        if !self.objects(backend, &ServerTag::all())?.is_empty() {
            return Err(Failure::new(format!(
                "{} has objects for all servers already, which these would get; nothing was changed",
                backend.identity()
            )));
        }
        let mut present = Present::default();
        present.others = !known.is_empty();
        present.folds_names = self.kind == Backend::Mysql;
        for subnet in self.wait(backend.subnet_list(ServerSelector::Any))? {
            present.add_subnet(subnet.id, subnet.prefix);
        }
        for network in self.wait(backend.networks(ServerSelector::Any))? {
            present.add_network(&text_member(&network.element.map, "name"));
        }
        for class in self.wait(backend.classes(ServerSelector::Any))? {
            present.add_class(&text_member(&class.element.map, "name"));
        }
        Ok(present)
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
        if let Some(file) = self.to_be_made() {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            return Err(Failure::new(format!("database {} does not exist", file.display())));
        }
        let backend = self.open::<P>()?;
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

fn failed_here(error: std::io::Error) -> Failure {
    Failure::new(error.to_string())
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
    let tag =
        ServerTag::of_server(&tag).map_err(|error| Failure::new(format!("server tag '{tag}': {error}")))?;
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

/// A server's part of the import, to be proved.
struct Proof<'a, P: Protocol> {
    tag: &'a ServerTag,
    /// What it ran, with what makes it a server on the database.
    whole: Written<P>,
    /// Its new file, read.
    rest: Written<P>,
    file: Value,
}

impl<P: Protocol> Proof<'_, P> {
    /// Fails unless the server starts with its new file, and with `objects` of the database has what it had before.
    fn holds(&self, objects: &Objects, how: &str) -> Result<(), Failure> {
        const SHOWN: usize = 10;
        let found = migrate::proof(&self.whole, &self.rest, objects, self.tag);
        if found.is_empty() {
            return Ok(());
        }
        let shown: BTreeSet<&String> = found.iter().take(SHOWN).collect();
        let shown: Vec<&str> = shown.into_iter().map(String::as_str).collect();
        Err(Failure::new(format!(
            "server '{}' would not run what it ran, {how}; nothing was changed:\n  {}",
            self.tag,
            shown.join("\n  ")
        )))
    }
}

/// Whether all that changes do is to make objects of these servers: what others have stays as it is.
fn leaves_others(preview: &Preview, tags: &[&ServerTag], others: bool) -> Result<(), Failure> {
    for touched in &preview.objects {
        let (Some(image), None) = (touched.before.as_ref().or(touched.after.as_ref()), &touched.before)
        else {
            let name = touched.before.as_ref().map_or("", |image| image.name.as_str());
            return Err(Failure::new(format!(
                "{} '{name}' of the database would be replaced; nothing was changed",
                touched.object_type
            )));
        };
        let own = |tag: &ServerTag| tags.contains(&tag) || (tag.is_all() && !others);
        if let Some(tag) = image.tags.iter().find(|tag| !own(tag)) {
            return Err(Failure::new(format!(
                "server '{tag}' would get {} '{}' of another; nothing was changed",
                touched.object_type, image.name
            )));
        }
    }
    Ok(())
}

/// What makes a configuration that of a server on the database.
fn adopt(globals: &mut Map, tag: &ServerTag, reach: Option<&Map>, kind: &str) {
    globals.insert("server-tag".to_owned(), tag.as_str().into());
    let Some(reach) = reach else { return };
    let control = globals.entry("config-control".to_owned()).or_insert_with(Value::map);
    if let Some(control) = control.as_map_mut() {
        let databases = control.entry("config-databases".to_owned()).or_insert_with(|| Vec::new().into());
        // Where there is one it is this, as its file says how to reach it.
        if databases.as_list().is_none_or(<[Value]>::is_empty) {
            *databases = vec![Value::from(reach.clone())].into();
        }
    }
    load(globals, kind);
}

/// A server that gets objects from another database would lose them.
fn fetches_from_nowhere_else<P: Protocol>(source: &Source<P>, reach: Option<&Map>) -> Result<(), Failure> {
    let control = source.written.globals.get("config-control");
    let databases = control.and_then(|control| control.get("config-databases")).and_then(Value::as_list);
    for database in databases.unwrap_or_default() {
        let same = reach.is_some_and(|reach| {
            ["type", "name", "host", "port"]
                .iter()
                .all(|member| at(database.get(member)) == at(reach.get(*member)))
        });
        if !same {
            let named = |member| database.get(member).and_then(Value::as_str).unwrap_or_default();
            return Err(Failure::new(format!(
                "server '{}': {} gets a part of its configuration from the {} database '{}' (config-databases): that \
                 would not move; config-export gives a file with all of it, which can be imported; nothing was changed",
                source.tag,
                source.name,
                named("type"),
                named("name"),
            )));
        }
    }
    Ok(())
}

/// A member of how a database is reached, with the usual one where it is not given.
fn at(member: Option<&Value>) -> String {
    match member.map(|value| (value.as_str(), value.as_int())) {
        None | Some((Some("" | "localhost"), _) | (None, Some(0))) => String::new(),
        Some((Some(text), _)) => text.to_owned(),
        Some((None, number)) => number.map_or_else(String::new, |number| number.to_string()),
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
