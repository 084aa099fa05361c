//! What the resolver asks of each protocol.

use ::options::DefTable;
use host::IdentifierKind;
use json::{Map, Pos};

use super::scope::Scope;
use super::{ClassBuilder, Context};
use crate::{Element, Host, Lifetime, OptionSet, Params, Protocol, WrittenSubnet};

/// One level of inherited parameters while it is resolved.
pub(crate) struct Level<'a, P: Protocol> {
    pub(crate) map: &'a Map,
    /// The level above; `None` at the globals, which have the defaults of the tables.
    pub(crate) outer: Option<&'a Params<P>>,
    /// Of DHCPv6.
    pub(crate) preferred: Option<Lifetime>,
}

/// What all objects need to be resolved.
pub(crate) struct Common<'a, 'c> {
    pub(crate) ctx: &'a mut Context<'c>,
    pub(crate) definitions: &'a DefTable,
    pub(crate) classes: &'a mut ClassBuilder,
    /// Whether the object that is being resolved is one of a database.
    pub(crate) database: bool,
}

impl Common<'_, '_> {
    /// Goes on with an object.
    pub(crate) fn enter(&mut self, object: &Element) {
        self.ctx.at(&object.pos);
        self.database = !object.server_tags.is_empty();
    }
}

/// The parts that a protocol has alone, from the maps in which they are written.
pub(crate) trait Own: Protocol {
    fn globals(ctx: &mut Context<'_>, map: &Map, pos: &Pos, definitions: &DefTable) -> Self::Globals;

    /// Takes what globals know of the options of all levels.
    fn collect<'o>(_: &mut Self::Globals, _: impl Iterator<Item = &'o OptionSet>) {}

    fn params(ctx: &Context<'_>, level: &Level<'_, Self>) -> Self::Params;

    fn network(map: &Map) -> Self::Network;

    fn subnet(
        common: &mut Common<'_, '_>,
        map: &Map,
        scope: &Scope<Self>,
        network: Option<&Self::Network>,
    ) -> Self::Subnet;

    /// What a subnet must have in common with its network, and with the first subnet there.
    fn check_subnet(
        ctx: &mut Context<'_>,
        written: &WrittenSubnet<Self>,
        own: &Params<Self>,
        network: &Params<Self>,
        first: &Params<Self>,
    );

    /// What a reservation gives beside classes and options.
    fn reservation(map: &Map, classes: Box<[crate::ClassId]>, options: OptionSet) -> Self::Reservation;

    /// Why what is reserved cannot be in the subnet, with the member that says so.
    fn outside(reservation: &Self::Reservation, prefix: Self::Prefix) -> Option<(&'static str, String)>;

    /// The text of a reservation of what another client has.
    fn taken(host: &Host<Self>, place: usize, known: &dyn Fn(IdentifierKind) -> String) -> String;
}
