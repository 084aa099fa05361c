//! Client classes (Kea manual, "Client Classification"): which a query joins, and when.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use config::{Class, ClassId, Pool4, Subnet4, builtin};
use expr::QueryView;
use wire::iana::dhcp4_option as option4;

use super::messages::{
    AdditionalClassNoTest, AdditionalClassUndefined, ClassAssigned, ClassEvalError, ClassesAssigned,
    DroppedByClass,
};
use super::{Context4, DropReason, Query, hosts};

/// Classes that a query joins on reception: ALL, its vendor class, and those whose test does not ask for KNOWN or
/// UNKNOWN, in the order of the configuration.
pub(super) fn first_round(ctx: &Context4<'_>, query: &mut Query<'_>) {
    join(query, builtin::ALL);
    vendor_class(ctx, query);
    evaluate_before_known(ctx, query);
}

fn evaluate_before_known(ctx: &Context4<'_>, query: &mut Query<'_>) {
    for id in &ctx.config.classes.configured {
        let Some(class) = ctx.config.classes.get(*id) else { continue };
        if !class.depends_on_known && !class.only_in_additional_list {
            evaluate(ctx, query, *id, class);
        }
    }
}

/// With `early-global-reservations-lookup`: the client's global reservation decides on classes, and so on the subnet.
pub(super) fn early_round(ctx: &Context4<'_>, query: &mut Query<'_>) -> Result<(), DropReason> {
    let early = ctx.config.globals.early_global_reservations_lookup && !ctx.config.hosts.is_empty();
    if !early || !hosts::find_early(ctx, query) {
        return Ok(());
    }
    let classes = query.hosts.first_classes();
    if !classes.is_empty() {
        reserved_classes(ctx, query, &classes);
    }
    join(query, builtin::KNOWN);
    observe::log!(ClassAssigned { query: query.label(), class: "KNOWN" });
    evaluate_after_known(ctx, query);
    refuse_dropped(query)
}

/// After subnet selection: the look for reservations, their classes, KNOWN or UNKNOWN, then the classes that ask for
/// it.
pub(super) fn second_round(ctx: &Context4<'_>, query: &mut Query<'_>, subnet: Option<&Arc<Subnet4>>) {
    if !ctx.config.hosts.is_empty()
        && let Some(subnet) = subnet
    {
        hosts::find(ctx, query, subnet);
        let early = ctx.config.globals.early_global_reservations_lookup;
        let global = query.hosts.global(subnet).filter(|h| !early && !h.extra.classes.is_empty());
        let current = query.hosts.current(subnet).filter(|h| !h.extra.classes.is_empty());
        // In a shared network the subnet, and so the reservation, may still change.
        if let Some(host) = current
            && (global.is_some() || subnet.network.is_none())
        {
            let classes = host.extra.classes.clone();
            reserved_classes(ctx, query, &classes);
        }
    }
    let (class, name) =
        if query.hosts.is_empty() { (builtin::UNKNOWN, "UNKNOWN") } else { (builtin::KNOWN, "KNOWN") };
    join(query, class);
    observe::log!(ClassAssigned { query: query.label(), class: name });
    evaluate_after_known(ctx, query);
}

/// Joins the classes of a reservation. What was evaluated may depend on them, so it is evaluated again.
fn reserved_classes(ctx: &Context4<'_>, query: &mut Query<'_>, classes: &[ClassId]) {
    for id in &ctx.config.classes.configured {
        if ctx.config.classes.get(*id).is_some_and(|c| c.test.is_some() || c.template_test.is_some()) {
            query.classes.remove(*id);
        }
    }
    for id in classes {
        join(query, *id);
    }
    evaluate_before_known(ctx, query);
}

/// In a shared network the classes of a reservation are joined once the subnet is certain.
pub(super) fn of_final_subnet(query: &mut Query<'_>, subnet: &Subnet4) {
    if query.hosts.is_empty() || subnet.network.is_none() {
        return;
    }
    let host = query.hosts.current(subnet).filter(|h| h.subnet != host::GLOBAL);
    if let Some(classes) = host.map(|h| h.extra.classes.clone()) {
        for id in &classes {
            join(query, *id);
        }
    }
}

fn evaluate_after_known(ctx: &Context4<'_>, query: &mut Query<'_>) {
    for id in &ctx.config.classes.configured {
        let Some(class) = ctx.config.classes.get(*id) else { continue };
        if class.depends_on_known && !class.only_in_additional_list {
            evaluate(ctx, query, *id, class);
        }
    }
}

/// `evaluate-additional-classes` of the pool, the subnet and the network, in this order.
pub(super) fn additional(ctx: &Context4<'_>, query: &mut Query<'_>, subnet: &Subnet4, pool: Option<&Pool4>) {
    let network = ctx.config.network_of(subnet);
    let lists = [
        pool.map_or(&[][..], |p| &p.additional_classes),
        &subnet.additional_classes[..],
        network.map_or(&[][..], |n| &n.additional_classes),
    ];
    for id in lists.into_iter().flatten() {
        let Some(class) = ctx.config.classes.get(*id) else { continue };
        if !class.configured {
            observe::log!(AdditionalClassUndefined { class: &class.name });
        } else if class.test.is_none() && class.template_test.is_none() {
            observe::log!(AdditionalClassNoTest { class: &class.name });
            join(query, *id);
        } else {
            evaluate(ctx, query, *id, class);
        }
    }
    if ClassesAssigned::enabled() {
        let names: Vec<&str> =
            query.classes.iter().filter_map(|c| ctx.config.classes.get(c)).map(|c| &*c.name).collect();
        observe::log!(ClassesAssigned { query: query.label(), kind: query.kind, classes: names.join(", ") });
    }
}

/// Members of DROP are not served.
pub(super) fn refuse_dropped(query: &Query<'_>) -> Result<(), DropReason> {
    if query.classes.contains(builtin::DROP) {
        observe::log!(DroppedByClass { query: query.label() });
        return Err(DropReason::AdminFiltered);
    }
    Ok(())
}

fn join(query: &mut Query<'_>, class: ClassId) {
    query.classes.insert(class);
}

/// `VENDOR_CLASS_` and the text of option 60, where the configuration refers to that class.
fn vendor_class(ctx: &Context4<'_>, query: &mut Query<'_>) {
    if !ctx.config.classes.has_vendor_classes {
        return;
    }
    let id = query
        .packet
        .option(option4::VENDOR_CLASS_IDENTIFIER)
        .and_then(|v| ctx.config.classes.id(&format!("VENDOR_CLASS_{}", String::from_utf8_lossy(v))));
    if let Some(id) = id {
        query.classes.insert(id);
    }
}

fn evaluate(ctx: &Context4<'_>, query: &mut Query<'_>, id: ClassId, class: &Class) {
    if let Some(test) = &class.test {
        match test.eval_bool(query) {
            Ok(true) => {
                join(query, id);
                observe::log!(ClassAssigned { query: query.label(), class: &class.name });
            }
            Ok(false) => {}
            Err(error) => observe::log!(ClassEvalError { query: query.label(), class: &class.name, error }),
        }
    } else if let Some(template) = &class.template_test {
        let value = match template.eval_string(query) {
            Ok(value) => value.to_vec(),
            Err(error) => {
                observe::log!(ClassEvalError { query: query.label(), class: &class.name, error });
                return;
            }
        };
        if !value.is_empty() {
            let spawned = format!("SPAWN_{}_{}", class.name, String::from_utf8_lossy(&value));
            join(query, id);
            if let Some(spawned) = ctx.config.classes.id(&spawned) {
                join(query, spawned);
            }
            observe::log!(ClassAssigned { query: query.label(), class: spawned });
        }
    }
}

impl QueryView for Query<'_> {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        self.packet.option(u8::try_from(code).ok()?).map(Cow::Borrowed)
    }

    fn member(&self, class: ClassId) -> bool {
        self.classes.contains(class)
    }

    fn interface(&self) -> &str {
        &self.arrival.interface
    }

    fn source(&self) -> IpAddr {
        self.arrival.remote.into()
    }

    fn destination(&self) -> IpAddr {
        self.arrival.local.into()
    }

    fn length(&self) -> u32 {
        u32::try_from(self.packet.bytes().len()).unwrap_or(u32::MAX)
    }

    fn message_type(&self) -> u8 {
        self.kind.0
    }

    fn transaction_id(&self) -> u32 {
        self.packet.header().xid
    }

    fn hardware_address(&self) -> &[u8] {
        self.packet.header().hardware_octets()
    }

    fn hardware_length(&self) -> u8 {
        u8::try_from(self.packet.header().hardware_octets().len()).unwrap_or(0)
    }

    fn hardware_type(&self) -> u16 {
        u16::from(self.packet.header().htype)
    }

    fn ciaddr(&self) -> Ipv4Addr {
        self.packet.header().ciaddr
    }

    fn yiaddr(&self) -> Ipv4Addr {
        self.packet.header().yiaddr
    }

    fn siaddr(&self) -> Ipv4Addr {
        self.packet.header().siaddr
    }

    fn giaddr(&self) -> Ipv4Addr {
        self.packet.header().giaddr
    }
}
