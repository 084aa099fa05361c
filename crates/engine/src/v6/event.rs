//! What became of leases, as libraries are told.

use std::sync::Arc;

use lease::Lease6;
use wire::v6::MessageType;

use super::{Context6, Libraries, Query};
use crate::points::{Announcement, Point};

/// What became of leases.
#[derive(Clone, Copy)]
pub enum Event<'e, 'q> {
    /// `lease6_renew` or `lease6_rebind`, by the type of the query: a client that holds a lease goes on with it.
    Renewed { query: &'e Query<'q>, lease: &'e Lease6 },
    /// `lease6_release`.
    Released { query: &'e Query<'q>, lease: &'e Lease6 },
    /// `lease6_decline`.
    Declined { query: &'e Query<'q>, lease: &'e Lease6 },
    /// `leases6_committed`: all that a query has come to.
    Committed { query: &'e Query<'q>, leases: &'e [&'e Lease6], ended: &'e [&'e Lease6] },
    /// `addr6_register`: a client registers an address of its own making.
    Registered { query: &'e Query<'q>, old: Option<&'e Lease6>, lease: &'e Lease6 },
    /// `lease6_expire`: a lease has ended; `removed`: its row goes, too.
    Expired { lease: &'e Lease6, removed: bool },
    /// `lease6_recover`: a declined address may be given out again.
    Recovered { lease: &'e Lease6 },
}

/// Tells libraries; what they have to say is to go out once the leases are stored.
pub(super) fn tell(libraries: &Libraries, event: Event<'_, '_>, announcements: &mut Vec<Announcement>) {
    for library in libraries.at(Point::Told) {
        library.told(&event, announcements);
    }
}

/// Tells libraries what a query has come to: leases given or extended, or answered as they stand, and those that are no
/// more.
pub(super) fn committed<'l>(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    (given, kept): (&[Lease6], &[Lease6]),
    ended: impl Iterator<Item = &'l Arc<Lease6>>,
    announcements: &mut Vec<Announcement>,
) {
    if ctx.libraries.at(Point::Told).is_empty() {
        return;
    }
    if matches!(query.kind, MessageType::RENEW | MessageType::REBIND) {
        for lease in given.iter().chain(kept).filter(|lease| names(query, lease)) {
            tell(ctx.libraries, Event::Renewed { query, lease }, announcements);
        }
    }
    let leases: Vec<&Lease6> = given.iter().collect();
    let ended: Vec<&Lease6> = ended.map(|lease| &**lease).collect();
    tell(ctx.libraries, Event::Committed { query, leases: &leases, ended: &ended }, announcements);
}

/// Whether a client names a lease as one that it has.
fn names(query: &Query<'_>, lease: &Lease6) -> bool {
    query.message().ias().any(|ia| {
        ia.addresses().any(|address| address.address == lease.address)
            || ia.prefixes().any(|prefix| prefix.address == lease.address)
    })
}
