//! The tree as text, spaced as Kea prints it.

use std::fmt::Write;

use crate::run::clean;
use crate::{Kind, Value};

/// On one line, as answers leave the control socket: `{ "a": 1, "b": [ 1, 2 ] }`, empty `{  }` and `[  ]`.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_compact(value, &mut out);
    out
}

/// As [`to_string`], appended to `out`.
pub fn write_compact(value: &Value, out: &mut String) {
    match &value.kind {
        Kind::List(values) => write_list(values, out, write_compact),
        Kind::Map(members) => {
            write_members(members.iter().map(|(name, value)| (name.as_str(), value)), out, write_compact);
        }
        _ => write_scalar(value, out),
    }
}

/// A list in the form of [`to_string`], each item by `write`: for lists that are not to be in memory as a whole.
pub fn write_list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    out.push_str("[ ");
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(item, out);
    }
    out.push_str(" ]");
}

/// A map in the form of [`to_string`], each value by `write`. The members come in the order of their names.
pub fn write_members<'n, T>(
    members: impl IntoIterator<Item = (&'n str, T)>,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    out.push_str("{ ");
    for (i, (name, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_string(name, out);
        out.push_str(": ");
        write(value, out);
    }
    out.push_str(" }");
}

/// Over several lines, `step` blanks deeper at each level: lists of scalars stay on one line. `config-write` uses 2.
/// There is no line break at the end.
#[must_use]
pub fn to_string_pretty(value: &Value, step: usize) -> String {
    let mut out = String::new();
    write_pretty(value, &mut out, 0, step);
    out
}

fn write_pretty(value: &Value, out: &mut String, indent: usize, step: usize) {
    let inner = indent.saturating_add(step);
    match &value.kind {
        Kind::List(values) => {
            let Some(first) = values.first() else {
                out.push_str("[ ]");
                return;
            };
            let nested = matches!(first.kind, Kind::List(_) | Kind::Map(_));
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                if nested {
                    new_line(out, inner);
                } else {
                    out.push(' ');
                }
                write_pretty(value, out, inner, step);
            }
            if nested {
                new_line(out, indent);
            } else {
                out.push(' ');
            }
            out.push(']');
        }
        Kind::Map(members) => {
            if members.is_empty() {
                out.push_str("{ }");
                return;
            }
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                new_line(out, inner);
                write_string(name, out);
                out.push_str(": ");
                write_pretty(value, out, inner, step);
            }
            new_line(out, indent);
            out.push('}');
        }
        _ => write_scalar(value, out),
    }
}

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_scalar(value: &Value, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match &value.kind {
        Kind::Bool(b) => {
            out.push_str(if *b { "true" } else { "false" });
            Ok(())
        }
        Kind::Int(i) => {
            write_int(*i, out);
            Ok(())
        }
        Kind::BigInt(i) => write!(out, "{i}"),
        Kind::Real(r) => {
            write_real(*r, out);
            Ok(())
        }
        Kind::Str(s) => {
            write_string(s, out);
            Ok(())
        }
        Kind::Null | Kind::List(_) | Kind::Map(_) => write!(out, "null"),
    };
}

/// A number in digits. Answers are full of them, and the formatter takes its time over each.
fn write_int(value: i64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at = at.saturating_sub(1);
        if let Some(place) = digits.get_mut(at) {
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    let digits = digits.get(at..).unwrap_or_default();
    out.push_str(str::from_utf8(digits).unwrap_or_default());
}

/// Six significant digits as Kea, more where six would change the value. Always recognisable as a real.
fn write_real(value: f64, out: &mut String) {
    if !value.is_finite() {
        // JSON has no word for it, and no parser of ours makes one.
        out.push_str("null");
        return;
    }
    if value == 0.0 && value.is_sign_positive() {
        out.push_str("0.0");
        return;
    }
    if write_short(value, out) {
        return;
    }
    let mut text = general(value);
    if text.parse() != Ok(value) {
        text = format!("{value:?}");
    }
    out.push_str(&text);
    if !text.contains(['.', 'e']) {
        out.push_str(".0");
    }
}

/// The usual reals of configurations, percentages and the like, with six decimals at most: the same text as in the
/// long way, in a tenth of the time. `false`: it is none, and nothing was written.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::float_cmp)]
fn write_short(value: f64, out: &mut String) -> bool {
    const MILLION: i64 = 1_000_000;
    // From here on six digits are six decimals, or fewer than those before the point.
    if !(0.1..1000.0).contains(&value) {
        return false;
    }
    let millionths = (value * MILLION as f64).round() as i64;
    let (whole, part) = (millionths / MILLION, millionths % MILLION);
    let digits =
        part.checked_ilog10().map_or(0, |_| 6 - (0..6).take_while(|n| part % 10i64.pow(n + 1) == 0).count());
    let significant = digits + if whole == 0 { 0 } else { whole.ilog10() as usize + 1 };
    // A quotient of two numbers that are exact is the real next to the decimal fraction: what a parser makes of it.
    if significant > 6 || millionths as f64 / MILLION as f64 != value {
        return false;
    }
    let part = part / 10i64.pow(6 - digits as u32);
    let _ = if digits == 0 { write!(out, "{whole}.0") } else { write!(out, "{whole}.{part:0digits$}") };
    true
}

/// C's `%g`: six significant digits, no trailing zeros, an exponent below -4 and from 6.
fn general(value: f64) -> String {
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |digits: &str| {
        if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits.to_owned()
        }
    };
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        trim(&format!("{value:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.unsigned_abs())
    }
}

/// A string in quotes, appended to `out`.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // What is no clean octet is a character of one.
    while let Some((clean, tail)) = rest.split_at_checked(clean(rest.as_bytes()))
        && !tail.is_empty()
    {
        out.push_str(clean);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(other) => {
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn long(value: f64) -> String {
        let text = general(value);
        let text = if text.parse() == Ok(value) { text } else { format!("{value:?}") };
        if text.contains(['.', 'e']) { text } else { text + ".0" }
    }

    proptest! {
        #[test]
        fn the_short_way_gives_the_same_text(millionths in 0..2_000_000_000_u32, round in 0..7_u32, other: f64) {
            let round = 10_u32.pow(round);
            for value in [f64::from(millionths / round * round) / 1e6, f64::from(millionths) / 7e6, other] {
                let mut text = String::new();
                if write_short(value, &mut text) {
                    prop_assert_eq!(text, long(value));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_formatter(value: i64, bits in 0..64_u32) {
            for value in [value, value >> bits, i64::MIN, i64::MAX, 0] {
                let mut text = String::new();
                write_int(value, &mut text);
                prop_assert_eq!(text, value.to_string());
            }
        }
    }

    #[test]
    fn percentages_go_the_short_way() {
        for (value, expected) in
            [(0.5, "0.5"), (0.875, "0.875"), (1.0, "1.0"), (12.0625, "12.0625"), (0.1, "0.1")]
        {
            let mut text = String::new();
            assert!(write_short(value, &mut text), "{value}");
            assert_eq!(text, expected);
        }
    }
}
