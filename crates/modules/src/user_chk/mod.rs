//! `libdhcp_user_chk`: registered users and others (Kea manual, "User Check"). Who is not registered is served from the last
//! subnet; what a reply leases to whom goes to a file of outcomes.

mod keeper;
mod messages;
mod registry;

use std::fs::{File, OpenOptions};
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arc_swap::ArcSwap;

use base::Family;
use config::{Subnet4, Subnet6};
use engine::{Draft, Next, Point, v4, v6};
use expr::QueryView;
use wire::iana::dhcp4_option as option4;
use wire::iana::dhcp6_option as option6;
use wire::v6::{IaAddr, IaPrefix, StatusCode};
use wire::{RawOptions, v4::MessageType};

use crate::callouts;
use keeper::Order;
use messages::LoadError;
use registry::{IdKind, Registry, User, Users};

/// Where both files are; Kea has no parameters for them.
const FOLDER: &str = "/usr/local/share/kea";
const REGISTRY: &str = "user_chk_registry.txt";
const OUTCOME: &str = "user_chk_outcome.txt";
/// The user whose options those get that are not registered.
const DEFAULT: [u8; 4] = [0; 4];
/// Sub-options of DOCSIS in option 17.
const TFTP_SERVERS: u16 = 32;
const CONFIG_FILE: u16 = 33;

/// The library with its files; without them it does nothing.
pub(crate) struct Library(Option<Files>);

struct Files {
    users: Arc<ArcSwap<Users>>,
    orders: SyncSender<Order>,
}

/// Why the library cannot be used, if so.
pub(crate) fn check() -> Result<(), String> {
    open(Path::new(FOLDER)).map(|_| ()).map_err(|reason| format!("libdhcp_user_chk: {reason}"))
}

/// The registry, read, and the file of outcomes.
fn open(folder: &Path) -> Result<(Registry, File), String> {
    let registry = Registry::open(&folder.join(REGISTRY))?;
    let path = folder.join(OUTCOME);
    let outcome = OpenOptions::new().create(true).append(true).mode(0o640).open(&path);
    let failed = |error| format!("Cannot open output file: {} reason: {error}", path.display());
    Ok((registry, outcome.map_err(failed)?))
}

impl Files {
    fn open(folder: &Path, family: Family) -> Result<Self, String> {
        let (registry, outcome) = open(folder)?;
        let users = registry.users();
        Ok(Self { users, orders: keeper::start(registry, outcome, family)? })
    }

    fn record(&self, kind: IdKind, client: &str, address: &str, registered: bool) {
        let (kind, registered) = (kind.name(), if registered { "yes" } else { "no" });
        let record = format!("id_type={kind}\nclient={client}\naddr={address}\nregistered={registered}\n\n");
        keeper::record(&self.orders, record);
    }
}

impl callouts::Library for Library {
    fn points(&self) -> Vec<Point> {
        if self.0.is_none() {
            return Vec::new();
        }
        vec![Point::SubnetSelected, Point::Sending]
    }
}

impl Library {
    pub(crate) fn new(family: Family) -> Self {
        Self::of(Path::new(FOLDER), family)
    }

    fn of(folder: &Path, family: Family) -> Self {
        let files = Files::open(folder, family);
        Self(files.map_err(|reason| observe::log!(LoadError { reason })).ok())
    }
}

/// What a user is to have of its own, else what the default user has.
fn user<'u>(users: &'u Users, kind: IdKind, id: &[u8]) -> (bool, Option<&'u User>) {
    let registered = users.get(kind, id);
    (registered.is_some(), registered.or_else(|| users.get(kind, &DEFAULT)))
}

impl v4::Library for Library {
    fn subnet_selected<'c>(
        &self,
        ctx: &v4::Context4<'c>,
        query: &v4::Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet4>>,
    ) -> Next {
        if let (Some(files), Some(hw_addr)) = (&self.0, &query.hw_addr)
            && files.users.load().get(IdKind::HwAddr, hw_addr.octets()).is_none()
        {
            *subnet = ctx.config.subnets.last();
        }
        Next::Go
    }

    fn sending(&self, query: &v4::Query<'_>, draft: &mut Draft<'_, v4::Query<'_>>) {
        let (Some(files), Some(hw_addr)) = (&self.0, &query.hw_addr) else { return };
        if draft.message_type() == MessageType::NAK.0 {
            return;
        }
        let users = files.users.load();
        let (registered, user) = user(&users, IdKind::HwAddr, hw_addr.octets());
        let client = format!("hwtype={} {hw_addr}", hw_addr.htype());
        files.record(IdKind::HwAddr, &client, &draft.yiaddr().to_string(), registered);
        let Some(user) = user else { return };
        let mut set = |code: u8, value: &str| {
            draft.remove(u16::from(code));
            draft.add(u16::from(code), value.as_bytes().to_vec());
        };
        if let Some(bootfile) = &user.bootfile {
            set(option4::BOOT_FILE_NAME, bootfile);
        }
        if let Some(server) = &user.tftp_server {
            set(option4::TFTP_SERVER_NAME, server);
        }
        if let Some(bootfile) = &user.bootfile {
            draft.set_file(bootfile.as_bytes());
        }
    }
}

impl v6::Library for Library {
    fn subnet_selected<'c>(
        &self,
        ctx: &v6::Context6<'c>,
        query: &v6::Query<'_>,
        subnet: &mut Option<&'c Arc<Subnet6>>,
    ) -> Next {
        if let (Some(files), Some(duid)) = (&self.0, &query.duid)
            && files.users.load().get(IdKind::Duid, duid.octets()).is_none()
        {
            *subnet = ctx.config.subnets.last();
        }
        Next::Go
    }

    fn sending(&self, query: &v6::Query<'_>, draft: &mut Draft<'_, v6::Query<'_>>) {
        let (Some(files), Some(duid)) = (&self.0, &query.duid) else { return };
        let Some(address) = leased(draft) else { return };
        let users = files.users.load();
        let (registered, user) = user(&users, IdKind::Duid, duid.octets());
        files.record(IdKind::Duid, &duid.to_string(), &address, registered);
        let Some(user) = user else { return };
        for (code, value) in [(CONFIG_FILE, &user.bootfile), (TFTP_SERVERS, &user.tftp_server)] {
            if let Some(value) = value
                && draft.get(option6::VENDOR_OPTS).is_some()
            {
                set_vendor_option(draft, code, value.as_bytes());
            }
        }
    }
}

/// What the first association of a reply leases: an address, else a prefix; `None`: nothing.
fn leased(draft: &Draft<'_, v6::Query<'_>>) -> Option<String> {
    let addresses = draft.get(option6::IA_NA);
    let association = addresses.or_else(|| draft.get(option6::IA_PD))?;
    let options = RawOptions::parse6(association.get(12..)?);
    let status = options.first(option6::STATUS_CODE).and_then(<[u8]>::first_chunk::<2>);
    if status.is_some_and(|code| u16::from_be_bytes(*code) != StatusCode::SUCCESS.0) {
        return None;
    }
    if addresses.is_some() {
        let address = options.first(option6::IA_ADDR).and_then(IaAddr::parse)?;
        return Some(IpAddr::from(address.address).to_string());
    }
    let prefix = options.first(option6::IA_PREFIX).and_then(IaPrefix::parse)?;
    let address: Ipv6Addr = prefix.address;
    Some(format!("{address}/{}", prefix.length))
}

/// Puts a sub-option into the first option 17, in place of one that is there.
fn set_vendor_option(draft: &mut Draft<'_, v6::Query<'_>>, code: u16, value: &[u8]) {
    let Ok(length) = u16::try_from(value.len()) else { return };
    let vendor = draft.options_mut().iter_mut().find(|(there, _)| *there == option6::VENDOR_OPTS);
    let Some((_, payload)) = vendor else { return };
    let Some((enterprise, subs)) = payload.split_at_checked(4) else { return };
    let mut written = enterprise.to_vec();
    let mut put = |code: u16, value: &[u8], length: u16| {
        written.extend(code.to_be_bytes());
        written.extend(length.to_be_bytes());
        written.extend(value);
    };
    for option in RawOptions::parse6(subs).iter().filter(|option| option.code != code) {
        put(option.code, option.value, u16::try_from(option.value.len()).unwrap_or(u16::MAX));
    }
    put(code, value, length);
    *payload = written;
}

#[cfg(test)]
mod tests;
