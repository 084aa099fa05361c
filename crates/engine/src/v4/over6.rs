//! Queries that kea-dhcp6 passed on (RFC 7341): into the usual way of a query and back out of it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use wire::v4::SERVER_PORT;
use wire::v6::MessageType;

use super::messages::{Over6BadPacket, Over6PackFailed, Over6Received, Over6Sent};
use super::{Arrival, Context4, DropReason, Verdict};
use crate::over6::{self, Fault, Passed};

/// Reads what kea-dhcp6 passed on.
pub fn received_over6(bytes: &[u8]) -> Result<Passed<'_>, DropReason> {
    let read = Passed::parse(bytes, MessageType::DHCPV4_QUERY);
    match &read {
        Ok(passed) => observe::log!(Over6Received {
            code: MessageType::DHCPV4_QUERY.0,
            remote: passed.source.remote,
            port: passed.source.port,
            interface: passed.source.interface
        }),
        Err(fault @ (Fault::NoMessage | Fault::SeveralMessages)) => {
            observe::log!(Over6BadPacket { remote: "kea-dhcp6", reason: fault });
        }
        Err(fault) => over6::report(fault),
    }
    read.map_err(|_| DropReason::ParseFailed)
}

/// How such a query came in.
pub fn arrival_over6(ctx: &Context4<'_>, passed: &Passed<'_>) -> Result<Arrival, DropReason> {
    let source = passed.source;
    let bad = |fault: &Fault| {
        over6::report(fault);
        DropReason::ParseFailed
    };
    let address = ctx.locals.known_as(source.interface).ok_or_else(|| bad(&Fault::UnknownInterface))?;
    if address.is_unspecified() && ctx.config.globals.own.server_ids.is_empty() {
        return Err(bad(&Fault::NoServerId));
    }
    let about = passed.about();
    Ok(Arrival {
        interface: Arc::from(source.interface),
        interface_address: address,
        local: if about.unicast { address } else { Ipv4Addr::BROADCAST },
        local_port: SERVER_PORT,
        remote: Ipv4Addr::UNSPECIFIED,
        remote_port: source.port,
        received: None,
        over6: Some(Box::new(about)),
    })
}

/// What becomes of such a query: writes the message for kea-dhcp6, where `reply` is the answer to it. The destination
/// of the verdict says nothing.
pub fn answer_over6(passed: &Passed<'_>, verdict: Verdict, reply: &[u8], out: &mut Vec<u8>) -> Verdict {
    let Verdict::Reply(answer) = &verdict else { return verdict };
    let source = passed.source;
    if let Err(error) = passed.answer(reply, out) {
        out.clear();
        observe::log!(Over6PackFailed { remote: source.remote, error });
        return Verdict::Drop(DropReason::ProcessingFailed);
    }
    observe::log!(Over6Sent {
        name: answer.kind,
        code: answer.kind.0,
        remote: source.remote,
        port: source.port,
        interface: source.interface
    });
    verdict
}
