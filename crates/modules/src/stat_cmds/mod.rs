//! `libdhcp_stat_cmds`: lease statistics of subnets as a table (Kea manual, "Statistics Commands").

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Micros, SubnetId};
use config::ServerConfig4;
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand};
use json::{Map, Value};
use lease::{Lease4, LeaseState, LeaseStore4};

use crate::params::{Refusal, refuse};

/// The library that the command comes with.
pub const PROVIDER: &str = "libdhcp_stat_cmds";

static COMMAND: CommandDef = CommandDef {
    name: "stat-lease4-get",
    summary: "Shows how many addresses of each subnet are there, assigned and declined.",
    access: Access::Read,
    provider: PROVIDER,
    arguments: "subnet-id:integer? | subnet-range:{first-subnet-id,last-subnet-id}?",
};

/// Leases that are fetched from the store at once.
const CHUNK: usize = 4096;

/// The columns behind the subnet.
const COLUMNS: [&str; 4] =
    ["total-addresses", "cumulative-assigned-addresses", "assigned-addresses", "declined-addresses"];

/// What the command needs of the server that has it.
pub trait Host: Send + Sync {
    fn config(&self) -> Arc<ServerConfig4>;

    /// The store that packets are served from.
    fn store(&self) -> Arc<dyn LeaseStore4>;

    /// A statistic of a subnet now; 0 when nobody has counted.
    fn statistic(&self, subnet: SubnetId, name: &str) -> i128;

    /// The wall clock.
    fn now(&self) -> Micros;
}

/// Adds the command to a table. `CommandTable::deregister_provider(PROVIDER)` takes it away.
pub fn register(table: &CommandTable, host: Arc<dyn Host>) -> Result<(), DuplicateCommand> {
    table.register(COMMAND, move |command: Command| {
        let host = Arc::clone(&host);
        async move { run(host.as_ref(), command.arguments.as_ref()).await.unwrap_or_else(Into::into) }
    })
}

/// The commands, for references and access rules.
pub fn command_definitions() -> impl Iterator<Item = &'static CommandDef> {
    std::iter::once(&COMMAND)
}

/// The subnets that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    One(i64),
    Range(i64, i64),
}

impl Wanted {
    fn parse(arguments: Option<&Value>) -> Result<Self, Refusal> {
        let Some(arguments) = arguments else { return Ok(Self::All) };
        let Some(map) = arguments.as_map() else { return refuse("'arguments' parameter is not a map") };
        let mut wanted = Self::All;
        if let Some(id) = map.get("subnet-id") {
            let Some(id) = id.as_int() else { return refuse("'subnet-id' parameter is not integer") };
            if id <= 0 {
                return refuse("'subnet-id' parameter must be > 0");
            }
            wanted = Self::One(id);
        }
        let Some(range) = map.get("subnet-range") else { return Ok(wanted) };
        if wanted != Self::All {
            return refuse("cannot specify both subnet-id and subnet-range");
        }
        let Some(range) = range.as_map() else { return refuse("subnet-range parameter is not a map") };
        let (first, last) = (bound(range, "first-subnet-id")?, bound(range, "last-subnet-id")?);
        if last < first {
            return refuse("'last-subnet-id' must be greater than 'first-subnet-id'");
        }
        Ok(Self::Range(first, last))
    }

    fn holds(self, subnet: SubnetId) -> bool {
        let id = i64::from(subnet.0);
        match self {
            Self::All => true,
            Self::One(wanted) => id == wanted,
            Self::Range(first, last) => (first..=last).contains(&id),
        }
    }

    /// What the answer calls it, and why it may have found nothing.
    fn texts(self) -> (String, String) {
        match self {
            Self::All => ("[all subnets]".to_owned(), "no known subnets".to_owned()),
            Self::One(id) => (format!("[subnet-id={id}]"), format!("subnet-id: {id} does not exist")),
            Self::Range(first, last) => (
                format!("[subnets {first} through {last}]"),
                format!("selected ID range: {first} through {last} includes no known subnets"),
            ),
        }
    }
}

fn bound(range: &Map, name: &str) -> Result<i64, Refusal> {
    match range.get(name).and_then(Value::as_int) {
        None => refuse(format!("'{name}' parameter missing or not an integer")),
        Some(id) if id <= 0 => refuse(format!("'{name}' parameter must be > 0")),
        Some(id) => Ok(id),
    }
}

async fn run(host: &dyn Host, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let wanted = Wanted::parse(arguments)?;
    let config = host.config();
    let mut ids: Vec<SubnetId> =
        config.subnets.iter().map(|subnet| subnet.id).filter(|id| wanted.holds(*id)).collect();
    ids.sort_unstable();
    let counts = count(&*host.store(), wanted).await?;
    let rows: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            let count = counts.get(&id).copied().unwrap_or_default();
            let [total, cumulative] = ["total-addresses", "cumulative-assigned-addresses"]
                .map(|name| host.statistic(id, name).into());
            vec![id.0.into(), total, cumulative, count.assigned.into(), count.declined.into()].into()
        })
        .collect();
    let (what, nothing) = wanted.texts();
    if rows.is_empty() {
        let text = format!("{}{what}: no matching data, {nothing}", COMMAND.name);
        return Ok(Answer::empty(text).and_arguments(Map::new()));
    }
    let text = format!("{}{what}: {} rows found", COMMAND.name, rows.len());
    let columns: Vec<Value> = std::iter::once("subnet-id").chain(COLUMNS).map(Value::from).collect();
    let set = Value::from([
        ("timestamp", utc(host.now()).into()),
        ("columns", columns.into()),
        ("rows", rows.into()),
    ]);
    Ok(Answer::full(text, [("result-set", set)]))
}

/// Leases of a subnet by state.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Declined ones are not among them, in contrast to the statistic of that name.
    assigned: u64,
    declined: u64,
}

/// Counts what is there, whatever has become of the statistics.
async fn count(store: &dyn LeaseStore4, wanted: Wanted) -> Result<BTreeMap<SubnetId, Count>, Refusal> {
    let mut counts: BTreeMap<SubnetId, Count> = BTreeMap::new();
    let mut see = |lease: &Lease4| {
        if wanted.holds(lease.subnet_id) {
            let count = counts.entry(lease.subnet_id).or_default();
            match lease.state {
                LeaseState::Default => count.assigned += 1,
                LeaseState::Declined => count.declined += 1,
                LeaseState::ExpiredReclaimed | LeaseState::Released | LeaseState::Registered => {}
            }
        }
    };
    if let Wanted::One(id) = wanted {
        if let Ok(id) = u32::try_from(id) {
            store.by_subnet(SubnetId(id)).await?.iter().for_each(|lease| see(lease));
        }
        return Ok(counts);
    }
    let mut after = None;
    loop {
        let page = store.page(after, CHUNK).await?;
        let Some(last) = page.last() else { return Ok(counts) };
        after = Some(last.address);
        page.iter().for_each(|lease| see(lease));
    }
}

/// `YYYY-MM-DD hh:mm:ss.uuuuuu` in universal time.
fn utc(at: Micros) -> String {
    let seconds = at.0 / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, in eras of 400 years; a year from March on ends with its leap day.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, late) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{date:02} {:02}:{:02}:{:02}.{:06}",
        year + era * 400 + late,
        second / 3_600,
        second / 60 % 60,
        second % 60,
        at.0 % 1_000_000
    )
}
