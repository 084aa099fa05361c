//! `libdhcp_stat_cmds`: lease statistics of subnets as a table (Kea manual, "Statistics Commands").

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Family, Micros, SubnetId};
use config::ServerConfig;
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand};
use json::{Map, Value};
use lease::{LeaseState, LeaseType};

use crate::lease_cmds::Leases;
use crate::params::{Refusal, refuse};

/// The library that the command comes with.
pub const PROVIDER: &str = "libdhcp_stat_cmds";

/// The command of a family and the columns of its answer.
struct Table {
    command: CommandDef,
    /// What comes behind the subnet.
    columns: &'static [(&'static str, Column)],
}

/// Where the figures of a column come from.
#[derive(Clone, Copy)]
enum Column {
    /// The statistic of the same name.
    Statistic,
    /// Leases in use of a sort, declined addresses among them.
    Assigned(LeaseType),
    Declined,
}

const fn command(name: &'static str, summary: &'static str) -> CommandDef {
    CommandDef {
        name,
        summary,
        access: Access::Read,
        provider: PROVIDER,
        arguments: "subnet-id:integer? | subnet-range:{first-subnet-id,last-subnet-id}?",
    }
}

static TABLE4: Table = Table {
    command: command(
        "stat-lease4-get",
        "Shows how many addresses of each subnet are there, assigned and declined.",
    ),
    columns: &[
        ("total-addresses", Column::Statistic),
        ("cumulative-assigned-addresses", Column::Statistic),
        ("assigned-addresses", Column::Assigned(LeaseType::Na)),
        ("declined-addresses", Column::Declined),
    ],
};

static TABLE6: Table = Table {
    command: command(
        "stat-lease6-get",
        "Shows how many addresses and prefixes of each subnet are there, assigned and declined.",
    ),
    columns: &[
        ("total-nas", Column::Statistic),
        ("cumulative-assigned-nas", Column::Statistic),
        ("assigned-nas", Column::Assigned(LeaseType::Na)),
        ("declined-addresses", Column::Declined),
        ("total-pds", Column::Statistic),
        ("cumulative-assigned-pds", Column::Statistic),
        ("assigned-pds", Column::Assigned(LeaseType::Pd)),
    ],
};

fn table(family: Family) -> &'static Table {
    match family {
        Family::V4 => &TABLE4,
        Family::V6 => &TABLE6,
    }
}

/// What the command needs of the server that has it.
pub trait Host<P: Leases>: Send + Sync {
    fn config(&self) -> Arc<ServerConfig<P>>;

    /// The store that packets are served from.
    fn store(&self) -> Arc<P::Store>;

    /// A statistic of a subnet now; 0 when nobody has counted.
    fn statistic(&self, subnet: SubnetId, name: &str) -> i128;

    /// The wall clock.
    fn now(&self) -> Micros;
}

/// Adds the command to a table. `CommandTable::deregister_provider(PROVIDER)` takes it away.
pub fn register<P: Leases>(commands: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    commands.register(table(P::FAMILY).command, move |command: Command| {
        let host = Arc::clone(&host);
        async move { run(host.as_ref(), command.arguments.as_ref()).await.unwrap_or_else(Into::into) }
    })
}

/// The command of a family, for references and access rules.
pub fn command_definitions(family: Family) -> impl Iterator<Item = &'static CommandDef> {
    std::iter::once(&table(family).command)
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

async fn run<P: Leases>(host: &dyn Host<P>, arguments: Option<&Value>) -> Result<Answer, Refusal> {
    let Table { command, columns } = table(P::FAMILY);
    let wanted = Wanted::parse(arguments)?;
    let config = host.config();
    let mut ids: Vec<SubnetId> =
        config.subnets.iter().map(|subnet| subnet.id).filter(|id| wanted.holds(*id)).collect();
    ids.sort_unstable();
    let counts = count::<P>(&*host.store(), wanted).await?;
    let rows: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            let count = counts.get(&id).copied().unwrap_or_default();
            let figures = columns.iter().map(|(name, column)| match column {
                Column::Statistic => host.statistic(id, name).into(),
                Column::Assigned(LeaseType::Na) => (count.addresses + count.declined).into(),
                Column::Assigned(LeaseType::Pd) => count.prefixes.into(),
                Column::Declined => count.declined.into(),
            });
            std::iter::once(id.0.into()).chain(figures).collect::<Vec<Value>>().into()
        })
        .collect();
    let (what, nothing) = wanted.texts();
    let name = command.name;
    if rows.is_empty() {
        let text = format!("{name}{what}: no matching data, {nothing}");
        return Ok(Answer::empty(text).and_arguments(Map::new()));
    }
    let text = format!("{name}{what}: {} rows found", rows.len());
    let names = columns.iter().map(|(name, _)| *name);
    let columns: Vec<Value> = std::iter::once("subnet-id").chain(names).map(Value::from).collect();
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
    addresses: u64,
    prefixes: u64,
    declined: u64,
}

/// Counts what is there, whatever has become of the statistics.
async fn count<P: Leases>(store: &P::Store, wanted: Wanted) -> Result<BTreeMap<SubnetId, Count>, Refusal> {
    let id = |id: i64| SubnetId(u32::try_from(id).unwrap_or(u32::MAX));
    let (first, last) = match wanted {
        Wanted::All => (SubnetId(0), SubnetId(u32::MAX)),
        Wanted::One(one) => (id(one), id(one)),
        Wanted::Range(first, last) => (id(first), id(last)),
    };
    let mut counts: BTreeMap<SubnetId, Count> = BTreeMap::new();
    for counted in P::counts(store, first, last).await? {
        let count = counts.entry(counted.subnet).or_default();
        match (counted.state, counted.lease_type) {
            (LeaseState::Default, LeaseType::Na) => count.addresses += counted.leases,
            (LeaseState::Default, LeaseType::Pd) => count.prefixes += counted.leases,
            (LeaseState::Declined, _) => count.declined += counted.leases,
            (LeaseState::ExpiredReclaimed | LeaseState::Released | LeaseState::Registered, _) => {}
        }
    }
    Ok(counts)
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
