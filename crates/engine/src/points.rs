//! Hook points: where libraries are called on the way of a packet (Kea developer's guide, "Hooks Developer's Guide").
//!
//! What a library may do at a point is a method of [`v4::Library`](crate::v4::Library) and
//! [`v6::Library`](crate::v6::Library), with typed arguments. A point has the libraries that wish to be called there, in
//! the order of `hooks-libraries`; one that has none costs a branch.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::DropReason;

/// A point of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// `pkt4_receive`, `pkt6_receive`: classes of the first round are known, nothing is looked up yet.
    Received,
    /// `subnet4_select`, `subnet6_select`: a subnet is selected, or none.
    SubnetSelected,
    /// `lease4_select`, `lease4_renew` and their siblings: a lease is about to be stored or offered.
    LeaseSelected,
    /// `ddns4_update`, `ddns6_update`: the name of a lease is chosen.
    Named,
    /// `pkt4_send`, `pkt6_send`: the reply is whole.
    Sending,
    /// `lease4_renew`, `leases4_committed`, `lease4_expire` and the like: what became of leases.
    Told,
}

impl Point {
    const COUNT: usize = 6;
}

/// What is to follow a callout. Anything but [`Next::Go`] ends its point: libraries further down the list are not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    Go,
    /// The packet is dropped, and counted under this reason.
    Drop(DropReason),
}

/// The name of a lease, as the server has chosen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    /// Empty: none.
    pub hostname: String,
    /// DNS is updated from name to address.
    pub forward: bool,
    /// DNS is updated from address to name.
    pub reverse: bool,
}

/// What a library has to say of a hook point, once the leases that it speaks of are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its name in Kea.
    pub point: &'static str,
    /// Names and values.
    pub variables: Vec<(Cow<'static, str>, String)>,
}

/// The libraries of each point.
pub struct Callouts<T: ?Sized> {
    lists: [Vec<Arc<T>>; Point::COUNT],
}

impl<T: ?Sized> Callouts<T> {
    /// No libraries.
    pub const NONE: Self = Self { lists: [const { Vec::new() }; Point::COUNT] };

    /// Adds a library behind those that are there.
    pub fn add(&mut self, library: &Arc<T>, points: &[Point]) {
        for point in points {
            if let Some(list) = self.lists.get_mut(*point as usize) {
                list.push(Arc::clone(library));
            }
        }
    }

    /// The libraries that are called at a point.
    #[inline]
    #[must_use]
    pub fn at(&self, point: Point) -> &[Arc<T>] {
        self.lists.get(point as usize).map_or(&[], Vec::as_slice)
    }
}

impl<T: ?Sized> Default for Callouts<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: ?Sized> fmt::Debug for Callouts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.lists.iter().map(Vec::len).collect();
        f.debug_tuple("Callouts").field(&counts).finish()
    }
}
