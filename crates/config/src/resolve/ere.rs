//! POSIX extended regular expressions, as `hostname-char-set` has them, in the terms of the crate `regex`: over
//! octets, in time linear to the name.

use regex::bytes::{Regex, RegexBuilder};

/// Longest expression, as in Kea.
const LONGEST: usize = 4096;
/// Memory of a compiled expression, in octets.
const MEMORY: usize = 1 << 20;

/// Compiles an expression; the error says what is wrong with it.
pub(super) fn compile(text: &str) -> Result<Regex, String> {
    if text.len() > LONGEST {
        return Err(format!("char set size: '{}' exceeds max size: '{LONGEST}'", text.len()));
    }
    let translated = translate(text.as_bytes())?;
    RegexBuilder::new(&translated)
        .unicode(false)
        .dot_matches_new_line(true)
        .size_limit(MEMORY)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

fn translate(text: &[u8]) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    // A second quantifier would make the first one lazy or possessive here, which POSIX does not know.
    let mut quantified = false;
    while let Some((octet, tail)) = rest.split_first() {
        rest = tail;
        let quantifier = matches!(octet, b'*' | b'+' | b'?' | b'{');
        if quantifier && quantified {
            return Err("a quantifier follows a quantifier".to_owned());
        }
        quantified = quantifier;
        match octet {
            b'[' => rest = bracket(rest, &mut out)?,
            b'\\' => {
                let (escaped, tail) = rest.split_first().ok_or("a backslash at the end")?;
                rest = tail;
                literal(*escaped, &mut out);
            }
            b'{' => {
                let end = rest.iter().position(|o| *o == b'}').ok_or("a brace is not closed")?;
                let (count, tail) = rest.split_at_checked(end).ok_or("a brace is not closed")?;
                if !count.iter().all(|o| o.is_ascii_digit() || *o == b',') {
                    return Err("a count is no number".to_owned());
                }
                out.push('{');
                out.extend(count.iter().copied().map(char::from));
                out.push('}');
                rest = tail.get(1..).unwrap_or_default();
            }
            b'(' if rest.first() == Some(&b'?') => return Err("a quantifier follows nothing".to_owned()),
            b'(' | b')' | b'|' | b'*' | b'+' | b'?' | b'^' | b'$' | b'.' => out.push(char::from(*octet)),
            other => literal(*other, &mut out),
        }
    }
    Ok(out)
}

fn literal(octet: u8, out: &mut String) {
    if octet.is_ascii_alphanumeric() {
        out.push(char::from(octet));
    } else {
        out.push_str(&format!("\\x{octet:02X}"));
    }
}

/// A bracket expression, after its `[`; answers what follows it.
fn bracket<'a>(text: &'a [u8], out: &mut String) -> Result<&'a [u8], String> {
    const OPEN: &str = "a bracket is not closed";
    let mut set = [false; 256];
    let (negated, mut rest) = match text {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut first = true;
    loop {
        let (octet, tail) = rest.split_first().ok_or(OPEN)?;
        if *octet == b']' && !first {
            rest = tail;
            break;
        }
        first = false;
        if let [b'[', b':', inner @ ..] = rest {
            let end = inner.windows(2).position(|w| w == b":]").ok_or(OPEN)?;
            let name = inner.get(..end).ok_or(OPEN)?;
            class(name, &mut set)?;
            rest = inner.get(end + 2..).ok_or(OPEN)?;
            continue;
        }
        let (low, tail) = element(rest)?;
        rest = tail;
        let high = match rest {
            // A minus before the closing bracket is itself.
            [b'-', b']', ..] => low,
            [b'-', after @ ..] if !after.is_empty() => {
                let (high, tail) = element(after)?;
                rest = tail;
                high
            }
            _ => low,
        };
        if high < low {
            return Err("a range ends before it begins".to_owned());
        }
        for octet in low..=high {
            if let Some(slot) = set.get_mut(usize::from(octet)) {
                *slot = true;
            }
        }
    }
    let members: Vec<u8> =
        (0..=u8::MAX).filter(|o| set.get(usize::from(*o)).is_some_and(|there| *there != negated)).collect();
    if members.is_empty() {
        // Matches nothing.
        out.push_str("[^\\x00-\\xFF]");
        return Ok(rest);
    }
    out.push('[');
    for octet in members {
        out.push_str(&format!("\\x{octet:02X}"));
    }
    out.push(']');
    Ok(rest)
}

/// One member of a bracket expression: an octet, or one in `[.x.]` or `[=x=]`.
fn element(text: &[u8]) -> Result<(u8, &[u8]), String> {
    match text {
        [b'[', b'.', octet, b'.', b']', rest @ ..] | [b'[', b'=', octet, b'=', b']', rest @ ..] => {
            Ok((*octet, rest))
        }
        [b'[', b'.' | b'=', ..] => Err("a collating element is unknown".to_owned()),
        [octet, rest @ ..] => Ok((*octet, rest)),
        [] => Err("a bracket is not closed".to_owned()),
    }
}

fn class(name: &[u8], set: &mut [bool; 256]) -> Result<(), String> {
    let member: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |o| matches!(o, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |o| o.is_ascii_graphic() || *o == b' ',
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |o| o.is_ascii_whitespace() || *o == 0x0b,
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return Err("a character class is unknown".to_owned()),
    };
    for (octet, slot) in (0..=u8::MAX).zip(set.iter_mut()) {
        *slot |= member(&octet);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(expression: &str, name: &[u8]) -> String {
        let regex = compile(expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
        String::from_utf8_lossy(&regex.replace_all(name, regex::bytes::NoExpand(b"x"))).into_owned()
    }

    #[test]
    fn as_posix_has_it() {
        for (expression, name, expected) in [
            ("[^A-Za-z0-9.-]", &b"my_host!.a-b"[..], "myxhostx.a-b"),
            ("[^A-Za-z0-9.-]", "h\u{f6}st".as_bytes(), "hxxst"),
            (r"[\d]", br"a\d1", "axx1"),
            ("[]a]", b"]ab", "xxb"),
            ("[^]a]", b"]ab", "]ax"),
            ("[[:digit:]_-]", b"a1_b-", "axxbx"),
            ("[^[:alnum:]]", b"a&&b~~", "axxbxx"),
            ("[a&&b]", b"a&b", "xxx"),
            ("[+--]", b"a+,-b", "axxxb"),
            ("[[.-.]a]", b"a-b", "xxb"),
            ("_+", b"a__b_", "axbx"),
            ("(ab){2}|c", b"ababcab", "xxab"),
            (r"\.", b"a.b", "axb"),
            (r"\_", b"a_b", "axb"),
            ("a#b c", b"a#b c", "x"),
            (".", b"a\n", "xx"),
            ("]", b"a]", "ax"),
            ("^a|b$", b"aabb", "xabx"),
            ("\u{f6}", "h\u{f6}st".as_bytes(), "hxst"),
        ] {
            assert_eq!(replaced(expression, name), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression() {
        for expression in [
            "[",
            "[a",
            "[^",
            "[]",
            "(",
            "a)",
            "*",
            "a**",
            "a+?",
            "a{",
            "a{x}",
            "(?i)a",
            "\\",
            "[z-a]",
            "[[:x:]]",
            "[[:digit:",
        ] {
            assert!(compile(expression).is_err(), "{expression}");
        }
        assert!(compile(&"a".repeat(4097)).is_err());
        assert!(compile("((a{1000}){1000}){1000}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_an_expression_or_refused(text in "[\\[\\]^\\\\a-c:.=*+?(){}|$\u{f6}-]{0,24}", name: Vec<u8>) {
            if let Ok(regex) = compile(&text) {
                let _ = regex.replace_all(&name, regex::bytes::NoExpand(b""));
            }
        }
    }
}
