//! Options 124 and 125: data of several vendors side by side (RFC 3925).

use super::builder::PART;
use crate::Reader;

/// The vendors' parts of the whole value of option 124 or 125: enterprise number and data, in order; a part that is
/// cut off is left out. For option 125 the data are sub-options in [`Framing::Plain`](crate::Framing::Plain).
pub fn vendor_parts(value: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut r = Reader::new(value);
    std::iter::from_fn(move || {
        let enterprise = r.u32()?;
        let length = r.u8()?;
        Some((enterprise, r.bytes(usize::from(length))?))
    })
}

/// Appends a vendor's part to the value of option 124 or 125. Data of more than 255 octets go out as several parts
/// of the same vendor, which for option 125 cuts between sub-options only when the caller passes them one by one.
pub fn append_vendor_part(value: &mut Vec<u8>, enterprise: u32, data: &[u8]) {
    let mut rest = data;
    loop {
        let (part, after) = rest.split_at_checked(PART).unwrap_or((rest, &[]));
        value.extend(enterprise.to_be_bytes());
        value.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        value.extend_from_slice(part);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_both_ways() {
        let mut value = Vec::new();
        append_vendor_part(&mut value, 4491, &[2, 1, 7]);
        append_vendor_part(&mut value, 9, &[]);
        assert_eq!(value, [0, 0, 0x11, 0x8b, 3, 2, 1, 7, 0, 0, 0, 9, 0]);
        assert_eq!(vendor_parts(&value).collect::<Vec<_>>(), [(4491, &[2, 1, 7][..]), (9, &[])]);
        for cut in 1..5 {
            let value = value.get(..value.len() - cut).unwrap();
            assert_eq!(vendor_parts(value).count(), 1, "{cut}");
        }
        assert_eq!(vendor_parts(&[0, 0, 0, 9, 4, 1, 1, 1]).count(), 0);
        let mut long = Vec::new();
        append_vendor_part(&mut long, 9, &[5; 300]);
        assert_eq!(vendor_parts(&long).map(|(e, d)| (e, d.len())).collect::<Vec<_>>(), [(9, 255), (9, 45)]);
    }
}
