//! `libdhcp_lease_cmds`: commands that look at leases and change them (Kea manual, "Lease Commands").
//!
//! A command works on the store that packets are served from, beside them, and its answer leaves when everything it
//! read or wrote is durable, as a reply to a client does. Addresses, states and times are checked against the
//! configuration in force; statistics and free addresses follow through the store's observer.

mod bulk;
mod commands;
mod form;
mod form4;
mod form6;
mod messages;
mod protocol;
mod query;
mod report;
mod take_over;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests6;

use std::sync::Arc;

use base::{Family, IpAddress, SubnetId, Timestamp};
use config::ServerConfig;
use control::{Answer, Command, CommandTable, DuplicateCommand, result};
use json::{Map, Value};
use lease::{Durable, LeaseState, LeaseType};
use ncr::Change;

use crate::Pending;
use crate::edit::version;
use crate::params::{Params, Refusal, refuse};
use commands::Op;
pub use commands::{PROVIDER, definitions as command_definitions};
pub use messages::v4::MESSAGES;
pub use messages::v6::MESSAGES as MESSAGES6;
pub use protocol::Leases;
use protocol::{By, Wanted};
pub use take_over::{Taken, differ, take_over};

/// How often a change is tried again that another change overtook.
const ATTEMPTS: usize = 8;

/// What a command works on.
pub struct World<'a, P: Leases> {
    /// The store that packets are served from.
    pub store: Arc<P::Store>,
    pub config: Arc<ServerConfig<P>>,
    pub now: Timestamp,
    /// What the server makes of a lease that a command brings (`extended-info-checks`).
    pub admit: fn(&ServerConfig<P>, P::Lease) -> P::Lease,
    /// While it lives, no other configuration comes into force.
    pub gate: Box<dyn Send + Sync + 'a>,
}

impl<P: Leases> World<'_, P> {
    /// The lease of a command.
    fn lease(&self, params: Params<'_>) -> Result<P::Lease, Refusal> {
        P::parse(self, params).map(|lease| (self.admit)(&self.config, lease))
    }
}

/// What the commands need of the server that has them.
pub trait Host<P: Leases>: Send + Sync {
    /// The leases and the configuration in force.
    fn enter(&self) -> Pending<'_, World<'_, P>>;

    /// Writes all leases to a file beside the lease file; answers its path.
    ///
    /// # Errors
    /// Why not: the name is not allowed, or the medium failed.
    fn write(&self, filename: &str) -> Pending<'_, Result<String, String>>;

    /// DNS is told of leases.
    fn updates_dns(&self) -> bool;

    /// Tells DNS of a lease, as far as its client's name is the server's business.
    fn tell_dns(&self, config: &ServerConfig<P>, change: Change, lease: &P::Lease);
}

/// Adds the commands to a table. `CommandTable::deregister_provider(PROVIDER)` takes them away.
pub fn register<P: Leases>(table: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    for (definition, op) in commands::table(P::FAMILY) {
        let (host, op) = (Arc::clone(&host), *op);
        let handler = move |command| {
            let host = Arc::clone(&host);
            async move { run(op, host.as_ref(), &command).await }
        };
        // One lease is found or changed in no time, or the medium is waited for; and leases change beside packets
        // anyway. A partner of high availability sends many at a time.
        if matches!(op, Op::Get | Op::Update | Op::Del | Op::BulkApply) {
            table.register_quick(*definition, handler)?;
        } else {
            table.register(*definition, handler)?;
        }
    }
    Ok(())
}

/// Answers one command.
async fn run<P: Leases>(op: Op, host: &dyn Host<P>, command: &Command) -> Answer {
    let arguments = command.arguments.as_ref();
    let outcome = match op {
        Op::Write => write(host, arguments).await,
        _ => execute(op, host, &command.name, arguments).await,
    };
    outcome.unwrap_or_else(|refusal| {
        report::refused(P::FAMILY, op, arguments, &refusal);
        refusal.into()
    })
}

async fn execute<P: Leases>(
    op: Op,
    host: &dyn Host<P>,
    name: &str,
    arguments: Option<&Value>,
) -> Result<Answer, Refusal> {
    let world = host.enter().await;
    let mark = world.store.mark();
    // What DNS hears of once it is durable.
    let mut told = None;
    let answer = match op {
        Op::Add => add(&world, arguments).await,
        Op::Update => update(&world, arguments).await,
        Op::Del => del(&world, arguments, &mut told).await,
        Op::Get => query::get(&world, arguments).await,
        Op::GetAll => query::get_all(&world, arguments).await,
        Op::GetPage => query::get_page(&world, name, arguments).await,
        Op::GetByHwAddress => query::by_hw_address(&world, arguments).await,
        Op::GetByClient => query::by_client(&world, arguments).await,
        Op::BulkApply => bulk::apply(&world, arguments).await,
        Op::GetByHostname => query::by_hostname(&world, arguments).await,
        Op::GetByState => query::by_state(&world, arguments).await,
        Op::Wipe => wipe(&world, arguments).await,
        Op::ResendDdns => resend_ddns(&world, host.updates_dns(), arguments, &mut told).await,
        // Was answered without the leases.
        Op::Write => refuse("not a command on leases"),
    }?;
    world.store.commit(mark).await?;
    if let Some((change, lease)) = told {
        host.tell_dns(&world.config, change, &lease);
    }
    Ok(answer)
}

async fn add<P: Leases>(world: &World<'_, P>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else { return refuse("no parameters specified for the command") };
    let lease = world.lease(map(arguments)?)?;
    let (address, text) = (
        P::address(&lease),
        format!("Lease for {}, subnet-id {} added.", P::named(&lease), P::subnet(&lease)),
    );
    if !P::add(&world.store, lease).await? {
        return Err(Refusal::conflict(format!("{} lease already exists.", version::<P>())));
    }
    report::added(P::FAMILY, address.into());
    Ok(Answer::ok(text))
}

async fn update<P: Leases>(world: &World<'_, P>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else {
        let digit = if P::FAMILY == Family::V4 { 4 } else { 6 };
        return refuse(format!("no parameters specified for lease{digit}-update command"));
    };
    let params = map(arguments)?;
    let lease = world.lease(params)?;
    let force = params.flag("force-create")?;
    if P::FAMILY == Family::V4 && P::state(&lease) == LeaseState::Registered {
        return refuse("DHCPv4 leases do not support registered state");
    }
    let added = replace(world, &lease, force).await?;
    report::replaced(P::FAMILY, P::address(&lease).into());
    Ok(Answer::ok(format!("{} lease {}.", version::<P>(), if added { "added" } else { "updated" })))
}

/// Puts a lease in the place of that of its address; whether it was added, which it only may be with `force`.
async fn replace<P: Leases>(world: &World<'_, P>, lease: &P::Lease, force: bool) -> Result<bool, Refusal> {
    let address = P::address(lease);
    for _ in 0..ATTEMPTS {
        let before = P::by_address(&world.store, address).await?;
        // A row has one type for its life: one of another type is not the lease that was meant.
        match before.filter(|before| P::lease_type(before) == P::lease_type(lease)) {
            Some(before) if P::update(&world.store, lease.clone(), &before).await? => return Ok(false),
            None if !force => break,
            None if P::add(&world.store, lease.clone()).await? => return Ok(true),
            _ => {}
        }
    }
    Err(Refusal::conflict(format!(
        "failed to update the lease with address {address} either because the lease has been deleted or it has changed \
         in the database, in both cases a retry might succeed"
    )))
}

async fn del<P: Leases>(
    world: &World<'_, P>,
    arguments: Option<&Value>,
    told: &mut Option<(Change, Arc<P::Lease>)>,
) -> Result<Answer, Refusal> {
    let wanted = query::wanted::<P>(arguments)?;
    if let Some(why) = P::undeletable(&wanted.by) {
        return refuse(why);
    }
    for _ in 0..ATTEMPTS {
        let Some(lease) = P::find(world, &wanted).await? else { break };
        if P::delete(&world.store, &lease).await? {
            report::deleted(P::FAMILY, P::address(&lease).into());
            if wanted.update_ddns {
                *told = Some((Change::Remove, lease));
            }
            return Ok(Answer::ok(format!("{} lease deleted.", version::<P>())));
        }
    }
    Err(Refusal::empty(format!("{} lease not found.", version::<P>())))
}

async fn wipe<P: Leases>(world: &World<'_, P>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
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
        count += P::wipe(&world.store, subnet).await?;
        ids.push_str(&format!(" {subnet}"));
    }
    report::wiped(P::FAMILY, arguments);
    let result = if count == 0 { result::EMPTY } else { result::OK };
    Ok(Answer::with_result(
        result,
        format!("Deleted {count} {} lease(s) from subnet(s){ids}", version::<P>()),
    ))
}

async fn resend_ddns<P: Leases>(
    world: &World<'_, P>,
    enabled: bool,
    arguments: Option<&Value>,
    told: &mut Option<(Change, Arc<P::Lease>)>,
) -> Result<Answer, Refusal> {
    let Some(value) = arguments.and_then(|arguments| arguments.get("ip-address")) else {
        return refuse("'ip-address' parameter is missing.");
    };
    let Some(text) = value.as_str() else { return refuse("'ip-address' is not a string.") };
    let address = match text.parse().map(P::Address::from_ip) {
        Err(_) => return refuse(format!("'{text}' is not a valid IP address.")),
        Ok(None) => return refuse(format!("Invalid {} address specified: {text}", version::<P>())),
        Ok(Some(address)) => address,
    };
    if !enabled {
        return Err(Refusal::conflict("DDNS updating is not enabled"));
    }
    let wanted = Wanted { lease_type: Some(LeaseType::Na), by: By::Address(address), update_ddns: true };
    let Some(lease) = P::find(world, &wanted).await? else {
        return Err(Refusal::empty(format!("No lease found for: {address}")));
    };
    let (hostname, updated) = P::name(&lease);
    if hostname.is_empty() {
        return Err(Refusal::conflict(format!("Lease for: {address}, has no hostname, nothing to update")));
    }
    if !updated {
        return Err(Refusal::conflict(format!(
            "Neither forward nor reverse updates enabled for lease for: {address}"
        )));
    }
    let text = format!("NCR generated for: {address}, hostname: {hostname}");
    report::resent(P::FAMILY, &text);
    *told = Some((Change::Add, lease));
    Ok(Answer::ok(text))
}

async fn write<P: Leases>(host: &dyn Host<P>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Some(arguments) = arguments else { return refuse("no parameters specified for the command") };
    let Some(file) = map(arguments)?.get("filename") else {
        return refuse("'filename' parameter not specified");
    };
    let Some(file) = file.as_str() else { return refuse("'filename' parameter must be a string") };
    let path = host.write(file).await?;
    Ok(Answer::ok(format!("{} lease database into '{path}'.", version::<P>())))
}

/// The arguments as a map.
fn map(arguments: &Value) -> Result<Params<'_>, Refusal> {
    Params::of(arguments).ok_or_else(|| {
        Refusal::error(format!("get(string) called on a non-map Element in ({})", arguments.pos()))
    })
}

/// The address of a text, of the family.
fn address<P: Leases>(text: &str) -> Result<P::Address, Refusal> {
    P::Address::from_ip(crate::params::address(text)?)
        .ok_or_else(|| Refusal::error(format!("Invalid {} address specified: {text}", version::<P>())))
}

/// So many leases are shown as a tree; of more, each is written at once, for the tree would be ten times the text.
const FEW: usize = 64;

/// Leases as answers show them.
fn found<P: Leases>(leases: &[Arc<P::Lease>], text: String, count: bool) -> Answer {
    let result = if leases.is_empty() { result::EMPTY } else { result::OK };
    let answer = Answer::with_result(result, text);
    if leases.len() > FEW {
        return Answer { written: Some(written::<P>(leases, count).into()), ..answer };
    }
    let shown: Vec<Value> = leases.iter().map(|lease| P::render(lease).into()).collect();
    let mut arguments = Map::from([("leases".to_owned(), shown.into())]);
    if count {
        arguments.insert("count".to_owned(), u64::try_from(leases.len()).unwrap_or(u64::MAX).into());
    }
    answer.and_arguments(arguments)
}

/// The text of the arguments.
fn written<P: Leases>(leases: &[Arc<P::Lease>], count: bool) -> String {
    let mut out = String::from("{ ");
    if count {
        out.push_str(&format!("\"count\": {}, ", leases.len()));
    }
    out.push_str("\"leases\": [ ");
    for (n, lease) in leases.iter().enumerate() {
        if n > 0 {
            out.push_str(", ");
        }
        json::write_compact(&P::render(lease).into(), &mut out);
    }
    out.push_str(" ] }");
    out
}
