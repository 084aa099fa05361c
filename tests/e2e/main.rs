//! The programs as an operator runs them: real processes, real sockets, real clients, in network namespaces.
//!
//! Tests need root and say so where they are skipped. `KEA_RS_SOAK=1` runs the long forms, `KEA_RS_KEEP=1` keeps
//! the directories, `KEA_RS_BUILT=DIR` takes programs from elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod abuse;
mod backend;
mod clients;
mod commands;
mod crash;
mod crowd;
mod ddns;
mod dhcp6;
mod differential;
mod disk;
mod ecosystem;
mod examples;
mod golden;
mod ha;
mod hosts;
mod kea;
mod keywords;
mod leasequery;
mod leases;
mod legal;
mod logging;
mod over6;
mod overload;
mod ping_check;
mod reload;
mod shared_database;
mod site;
mod startup;
mod updater;
