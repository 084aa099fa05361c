//! What is told of an active lease (RFC 4388 section 6.4.2, RFC 6926 section 7.2).

use base::Timestamp;
use config::Subnet4;
use lease::Lease4;
use wire::iana::dhcp4_option as option4;
use wire::v4::Header;

use crate::v4::{relay_info, reply};

/// The fixed fields: whose lease it is.
pub(super) fn head(lease: &Lease4, header: &mut Header<'_>) {
    header.ciaddr = lease.address;
    (header.htype, header.hlen, header.chaddr) = (0, 0, [0; 16]);
    if let Some(hw_addr) = &lease.hw_addr {
        header.htype = u8::try_from(hw_addr.htype()).unwrap_or(0);
        for (place, octet) in header.chaddr.iter_mut().zip(hw_addr.octets()) {
            *place = *octet;
        }
        header.hlen = u8::try_from(hw_addr.octets().len().min(header.chaddr.len())).unwrap_or(0);
    }
}

/// The options; times are as of `now`.
pub(super) fn options(lease: &Lease4, subnet: &Subnet4, now: Timestamp, mut put: impl FnMut(u8, &[u8])) {
    if let Some(client_id) = &lease.client_id {
        put(option4::CLIENT_IDENTIFIER, client_id.octets());
    }
    let elapsed = u32::try_from(now.since(lease.cltt)).unwrap_or(u32::MAX);
    put(option4::CLIENT_LAST_TRANSACTION_TIME, &elapsed.to_be_bytes());
    let lifetime = lease.valid_lifetime;
    if lifetime.is_infinite() {
        put(option4::LEASE_TIME, &lifetime.0.to_be_bytes());
    } else {
        put(option4::LEASE_TIME, &lifetime.0.saturating_sub(elapsed).to_be_bytes());
        for (code, time) in reply::tee_times(subnet, lifetime, elapsed) {
            put(code, &time.0.to_be_bytes());
        }
    }
    if let Some(info) = lease.user_context.as_deref().and_then(relay_info::stored) {
        put(option4::AGENT_OPTIONS, &info);
    }
}
