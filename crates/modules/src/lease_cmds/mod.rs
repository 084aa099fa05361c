//! `libdhcp_lease_cmds`: commands that look at leases and change them (Kea manual, "Lease Commands").
//!
//! A command works on the store that packets are served from, beside them, and its answer leaves when everything it
//! read or wrote is durable, as a reply to a client does. Addresses, states and times are checked against the
//! configuration in force; statistics and free addresses follow through the store's observer.

mod commands;
mod form;
mod messages;
mod query;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base::{SubnetId, Timestamp};
use config::ServerConfig4;
use control::{Answer, Command, CommandTable, DuplicateCommand, result};
use json::{Map, Value};
use lease::{Added, Lease4, LeaseState, LeaseStore4, Updated};
use observe::log;

use crate::Pending;
use crate::params::{Params, Refusal, address, refuse, shown};
use commands::{COMMANDS, Op};
pub use commands::{PROVIDER, definitions as command_definitions};
pub use messages::MESSAGES;

/// How often a change is tried again that another change overtook.
const ATTEMPTS: usize = 8;

/// What a command works on.
pub struct World<'a> {
    /// The store that packets are served from.
    pub store: Arc<dyn LeaseStore4>,
    pub config: Arc<ServerConfig4>,
    pub now: Timestamp,
    /// While it lives, no other configuration comes into force.
    pub gate: Box<dyn Send + Sync + 'a>,
}

/// What the commands need of the server that has them.
pub trait Host: Send + Sync {
    /// The leases and the configuration in force.
    fn enter(&self) -> Pending<'_, World<'_>>;

    /// Writes all leases to a file beside the lease file; answers its path.
    ///
    /// # Errors
    /// Why not: the name is not allowed, or the medium failed.
    fn write(&self, filename: &str) -> Pending<'_, Result<String, String>>;
}

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register(table: &CommandTable, host: Arc<dyn Host>) -> Result<(), DuplicateCommand> {
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
async fn run(op: Op, host: &dyn Host, command: &Command) -> Answer {
    let arguments = command.arguments.as_ref();
    let outcome = match op {
        Op::Write => write(host, arguments).await,
        _ => execute(op, host, &command.name, arguments).await,
    };
    outcome.unwrap_or_else(|refusal| {
        report(op, arguments, &refusal);
        refusal.into()
    })
}

fn report(op: Op, arguments: Option<&Value>, refusal: &Refusal) {
    let reason = &refusal.text;
    match (op, refusal.result) {
        (_, result::EMPTY) => {}
        (Op::Add, result::CONFLICT) => log!(messages::AddConflict { parameters: shown(arguments), reason }),
        (Op::Add, _) => log!(messages::AddFailed { parameters: shown(arguments), reason }),
        (Op::Update, result::CONFLICT) => {
            log!(messages::ReplaceConflict { parameters: shown(arguments), reason });
        }
        (Op::Update, _) => log!(messages::ReplaceFailed { parameters: shown(arguments), reason }),
        (Op::Del, _) => log!(messages::DeleteFailed { parameters: shown(arguments), reason }),
        (Op::Get, _) => log!(messages::GetFailed { parameters: shown(arguments), reason }),
        (Op::Wipe, _) => log!(messages::WipeFailed { parameters: shown(arguments), reason }),
        (Op::ResendDdns, _) => log!(messages::ResendFailed { reason }),
        _ => {}
    }
}

async fn execute(op: Op, host: &dyn Host, name: &str, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    if op == Op::ResendDdns {
        return resend_ddns(arguments);
    }
    let world = host.enter().await;
    let mark = world.store.mark();
    let answer = match op {
        Op::Add => add(&world, arguments).await,
        Op::Update => update(&world, arguments).await,
        Op::Del => del(&world, arguments).await,
        Op::Get => query::get(&world, arguments).await,
        Op::GetAll => query::get_all(&world, arguments).await,
        Op::GetPage => query::get_page(&world, name, arguments).await,
        Op::GetByHwAddress => query::by_hw_address(&world, arguments).await,
        Op::GetByClientId => query::by_client_id(&world, arguments).await,
        Op::GetByHostname => query::by_hostname(&world, arguments).await,
        Op::GetByState => query::by_state(&world, arguments).await,
        Op::Wipe => wipe(&world, arguments).await,
        // Both were answered without the leases.
        Op::ResendDdns | Op::Write => refuse("not a command on leases"),
    }?;
    world.store.commit(mark).await?;
    Ok(answer)
}

async fn add(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else { return refuse("no parameters specified for the command") };
    let lease = form::parse(world, map(arguments)?)?;
    let (address, subnet) = (lease.address, lease.subnet_id);
    match world.store.add(lease).await? {
        Added::Yes => {
            log!(messages::Added { address });
            Ok(Answer::ok(format!("Lease for address {address}, subnet-id {subnet} added.")))
        }
        Added::Exists(_) => Err(Refusal::conflict("IPv4 lease already exists.")),
    }
}

async fn update(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else {
        return refuse("no parameters specified for lease4-update command");
    };
    let params = map(arguments)?;
    let lease = form::parse(world, params)?;
    let force = params.flag("force-create")?;
    if lease.state == LeaseState::Registered {
        return refuse("DHCPv4 leases do not support registered state");
    }
    let address = lease.address;
    for _ in 0..ATTEMPTS {
        let text = match world.store.by_address(address).await? {
            Some(before) => match world.store.update(lease.clone(), &before).await? {
                Updated::Yes => "IPv4 lease updated.",
                Updated::Conflict => continue,
            },
            None if force => match world.store.add(lease.clone()).await? {
                Added::Yes => "IPv4 lease added.",
                Added::Exists(_) => continue,
            },
            None => break,
        };
        log!(messages::Replaced { address });
        return Ok(Answer::ok(text));
    }
    Err(Refusal::conflict(format!(
        "failed to update the lease with address {address} either because the lease has been deleted or it has changed \
         in the database, in both cases a retry might succeed"
    )))
}

async fn del(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let wanted = query::Wanted::parse(arguments)?;
    if matches!(wanted, query::Wanted::Duid) {
        return refuse("Delete by duid is not allowed in v4.");
    }
    for _ in 0..ATTEMPTS {
        let Some(lease) = wanted.find(world).await? else { break };
        if world.store.delete(&lease).await? == Updated::Yes {
            log!(messages::Deleted { address: lease.address });
            return Ok(Answer::ok("IPv4 lease deleted."));
        }
    }
    Err(Refusal::empty("IPv4 lease not found."))
}

async fn wipe(world: &World<'_>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let wanted = match arguments {
        None => 0,
        Some(arguments) => map(arguments)?.optional::<u32>("subnet-id")?.unwrap_or_default(),
    };
    let subnets: Vec<SubnetId> = match wanted {
        0 => world.config.subnets.iter().map(|subnet| subnet.id).collect(),
        id => vec![SubnetId(id)],
    };
    let mut count = 0;
    let mut ids = String::new();
    for subnet in subnets {
        count += world.store.wipe(Some(subnet)).await?;
        ids.push_str(&format!(" {subnet}"));
    }
    log!(messages::Wiped { parameters: shown(arguments) });
    let result = if count == 0 { result::EMPTY } else { result::OK };
    Ok(Answer::with_result(result, format!("Deleted {count} IPv4 lease(s) from subnet(s){ids}")))
}

/// Names are not updated by this server, so there is nothing to send again.
fn resend_ddns(arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(value) = arguments.and_then(|arguments| arguments.get("ip-address")) else {
        return refuse("'ip-address' parameter is missing.");
    };
    let Some(text) = value.as_str() else { return refuse("'ip-address' is not a string.") };
    match text.parse::<IpAddr>() {
        Err(_) => refuse(format!("'{text}' is not a valid IP address.")),
        Ok(IpAddr::V6(_)) => refuse(format!("Invalid IPv4 address specified: {text}")),
        Ok(IpAddr::V4(_)) => refuse("DDNS updating is not enabled"),
    }
}

async fn write(host: &dyn Host, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else { return refuse("no parameters specified for the command") };
    let Some(file) = map(arguments)?.get("filename") else {
        return refuse("'filename' parameter not specified");
    };
    let Some(file) = file.as_str() else { return refuse("'filename' parameter must be a string") };
    let path = host.write(file).await?;
    Ok(Answer::ok(format!("IPv4 lease database into '{path}'.")))
}

/// The arguments as a map.
fn map(arguments: &Value) -> Result<Params<'_>, Refusal> {
    Params::of(arguments).ok_or_else(|| {
        Refusal::error(format!("get(string) called on a non-map Element in ({})", arguments.pos))
    })
}

/// The IPv4 address of a text.
fn ipv4(text: &str) -> Result<Ipv4Addr, Refusal> {
    match address(text)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => refuse(format!("Invalid IPv4 address specified: {text}")),
    }
}

/// Leases as answers show them.
fn found(leases: &[Arc<Lease4>], text: String, count: bool) -> Answer {
    let shown: Vec<Value> = leases.iter().map(|lease| form::render(lease).into()).collect();
    let mut arguments = Map::from([("leases".to_owned(), shown.into())]);
    if count {
        arguments.insert("count".to_owned(), u64::try_from(leases.len()).unwrap_or(u64::MAX).into());
    }
    let result = if leases.is_empty() { result::EMPTY } else { result::OK };
    Answer::with_result(result, text).and_arguments(arguments)
}
