//! `libdhcp_host_cmds`: commands on host reservations (Kea manual, "Host Commands").
//!
//! Reservations are in the configuration (`memory`) and in databases. Those of the configuration are edited as an
//! operator would edit the file: the result is checked whole and swapped in, or refused; `config-write` saves it.

mod arguments;
mod memory;
mod messages;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use backend::hosts::{HostDatabase, HostQuery, HostRecord};
use base::SubnetId;
use config::{Element, Protocol, ServerConfig};
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand, result};
use host::GLOBAL;
use json::{Kind, Map, Value};
use observe::log;

use crate::edit::{self, version};
use crate::params::{Params, Refusal, refuse, shown};
use arguments::Target;
pub use messages::MESSAGES;

/// The library that the commands come with.
pub const PROVIDER: &str = "libdhcp_host_cmds";

/// What the commands need of the server that has them.
pub trait Host<P: Protocol>: edit::Host<P> {
    /// Databases of reservations, in the order of the configuration.
    fn databases(&self) -> Vec<Arc<dyn HostDatabase>> {
        Vec::new()
    }
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Update,
    Del,
    Get,
    GetAll,
    GetPage,
    GetByHostname,
    GetById,
    GetByAddress,
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
    row(
        "reservation-add",
        Access::Write,
        Op::Add,
        "reservation:map,operation-target:string?",
        "Adds a host reservation.",
    ),
    row(
        "reservation-update",
        Access::Write,
        Op::Update,
        "reservation:map,operation-target:string?",
        "Replaces the reservation of a client in a subnet.",
    ),
    row(
        "reservation-del",
        Access::Write,
        Op::Del,
        "subnet-id:integer,ip-address:string?,identifier-type:string?,identifier:string?,operation-target:string?",
        "Deletes a reservation, by address or by identifier.",
    ),
    row(
        "reservation-get",
        Access::Read,
        Op::Get,
        "subnet-id:integer,ip-address:string?,identifier-type:string?,identifier:string?,operation-target:string?",
        "A reservation of a subnet, by address or by identifier.",
    ),
    row(
        "reservation-get-all",
        Access::Read,
        Op::GetAll,
        "subnet-id:integer,operation-target:string?",
        "The reservations of a subnet.",
    ),
    row(
        "reservation-get-page",
        Access::Read,
        Op::GetPage,
        "limit:integer,subnet-id:integer?,source-index:integer?,from:integer?",
        "Reservations, so many at a time.",
    ),
    row(
        "reservation-get-by-hostname",
        Access::Read,
        Op::GetByHostname,
        "hostname:string,subnet-id:integer?,operation-target:string?",
        "The reservations of a name.",
    ),
    row(
        "reservation-get-by-id",
        Access::Read,
        Op::GetById,
        "identifier-type:string,identifier:string,operation-target:string?",
        "The reservations of a client in all subnets.",
    ),
    row(
        "reservation-get-by-address",
        Access::Read,
        Op::GetByAddress,
        "ip-address:string,subnet-id:integer?,operation-target:string?",
        "The reservations of an address.",
    ),
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
    log!(messages::Received { name: &command.name, arguments: shown(command.arguments.as_ref()) });
    let answer = match op {
        Op::Add => add(host, command).await,
        Op::Update => update(host, command).await,
        Op::Del => del(host, command).await,
        Op::Get => get(host, command).await,
        Op::GetPage => page(host, command).await,
        Op::GetAll | Op::GetByHostname | Op::GetById | Op::GetByAddress => list(op, host, command).await,
    };
    let answer = answer.unwrap_or_else(Into::into);
    let reservation = || shown(command.arguments.as_ref());
    let reason = answer.text.as_deref().unwrap_or_default();
    let good = matches!(answer.result, result::OK | result::EMPTY);
    match (op, good) {
        (Op::Add, true) => log!(messages::Added { reservation: reservation() }),
        (Op::Add, false) => log!(messages::AddFailed { reservation: reservation(), reason }),
        (Op::Update, true) => log!(messages::Updated { reservation: reservation() }),
        (Op::Update, false) => log!(messages::UpdateFailed { reservation: reservation(), reason }),
        (Op::Del, true) => log!(messages::Deleted { reservation: reservation() }),
        (Op::Del, false) => log!(messages::DeleteFailed { reservation: reservation(), reason }),
        (_, true) => {}
        (_, false) => log!(messages::GetFailed { name: &command.name, reason }),
    }
    answer
}

/// Reservations are for one configuration; databases are asked beside it.
fn databases<P: Protocol>(
    host: &dyn Host<P>,
    target: Target,
    deed: &str,
) -> Result<Vec<Arc<dyn HostDatabase>>, Refusal> {
    if !target.database() {
        return Ok(Vec::new());
    }
    let all = host.databases();
    if all.is_empty() && target == Target::Database {
        return refuse(format!("Unable to {deed} because there is no hosts-databases configured."));
    }
    Ok(all)
}

/// A reservation that was checked, and where it goes.
struct Wanted {
    subnet: SubnetId,
    element: Arc<Element>,
}

fn parse<P: Protocol>(value: &Value) -> Result<Arc<Element>, Refusal> {
    config::parse_reservation(P::FAMILY, value).map_err(|errors| edit::faults(&errors))
}

/// The addresses that are reserved.
fn addresses<P: Protocol>(element: &Element) -> Vec<P::Address> {
    let address = |value: &Value| value.as_str()?.parse().ok();
    let one = element.map.get("ip-address").and_then(address);
    let several = element.map.get("ip-addresses").and_then(Value::as_list).unwrap_or_default();
    one.into_iter().chain(several.iter().filter_map(address)).collect()
}

async fn add<P: Protocol>(host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    let Some(arguments) = &command.arguments else {
        return refuse("no parameters specified for the command");
    };
    let params = arguments::map(Some(arguments))?;
    let target = Target::of(params.map, Target::Database)?;
    let Some(reservation) = params.get("reservation") else { return refuse("reservation must be specified") };
    let config = host.running();
    let (subnet, rest) = arguments::reservation(reservation)?;
    let element = parse::<P>(&rest)?;
    let reserved = addresses::<P>(&element);
    if subnet.is_none()
        && let Some(refusal) = arguments::which_subnet(&config, &reserved, &element)
    {
        return Err(refusal);
    }
    if target == Target::Database && host.databases().is_empty() {
        return refuse("Host database not available, cannot add host.");
    }
    let wanted = Wanted { subnet: subnet.unwrap_or(GLOBAL), element };
    arguments::in_subnet(&config, wanted.subnet, &reserved)?;
    store(host, target, wanted, "add new host").await?;
    let global =
        if subnet.is_none() { " subnet-id not specified, assumed global (subnet-id 0)." } else { "" };
    Ok(Answer::ok(format!("Host added.{global}")))
}

async fn store<P: Protocol>(
    host: &dyn Host<P>,
    target: Target,
    wanted: Wanted,
    deed: &str,
) -> Result<(), Refusal> {
    let databases = databases(host, target, deed)?;
    let config = host.running();
    let record = storable(&config, &wanted)?;
    let unique =
        config.written.globals.get("ip-reservations-unique").and_then(Value::as_bool).unwrap_or(true);
    let mut outcome = Ok(());
    let mut done = Vec::new();
    for database in databases {
        if let Err(error) = database.add(&record, unique).await {
            outcome = Err(error.into());
            break;
        }
        done.push(database);
    }
    if outcome.is_ok() && target.memory() {
        outcome = edited(host.edit(memory::add(wanted)).await);
    }
    if outcome.is_err()
        && let Some(identifier) = memory::identifier(&record.reservation)
    {
        // Nothing is done by halves, as far as databases still answer.
        let query = HostQuery::Identifier(identifier);
        for database in done {
            let _: Result<bool, _> = database.del(record.subnet, &query).await;
        }
    }
    outcome
}

/// A reservation as databases store it: one that this server could use, its options with their codes.
fn storable<P: Protocol>(config: &ServerConfig<P>, wanted: &Wanted) -> Result<HostRecord, Refusal> {
    let Wanted { subnet, element } = wanted;
    P::resolve_reservation(config, *subnet, &element.map).map_err(|errors| edit::faults(&errors))?;
    let mut reservation = element.map.clone();
    if let Some(Value { kind: Kind::List(options), .. }) = reservation.get_mut("option-data") {
        for option in options {
            if let Some(map) = option.as_map_mut() {
                *map = config::option_data(map, &config.definitions);
                map.remove("name");
            }
        }
    }
    Ok(HostRecord { subnet: *subnet, reservation })
}

/// What became of a change of the configuration. Conflicts of reservations are told without their place in the
/// command, as Kea does.
fn edited(answer: Answer) -> Result<(), Refusal> {
    if answer.result == result::OK {
        return Ok(());
    }
    let text = answer.text.unwrap_or_default();
    let text = match text.rsplit_once(" (") {
        Some((text, _)) if text.starts_with("failed to add ") => text.to_owned(),
        _ => text,
    };
    Err(Refusal { result: answer.result, text })
}

async fn update<P: Protocol>(host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    let Some(arguments) = &command.arguments else {
        return refuse("invalid command: does not contain mandatory 'arguments'");
    };
    let Some(params) = Params::of(arguments) else {
        return refuse(format!(
            "invalid command: expected 'arguments' to be a map, got {} instead",
            arguments.type_name()
        ));
    };
    let Some(reservation) = params.get("reservation") else {
        return refuse(
            "invalid command: expected 'reservation' as the sole parameter inside the 'arguments' map, didn't get it instead",
        );
    };
    if reservation.as_map().is_none() {
        return refuse(format!(
            "invalid command: expected 'reservation' to be a map, got {} instead",
            reservation.type_name()
        ));
    }
    let target = Target::of(params.map, Target::Database)?;
    let (subnet, rest) = arguments::reservation(reservation)?;
    let Some(subnet) = subnet else {
        return refuse(
            "Mandatory 'subnet-id' parameter missing. Use `reservation-get-by-id' or 'reservation-get-by-address' to \
             get the list of reservations with given identifier or address.",
        );
    };
    let element = parse::<P>(&rest)?;
    if target == Target::Database && host.databases().is_empty() {
        return refuse("host database not available, cannot update host");
    }
    arguments::in_subnet(&host.running(), subnet, &addresses::<P>(&element))?;
    let databases = databases(host, target, "update existing host")?;
    let wanted = Wanted { subnet, element };
    let record = storable(&host.running(), &wanted)?;
    if target.memory() {
        edited(host.edit(memory::update(wanted)).await)?;
    }
    for database in databases {
        if !database.update(&record).await? {
            return refuse("Host not updated (not found).");
        }
    }
    Ok(Answer::ok("Host updated."))
}

async fn del<P: Protocol>(host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    let params = arguments::map(command.arguments.as_ref())?;
    let (subnet, query) = arguments::key(&params)?;
    let target = Target::of(params.map, Target::Database)?;
    let databases = databases(host, target, "delete a host")?;
    let mut deleted = false;
    if target.memory() && memory::find(&host.running(), Some(subnet), &query).next().is_some() {
        edited(host.edit(memory::del(subnet, query.clone())).await)?;
        deleted = true;
    }
    for database in databases {
        deleted |= database.del(subnet, &query).await?;
    }
    if deleted {
        Ok(Answer::ok("Host deleted."))
    } else {
        Err(Refusal::empty("Host not deleted (not found)."))
    }
}

/// A reservation as answers show it.
fn show<P: Protocol>(config: &ServerConfig<P>, record: &HostRecord) -> Value {
    let mut map: Map = config::write_reservation(&record.reservation, &config.definitions);
    map.insert("subnet-id".to_owned(), record.subnet.0.into());
    map.into()
}

async fn search<P: Protocol>(
    host: &dyn Host<P>,
    config: &ServerConfig<P>,
    target: Target,
    subnet: Option<SubnetId>,
    query: &HostQuery,
) -> Result<Vec<HostRecord>, Refusal> {
    let mut found = Vec::new();
    if target.memory() {
        found.extend(memory::find(config, subnet, query));
    }
    if target.database() {
        for database in host.databases() {
            found.extend(database.find(subnet, query).await?);
        }
    }
    Ok(found)
}

async fn get<P: Protocol>(host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    let params = arguments::map(command.arguments.as_ref())?;
    let (subnet, query) = arguments::key(&params)?;
    let target = Target::of(params.map, Target::All)?;
    let config = host.running();
    let found = search(host, &config, target, Some(subnet), &query).await?;
    match found.first() {
        Some(record) => Ok(Answer::full("Host found.", show(&config, record))),
        None => Err(Refusal::empty("Host not found.")),
    }
}

async fn list<P: Protocol>(op: Op, host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    let params = arguments::map(command.arguments.as_ref())?;
    let config = host.running();
    let (subnet, query) = match op {
        Op::GetById => (None, arguments::by_id(&params)?),
        Op::GetByHostname => {
            let name = params.string("hostname")?.to_owned();
            (arguments::optional_subnet(&params)?, HostQuery::Hostname(name))
        }
        Op::GetByAddress => {
            let query = HostQuery::Address(arguments::by_address(&params)?);
            (arguments::optional_subnet(&params)?, query)
        }
        _ => (Some(arguments::subnet(&params)?), HostQuery::All),
    };
    let target = Target::of(params.map, Target::All)?;
    if query == HostQuery::Hostname(String::new()) {
        return refuse("Empty hostname");
    }
    if let Some(subnet) = subnet {
        arguments::in_subnet(&config, subnet, &[])?;
    }
    let found = search(host, &config, target, subnet, &query).await?;
    let hosts = found.iter().map(|record| show(&config, record)).collect();
    Ok(counted::<P>(hosts, Map::new()))
}

/// An answer with reservations.
fn counted<P: Protocol>(hosts: Vec<Value>, mut more: Map) -> Answer {
    let text = format!("{} {} host(s) found.", hosts.len(), version::<P>());
    let answer = if hosts.is_empty() { Answer::empty(text) } else { Answer::ok(text) };
    more.insert("hosts".to_owned(), hosts.into());
    answer.and_arguments(more)
}

async fn page<P: Protocol>(host: &dyn Host<P>, command: &Command) -> Result<Answer, Refusal> {
    const MOST_SOURCES: usize = 10;
    let params = arguments::map(command.arguments.as_ref())?;
    let limit: u32 = params.number("limit")?;
    let subnet = arguments::optional_subnet(&params)?;
    let mut source: usize = params.optional("source-index")?.unwrap_or(0);
    if source > MOST_SOURCES {
        return refuse(format!("out of range value ({source}) specified for parameter 'source-index'"));
    }
    let mut from: u64 = params.optional("from")?.unwrap_or(0);
    if limit == 0 {
        return refuse("page size value must not be zero");
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let config = host.running();
    if let Some(subnet) = subnet {
        arguments::in_subnet(&config, subnet, &[])?;
    }
    let databases = host.databases();
    // An empty source is passed over; the next one is read from its beginning.
    let mut found = Vec::new();
    while found.is_empty() && source <= databases.len() {
        found = match source.checked_sub(1).and_then(|at| databases.get(at)) {
            None => memory::page(&config, subnet, from, limit),
            Some(database) => database.page(subnet, from, limit).await?,
        };
        if found.is_empty() {
            source += 1;
            from = 0;
        }
    }
    let mut more = Map::new();
    more.insert("count".to_owned(), u64::try_from(found.len()).unwrap_or(u64::MAX).into());
    if let Some((last, _)) = found.last() {
        let source = u64::try_from(source).unwrap_or(u64::MAX);
        let next = Value::from([("from", Value::from(*last)), ("source-index", source.into())]);
        more.insert("next".to_owned(), next);
    }
    let hosts = found.iter().map(|(_, record)| show(&config, record)).collect();
    Ok(counted::<P>(hosts, more))
}
