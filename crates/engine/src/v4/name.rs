//! The client's name: Client FQDN (option 81, RFC 4702) and Host Name (option 12).
//!
//! A name belongs to a lease: subnet and pool say how it is made, and a generated one is made from the address. A
//! client that sends no name, in a scope that generates none, costs nothing here.

use std::net::Ipv4Addr;
use std::sync::Arc;

use config::{Ddns, Pool4, Subnet4};
use wire::iana::dhcp4_option as option4;

use super::messages::{
    FqdnData, FqdnProcess, FqdnScrubbedEmpty, GenerateFqdn, HookNamed, HostnameData, HostnameGenerated,
    HostnameMalformed, HostnameProcess, HostnameReserved, HostnameScrubbedEmpty, NameFailed,
    SanitisedMalformed,
};
use super::{Context4, Library, Query};
use crate::details::OptionText;
use crate::fqdn::{self, Fault, Name, directions, of_sent, text_to_wire, well_formed, wire_to_text};
use crate::points::{LeaseName, Point};

/// Flags of option 81 (RFC 4702 section 2.1).
mod flag {
    pub(super) const S: u8 = 0x01;
    pub(super) const O: u8 = 0x02;
    pub(super) const E: u8 = 0x04;
    pub(super) const N: u8 = 0x08;
}

/// An option of the reply: code and payload.
pub(super) type NameOption = (u8, Vec<u8>);

/// What the reply and the lease say of the client's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientName {
    /// For the lease; a name from option 81 keeps its final dot.
    pub hostname: Box<str>,
    /// The server updates DNS from name to address.
    pub fqdn_fwd: bool,
    /// The server updates DNS from address to name.
    pub fqdn_rev: bool,
    pub option: Option<NameOption>,
}

/// Where a name is made.
struct Naming<'a, 'q> {
    query: &'a Query<'q>,
    ddns: &'a Ddns,
    /// DNS is updated for clients of this scope.
    updates: bool,
    /// The reserved name, as written.
    reserved: Option<&'a str>,
    address: Ipv4Addr,
}

impl ClientName {
    /// The name that goes with a lease: what a reservation says, else what option 81 says if the client sent it, else
    /// option 12. A reserved or generated name answers in the option that the client used, and in option 12 where it
    /// used none.
    pub(super) fn of(
        ctx: &Context4<'_>,
        query: &Query<'_>,
        subnet: &Subnet4,
        pool: Option<&Pool4>,
        address: Ipv4Addr,
    ) -> Self {
        let ddns = pool.map_or(&subnet.params.ddns, |pool| &pool.ddns);
        let naming = Naming {
            query,
            ddns,
            updates: ctx.updates && ddns.send_updates,
            reserved: query.hosts.current(subnet).map(|h| &*h.hostname).filter(|name| !name.is_empty()),
            address,
        };
        let name = match query.packet.option(option4::FQDN) {
            Some(fqdn) => {
                observe::log!(FqdnProcess { query: query.label() });
                observe::log!(FqdnData {
                    query: query.label(),
                    option: OptionText {
                        definitions: &ctx.config.definitions,
                        code: option4::FQDN.into(),
                        value: fqdn
                    }
                });
                naming.option_81(fqdn).unwrap_or_default()
            }
            None => {
                observe::log!(HostnameProcess { query: query.label() });
                naming.option_12(query.packet.option(option4::HOST_NAME)).unwrap_or_default()
            }
        };
        let libraries = ctx.libraries.at(Point::Named);
        if libraries.is_empty() {
            return name;
        }
        name.tuned(libraries, query, subnet, ddns)
    }

    /// As libraries want it.
    fn tuned(
        mut self,
        libraries: &[Arc<dyn Library>],
        query: &Query<'_>,
        subnet: &Subnet4,
        ddns: &Ddns,
    ) -> Self {
        let before =
            LeaseName { hostname: self.hostname.into(), forward: self.fqdn_fwd, reverse: self.fqdn_rev };
        let mut name = before.clone();
        for library in libraries {
            library.named(query, subnet, ddns, &mut name);
        }
        if name != before {
            observe::log!(HookNamed {
                before: &before.hostname,
                after: &name.hostname,
                forward: before.forward,
                forward_after: name.forward,
                reverse: before.reverse,
                reverse_after: name.reverse
            });
            self.option = self.option.and_then(|option| renamed(option, &name));
        }
        Self {
            hostname: name.hostname.into(),
            fqdn_fwd: name.forward,
            fqdn_rev: name.reverse,
            option: self.option,
        }
    }
}

/// The option of a reply with another name; `None`: there is none for it.
fn renamed((code, payload): NameOption, name: &LeaseName) -> Option<NameOption> {
    let told = name.hostname.to_ascii_lowercase();
    if code == option4::HOST_NAME {
        return (!told.is_empty()).then(|| (code, told.into_bytes()));
    }
    let [mut flags, rcode1, rcode2] = *payload.first_chunk()?;
    if !name.forward && !name.reverse {
        flags = (flags & !flag::S) | flag::N;
    }
    let mut payload = vec![flags, rcode1, rcode2];
    let full = if told.ends_with('.') { told } else { format!("{told}.") };
    if flags & flag::E != 0 {
        payload.extend(text_to_wire(&full)?);
    } else {
        payload.extend_from_slice(full.as_bytes());
    }
    Some((code, payload))
}

impl Naming<'_, '_> {
    fn option_81(&self, value: &[u8]) -> Option<ClientName> {
        let (flags, codes, name) = match value {
            [flags, rcode1, rcode2, name @ ..] => (*flags, [*rcode1, *rcode2], name),
            _ => return None,
        };
        let client_s = flags & flag::S != 0;
        let client_n = fqdn::client_n(client_s, flags & flag::N != 0, self.query.lenient)?;
        let (s, n) = directions(client_s, client_n, self.updates, self.ddns);
        let mut reply_flags = flags & flag::E;
        for (bit, set) in [(flag::S, s), (flag::N, n), (flag::O, s != client_s)] {
            if set {
                reply_flags |= bit;
            }
        }
        let full = self.fqdn(flags, name)?;
        // The result codes are out of use (RFC 4702 section 2.2). Kea repeats the client's, and so do we.
        let mut payload = vec![reply_flags];
        payload.extend_from_slice(&codes);
        // A generated name keeps the case of the configuration in the lease alone.
        let told = full.to_ascii_lowercase();
        if flags & flag::E != 0 {
            payload.extend(text_to_wire(&told)?);
        } else {
            payload.extend_from_slice(told.as_bytes());
        }
        Some(ClientName {
            hostname: full.into(),
            fqdn_fwd: s,
            fqdn_rev: !n,
            option: Some((option4::FQDN, payload)),
        })
    }

    /// The name of option 81, with its final dot.
    fn fqdn(&self, flags: u8, name: &[u8]) -> Option<String> {
        if let Some(reserved) = self.reserved {
            let name = self.ddns.qualify(reserved, true).to_ascii_lowercase();
            observe::log!(HostnameReserved { query: self.query.label(), name: &name });
            return Some(name);
        }
        let decoded = if flags & flag::E != 0 { wire_to_text(name)? } else { name.to_vec() };
        match of_sent(self.ddns, &decoded) {
            Ok(Name::Whole(name)) => Some(name),
            Ok(Name::Generate) => Some(self.generate(true)),
            Err(Fault::Scrubbed(name)) => {
                observe::log!(FqdnScrubbedEmpty { query: self.query.label(), name });
                None
            }
            Err(Fault::Malformed(reason)) => {
                observe::log!(NameFailed { query: self.query.label(), reason });
                None
            }
        }
    }

    fn option_12(&self, value: Option<&[u8]>) -> Option<ClientName> {
        let name = if let Some(reserved) = self.reserved {
            let name = self.ddns.qualify(reserved, false).to_ascii_lowercase();
            observe::log!(HostnameReserved { query: self.query.label(), name: &name });
            name
        } else if let Some(value) = value {
            self.hostname(value)?
        } else if self.ddns.names_the_nameless() {
            observe::log!(GenerateFqdn { query: self.query.label() });
            self.generate(false)
        } else {
            return None;
        };
        Some(ClientName {
            option: Some((option4::HOST_NAME, name.as_bytes().to_vec())),
            hostname: name.into(),
            fqdn_fwd: self.updates,
            fqdn_rev: self.updates,
        })
    }

    /// The name of option 12. Clients do not say whether it is whole: a single label is not.
    fn hostname(&self, value: &[u8]) -> Option<String> {
        let sent = options::without_nuls(value).trim_ascii();
        if sent.is_empty() {
            return None;
        }
        let label = self.query.label();
        observe::log!(HostnameData { query: label, name: String::from_utf8_lossy(sent) });
        if !well_formed(sent) {
            observe::log!(HostnameMalformed { query: label, name: String::from_utf8_lossy(sent) });
            return None;
        }
        if sent == b"." || self.ddns.replaces_names() {
            return Some(self.generate(false));
        }
        let clean = self.ddns.sanitiser.as_ref().map_or(sent.into(), |sanitiser| sanitiser.scrub(sent));
        if clean.is_empty() {
            observe::log!(HostnameScrubbedEmpty { query: label, name: String::from_utf8_lossy(sent) });
            return None;
        }
        if !well_formed(&clean) {
            observe::log!(SanitisedMalformed { query: label, name: String::from_utf8_lossy(&clean) });
            return None;
        }
        if *clean == *b"." {
            return Some(self.generate(false));
        }
        let name = String::from_utf8_lossy(&clean).to_ascii_lowercase();
        let single = !name.strip_suffix('.').unwrap_or(&name).contains('.');
        Some(if single { self.ddns.qualify(&name, false) } else { name })
    }

    fn generate(&self, dot: bool) -> String {
        let name = self.ddns.generate(self.address.into(), dot);
        observe::log!(HostnameGenerated { query: self.query.label(), name: &name });
        name
    }
}
