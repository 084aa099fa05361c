//! A look at whose packet it is, before anything is parsed.

use super::{HEADER_LEN, MAX_RELAYS, MessageType, RELAY_HEADER_LEN};

/// OPTION_CLIENTID and OPTION_RELAY_MSG (RFC 9915 sections 21.2 and 21.10).
const CLIENT_ID: u16 = 1;
const RELAY_MESSAGE: u16 = 9;

/// The client's DUID, through as many relays as a packet may have; the first one where there are several.
#[must_use]
pub fn client_duid(packet: &[u8]) -> Option<&[u8]> {
    let mut message = packet;
    for _ in 0..=MAX_RELAYS {
        let kind = MessageType(*message.first()?);
        if !kind.is_relay() {
            return option(message.get(HEADER_LEN..)?, CLIENT_ID);
        }
        message = option(message.get(RELAY_HEADER_LEN..)?, RELAY_MESSAGE)?;
    }
    None
}

fn option(mut options: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let ([c1, c2, l1, l2], rest) = options.split_first_chunk::<4>()?;
        let (value, next) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l1, *l2])))?;
        if u16::from_be_bytes([*c1, *c2]) == wanted {
            return Some(value);
        }
        options = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relayed(inner: &[u8]) -> Vec<u8> {
        let mut packet = vec![12];
        packet.extend([0; 33]);
        packet.extend([0, 18, 0, 1, 7, 0, 9, 0, u8::try_from(inner.len()).unwrap()]);
        packet.extend(inner);
        packet
    }

    #[test]
    fn through_relays_and_other_options() {
        let message = [1, 0, 0, 1, 0, 8, 0, 2, 0, 0, 0, 1, 0, 3, 9, 9, 9];
        assert_eq!(client_duid(&message), Some(&[9, 9, 9][..]));
        let twice = relayed(&relayed(&message));
        assert_eq!(client_duid(&twice), Some(&[9, 9, 9][..]));
        // Cut anywhere: nothing, never a panic.
        for cut in 0..twice.len() {
            assert_eq!(client_duid(twice.get(..cut).unwrap()), None, "{cut}");
        }
    }
}
