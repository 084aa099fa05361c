//! Classless static routes, option 121 (RFC 3442): a prefix length, the octets of the prefix that count, a router.

use std::net::Ipv4Addr;

use base::Ipv4Prefix;

use crate::{ValueError, csv};

/// `10.0.0.0/8 - 192.0.2.1, ...`: destination and router; bits of the destination beyond its length are cleared.
pub(crate) fn encode(text: &str) -> Result<Vec<u8>, (usize, ValueError)> {
    let routes = csv::split(text);
    if routes.is_empty() {
        return Err((0, ValueError::Missing));
    }
    let mut out = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let bad = |problem| (index, ValueError::StaticRoute { route: route.clone(), problem });
        let (destination, router) = route
            .split_once('-')
            .ok_or_else(|| bad("expected 'subnet/length - router', there is no hyphen"))?;
        let destination: Ipv4Prefix =
            destination.trim().parse().map_err(|_| bad("the destination is not an IPv4 prefix"))?;
        let router: Ipv4Addr = router.trim().parse().map_err(|_| bad("the router is not an IPv4 address"))?;
        out.push(destination.length());
        out.extend(destination.address().octets().into_iter().take(octets(destination.length())));
        out.extend(router.octets());
    }
    Ok(out)
}

/// One route at the front of `payload`, and the octets it takes.
pub(crate) fn parse(payload: &[u8]) -> Option<(Ipv4Prefix, Ipv4Addr, usize)> {
    let (length, rest) = payload.split_first()?;
    let significant = (*length <= 32).then(|| octets(*length))?;
    let (prefix, rest) = rest.split_at_checked(significant)?;
    let mut address = [0; 4];
    address.get_mut(..significant)?.copy_from_slice(prefix);
    let router: [u8; 4] = *rest.first_chunk()?;
    Some((Ipv4Prefix::new(address.into(), *length)?, router.into(), 1 + significant + 4))
}

fn octets(length: u8) -> usize {
    usize::from(length.div_ceil(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_both_ways() {
        let text = "10.229.0.128/25 - 10.229.0.1, 10.198.122.47/32 - 10.198.122.1,10.0.0.3/8-10.0.0.189, 0.0.0.0/0 - 10.0.0.1";
        let payload = encode(text).unwrap();
        assert_eq!(
            payload,
            [
                25, 10, 229, 0, 128, 10, 229, 0, 1, 32, 10, 198, 122, 47, 10, 198, 122, 1, 8, 10, 10, 0, 0,
                189, 0, 10, 0, 0, 1
            ]
        );
        let (prefix, router, taken) = parse(&payload).unwrap();
        assert_eq!(
            (prefix.to_string().as_str(), router, taken),
            ("10.229.0.128/25", Ipv4Addr::new(10, 229, 0, 1), 9)
        );
        for broken in [&[][..], &[33, 1, 1, 1, 1, 1, 1, 1, 1, 1], &[8], &[8, 10, 1, 2, 3]] {
            assert!(parse(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn bad_routes_name_themselves() {
        for (text, index, problem) in [
            ("", 0, "no option value"),
            ("10.0.0.0/8", 0, "no hyphen"),
            ("10.0.0.0/8 - 10.0.0.1, 10.0.0.0 - 10.0.0.1", 1, "not an IPv4 prefix"),
            ("10.0.0.0/33 - 10.0.0.1", 0, "not an IPv4 prefix"),
            ("10.0.0.0/8 - x", 0, "router is not"),
        ] {
            let (at, error) = encode(text).unwrap_err();
            assert_eq!(at, index, "{text}");
            assert!(error.to_string().contains(problem), "{error}");
        }
    }
}
