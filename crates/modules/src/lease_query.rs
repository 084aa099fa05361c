//! `libdhcp_lease_query`: the command that brings leases of before up to date (Kea manual, "Updating Existing Leases in
//! SQL Lease Backends"). Leasequeries themselves are the engine's.

use std::sync::Arc;

use base::Family;
use control::{Access, Answer, Command, CommandDef, CommandTable, DuplicateCommand};
use lease::{Durable, StoreError};

use crate::lease_cmds::{Host, Leases};

/// The library that the command comes with.
pub const PROVIDER: &str = "libdhcp_lease_query";

/// Leases that are looked at together.
const PAGE: usize = 1000;

const fn command(name: &'static str) -> CommandDef {
    let summary =
        "Brings what leases are found by in bulk leasequeries up to date, after an upgrade of the database.";
    CommandDef { name, summary, access: Access::Write, provider: PROVIDER, arguments: "" }
}

static COMMANDS: [CommandDef; 2] = [command("extended-info4-upgrade"), command("extended-info6-upgrade")];

/// The command of a family, for references and access rules.
pub fn command_definitions(family: Family) -> impl Iterator<Item = &'static CommandDef> {
    let at = match family {
        Family::V4 => 0,
        Family::V6 => 1,
    };
    COMMANDS.get(at).into_iter()
}

/// Adds the command to a table. `CommandTable::deregister_provider(PROVIDER)` takes it away.
pub fn register<P: Leases>(table: &CommandTable, host: Arc<dyn Host<P>>) -> Result<(), DuplicateCommand> {
    for definition in command_definitions(P::FAMILY) {
        let host = Arc::clone(&host);
        table.register(*definition, move |_: Command| {
            let host = Arc::clone(&host);
            async move {
                match upgrade(host.as_ref()).await {
                    Ok(1) => Answer::ok("Upgraded 1 lease"),
                    Ok(leases) => Answer::ok(format!("Upgraded {leases} leases")),
                    Err(error) => Answer::error(error.to_string()),
                }
            }
        })?;
    }
    Ok(())
}

/// Makes user contexts what they should be, then what is found by them; how many leases that concerned.
async fn upgrade<P: Leases>(host: &dyn Host<P>) -> Result<u64, StoreError> {
    let (mut after, mut mended) = (None, 0);
    let store = loop {
        // Packets and other commands come between two pages.
        let world = host.enter().await;
        let mark = world.store.mark();
        let page = P::page(&world.store, after, PAGE).await?;
        let Some(last) = page.last() else { break Arc::clone(&world.store) };
        after = Some(P::address(last));
        for lease in page {
            let right = (world.admit)(&world.config, (*lease).clone());
            let context = |lease: &P::Lease| P::user_context(lease).map(str::to_owned);
            if context(&right) != context(&lease) && P::update(&world.store, right.clone(), &lease).await? {
                // Those with identifiers are counted below.
                mended += u64::from(lease::extended_keys(P::FAMILY, P::user_context(&right)).is_empty());
            }
        }
        world.store.commit(mark).await?;
    };
    Ok(mended + store.renew_extended_info().await?)
}
