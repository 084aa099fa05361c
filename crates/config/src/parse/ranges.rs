//! Texts of subnets, pools and prefixes.

use std::net::Ipv6Addr;

use base::{IpAddress, IpPrefix, Ipv6Prefix};

/// The text of `subnet`. Bits beyond the length are cleared, as in Kea.
pub(crate) fn subnet<X: IpPrefix>(text: &str) -> Result<X, String> {
    let Some((address, length)) = text.rsplit_once('/') else {
        return Err(format!("Invalid subnet syntax (prefix/len expected):{text}"));
    };
    let Ok(number) = length.parse::<u64>() else {
        return Err(format!("prefix length: '{length}' is not an integer"));
    };
    let prefix = u8::try_from(number)
        .ok()
        .filter(|n| *n <= X::Address::BITS)
        .ok_or_else(|| format!("Invalid prefix length specified for subnet: {number}"))?;
    address
        .parse()
        .ok()
        .and_then(|address| X::of(address, prefix))
        .ok_or_else(|| format!("Failed to convert string to address '{address}': Invalid argument"))
}

/// The text of `4o6-subnet`.
pub(crate) fn over6_subnet(text: &str) -> Result<Ipv6Prefix, String> {
    let Some((address, length)) = text.split_once('/') else {
        return Err(format!("Missing / in the 4o6-subnet parameter:{text}, expected format: prefix6/length"));
    };
    let length = length.parse().ok().filter(|length| *length <= 128).ok_or_else(|| {
        format!("Invalid prefix length specified in 4o6-subnet parameter: {text}, expected 0..128 value")
    })?;
    address
        .parse()
        .ok()
        .and_then(|address| Ipv6Prefix::new(address, length))
        .ok_or_else(|| format!("Failed to convert string to address '{address}': Invalid argument"))
}

/// The text of `pool`: `first - last`, or a prefix.
pub(crate) fn pool<A: IpAddress>(text: &str) -> Result<(A, A), String> {
    let unreadable = || format!("Failed to parse pool definition: {text}");
    if let Some((prefix, length)) = text.split_once('/') {
        let first: A = prefix.trim().parse().map_err(|_| unreadable())?;
        let length: u8 = length.trim().parse().map_err(|_| unreadable())?;
        let prefix = A::Prefix::of(first, length).ok_or_else(unreadable)?;
        if prefix.first() != first {
            return Err(format!(
                "Failed to create pool defined by: {text}: {first} is not the first address in prefix: {prefix}"
            ));
        }
        return Ok((first, prefix.last()));
    }
    let Some((first, last)) = text.split_once('-') else {
        return Err(format!(
            "invalid pool definition: {text}. There are two acceptable formats <min address-max address> or \
             <prefix/len>"
        ));
    };
    let first: A = first.trim().parse().map_err(|_| unreadable())?;
    let last: A = last.trim().parse().map_err(|_| unreadable())?;
    if last < first {
        return Err(format!(
            "Failed to create pool defined by: {text}: Upper boundary is smaller than lower boundary."
        ));
    }
    Ok((first, last))
}

/// A pool as Kea prints it: a prefix where the range is one, else `first-last`.
pub fn pool_text<A: IpAddress>(first: A, last: A) -> String {
    let differ = first.number() ^ last.number();
    // A prefix has no bit in common below its length: all zero in the first address, all one in the last.
    if differ & differ.wrapping_add(1) == 0 && first.number() & differ == 0 {
        return format!("{first}/{}", u32::from(A::BITS) - (128 - differ.leading_zeros()));
    }
    format!("{first}-{last}")
}

/// A prefix of a reservation; `what` begins the fault of a text without length.
pub(crate) fn reserved_prefix(text: &str, what: &str) -> Result<Ipv6Prefix, String> {
    let Some((address, length)) = text.split_once('/') else {
        return Err(format!("{what} requires prefix length be specified in '{text}'"));
    };
    if length.is_empty() {
        return Err(format!("prefix '{text}' requires length after '/'"));
    }
    let Ok(number) = length.parse::<u64>() else {
        return Err(format!("prefix length value '{length}' is invalid"));
    };
    let Some(length) = u8::try_from(number).ok().filter(|n| (1..=128).contains(n)) else {
        return Err("'prefix-len' value must be in range of [1..128]".to_owned());
    };
    let prefix =
        address.parse().ok().and_then(|address: Ipv6Addr| Some((address, Ipv6Prefix::new(address, length)?)));
    match prefix {
        Some((address, prefix)) if prefix.address() == address => Ok(prefix),
        Some((address, prefix)) => {
            Err(format!("Prefix address: {address} exceeds prefix/prefix-len pair: {prefix}"))
        }
        None => Err(format!("Failed to convert string to address '{address}': Invalid argument")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use base::Ipv4Prefix;

    use super::*;

    #[test]
    fn subnets() {
        let subnet = subnet::<Ipv4Prefix>;
        assert_eq!(super::subnet::<Ipv6Prefix>("2001:db8::1/64").unwrap().to_string(), "2001:db8::/64");
        assert_eq!(subnet("192.0.2.0/24").unwrap().to_string(), "192.0.2.0/24");
        assert_eq!(subnet("192.0.2.9/24").unwrap().to_string(), "192.0.2.0/24");
        for (text, error) in [
            ("192.0.2.0", "Invalid subnet syntax (prefix/len expected):192.0.2.0"),
            ("", "Invalid subnet syntax (prefix/len expected):"),
            ("192.0.2.0/x", "prefix length: 'x' is not an integer"),
            ("192.0.2.0/33", "Invalid prefix length specified for subnet: 33"),
            ("192.0.2.0/-1", "prefix length: '-1' is not an integer"),
            ("192.0.2/24", "Failed to convert string to address '192.0.2': Invalid argument"),
            ("2001:db8::/32", "Failed to convert string to address '2001:db8::': Invalid argument"),
        ] {
            assert_eq!(subnet(text).unwrap_err(), error);
        }
    }

    #[test]
    fn pools_and_their_printed_form() {
        for (text, printed) in [
            ("2001:db8::-2001:db8::ff", "2001:db8::/120"),
            ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
            ("2001:db8::1 - 2001:db8::2", "2001:db8::1-2001:db8::2"),
        ] {
            let (first, last) = pool::<Ipv6Addr>(text).unwrap();
            assert_eq!(pool_text(first, last), printed);
            assert_eq!(pool(printed), Ok((first, last)));
        }
        let pool = pool::<Ipv4Addr>;
        for (text, printed) in [
            ("192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20"),
            ("192.0.2.10-192.0.2.10", "192.0.2.10/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0-10.255.255.255", "10.0.0.0/8"),
            ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
            ("10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2"),
            ("10.0.0.2 - 10.0.0.3", "10.0.0.2/31"),
        ] {
            let (first, last) = pool(text).unwrap();
            assert_eq!(pool_text(first, last), printed);
            assert_eq!(pool(printed), Ok((first, last)));
        }
        for (text, error) in [
            (
                "10.0.0.1",
                "invalid pool definition: 10.0.0.1. There are two acceptable formats <min address-max address> or <prefix/len>",
            ),
            ("10.0.0.1-x", "Failed to parse pool definition: 10.0.0.1-x"),
            (
                "10.0.0.9-10.0.0.1",
                "Failed to create pool defined by: 10.0.0.9-10.0.0.1: Upper boundary is smaller than lower boundary.",
            ),
            (
                "10.0.0.9/24",
                "Failed to create pool defined by: 10.0.0.9/24: 10.0.0.9 is not the first address in prefix: 10.0.0.0/24",
            ),
            ("10.0.0.0/33", "Failed to parse pool definition: 10.0.0.0/33"),
        ] {
            assert_eq!(pool(text).unwrap_err(), error);
        }
    }
}
