//! The libraries that are called on the way of packets, in the order of `hooks-libraries`.

use std::sync::Arc;

use config::{Dhcp4, Dhcp6, HookLibrary, Protocol, ServerConfig};
use engine::{Point, v4, v6};

use crate::{ddns_tuning, flex_option, limits, run_script, user_chk};

/// What libraries keep when a configuration makes way for another.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    windows: Arc<limits::Windows>,
}

/// A library with callouts, for both servers.
pub(crate) trait Library: v4::Library + v6::Library {
    /// Where it is called.
    fn points(&self) -> Vec<Point>;
}

/// The callouts of a configuration of kea-dhcp4.
#[must_use]
pub fn of4(config: &ServerConfig<Dhcp4>, kept: &Kept) -> v4::Libraries {
    let mut callouts = v4::Libraries::NONE;
    for library in all(config, kept) {
        let points = library.points();
        callouts.add(&(library as Arc<dyn v4::Library>), &points);
    }
    callouts
}

/// The callouts of a configuration of kea-dhcp6.
#[must_use]
pub fn of6(config: &ServerConfig<Dhcp6>, kept: &Kept) -> v6::Libraries {
    let mut callouts = v6::Libraries::NONE;
    for library in all(config, kept) {
        let points = library.points();
        callouts.add(&(library as Arc<dyn v6::Library>), &points);
    }
    callouts
}

fn all<P: Protocol>(config: &ServerConfig<P>, kept: &Kept) -> impl Iterator<Item = Arc<dyn Library>> {
    config.services.hooks_libraries.iter().filter_map(|listed| of(config, kept, listed))
}

/// What is called of a listed library, if anything.
fn of<P: Protocol>(config: &ServerConfig<P>, kept: &Kept, listed: &HookLibrary) -> Option<Arc<dyn Library>> {
    if listed.is("libdhcp_ddns_tuning") {
        let tuning = config.ddns_tuning.as_ref()?;
        return Some(Arc::new(ddns_tuning::Library::new(tuning, listed)));
    }
    if listed.is("libdhcp_flex_option") {
        let rules = config.flex_option.as_ref()?;
        return Some(Arc::new(flex_option::Library::new(rules, &config.classes)));
    }
    if listed.is("libdhcp_limits") {
        let limits = config.limits.as_ref()?;
        return Some(Arc::new(limits::Library::new(limits, &config.classes, &kept.windows)));
    }
    if listed.is("libdhcp_run_script") {
        return Some(Arc::new(run_script::Library));
    }
    if listed.is("libdhcp_user_chk") {
        return Some(Arc::new(user_chk::Library::new(P::FAMILY)));
    }
    None
}
