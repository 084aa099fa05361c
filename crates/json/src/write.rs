//! The tree as text, spaced as Kea prints it.

use std::fmt::Write;

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
        Kind::List(values) => {
            out.push_str("[ ");
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_compact(value, out);
            }
            out.push_str(" ]");
        }
        Kind::Map(members) => {
            out.push_str("{ ");
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_string(name, out);
                out.push_str(": ");
                write_compact(value, out);
            }
            out.push_str(" }");
        }
        _ => write_scalar(value, out),
    }
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
        Kind::Bool(b) => write!(out, "{b}"),
        Kind::Int(i) => write!(out, "{i}"),
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

/// Six significant digits as Kea, more where six would change the value. Always recognisable as a real.
fn write_real(value: f64, out: &mut String) {
    if !value.is_finite() {
        // JSON has no word for it, and no parser of ours makes one.
        out.push_str("null");
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

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\' | '\u{7f}') || c < ' ') {
        let (clean, tail) = rest.split_at(at);
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
