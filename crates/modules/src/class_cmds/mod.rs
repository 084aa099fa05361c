//! `libdhcp_class_cmds`: commands that change the client classes of the running server (Kea manual, "Class
//! Commands").
//!
//! As the commands on subnets they edit the written configuration, which is checked whole and then swapped in, or
//! refused. What comes from a configuration database is changed there, with `remote-class4-*`.

mod messages;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use config::{Element, Protocol, ResolveEnv, ServerConfig, Written};
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand, result};
use json::{Map, Value};
use observe::log;

use crate::edit::{Edit, Host, faults, only_map, single};
use crate::params::{Refusal, refuse};
pub use messages::MESSAGES;

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_class_cmds";

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Update,
    Del,
    Get,
    List,
}

const fn row(
    name: &'static str,
    access: Access,
    op: Op,
    arguments: &'static str,
    summary: &'static str,
) -> (CommandDef, Op) {
    (CommandDef { name, summary, access, provider: PROVIDER, arguments }, op)
}

static COMMANDS: &[(CommandDef, Op)] = &[
    row("class-add", Access::Write, Op::Add, "client-classes:list of one class map", "Adds a client class."),
    row(
        "class-update",
        Access::Write,
        Op::Update,
        "client-classes:list of one class map",
        "Replaces a client class.",
    ),
    row(
        "class-del",
        Access::Write,
        Op::Del,
        "name:string",
        "Deletes a client class that no other depends on.",
    ),
    row("class-get", Access::Read, Op::Get, "name:string", "A client class of the running configuration."),
    row("class-list", Access::Read, Op::List, "", "The names of the client classes."),
];

/// The commands, for references and access rules.
pub fn command_definitions() -> impl Iterator<Item = &'static CommandDef> {
    COMMANDS.iter().map(|(definition, _)| definition)
}

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register<P: Protocol>(table: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    for (definition, op) in COMMANDS {
        let (host, op) = (Arc::clone(&host), *op);
        table.register(*definition, move |command| {
            let host = Arc::clone(&host);
            async move { run(op, host.as_ref(), &command).await }
        })?;
    }
    Ok(())
}

/// Answers one command.
async fn run<P: Protocol>(op: Op, host: &dyn Host<P>, command: &Command) -> Answer {
    let config = host.running();
    if op == Op::List {
        return list(&config);
    }
    let map = match command.require_arguments() {
        Ok(map) => map,
        Err(answer) => return answer,
    };
    let edit = match op {
        Op::Add => add(map, &command.name),
        Op::Update => update(&config, map, &command.name),
        Op::Del => del(&config, map, &command.name),
        Op::Get | Op::List => {
            let answer = get(&config, map, &command.name).unwrap_or_else(Into::into);
            report(op, "", &answer);
            return answer;
        }
    };
    match edit {
        Ok((name, edit)) => {
            let answer = host.edit(edit).await;
            report(op, &name, &answer);
            answer
        }
        Err(refusal) => {
            let answer = refusal.into();
            report(op, "", &answer);
            answer
        }
    }
}

fn report(op: Op, name: &str, answer: &Answer) {
    let reason = answer.text.as_deref().unwrap_or_default();
    match (op, answer.result) {
        (_, result::EMPTY) => {}
        (Op::Add, result::OK) => log!(messages::Added { name }),
        (Op::Add, _) => log!(messages::AddFailed { reason }),
        (Op::Update, result::OK) => log!(messages::Updated { name }),
        (Op::Update, _) => log!(messages::UpdateFailed { reason }),
        (Op::Del, result::OK) => log!(messages::Deleted { name }),
        (Op::Del, _) => log!(messages::DeleteFailed { reason }),
        (Op::Get | Op::List, result::OK) => {}
        (Op::Get | Op::List, _) => log!(messages::GetFailed { reason }),
    }
}

fn name_of(element: &Element) -> &str {
    element.map.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn find<'a, P: Protocol>(written: &'a Written<P>, name: &str) -> Option<&'a Arc<Element>> {
    written.client_classes.iter().find(|class| name_of(class) == name)
}

/// A class in the part of the configuration that commands can change.
fn editable<'a, P: Protocol>(
    written: &'a mut Written<P>,
    name: &str,
) -> Result<&'a mut Arc<Element>, Answer> {
    written.client_classes.iter_mut().find(|class| name_of(class) == name).ok_or_else(|| {
        Answer::conflict(format!(
            "class '{name}' comes from a configuration database; it can only be changed there, with remote commands"
        ))
    })
}

/// The class map of a command.
fn class_argument<'a>(map: &'a Map, command: &str) -> Result<&'a Value, Refusal> {
    single(map, command, "'client-classes' list")?;
    only_map(map, command, "client-classes", "classes", "class definition")
}

/// The name that is the only argument.
fn name_argument<'a>(map: &'a Map, command: &str) -> Result<&'a str, Refusal> {
    single(map, command, "'name' string")?;
    let Some(name) = map.get("name") else {
        return refuse(format!("missing 'name' argument for the '{command}' command"));
    };
    name.as_str().ok_or_else(|| {
        Refusal::error(format!("'name' argument specified for the '{command}' command is not a string"))
    })
}

fn parse<P: Protocol>(value: &Value) -> Result<Arc<Element>, Refusal> {
    let class = config::parse_client_class(P::FAMILY, value).map_err(|errors| faults(&errors))?;
    engine::warn_of_class_name(name_of(&class));
    Ok(class)
}

fn add<P: Protocol>(map: &Map, command: &str) -> Result<(String, Edit<P>), Refusal> {
    let value = class_argument(map, command)?;
    if value.get("name").is_none() {
        return refuse(format!("missing 'name' argument for the '{command}' command"));
    }
    let class = parse::<P>(value)?;
    let name = name_of(&class).to_owned();
    let answer = Answer::ok(format!("Class '{name}' added"));
    let edit: Edit<P> = Box::new(move |written| {
        written.client_classes.push(class);
        Ok(answer)
    });
    Ok((name, edit))
}

fn update<P: Protocol>(
    config: &ServerConfig<P>,
    map: &Map,
    command: &str,
) -> Result<(String, Edit<P>), Refusal> {
    let value = class_argument(map, command)?;
    if value.get("name").is_none() {
        return refuse("the first class definition is missing a mandatory 'name' parameter");
    }
    let class = parse::<P>(value)?;
    let name = name_of(&class).to_owned();
    if find(&config.written, &name).is_none() {
        return Err(Refusal::empty(format!("Class '{name}' is not found")));
    }
    // Classes alone, as they would be: what the new one depends on shows when it is compiled.
    let mut trial = Written {
        option_defs: config.written.option_defs.clone(),
        client_classes: config.written.client_classes.clone(),
        ..Written::default()
    };
    for place in trial.client_classes.iter_mut().filter(|place| name_of(place) == name) {
        *place = Arc::clone(&class);
    }
    let trial = P::resolve(Arc::new(trial), &ResolveEnv::default()).map_err(|errors| faults(&errors))?;
    let depends = |config: &ServerConfig<P>| {
        let class = config.classes.id(&name).and_then(|id| config.classes.get(id));
        class.is_some_and(|class| class.depends_on_known)
    };
    if depends(config) != depends(&trial) {
        return refuse(format!(
            "modification of the class '{name}' would affect its dependency on the KNOWN and/or UNKNOWN built-in \
             classes. Such modification is not allowed because there may be other classes depending on those \
             built-ins via the updated class"
        ));
    }
    let edit: Edit<P> = {
        let name = name.clone();
        Box::new(move |written| {
            *editable(written, &name)? = class;
            Ok(Answer::ok(format!("Class '{name}' updated")))
        })
    };
    Ok((name, edit))
}

fn del<P: Protocol>(
    config: &ServerConfig<P>,
    map: &Map,
    command: &str,
) -> Result<(String, Edit<P>), Refusal> {
    let name = name_argument(map, command)?;
    if find(&config.written, name).is_none() {
        return Err(Refusal::empty(format!("Class '{name}' not found")));
    }
    if let Some(id) = config.classes.id(name) {
        let user = config.classes.configured.iter().filter_map(|id| config.classes.get(*id)).find(|class| {
            &*class.name != name
                && class.test.iter().chain(&class.template_test).any(|test| test.classes().contains(&id))
        });
        if let Some(user) = user {
            return refuse(format!("Class '{name}' is used by class '{}'", user.name));
        }
    }
    let name = name.to_owned();
    let edit: Edit<P> = {
        let name = name.clone();
        Box::new(move |written| {
            editable(written, &name)?;
            written.client_classes.retain(|class| name_of(class) != name);
            Ok(Answer::ok(format!("Class '{name}' deleted")))
        })
    };
    Ok((name, edit))
}

fn get<P: Protocol>(config: &ServerConfig<P>, map: &Map, command: &str) -> Result<Answer, Refusal> {
    let name = name_argument(map, command)?;
    let Some(class) = find(&config.written, name) else {
        return Err(Refusal::empty(format!("Class '{name}' not found")));
    };
    let whole = config::write(&Written::<P> {
        option_defs: config.written.option_defs.clone(),
        client_classes: vec![Arc::clone(class)],
        ..Written::default()
    });
    let shown = whole.get("client-classes").cloned().unwrap_or_default();
    Ok(Answer::full(format!("Class '{name}' definition returned"), [("client-classes", shown)]))
}

fn list<P: Protocol>(config: &ServerConfig<P>) -> Answer {
    let names: Vec<Value> = config
        .written
        .client_classes
        .iter()
        .map(|class| Value::from([("name", Value::from(name_of(class)))]))
        .collect();
    let text = format!("{} class{} found", names.len(), if names.len() == 1 { "" } else { "es" });
    let answer = if names.is_empty() { Answer::empty(text) } else { Answer::ok(text) };
    answer.and_arguments([("client-classes", Value::from(names))])
}
