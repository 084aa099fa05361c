//! Client classes (Kea manual, "Client Classification"): which a query joins, and when. The same for both families.

use std::sync::Arc;

use config::{Class, ClassId, ClassTable, Protocol, Round, ServerConfig, Subnet, builtin, class_names};
use expr::QueryView;

use crate::classes::ClassSet;
use crate::hosts::{self, Hosts, Identified, Reserved};
use crate::messages::{ClassBadName, MemberChecked};

/// Warns of the name of a configured class that no generated class can have.
pub fn warn_of_class_name(name: &str) {
    if let Some(suggestion) = class_names::suggested(name) {
        observe::log!(ClassBadName { name, suggestion });
    }
}

/// What happened to a query's classes, for the log.
pub(crate) enum Note<'a> {
    Assigned(&'a str),
    /// A template spawned a class that nobody defined.
    Unconfigured(&'a str),
    /// A test asked for this class; whether the query is a member.
    Member(&'a str, bool),
    /// The test failed on this packet.
    Failed(&'a Class, expr::EvalError),
    /// `evaluate-additional-classes` names a class that nobody defined.
    Undefined(&'a Class),
    /// It names one without a test.
    NoTest(&'a Class),
}

/// What classification needs of a query.
pub(crate) trait Classified<P: Protocol>: QueryView + Identified {
    fn classes(&self) -> &ClassSet;
    fn classes_mut(&mut self) -> &mut ClassSet;
    fn hosts(&self) -> &Hosts<P::Reservation>;
    fn hosts_mut(&mut self) -> &mut Hosts<P::Reservation>;
    /// Logs it, with the family's identifier.
    fn note(&self, note: Note<'_>);
    /// Whether the log tells the classes of a packet.
    fn tells_classes(&self) -> bool;
}

/// Whether it matters to which vendor classes a query belongs.
pub(crate) fn wants_vendor<P: Protocol>(table: &ClassTable, query: &impl Classified<P>) -> bool {
    table.has_vendor_classes || wants_unnamed(table, query)
}

/// Whether generated classes matter that the configuration does not name.
fn wants_unnamed<P: Protocol>(table: &ClassTable, query: &impl Classified<P>) -> bool {
    table.keeps_generated || query.tells_classes()
}

/// Joins a class whose name was made of what the client sent; answers its number where the configuration names it.
pub(crate) fn join_generated<P: Protocol>(
    table: &ClassTable,
    query: &mut impl Classified<P>,
    name: &str,
) -> Option<ClassId> {
    let known = table.id(name);
    match known {
        Some(class) => _ = query.classes_mut().insert(class),
        None if wants_unnamed(table, query) => query.classes_mut().insert_stray(name),
        None => {}
    }
    known
}

/// Classes that a query joins on reception, in the order of the configuration: those whose test does not ask for
/// KNOWN or UNKNOWN.
pub(crate) fn before_known<P: Protocol>(table: &ClassTable, query: &mut impl Classified<P>) {
    round(table, &table.first, query);
}

fn round<P: Protocol>(table: &ClassTable, round: &Round, query: &mut impl Classified<P>) {
    let look = |id: ClassId, query: &mut _| {
        if let Some(class) = table.get(id) {
            evaluate(table, query, id, class);
        }
    };
    if round.classes().is_empty() {
        return;
    }
    // Who follows the tests in the log wants to see all of them.
    if MemberChecked::enabled() {
        round.classes().iter().for_each(|id| look(*id, query));
    } else {
        round.candidates(&*query).for_each(|id| look(id, query));
    }
}

/// With `early-global-reservations-lookup`: the client's global reservation decides on classes, and so on the subnet.
pub(crate) fn early_round<P: Protocol<Reservation: Reserved>>(
    config: &ServerConfig<P>,
    query: &mut impl Classified<P>,
) {
    if !config.globals.early_global_reservations_lookup || query.hosts().has_no_source(config) {
        return;
    }
    let Some(host) = hosts::find_global(config, query, query.hosts()) else { return };
    query.hosts_mut().put(&host);
    let classes = query.hosts().first_classes();
    if !classes.is_empty() {
        reserved(&config.classes, query, &classes);
    }
    query.classes_mut().insert(builtin::KNOWN);
    query.note(Note::Assigned("KNOWN"));
    round(&config.classes, &config.classes.second, query);
}

/// After subnet selection: the look for reservations, their classes, KNOWN or UNKNOWN, then the classes that ask for
/// it.
pub(crate) fn second_round<P: Protocol<Reservation: Reserved>>(
    config: &ServerConfig<P>,
    query: &mut impl Classified<P>,
    subnet: Option<&Arc<Subnet<P>>>,
) {
    if !query.hosts().has_no_source(config)
        && let Some(subnet) = subnet
    {
        let mut found = std::mem::take(query.hosts_mut());
        hosts::find(config, query, query.classes(), &mut found, subnet);
        *query.hosts_mut() = found;
        let early = config.globals.early_global_reservations_lookup;
        let with_classes = |host: &&host::Host<P::Reservation>| !host.extra.classes().is_empty();
        let global = query.hosts().global(subnet).filter(|_| !early).filter(with_classes);
        let current = query.hosts().current(subnet).filter(with_classes);
        // In a shared network the subnet, and so the reservation, may still change.
        if let Some(host) = current
            && (global.is_some() || subnet.network.is_none())
        {
            let classes: Box<[ClassId]> = host.extra.classes().into();
            reserved(&config.classes, query, &classes);
        }
    }
    let (class, name) =
        if query.hosts().is_empty() { (builtin::UNKNOWN, "UNKNOWN") } else { (builtin::KNOWN, "KNOWN") };
    query.classes_mut().insert(class);
    query.note(Note::Assigned(name));
    round(&config.classes, &config.classes.second, query);
}

/// Joins the classes of a reservation. What was evaluated may depend on them, so it is evaluated again.
fn reserved<P: Protocol>(table: &ClassTable, query: &mut impl Classified<P>, classes: &[ClassId]) {
    for id in &table.configured {
        if table.get(*id).is_some_and(|c| c.test.is_some() || c.template_test.is_some()) {
            query.classes_mut().remove(*id);
        }
    }
    for id in classes {
        query.classes_mut().insert(*id);
    }
    round(table, &table.first, query);
}

/// In a shared network the classes of a reservation are joined once the subnet is certain.
pub(crate) fn of_final_subnet<P: Protocol<Reservation: Reserved>>(
    query: &mut impl Classified<P>,
    subnet: &Subnet<P>,
) {
    if query.hosts().is_empty() || subnet.network.is_none() {
        return;
    }
    let host = query.hosts().current(subnet).filter(|h| h.subnet != host::GLOBAL);
    let classes: Option<Box<[ClassId]>> = host.map(|h| h.extra.classes().into());
    for id in classes.into_iter().flatten() {
        query.classes_mut().insert(id);
    }
}

/// `evaluate-additional-classes` of the pools, the subnet and the network, in this order.
pub(crate) fn additional<'c, P: Protocol>(
    table: &ClassTable,
    query: &mut impl Classified<P>,
    lists: impl Iterator<Item = &'c [ClassId]>,
) {
    for id in lists.flatten() {
        let Some(class) = table.get(*id) else { continue };
        if !class.configured {
            query.note(Note::Undefined(class));
        } else if class.test.is_none() && class.template_test.is_none() {
            query.note(Note::NoTest(class));
            query.classes_mut().insert(*id);
        } else {
            evaluate(table, query, *id, class);
        }
    }
}

/// The names of a query's classes, for the log.
pub(crate) fn names(table: &ClassTable, classes: &ClassSet) -> String {
    classes.names(|class| table.get(class).map(|class| &*class.name)).join(", ")
}

fn evaluate<P: Protocol>(table: &ClassTable, query: &mut impl Classified<P>, id: ClassId, class: &Class) {
    if MemberChecked::enabled() {
        let asked = class.test.iter().chain(&class.template_test).flat_map(|test| test.classes());
        for member in asked {
            let name = table.get(*member).map_or("", |class| &class.name);
            query.note(Note::Member(name, query.classes().contains(*member)));
        }
    }
    if let Some(test) = &class.test {
        match test.eval_bool(&*query) {
            Ok(true) => {
                query.classes_mut().insert(id);
                query.note(Note::Assigned(&class.name));
            }
            Ok(false) => {}
            Err(error) => query.note(Note::Failed(class, error)),
        }
    } else if let Some(template) = &class.template_test {
        let value = match template.eval_string(&*query) {
            Ok(value) => value.to_vec(),
            Err(error) => {
                query.note(Note::Failed(class, error));
                return;
            }
        };
        if !value.is_empty() {
            let spawned = class_names::spawned(&class.name, &value);
            // Before its template: what the spawned class says is nearer to the client.
            let known = join_generated(table, query, &spawned);
            query.classes_mut().insert(id);
            if known.and_then(|id| table.get(id)).is_none_or(|class| !class.configured) {
                query.note(Note::Unconfigured(&spawned));
            }
            query.note(Note::Assigned(&spawned));
        }
    }
}
