//! Texts of octets: how scenarios write the payload of an option.
//!
//! ```text
//! "text"  0x0a0b  none  192.0.2.1,192.0.2.2  2001:db8::1,2001:db8::2  1,3,6 (one octet each)  u16:1500  u32:3600,7200
//! name:foo.example. (labels)  {1="port" 2=0xaa} (sub-options)  A&B (one after the other)
//! ```

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How octets were written, so that a rewritten expectation keeps its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Text,
    Hex,
    Addresses,
    Addresses6,
    /// Numbers of so many octets each.
    Numbers(usize),
    Name,
    SubOptions,
}

/// Octets of a text.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    for part in split(text, '&') {
        octets.extend(part_octets(part)?);
    }
    Ok(octets)
}

fn part_octets(text: &str) -> Result<Vec<u8>, String> {
    let bad = |what: &str| format!("'{text}' is not {what}");
    if text == "none" {
        return Ok(Vec::new());
    }
    match look(text) {
        Look::Text => {
            let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            inner.map(|t| t.as_bytes().to_vec()).ok_or_else(|| bad("a quoted text"))
        }
        Look::Hex => base::decode_hex(text).map_err(|error| error.to_string()),
        Look::Addresses => {
            let mut octets = Vec::new();
            for item in text.split(',') {
                octets.extend(item.parse::<Ipv4Addr>().map_err(|_| bad("a list of addresses"))?.octets());
            }
            Ok(octets)
        }
        Look::Addresses6 => {
            let mut octets = Vec::new();
            for item in text.split(',') {
                octets.extend(item.parse::<Ipv6Addr>().map_err(|_| bad("a list of addresses"))?.octets());
            }
            Ok(octets)
        }
        Look::Numbers(size) => {
            let list = text.split_once(':').map_or(text, |(_, list)| list);
            let mut octets = Vec::new();
            for item in list.split(',') {
                let number: i64 = item.parse().map_err(|_| bad("a list of numbers"))?;
                let limit = 1i64 << (8 * size);
                if !(-limit / 2..limit).contains(&number) {
                    return Err(format!("{number} does not fit {size} octets"));
                }
                let all = number.to_be_bytes();
                octets.extend_from_slice(all.get(8 - size..).unwrap_or(&all));
            }
            Ok(octets)
        }
        Look::Name => {
            let name = text.strip_prefix("name:").unwrap_or(text);
            let mut octets = Vec::new();
            for label in name.split('.').filter(|label| !label.is_empty()) {
                octets.push(u8::try_from(label.len()).map_err(|_| bad("a domain name"))?);
                octets.extend_from_slice(label.as_bytes());
            }
            if name.ends_with('.') {
                octets.push(0);
            }
            Ok(octets)
        }
        Look::SubOptions => {
            let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
            let inner = inner.ok_or_else(|| bad("a list of sub-options"))?;
            let mut octets = Vec::new();
            for word in words(inner)? {
                let (code, value) = word.split_once('=').ok_or_else(|| bad("a list of sub-options"))?;
                let value = parse(value)?;
                octets.push(code.parse().map_err(|_| bad("a list of sub-options"))?);
                octets.push(u8::try_from(value.len()).map_err(|_| bad("a list of short sub-options"))?);
                octets.extend(value);
            }
            Ok(octets)
        }
    }
}

fn look(text: &str) -> Look {
    let sized = text.split_once(':').and_then(|(size, _)| match size {
        "u8" | "i8" => Some(1),
        "u16" | "i16" => Some(2),
        "u32" | "i32" => Some(4),
        _ => None,
    });
    match sized {
        Some(size) => Look::Numbers(size),
        None if text.starts_with('"') => Look::Text,
        None if text.starts_with("0x") => Look::Hex,
        None if text.starts_with("name:") => Look::Name,
        None if text.starts_with('{') => Look::SubOptions,
        None if text.matches(':').count() > 1 => Look::Addresses6,
        None if text.contains('.') => Look::Addresses,
        None => Look::Numbers(1),
    }
}

/// Octets in the look of `like`, else in hexadecimal digits; what it gives reads back as the same octets.
pub(super) fn render(octets: &[u8], like: &str) -> String {
    if octets.is_empty() {
        return "none".to_owned();
    }
    let hex = || octets.iter().fold("0x".to_owned(), |text, octet| text + &format!("{octet:02x}"));
    if split(like, '&').len() > 1 {
        return hex();
    }
    let text = match look(like) {
        Look::Text if octets.iter().all(|o| matches!(o, 0x20..=0x7e) && *o != b'"') => {
            format!("\"{}\"", String::from_utf8_lossy(octets))
        }
        Look::Addresses if octets.len().is_multiple_of(4) => {
            let list: Vec<String> = octets
                .chunks_exact(4)
                .filter_map(|chunk| <[u8; 4]>::try_from(chunk).ok())
                .map(|chunk| Ipv4Addr::from(chunk).to_string())
                .collect();
            list.join(",")
        }
        Look::Addresses6 if octets.len().is_multiple_of(16) => {
            let list: Vec<String> = octets
                .chunks_exact(16)
                .filter_map(|chunk| <[u8; 16]>::try_from(chunk).ok())
                .map(|chunk| Ipv6Addr::from(chunk).to_string())
                .collect();
            list.join(",")
        }
        Look::Numbers(size) if octets.len().is_multiple_of(size) => {
            let list: Vec<String> = octets
                .chunks_exact(size)
                .map(|chunk| {
                    chunk.iter().fold(0u64, |number, octet| number << 8 | u64::from(*octet)).to_string()
                })
                .collect();
            match size {
                1 => list.join(","),
                2 => format!("u16:{}", list.join(",")),
                _ => format!("u32:{}", list.join(",")),
            }
        }
        Look::SubOptions => sub_options(octets).unwrap_or_else(hex),
        _ => hex(),
    };
    if parse(&text).as_deref() == Ok(octets) { text } else { hex() }
}

fn sub_options(mut octets: &[u8]) -> Option<String> {
    let mut text = String::from("{");
    while let [code, length, rest @ ..] = octets {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        let sep = if text.len() > 1 { " " } else { "" };
        write!(text, "{sep}{code}={}", render(value, "\"\"")).ok()?;
        octets = rest;
    }
    octets.is_empty().then(|| text + "}")
}

/// Splits at `separator` outside of quotes and braces.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut depth) = (0, false, 0u32);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && !quoted && depth == 0 => {
                parts.push(text.get(start..at).unwrap_or(""));
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or(""));
    parts
}

/// The words of a line: separated by blanks outside of quotes and braces; `#` begins a comment there.
pub(super) fn words(line: &str) -> Result<Vec<&str>, String> {
    let (mut quoted, mut depth, mut end) = (false, 0u32, line.len());
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            '#' if !quoted && depth == 0 => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    if quoted || depth > 0 {
        return Err("a quote or brace is not closed".to_owned());
    }
    let line = line.get(..end).unwrap_or(line).trim();
    Ok(split(line, ' ').into_iter().map(str::trim).filter(|word| !word.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_and_print() {
        for (text, octets) in [
            ("\"a b\"", &b"a b"[..]),
            ("none", b""),
            ("0x0aFF", &[10, 255]),
            ("192.0.2.1,10.0.0.1", &[192, 0, 2, 1, 10, 0, 0, 1]),
            ("2001:db8::1", b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
            ("1,3,6", &[1, 3, 6]),
            ("u16:1500", &[5, 220]),
            ("u32:3600,1", &[0, 0, 14, 16, 0, 0, 0, 1]),
            ("i32:-1", &[255; 4]),
            ("name:foo.ex.", b"\x03foo\x02ex\x00"),
            ("name:foo", b"\x03foo"),
            ("{1=\"p q\" 2=0xaa}", b"\x01\x03p q\x02\x01\xaa"),
            ("1,255&name:a.", &[1, 255, 1, b'a', 0]),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(octets), "{text}");
            assert_eq!(parse(&render(octets, text)).as_deref(), Ok(octets), "{text}");
        }
        assert_eq!(render(&[192, 0, 2, 9], "10.0.0.1"), "192.0.2.9");
        assert_eq!(render(&[192, 0, 2], "10.0.0.1"), "0xc00002");
        assert_eq!(render(&[0, 0, 1, 0], "u32:1"), "u32:256");
        for bad in ["300", "\"open", "1.2.3", "{1}", "0xzz"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_split_into_words() {
        assert_eq!(words("a  b=\"c d\" {1=2 3=4} # end").unwrap(), ["a", "b=\"c d\"", "{1=2 3=4}"]);
        assert_eq!(words("x=\"#\"").unwrap(), ["x=\"#\""]);
        assert!(words("a \"b").is_err());
    }
}
