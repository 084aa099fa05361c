//! DHCPV4-QUERY: kea-dhcp4 answers it (RFC 7341).

use wire::v6::MessageType;

use super::messages::{NotProcessed, Over4Received, PackFailed, TypeName};
use super::{Context6, DropReason, Query, Verdict};
use crate::over6::{self, Passed, Source};

pub(super) fn process(
    ctx: &Context6<'_>,
    query: &Query<'_>,
    out: &mut Vec<u8>,
) -> Result<Verdict, DropReason> {
    let refuse = |reason: &str| {
        let (name, remote) = (TypeName(query.kind), query.arrival.remote);
        observe::log!(NotProcessed { query: query.label(), name, remote, reason });
    };
    if ctx.config.globals.dhcp4o6_port == 0 {
        refuse("DHCPv4 over DHCPv6 is off (dhcp4o6-port)");
        return Err(DropReason::AdminFiltered);
    }
    if let Err(fault) = over6::inner(&query.packet) {
        refuse(&fault.to_string());
        return Err(DropReason::RfcViolation);
    }
    let arrival = query.arrival;
    let source = Source { interface: &arrival.interface, remote: arrival.remote, port: arrival.remote_port };
    match over6::pass_on(&query.packet, &source, out) {
        Ok(()) => Ok(Verdict::PassOn),
        Err(error) => {
            out.clear();
            observe::log!(PackFailed { query: query.label(), error });
            Err(DropReason::ProcessingFailed)
        }
    }
}

/// Reads an answer of kea-dhcp4.
pub fn received_over4(bytes: &[u8]) -> Option<Passed<'_>> {
    match Passed::parse(bytes, MessageType::DHCPV4_RESPONSE) {
        Ok(passed) => {
            observe::log!(Over4Received {
                code: MessageType::DHCPV4_RESPONSE.0,
                remote: passed.source.remote,
                port: passed.source.port,
                interface: passed.source.interface
            });
            Some(passed)
        }
        Err(fault) => {
            over6::report(&fault);
            None
        }
    }
}
