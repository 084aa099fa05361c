//! Client classes: what DHCPv6 adds to [`crate::classify`].

use std::sync::Arc;

use config::{ClassId, Dhcp6, Subnet6, builtin, class_names};
use smallvec::SmallVec;
use wire::iana::dhcp6_option as option6;
use wire::v6::VendorClass;

use super::messages::{
    AdditionalClassNoTest, AdditionalClassUndefined, ClassAssigned, ClassEvalError, ClassUnconfigured,
    ClassesAfterSubnet, ClassesAssigned, DroppedByClass,
};
use super::{Context6, DropReason, Hosts, Query};
use crate::classes::ClassSet;
use crate::classify::{self, Classified, Note};
use crate::messages::MemberChecked;

/// Vendor classes of DOCSIS, which name the class wherever they stand.
const DOCSIS: [&str; 2] = ["docsis3.0", "eRouter1.0"];

impl Classified<Dhcp6> for Query<'_> {
    fn classes(&self) -> &ClassSet {
        &self.classes
    }

    fn classes_mut(&mut self) -> &mut ClassSet {
        &mut self.classes
    }

    fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    fn hosts_mut(&mut self) -> &mut Hosts {
        &mut self.hosts
    }

    fn note(&self, note: Note<'_>) {
        match note {
            Note::Assigned(class) => observe::log!(ClassAssigned { query: self.label(), class }),
            Note::Unconfigured(class) => observe::log!(ClassUnconfigured { query: self.label(), class }),
            Note::Member(class, result) => {
                observe::log!(MemberChecked { query: self.label(), class, result });
            }
            Note::Failed(class, error) => {
                observe::log!(ClassEvalError { query: self.label(), class: &class.name, error });
            }
            Note::Undefined(class) => observe::log!(AdditionalClassUndefined { class: &class.name }),
            Note::NoTest(class) => observe::log!(AdditionalClassNoTest { class: &class.name }),
        }
    }

    fn tells_classes(&self) -> bool {
        ClassesAfterSubnet::enabled() || ClassesAssigned::enabled()
    }
}

/// Classes that a query joins on reception: ALL, its vendor classes, and those whose test does not ask for KNOWN or
/// UNKNOWN.
pub(super) fn first_round(ctx: &Context6<'_>, query: &mut Query<'_>) {
    query.classes.insert(builtin::ALL);
    vendor_classes(ctx, query);
    classify::before_known::<Dhcp6>(&ctx.config.classes, query);
}

/// `VENDOR_CLASS_` and the first string of each option 16.
fn vendor_classes(ctx: &Context6<'_>, query: &mut Query<'_>) {
    if !classify::wants_vendor(&ctx.config.classes, query) {
        return;
    }
    let lenient = ctx.config.globals.lenient_option_parsing;
    let name = |class: VendorClass<'_>| -> Option<String> {
        let docsis = DOCSIS.iter().map(|name| name.as_bytes());
        let mut docsis = docsis.filter(|name| class.strings(lenient).any(|string| string == *name));
        docsis.next().or_else(|| class.strings(lenient).next()).map(class_names::of_vendor)
    };
    let values = query.packet.message().options().all(option6::VENDOR_CLASS);
    let names: SmallVec<[String; 2]> = values.filter_map(VendorClass::parse).filter_map(name).collect();
    for name in names {
        classify::join_generated(&ctx.config.classes, query, &name);
    }
}

/// Says which classes a packet has now that its subnet is known.
pub(super) fn tell(ctx: &Context6<'_>, query: &Query<'_>) {
    if ClassesAfterSubnet::enabled() {
        let classes = classify::names(&ctx.config.classes, &query.classes);
        observe::log!(ClassesAfterSubnet { query: query.label(), classes });
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

/// Once it is certain which subnet and which pools serve the client: classes of its reservation in a shared network,
/// then `evaluate-additional-classes` of pools, subnet and network.
pub(super) fn last_round<'c>(
    ctx: &Context6<'c>,
    query: &mut Query<'_>,
    subnet: Option<&'c Arc<Subnet6>>,
    pools: impl Iterator<Item = &'c [ClassId]>,
) {
    if let Some(subnet) = subnet {
        classify::of_final_subnet::<Dhcp6>(query, subnet);
        let network = ctx.config.network_of(subnet);
        let lists = pools
            .chain(std::iter::once(&subnet.additional_classes[..]))
            .chain(network.map(|network| &network.additional_classes[..]));
        classify::additional::<Dhcp6>(&ctx.config.classes, query, lists);
    }
    if ClassesAssigned::enabled() {
        let classes = classify::names(&ctx.config.classes, &query.classes);
        observe::log!(ClassesAssigned { query: query.label(), name: query.kind, classes });
    }
}
