//! Properties of the way between texts and payloads.

use std::borrow::Cow;

use base::Family;
use options::{
    DataType, OptionDef, OptionSpace, check_payload, data_len, decode_csv, decode_text, encode_csv,
    encode_hex, normalize,
};
use proptest::prelude::*;

fn field() -> impl Strategy<Value = DataType> {
    use DataType::*;
    prop::sample::select(vec![
        Boolean,
        Int8,
        Int16,
        Int32,
        Uint8,
        Uint16,
        Uint32,
        Ipv4Address,
        Ipv6Address,
        Ipv6Prefix,
        Psid,
        Tuple,
        Fqdn,
        String,
        Binary,
    ])
}

fn definition() -> impl Strategy<Value = OptionDef> {
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    let types = prop_oneof![
        field().prop_map(|t| (t, vec![])),
        prop::collection::vec(field(), 2..5).prop_map(|types| (DataType::Record, types)),
        Just((DataType::Empty, vec![])),
    ];
    (family, types, any::<bool>(), any::<bool>()).prop_filter_map(
        "valid",
        |(family, (data_type, types), array, inner)| {
            let mut def = OptionDef::new(family, OptionSpace::top(family), 231, "generated", data_type);
            if family == Family::V6 {
                def.code = 60_001;
            }
            def.record_types = Cow::Owned(types);
            def.array = array;
            def.encapsulates = inner.then(|| OptionSpace::vendor(1));
            def.validate().is_ok().then_some(def)
        },
    )
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-fx:./-]{0,20}",
        "[ -~]{0,12}",
        Just("true".to_owned()),
        Just("192.0.2.1".to_owned()),
        Just("2001:db8::/48".to_owned()),
        Just("3/4".to_owned()),
        Just("www.example.com".to_owned()),
        any::<i32>().prop_map(|n| n.to_string()),
        "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// What a text makes is a payload of the definition; its text makes the same payload.
    #[test]
    fn text_to_payload_and_back(def in definition(), words in prop::collection::vec(word(), 0..6)) {
        if let Ok(payload) = encode_csv(&def, &words.join(", ")) {
            // A text of NULs and an empty list of addresses are written but not read.
            if check_payload(&def, &payload).is_ok() {
                prop_assert_eq!(data_len(&def, &payload), Ok(payload.len()));
                if let Some(text) = decode_csv(&def, &payload) {
                    prop_assert_eq!(encode_csv(&def, &text), Ok(payload));
                }
            } else {
                prop_assert!(payload.is_empty() || words.iter().any(|w| w.contains('\0')));
            }
        }
    }

    /// Any payload has a text and a length, and is stable once normal.
    #[test]
    fn any_payload(def in definition(), payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode_text(&def, &payload);
        let _ = decode_csv(&def, &payload);
        if let Ok(length) = data_len(&def, &payload) {
            prop_assert!(length <= payload.len());
        }
        if let Ok(normal) = normalize(&def, payload) {
            prop_assert_eq!(normalize(&def, normal.clone()), Ok(normal));
        }
    }

    /// Digits say the octets that they were made of, in each of the forms.
    #[test]
    fn hexadecimal_forms(octets in prop::collection::vec(any::<u8>(), 1..40)) {
        let groups: Vec<String> = octets.iter().map(|o| format!("{o:02x}")).collect();
        for text in [groups.concat(), format!("0x{}", groups.concat()), groups.join(":"), groups.join(" ")] {
            prop_assert_eq!(encode_hex(&text), Ok(octets.clone()));
        }
    }

    #[test]
    fn any_text(text in "\\PC*") {
        let _ = encode_hex(&text);
        let _ = DataType::parse_list(&text);
        let _ = OptionSpace::new(&text);
    }
}
