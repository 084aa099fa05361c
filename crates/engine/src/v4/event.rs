//! What became of leases, as libraries are told.

use config::Subnet4;
use lease::Lease4;

use super::{Libraries, Query};
use crate::points::{Announcement, Point};

/// What became of leases.
#[derive(Clone, Copy)]
pub enum Event<'e, 'q> {
    /// `lease4_renew`: a client that holds a lease goes on with it.
    Renewed { query: &'e Query<'q>, subnet: &'e Subnet4, lease: &'e Lease4 },
    /// `lease4_release`.
    Released { query: &'e Query<'q>, lease: &'e Lease4 },
    /// `lease4_decline`.
    Declined { query: &'e Query<'q>, lease: &'e Lease4 },
    /// `leases4_committed`: all that a query has come to.
    Committed { query: &'e Query<'q>, leases: &'e [&'e Lease4], ended: &'e [&'e Lease4] },
    /// `lease4_expire`: a lease has ended; `removed`: its row goes, too.
    Expired { lease: &'e Lease4, removed: bool },
    /// `lease4_recover`: a declined address may be given out again.
    Recovered { lease: &'e Lease4 },
}

/// Tells libraries; what they have to say is to go out once the leases are stored.
pub(super) fn tell(libraries: &Libraries, event: Event<'_, '_>, announcements: &mut Vec<Announcement>) {
    for library in libraries.at(Point::Told) {
        library.told(&event, announcements);
    }
}
