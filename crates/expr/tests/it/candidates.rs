//! Of many tests only those are left out that are false.

use crate::common::{Packet, World, packet4};
use expr::{Candidates, Expression, Family, compile_bool};
use proptest::prelude::*;

fn compile(texts: &[String]) -> Vec<Expression> {
    let mut world = World::new(Family::V4);
    texts
        .iter()
        .map(|text| {
            compile_bool(text, Family::V4, &mut world).unwrap_or_else(|error| panic!("{text}: {error:?}"))
        })
        .collect()
}

fn positions(expressions: &[Expression], packet: &Packet) -> Vec<usize> {
    Candidates::new(expressions.iter().map(Some)).of(packet).collect()
}

#[test]
fn tests_of_one_value_cost_nothing_unless_it_is_theirs() {
    let mut texts: Vec<String> = (0..100).map(|n| format!("option[60].text == 'kind-{n}'")).collect();
    texts.push("option[61].exists".into());
    let expressions = compile(&texts);
    let mut packet = packet4();
    assert_eq!(positions(&expressions, &packet), [100]);
    for (code, value) in &mut packet.options {
        if *code == 60 {
            *value = b"kind-42\0".to_vec();
        }
    }
    assert_eq!(positions(&expressions, &packet), [42, 100]);
}

#[test]
fn a_test_that_can_fail_is_looked_at() {
    let failing = "addrtotext(option[60].hex) == '192.0.2.1' and option[61].hex == 0x01";
    let after = "option[61].hex == 0x01 and addrtotext(option[60].hex) == '192.0.2.1'";
    let strict = "option[61].hex == 0x01 sand addrtotext(option[60].hex) == '192.0.2.1'";
    let texts: Vec<String> = [failing, after, strict, "option[61].hex == 0x02", "option[61].hex == 0x03"]
        .map(String::from)
        .to_vec();
    let expressions = compile(&texts);
    let packet = packet4();
    assert!(expressions[0].eval_bool(&packet).is_err() && expressions[2].eval_bool(&packet).is_err());
    assert_eq!(expressions[1].eval_bool(&packet), Ok(false));
    assert_eq!(positions(&expressions, &packet), [0, 2]);
}

#[test]
fn any_of_several_values_is_found() {
    let texts: Vec<String> = ["'a'", "'b'", "'PXEClient'", "'PXEClient'"]
        .iter()
        .enumerate()
        .map(|(n, value)| {
            format!(
                "member('known-class') or option[{}].exists or substring(option[60].hex, 0, 9) == {value}",
                100 + n
            )
        })
        .chain(["'a'", "'PXEClient'", "'d'"].map(|value| {
            format!(
                "substring(option[60].hex, 0, 9) == 'x' or substring(option[60].hex, 0, 9) == {value} \
                 or substring(option[60].hex, 0, 9) == {value}"
            )
        }))
        .collect();
    let expressions = compile(&texts);
    // The first four may be true by other ways and are looked at always.
    assert_eq!(positions(&expressions, &packet4()), [0, 1, 2, 3, 5]);
}

#[test]
fn nesting_costs_no_time() {
    let nested = |n: usize| {
        let (open, close) = ("member('known-class') and (".repeat(n), ")".repeat(n));
        format!("{open}option[61].exists and option[60].text == 'kind-{n}'{close}")
    };
    let expressions = compile(&(50..60).map(nested).collect::<Vec<_>>());
    assert!(positions(&expressions, &packet4()).is_empty());
}

fn test() -> impl Strategy<Value = String> {
    let subject = prop::sample::select(vec![
        "option[60].text",
        "option[60].hex",
        "substring(option[60].hex, 0, 3)",
        "option[82].option[1].hex",
        "relay4[1].hex",
        "lcase(option[12].text)",
        "split(option[60].text, ':', 2)",
        "hexstring(pkt4.mac, ':')",
        "addrtotext(option[50].hex)",
        "addrtotext(option[60].hex)",
        "ifelse(member('known-class'), option[60].text, 'none')",
        "vendor.enterprise",
    ]);
    let value = prop::sample::select(vec![
        "'PXE'",
        "'port'",
        "'host-1'",
        "'Arch'",
        "'PXEClient:Arch:00007'",
        "'08:00:2b:02:3f:4e'",
        "'192.0.2.9'",
        "''",
        "0x0000118b",
    ]);
    let leaf = prop_oneof![
        6 => (subject, value).prop_map(|(subject, value)| format!("{subject} == {value}")),
        1 => Just("member('known-class')".to_owned()),
        1 => Just("option[61].exists".to_owned()),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), prop::sample::select(vec!["and", "or", "sand", "sor"]))
                .prop_map(|(a, b, operator)| format!("({a}) {operator} ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    /// Whatever the tests: who is left out is false, and the rest comes in order.
    #[test]
    fn nothing_true_or_failing_is_left_out(texts in prop::collection::vec(test(), 1..40), vendor in ".{0,8}") {
        let expressions = compile(&texts);
        let mut other = packet4();
        for (code, value) in &mut other.options {
            if *code == 60 {
                *value = vendor.clone().into_bytes();
            }
        }
        for packet in [packet4(), other] {
            let found = positions(&expressions, &packet);
            prop_assert!(found.is_sorted_by(|a, b| a < b));
            for (at, expression) in expressions.iter().enumerate() {
                if !found.contains(&at) {
                    prop_assert_eq!(expression.eval_bool(&packet), Ok(false), "{}", &texts[at]);
                }
            }
        }
    }
}
