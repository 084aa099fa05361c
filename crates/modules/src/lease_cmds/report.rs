//! What the log says of commands; identifiers differ by family.

use std::net::IpAddr;

use base::Family;
use control::result;
use json::Value;
use observe::log;

use super::commands::Op;
use super::messages::{v4, v6};
use crate::params::{Refusal, shown};

macro_rules! by_family {
    ($family:expr, $message:ident $members:tt) => {
        match $family {
            Family::V4 => log!(v4::$message $members),
            Family::V6 => log!(v6::$message $members),
        }
    };
}

pub(super) fn added(family: Family, address: IpAddr) {
    by_family!(family, Added { address });
}

pub(super) fn replaced(family: Family, address: IpAddr) {
    by_family!(family, Replaced { address });
}

pub(super) fn deleted(family: Family, address: IpAddr) {
    by_family!(family, Deleted { address });
}

pub(super) fn wiped(family: Family, arguments: Option<&Value>) {
    by_family!(family, Wiped { parameters: shown(arguments) });
}

pub(super) fn resent(family: Family, text: &str) {
    by_family!(family, Resent { text });
}

pub(super) fn applied(count: usize) {
    log!(v6::BulkApplied { count });
}

pub(super) fn refused(family: Family, op: Op, arguments: Option<&Value>, refusal: &Refusal) {
    let reason = &refusal.text;
    let parameters = || shown(arguments);
    match (op, refusal.result) {
        (Op::ResendDdns, _) => by_family!(family, ResendFailed { reason }),
        (_, result::EMPTY) => {}
        (Op::Add, result::CONFLICT) => by_family!(family, AddConflict { parameters: parameters(), reason }),
        (Op::Add, _) => by_family!(family, AddFailed { parameters: parameters(), reason }),
        (Op::Update, result::CONFLICT) => {
            by_family!(family, ReplaceConflict { parameters: parameters(), reason });
        }
        (Op::Update, _) => by_family!(family, ReplaceFailed { parameters: parameters(), reason }),
        (Op::Del, _) => by_family!(family, DeleteFailed { parameters: parameters(), reason }),
        (Op::Get, _) => by_family!(family, GetFailed { parameters: parameters(), reason }),
        (Op::Wipe, _) => by_family!(family, WipeFailed { parameters: parameters(), reason }),
        (Op::BulkApply, _) => log!(v6::BulkFailed { parameters: parameters(), reason }),
        _ => {}
    }
}
