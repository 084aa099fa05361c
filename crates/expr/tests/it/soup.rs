//! No text and no packet ends the process.

use crate::common::{Packet, World, packet4, packet6};
use expr::{Family, QueryView, compile_bool, compile_string};
use proptest::prelude::*;

const TOKENS: &[&str] = &[
    "==",
    "option",
    "relay4",
    "relay6",
    "peeraddr",
    "linkaddr",
    "text",
    "hex",
    "exists",
    "pkt",
    "iface",
    "src",
    "dst",
    "len",
    "pkt4",
    "mac",
    "hlen",
    "htype",
    "ciaddr",
    "giaddr",
    "yiaddr",
    "siaddr",
    "pkt6",
    "msgtype",
    "transid",
    "vendor",
    "vendor-class",
    "data",
    "enterprise",
    "substring",
    "lcase",
    "ucase",
    "split",
    "all",
    "concat",
    "ifelse",
    "sifelse",
    "hexstring",
    "addrtotext",
    "int8totext",
    "uint32totext",
    "not",
    "and",
    "sand",
    "or",
    "sor",
    "member",
    "match",
    ".",
    "(",
    ")",
    "[",
    "]",
    ",",
    "*",
    "+",
    "'a'",
    "''",
    "'known-class'",
    "'[a'",
    "0x0",
    "1",
    "-1",
    "4294967296",
    "192.0.2.1",
    "::",
    "host-name]",
    "\n",
    " ",
    "é",
    "'",
];

/// Pieces that fit together, so that a good share of the texts compiles.
const BOOLEANS: &[&str] = &[
    "option[43].option[1].exists",
    "relay4[1].exists",
    "vendor[*].exists",
    "vendor-class[4491].exists",
    "member('known-class')",
    "match('(a|b)*[^c]+', option[43].hex)",
    "option[3].hex == option[222].option[1].hex",
    "substring(option[82].hex, -3, -2) == split(option[60].hex, 'ab', 2)",
    "'a' == 'a'",
];
const STRINGS: &[&str] = &[
    "option[222].option[1].text",
    "option[3].text",
    "option[82].text",
    "option[43].text",
    "option[55].option[1].text",
    "vendor[*].option[1].text",
    "vendor-class[*].data[1]",
    "vendor.enterprise",
    "hexstring(option[125].hex, ':')",
    "uint16totext(option[57].hex)",
    "addrtotext(option[50].hex)",
    "substring(option[61].hex, 1, all)",
    "pkt4.mac",
];

fn any_packet() -> impl Strategy<Value = Packet> {
    let codes = prop::sample::select(vec![3u16, 43, 50, 55, 57, 60, 61, 82, 124, 125, 222, 16, 17, 25, 2222]);
    let payload = prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..40);
    prop::collection::vec((codes, payload), 0..20).prop_map(|options| Packet { options, ..packet4() })
}

fn use_all(text: &str, family: Family, packet: &Packet) {
    let mut world = World::new(family);
    for expression in [compile_bool(text, family, &mut world), compile_string(text, family, &mut world)] {
        match expression {
            Ok(expression) => {
                let _ = expression.eval_bool(packet);
                let _ = expression.eval_string(packet as &dyn QueryView).map(|value| value.into_vec());
            }
            Err(error) => assert!(error.to_string().starts_with("<string>:")),
        }
    }
}

proptest! {
    #[test]
    fn token_soup(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..30)) {
        let text = tokens.concat();
        use_all(&text, Family::V4, &packet4());
        use_all(&tokens.join(" "), Family::V6, &packet6());
    }

    #[test]
    fn any_text(text in "\\PC{0,60}") {
        use_all(&text, Family::V4, &packet4());
    }

    #[test]
    fn sensible_texts_and_any_packet(
        booleans in prop::collection::vec(prop::sample::select(BOOLEANS), 1..5),
        strings in prop::collection::vec(prop::sample::select(STRINGS), 1..5),
        operator in prop::sample::select(vec![" and ", " or ", " sand ", " sor "]),
        packet in any_packet(),
    ) {
        let condition = booleans.join(operator);
        let sum = strings.join(" + ");
        use_all(&condition, Family::V4, &packet);
        use_all(&sum, Family::V4, &packet);
        use_all(&format!("ifelse({condition}, lcase({sum}), split({sum}, 0x00, 1))"), Family::V4, &packet);
    }

    /// `substring` against a definition by positions.
    #[test]
    fn substring_by_positions(
        value in prop::collection::vec(any::<u8>(), 0..12),
        start in -14i64..14,
        length in -14i64..14,
    ) {
        let packet = Packet { options: vec![(60, value.clone())], ..packet4() };
        let text = format!("substring(option[60].hex, {start}, {length})");
        let expression = compile_string(&text, Family::V4, &mut World::new(Family::V4)).unwrap();
        let size = value.len() as i64;
        let origin = if start < 0 { size + start } else { start };
        let expected: Vec<u8> = (0..size)
            .filter(|_| (0..size).contains(&origin))
            .filter(|at| if length < 0 { (origin + length..origin).contains(at) } else { (origin..origin + length).contains(at) })
            .map(|at| value[at as usize])
            .collect();
        prop_assert_eq!(expression.eval_string(&packet).unwrap().into_vec(), expected);
    }

    /// Folding constants gives what evaluation gives.
    #[test]
    fn folding_agrees_with_evaluation(
        value in "[a-c:.]{0,10}",
        start in -12i64..12,
        length in -12i64..12,
        field in -1i64..5,
    ) {
        let packet = Packet { options: vec![(60, value.clone().into_bytes())], ..packet4() };
        for shape in [
            format!("substring(X, {start}, {length})"),
            format!("split(X, '.:', {field})"),
            "ucase(X) + lcase(X) + 'z'".to_owned(),
            "hexstring(X, X)".to_owned(),
            "ifelse(match('[ab]*', X), X, concat(X, 'no'))".to_owned(),
            "ifelse(X == 'a' or X == '' sand not X == 'b', X + 'yes', 'no')".to_owned(),
            "uint16totext(X)".to_owned(),
        ] {
            let compile = |by: &str| compile_string(&shape.replace('X', by), Family::V4, &mut World::new(Family::V4)).unwrap();
            let folded = compile(&format!("'{value}'"));
            let computed = compile("option[60].hex");
            prop_assert_eq!(
                folded.eval_string(&packet).map(|v| v.into_vec()),
                computed.eval_string(&packet).map(|v| v.into_vec()),
                "{}", shape
            );
        }
    }
}
