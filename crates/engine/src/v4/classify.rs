//! Client classes: what DHCPv4 adds to [`crate::classify`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use config::{ClassId, Dhcp4, Pool4, Subnet4, builtin, class_names};
use expr::QueryView;
use wire::iana::dhcp4_option as option4;

use super::messages::{
    AdditionalClassNoTest, AdditionalClassUndefined, ClassAssigned, ClassEvalError, ClassUnconfigured,
    ClassesAfterSubnet, ClassesAssigned, DroppedByClass,
};
use super::{ClassSet, Context4, DropReason, Hosts, Query};
use crate::classify::{self, Classified, Note};
use crate::messages::MemberChecked;

impl Classified<Dhcp4> for Query<'_> {
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

/// Classes that a query joins on reception: ALL, its vendor class, and those whose test does not ask for KNOWN or
/// UNKNOWN.
pub(super) fn first_round(ctx: &Context4<'_>, query: &mut Query<'_>) {
    query.classes.insert(builtin::ALL);
    vendor_class(ctx, query);
    classify::before_known::<Dhcp4>(&ctx.config.classes, query);
}

/// `evaluate-additional-classes` of the pool, the subnet and the network, in this order.
pub(super) fn additional(ctx: &Context4<'_>, query: &mut Query<'_>, subnet: &Subnet4, pool: Option<&Pool4>) {
    let network = ctx.config.network_of(subnet);
    let lists = pool
        .map(|pool| &pool.additional_classes[..])
        .into_iter()
        .chain(std::iter::once(&subnet.additional_classes[..]))
        .chain(network.map(|network| &network.additional_classes[..]));
    classify::additional::<Dhcp4>(&ctx.config.classes, query, lists);
    if ClassesAssigned::enabled() {
        let classes = classify::names(&ctx.config.classes, &query.classes);
        observe::log!(ClassesAssigned { query: query.label(), kind: query.kind, classes });
    }
}

/// Says which classes a packet has now that its subnet is known.
pub(super) fn tell(ctx: &Context4<'_>, query: &Query<'_>) {
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

/// `VENDOR_CLASS_` and the text of option 60. NULs after it are not of it, and without a text there is no class
/// (RFC 2132 section 2).
fn vendor_class(ctx: &Context4<'_>, query: &mut Query<'_>) {
    if !classify::wants_vendor(&ctx.config.classes, query) {
        return;
    }
    let value = query.packet.option(option4::VENDOR_CLASS_IDENTIFIER).unwrap_or_default();
    let vendor = options::without_nuls(value);
    if !vendor.is_empty() {
        let name = class_names::of_vendor(vendor);
        classify::join_generated(&ctx.config.classes, query, &name);
    }
}

impl QueryView for Query<'_> {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        self.packet.option(u8::try_from(code).ok()?).map(Cow::Borrowed)
    }

    fn is_lenient(&self) -> bool {
        self.lenient
    }

    fn member(&self, class: ClassId) -> bool {
        self.classes.contains(class)
    }

    fn interface(&self) -> &str {
        &self.arrival.interface
    }

    fn source(&self) -> IpAddr {
        self.arrival.source()
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
