//! The subnets of a link.

use std::sync::Arc;

use config::{Protocol, ServerConfig, Subnet};

use crate::classes::ClassSet;

/// The subnets a query may be served from: those [`of_network`] whose guard lets it pass.
pub(crate) fn siblings<'c, 'q, P: Protocol>(
    config: &'c ServerConfig<P>,
    selected: &'c Arc<Subnet<P>>,
    classes: &'q ClassSet,
) -> impl Iterator<Item = &'c Arc<Subnet<P>>> + use<'c, 'q, P> {
    // Also the selected one: classes of a reservation, found after the subnet was selected, may shut it.
    of_network(config, selected).filter(|s| classes.pass(&s.client_classes))
}

/// Whether guards let a query into a subnet that is to be selected: its own and that of its network.
pub(crate) fn admits<P: Protocol>(config: &ServerConfig<P>, subnet: &Subnet<P>, classes: &ClassSet) -> bool {
    classes.pass(&subnet.client_classes)
        && config.network_of(subnet).is_none_or(|network| classes.pass(&network.client_classes))
}

/// The selected subnet, then the others of its shared network in their order.
pub(crate) fn of_network<'c, P: Protocol>(
    config: &'c ServerConfig<P>,
    selected: &'c Arc<Subnet<P>>,
) -> impl Iterator<Item = &'c Arc<Subnet<P>>> + use<'c, P> {
    let network = config.network_of(selected);
    let positions = network.map_or(&[][..], |n| n.subnets.as_slice());
    let start = positions
        .iter()
        .position(|at| config.subnets.get(*at).is_some_and(|s| s.id == selected.id))
        .map_or(positions.len(), |at| at + 1);
    let (before, after) = positions.split_at(start.min(positions.len()));
    let others = after.iter().chain(before).filter_map(|at| config.subnets.get(*at));
    std::iter::once(selected).chain(others.filter(|s| s.id != selected.id))
}
