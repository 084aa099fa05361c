//! Runs of octets that need no second look: most of a text is strings, and most of a string stands for itself.

/// How many octets at the start of `octets` are none of `"`, `\`, DEL and those below a blank. Looks at eight at once.
pub(crate) fn clean(octets: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // Of the octets that are zero the lowest has its high bit set; what lies above it may be wrong.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let is = |word: u64, octet: u8| zero(word ^ ONES.wrapping_mul(u64::from(octet)));
    let mut count = 0;
    let mut rest = octets;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let below_blank = word.wrapping_sub(ONES << 5) & !word;
        let found = (below_blank | is(word, b'"') | is(word, b'\\') | is(word, 0x7f)) & HIGH;
        if found != 0 {
            return count + usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
        }
        count += 8;
        rest = after;
    }
    let plain = |octet: &&u8| !matches!(**octet, 0..b' ' | b'"' | b'\\' | 0x7f);
    count + rest.iter().take_while(plain).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_one_by_one(octets in prop::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'"')], 0..40)) {
            let slow = octets.iter().position(|octet| *octet < b' ' || matches!(octet, b'"' | b'\\' | 0x7f));
            prop_assert_eq!(clean(&octets), slow.unwrap_or(octets.len()));
        }
    }

    #[test]
    fn each_octet_at_each_place() {
        for octet in 0..=u8::MAX {
            for at in 0..17 {
                let mut octets = [b'x'; 17];
                octets[at] = octet;
                let stops = octet < b' ' || matches!(octet, b'"' | b'\\' | 0x7f);
                assert_eq!(clean(&octets), if stops { at } else { 17 }, "{octet} at {at}");
            }
        }
    }
}
