//! `libdhcp_limits`: how many packets are served, and how many leases held (Kea manual, "Limits to Manage Lease Allocation
//! and Packet Processing").

mod messages;
mod window;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Micros, SubnetId};
use config::{ClassId, ClassTable, Limit, Limits, RateLimit, Subnet4, Subnet6, class_names};
use engine::{ClassSet, Draft, DropReason, Next, Point, v4, v6};
use expr::QueryView;
use lease::{Among, Bound, Lease4, Lease6, LeaseType};

use crate::callouts;
use messages::{
    AddressesOfClass, AddressesOfSubnet, ClassDropped, ClassHonored, NoSubnet, PrefixesOfClass,
    PrefixesOfSubnet, RateOfClass, RateOfSubnet, SubnetDropped, SubnetHonored,
};
use window::{Key, Window};

pub(crate) use window::Windows;

/// The library with its limits.
pub(crate) struct Library {
    limits: Arc<Limits>,
    windows: Arc<Windows>,
    /// Those of subnets, at hand.
    subnets: HashMap<SubnetId, Arc<Mutex<Window>>>,
}

impl callouts::Library for Library {
    fn points(&self) -> Vec<Point> {
        fn rates<'l>(mut limits: impl Iterator<Item = &'l Limit>) -> bool {
            limits.any(|limit| limit.rate.is_some())
        }
        let points = [
            (Point::Received, rates(self.limits.classes.values())),
            (Point::SubnetSelected, rates(self.limits.subnets.values())),
            // Leases have their classes in their user contexts, whatever is limited now.
            (Point::LeaseSelected, true),
        ];
        points.into_iter().filter_map(|(point, wanted)| wanted.then_some(point)).collect()
    }
}

impl Library {
    pub(crate) fn new(limits: &Arc<Limits>, classes: &ClassTable, windows: &Arc<Windows>) -> Self {
        tell(limits, classes);
        let limited = limits.subnets.iter().filter(|(_, limit)| limit.rate.is_some());
        let subnets = limited.map(|(id, _)| (*id, windows.of(Key::Subnet(*id), Micros(0)))).collect();
        Self { limits: Arc::clone(limits), windows: Arc::clone(windows), subnets }
    }

    /// The limited classes of a query, in the order in which it joined them. In place of a template stands what it spawns
    /// for the query.
    fn limited<'a>(
        &'a self,
        table: &'a ClassTable,
        query: &'a impl QueryView,
        classes: &'a ClassSet,
    ) -> impl Iterator<Item = (Cow<'a, str>, &'a Limit)> {
        classes.iter().filter_map(move |id: ClassId| {
            let limit = self.limits.classes.get(&id)?;
            let class = table.get(id)?;
            let name = match &class.template_test {
                None => Cow::Borrowed(&*class.name),
                Some(template) => {
                    let value = template.eval_string(query).ok()?;
                    Cow::Owned(class_names::spawned(&class.name, &value))
                }
            };
            Some((name, limit))
        })
    }

    /// Whether the rate limits of its classes let a packet pass; it counts for all of them, or none.
    fn by_class(&self, table: &ClassTable, query: &impl QueryView, classes: &ClassSet, now: Micros) -> Next {
        let names = || classes.names(|id| table.get(id).map(|class| &*class.name)).join(", ");
        let mut windows: Vec<Arc<Mutex<Window>>> = Vec::new();
        let limited: Vec<(Cow<'_, str>, &RateLimit)> = self
            .limited(table, query, classes)
            .filter_map(|(name, limit)| Some((name, limit.rate.as_ref()?)))
            .collect();
        for (class, limit) in &limited {
            let window = self.windows.of(Key::Class((&**class).into()), now);
            if !window.lock().unwrap_or_else(PoisonError::into_inner).has_room(limit, now) {
                observe::log!(ClassDropped { classes: names(), limit: &limit.text, class });
                return Next::Drop(DropReason::LimitExceeded);
            }
            windows.push(window);
        }
        for window in &windows {
            window.lock().unwrap_or_else(PoisonError::into_inner).serve(now);
        }
        if !windows.is_empty() {
            observe::log!(ClassHonored { classes: names() });
        }
        Next::Go
    }

    /// Whether the rate limit of its subnet lets a packet pass.
    fn by_subnet(&self, subnet: Option<SubnetId>, now: Micros) -> Next {
        let Some(subnet) = subnet else {
            observe::log!(NoSubnet);
            return Next::Go;
        };
        let limit = self.limits.subnets.get(&subnet).and_then(|limit| limit.rate.as_ref());
        let Some((limit, window)) = limit.zip(self.subnets.get(&subnet)) else { return Next::Go };
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if !window.has_room(limit, now) {
            observe::log!(SubnetDropped { subnet, limit: &limit.text });
            return Next::Drop(DropReason::LimitExceeded);
        }
        window.serve(now);
        observe::log!(SubnetHonored { subnet, limit: &limit.text });
        Next::Go
    }

    /// What a lease has in its user context, and the bounds of one that its client does not hold yet.
    fn selected(
        &self,
        table: &ClassTable,
        query: &impl QueryView,
        classes: &ClassSet,
        lease: &Selected<'_>,
        bounds: &mut Vec<Bound>,
    ) -> Arc<str> {
        let names = classes.names(|id| table.get(id).map(|class| &*class.name));
        if !lease.held {
            let lease_type = lease.lease_type;
            let of = |limit: &Limit| match lease_type {
                LeaseType::Na => limit.addresses,
                LeaseType::Pd => limit.prefixes,
            };
            let among = |among, limit| Some(Bound { lease_type, among, most: of(limit)? });
            let limited = self.limited(table, query, classes);
            bounds.extend(limited.filter_map(|(class, limit)| among(Among::Class((&*class).into()), limit)));
            let limit = self.limits.subnets.get(&lease.subnet);
            bounds.extend(limit.and_then(|limit| among(Among::Subnet(lease.subnet), limit)));
        }
        engine::alloc::with_classes(lease.context, &names)
    }
}

/// A lease that a client is about to have.
struct Selected<'l> {
    lease_type: LeaseType,
    subnet: SubnetId,
    context: Option<&'l Arc<str>>,
    /// The client holds it already.
    held: bool,
}

/// Says what is limited.
fn tell(limits: &Limits, classes: &ClassTable) {
    if !AddressesOfClass::enabled() {
        return;
    }
    let mut of_classes: Vec<_> = limits.classes.iter().collect();
    of_classes.sort_by_key(|(id, _)| id.0);
    for (id, limit) in of_classes {
        let class = classes.get(*id).map_or("", |class| &class.name);
        if let Some(limit) = limit.addresses {
            observe::log!(AddressesOfClass { limit, class });
        }
        if let Some(limit) = limit.prefixes {
            observe::log!(PrefixesOfClass { limit, class });
        }
        if let Some(limit) = &limit.rate {
            observe::log!(RateOfClass { limit: &limit.text, class });
        }
    }
    let mut of_subnets: Vec<_> = limits.subnets.iter().collect();
    of_subnets.sort_by_key(|(id, _)| **id);
    for (subnet, limit) in of_subnets {
        if let Some(limit) = limit.addresses {
            observe::log!(AddressesOfSubnet { limit, subnet });
        }
        if let Some(limit) = limit.prefixes {
            observe::log!(PrefixesOfSubnet { limit, subnet });
        }
        if let Some(limit) = &limit.rate {
            observe::log!(RateOfSubnet { limit: &limit.text, subnet });
        }
    }
}

impl v4::Library for Library {
    fn received(
        &self,
        ctx: &v4::Context4<'_>,
        query: &v4::Query<'_>,
        _: &mut Draft<'_, v4::Query<'_>>,
    ) -> Next {
        self.by_class(&ctx.config.classes, query, &query.classes, ctx.moment)
    }

    fn subnet_selected<'c>(
        &self,
        ctx: &v4::Context4<'c>,
        _: &v4::Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet4>>,
    ) -> Next {
        self.by_subnet(subnet.map(|subnet| subnet.id), ctx.moment)
    }

    fn lease_selected(
        &self,
        ctx: &v4::Context4<'_>,
        query: &v4::Query<'_>,
        lease: &mut Lease4,
        held: bool,
        bounds: &mut Vec<Bound>,
    ) {
        let selected = Selected {
            lease_type: LeaseType::Na,
            subnet: lease.subnet_id,
            context: lease.user_context.as_ref(),
            held,
        };
        let context = self.selected(&ctx.config.classes, query, &query.classes, &selected, bounds);
        lease.user_context = Some(context);
    }
}

impl v6::Library for Library {
    fn received(
        &self,
        ctx: &v6::Context6<'_>,
        query: &v6::Query<'_>,
        _: &mut Draft<'_, v6::Query<'_>>,
    ) -> Next {
        self.by_class(&ctx.config.classes, query, &query.classes, ctx.moment)
    }

    fn subnet_selected<'c>(
        &self,
        ctx: &v6::Context6<'c>,
        _: &v6::Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet6>>,
    ) -> Next {
        self.by_subnet(subnet.map(|subnet| subnet.id), ctx.moment)
    }

    fn lease_selected(
        &self,
        ctx: &v6::Context6<'_>,
        query: &v6::Query<'_>,
        lease: &mut Lease6,
        held: bool,
        bounds: &mut Vec<Bound>,
    ) {
        let selected = Selected {
            lease_type: lease.lease_type,
            subnet: lease.subnet_id,
            context: lease.user_context.as_ref(),
            held,
        };
        let context = self.selected(&ctx.config.classes, query, &query.classes, &selected, bounds);
        lease.user_context = Some(context);
    }
}
