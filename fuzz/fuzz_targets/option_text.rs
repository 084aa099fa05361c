//! Definitions with texts and payloads: the crate `options`.
//!
//! The first octet says what the rest is: a text of values, a payload, digits, or the parts of a definition.
#![no_main]

use std::borrow::Cow;
use std::sync::Arc;

use base::Family;
use libfuzzer_sys::fuzz_target;
use options::{
    DataType, DefTable, OptionDef, OptionSpace, check_payload, data_len, decode_csv, decode_text, encode_csv,
    encode_hex, normalize, values,
};

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    let Some((def, rest)) = definition(rest) else { return };
    match kind % 4 {
        0 => payload(&def, rest),
        1 => digits(rest),
        2 => parts(rest),
        _ => text(&def, rest),
    }
});

const TYPES: [&str; 16] = [
    "empty",
    "binary",
    "boolean",
    "int8",
    "int16",
    "int32",
    "uint8",
    "uint16",
    "uint32",
    "ipv4-address",
    "ipv6-address",
    "ipv6-prefix",
    "psid",
    "string",
    "tuple",
    "fqdn",
];

/// A valid definition from the front of the input: a standard one by its place, or a custom one by its types.
fn definition(input: &[u8]) -> Option<(Arc<OptionDef>, &[u8])> {
    let ([flags, choice], rest) = input.split_first_chunk::<2>()?;
    let family = if flags & 1 == 0 { Family::V4 } else { Family::V6 };
    if flags & 2 == 0 {
        let table = DefTable::standard(family);
        let all = table.space(OptionSpace::top(family).as_str());
        return Some((Arc::clone(all[usize::from(*choice) % all.len()]), rest));
    }
    let one = |octet: u8| DataType::from_name(TYPES[usize::from(octet) % TYPES.len()]);
    let code = if family == Family::V4 { 230 } else { 60_000 };
    let mut def = OptionDef::new(family, OptionSpace::top(family), code, "fuzz", one(*choice)?);
    def.array = flags & 4 != 0;
    let mut rest = rest;
    if flags & 8 != 0 {
        let count = 2 + usize::from(choice % 4);
        let (types, after) = rest.split_at_checked(count)?;
        def.data_type = DataType::Record;
        def.record_types = Cow::Owned(types.iter().map(|octet| one(*octet)).collect::<Option<_>>()?);
        rest = after;
    }
    def.encapsulates = (flags & 16 != 0).then(|| OptionSpace::vendor(1));
    def.validate().ok().map(|()| (Arc::new(def), rest))
}

fn payload(def: &OptionDef, payload: &[u8]) {
    let readable = decode_text(def, payload);
    let length = data_len(def, payload);
    assert_eq!(length.is_ok(), check_payload(def, payload).is_ok());
    assert_eq!(length.is_ok(), values(def, payload).all(|value| value.is_ok()));
    let Ok(length) = length else {
        assert!(readable.starts_with("0x"));
        return;
    };
    assert!(length <= payload.len());
    // What the definition does not cover does not change what it does.
    if def.fields().iter().all(|t| !matches!(t, DataType::Binary | DataType::String | DataType::Internal))
        && !def.array
    {
        assert_eq!(data_len(def, &payload[..length]), Ok(length));
    }
    if let Ok(normal) = normalize(def, payload.to_vec()) {
        assert_eq!(normalize(def, normal.clone()), Ok(normal));
    }
    if let Some(text) = decode_csv(def, payload) {
        assert_eq!(encode_csv(def, &text).as_deref(), Ok(payload));
    }
}

fn text(def: &OptionDef, input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match encode_csv(def, text) {
        Ok(made) => {
            // NULs are the one text that is written and not read.
            if text.contains('\0') {
                return;
            }
            assert_eq!(data_len(def, &made), Ok(made.len()), "{def:?} {text:?}");
            let again = decode_csv(def, &made);
            // A byte order mark or another odd blank at the edge of a value may be without a text; plain text is not.
            if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control()) {
                let again =
                    again.unwrap_or_else(|| panic!("no text for {made:x?} of {def:?}, made of {text:?}"));
                assert_eq!(encode_csv(def, &again), Ok(made));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn digits(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(octets) = encode_hex(text) {
        let again: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(encode_hex(&again), Ok(octets));
    }
}

fn parts(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(types) = DataType::parse_list(text) {
        let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
        assert_eq!(DataType::parse_list(&names.join(", ")), Ok(types));
    }
    if let Ok(space) = OptionSpace::new(text) {
        assert_eq!(space.as_str(), text);
        if let Some(enterprise) = space.enterprise() {
            assert_eq!(OptionSpace::vendor(enterprise).enterprise(), Some(enterprise));
        }
    }
}
