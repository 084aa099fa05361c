//! The client's name: Client FQDN (option 39, RFC 4704).
//!
//! A name belongs to an address: subnet and pool say how it is made, and a generated one is made from the address. A
//! client that sends no name, in a scope that generates none, costs nothing here.

use std::net::Ipv6Addr;
use std::sync::{Arc, LazyLock};

use config::{Ddns, Subnet6};
use wire::iana::dhcp6_option as option6;

use super::messages::{
    FqdnGenerated, FqdnMalformed, FqdnReceived, FqdnScrubbedEmpty, GenerateFqdn, HookNamed, HostnameReserved,
    NameFailed,
};
use super::{Context6, Library, Query};
use crate::details::OptionText;
use crate::fqdn::{self, Fault, Name};
use crate::points::{LeaseName, Point};

/// Flags of option 39 (RFC 4704 section 4.1).
mod flag {
    pub(super) const S: u8 = 0x01;
    pub(super) const O: u8 = 0x02;
    pub(super) const N: u8 = 0x04;
}

/// The rules where there is no subnet: DNS is not told of anything.
static NOWHERE: LazyLock<Ddns> = LazyLock::new(Ddns::default);

/// What the reply and the leases say of the client's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientName {
    /// For the lease; a name of option 39 has its final dot.
    pub hostname: Box<str>,
    /// The server updates DNS from name to address.
    pub forward: bool,
    /// The server updates DNS from address to name.
    pub reverse: bool,
    /// Option 39 of the reply.
    pub option: Option<Vec<u8>>,
}

impl ClientName {
    /// The name that goes with an address, or where there is none, with the message. `ddns` is that of the address's
    /// pool, else of the subnet; `None` without a subnet.
    pub(super) fn of(
        ctx: &Context6<'_>,
        query: &Query<'_>,
        subnet: Option<&Subnet6>,
        ddns: Option<&Ddns>,
        address: Option<Ipv6Addr>,
    ) -> Self {
        let ddns = ddns.unwrap_or_else(|| &NOWHERE);
        let updates = ctx.updates && ddns.send_updates;
        let reserved = subnet
            .and_then(|subnet| query.hosts.current(subnet))
            .map(|host| &*host.hostname)
            .filter(|name| !name.is_empty());
        let sent = query.message().option(option6::CLIENT_FQDN);
        if let Some(value) = sent {
            observe::log!(FqdnReceived {
                query: query.label(),
                option: OptionText {
                    definitions: &ctx.config.definitions,
                    code: option6::CLIENT_FQDN,
                    value
                }
            });
        }
        let (flags, name) = match sent {
            Some([flags, name @ ..]) => (*flags, fqdn::wire_to_text(name)),
            // Too short to be one.
            Some([]) => return Self::default(),
            None if updates && ddns.names_the_nameless() => {
                observe::log!(GenerateFqdn { query: query.label() });
                (flag::S, Some(Vec::new()))
            }
            // Nobody asks: the lease has the reserved name, and DNS is not told.
            None => return Self { hostname: reserved.unwrap_or_default().into(), ..Self::default() },
        };
        let client_s = flags & flag::S != 0;
        let client_n = fqdn::client_n(client_s, flags & flag::N != 0, query.lenient);
        let (Some(name), Some(client_n)) = (name, client_n) else {
            // Labels beyond the end make no sense either.
            observe::log!(FqdnMalformed { query: query.label() });
            return Self::default();
        };
        let (s, n) = fqdn::directions(client_s, client_n, updates, ddns);
        let mut reply_flags = 0;
        for (bit, set) in [(flag::S, s), (flag::N, n), (flag::O, s != client_s)] {
            if set {
                reply_flags |= bit;
            }
        }
        let chosen = match reserved {
            Some(reserved) => {
                let name = ddns.qualify(reserved, true).to_ascii_lowercase();
                observe::log!(HostnameReserved { query: query.label(), name: &name });
                Ok(Name::Whole(name))
            }
            None => fqdn::of_sent(ddns, &name),
        };
        let (hostname, told) = match chosen {
            Ok(Name::Whole(name)) => {
                let told = name.to_ascii_lowercase();
                (name, told)
            }
            Ok(Name::Generate) => match address {
                Some(address) => {
                    let name = ddns.generate(address.into(), true);
                    observe::log!(FqdnGenerated { query: query.label(), name: &name });
                    // A generated name keeps the case of the configuration in the lease alone.
                    let told = name.to_ascii_lowercase();
                    (name, told)
                }
                None => Default::default(),
            },
            Err(Fault::Scrubbed(name)) => {
                observe::log!(FqdnScrubbedEmpty { query: query.label(), name });
                return Self::default();
            }
            Err(Fault::Malformed(reason)) => {
                observe::log!(NameFailed { query: query.label(), reason });
                return Self::default();
            }
        };
        let mut payload = vec![reply_flags];
        if !told.is_empty() {
            let Some(wire) = fqdn::text_to_wire(&told) else { return Self::default() };
            payload.extend(wire);
        }
        let libraries = ctx.libraries.at(Point::Named);
        match subnet.filter(|_| !libraries.is_empty()) {
            None => Self { hostname: hostname.into(), forward: s, reverse: !n, option: Some(payload) },
            Some(subnet) => {
                let name = LeaseName { hostname, forward: s, reverse: !n };
                Self::tuned(libraries, query, subnet, ddns, name, payload)
            }
        }
    }

    /// As libraries want it.
    fn tuned(
        libraries: &[Arc<dyn Library>],
        query: &Query<'_>,
        subnet: &Subnet6,
        ddns: &Ddns,
        before: LeaseName,
        mut payload: Vec<u8>,
    ) -> Self {
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
            payload.truncate(1);
            if !name.forward
                && !name.reverse
                && let Some(flags) = payload.first_mut()
            {
                *flags = (*flags & !flag::S) | flag::N;
            }
            let told = name.hostname.to_ascii_lowercase();
            let Some(wire) = fqdn::text_to_wire(&told) else { return Self::default() };
            payload.extend(wire);
        }
        Self {
            hostname: name.hostname.into(),
            forward: name.forward,
            reverse: name.reverse,
            option: Some(payload),
        }
    }
}
