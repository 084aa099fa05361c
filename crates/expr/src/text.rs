//! `.text` of an option, in the form in which Kea shows options: strings as they are, others with their code, length
//! and typed values.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::Family;
use options::{DataType, DefTable, OptionDef};

use crate::path::{OptionRef, SubOptions, field_length, fields_length};
use crate::value::Octets;

/// Sub-options of sub-options are shown to this depth.
const DEPTH: usize = 8;

pub(crate) fn render<'v>(option: &OptionRef, payload: Octets<'v>, lenient: bool) -> Octets<'v> {
    if option.definition.as_ref().is_some_and(|definition| definition.data_type == DataType::String) {
        let end = payload.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        return payload.part(0..end);
    }
    if let Some(text) = option.definition.as_ref().and_then(|definition| client_fqdn(definition, &payload)) {
        return Octets::Own(text.into());
    }
    let mut text = Text { out: Vec::new(), family: option.family, table: &option.table, lenient };
    text.option(option.code, option.definition.as_deref(), &payload, 0);
    Octets::Own(text.out.into())
}

/// Client FQDN (RFC 4702, RFC 4704), the only option with a form of its own: its flags by name.
fn client_fqdn(definition: &OptionDef, payload: &[u8]) -> Option<Vec<u8>> {
    let (name, flags, wire) = match (definition.family, &*definition.name, payload) {
        (Family::V6, "client-fqdn", [flags, name @ ..]) => (name, *flags, true),
        (Family::V4, "fqdn", [flags, _, _, name @ ..]) => (name, *flags, flags & 4 != 0),
        _ => return None,
    };
    let bit = |mask: u8| u8::from(flags & mask != 0);
    let mut text = match definition.family {
        Family::V6 => {
            format!("type=39(CLIENT_FQDN), flags: (N={}, O={}, S={})", bit(4), bit(2), bit(1)).into_bytes()
        }
        Family::V4 => {
            format!("type=81 (CLIENT_FQDN), flags: (N={}, E={}, O={}, S={})", bit(8), bit(4), bit(2), bit(1))
                .into_bytes()
        }
    };
    let start = text.len();
    text.extend_from_slice(b", domain-name='");
    let whole = if wire {
        let mut rest = name;
        loop {
            let Some((length, after)) = rest.split_first() else { break false };
            let (label, after) = after.split_at_checked((*length).into())?;
            if *length == 0 {
                if name.len() == 1 {
                    text.push(b'.');
                }
                break true;
            }
            text.extend_from_slice(label);
            rest = after;
            if !rest.is_empty() {
                text.push(b'.');
            }
        }
    } else {
        text.extend_from_slice(name);
        name.ends_with(b".")
    };
    text.get_mut(start..)?.make_ascii_lowercase();
    text.extend_from_slice(if whole { b"' (full)" } else { b"' (partial)" });
    Some(text)
}

struct Text<'a> {
    out: Vec<u8>,
    family: Family,
    table: &'a DefTable,
    /// See [`QueryView::is_lenient`](crate::QueryView::is_lenient).
    lenient: bool,
}

impl Text<'_> {
    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        struct Sink<'a>(&'a mut Vec<u8>);
        impl Write for Sink<'_> {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.0.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
        let _ = Sink(&mut self.out).write_fmt(text);
    }

    fn option(&mut self, code: u16, definition: Option<&OptionDef>, payload: &[u8], depth: usize) {
        let width = if self.family == Family::V4 { 3 } else { 5 };
        let indent = depth * 2;
        self.push(format_args!("{:indent$}type={code:0width$}, len={:0width$}:", "", payload.len()));
        let Some(definition) = definition else { return self.opaque(payload) };
        let own = match &definition.encapsulates {
            Some(_) => fields_length(definition, payload).unwrap_or(payload.len()),
            None => payload.len(),
        };
        let (own, rest) = payload.split_at_checked(own).unwrap_or((payload, &[]));
        match (definition.data_type, definition.array) {
            (DataType::Binary | DataType::Internal, _) => self.opaque(own),
            (DataType::Record, _) => self.record(definition, own),
            (data_type, false) => {
                let own = match data_type.fixed_len().or_else(|| field_length(data_type, definition, own)) {
                    Some(length) if self.lenient => own.get(..length).unwrap_or(own),
                    _ => own,
                };
                self.value(data_type, definition, own, Style::Typed);
            }
            (DataType::Ipv4Address | DataType::Ipv6Address, true) => self.array(definition, own, Style::Bare),
            (data_type, true) if integer(data_type, own).is_some() => {
                self.array(definition, own, Style::Attached);
            }
            (_, true) => self.array(definition, own, Style::Typed),
        }
        if let Some(space) = &definition.encapsulates {
            self.sub_options(space.as_str(), rest, code, depth);
        }
    }

    fn sub_options(&mut self, space: &str, octets: &[u8], code: u16, depth: usize) {
        let pads = code != crate::path::RELAY_AGENT;
        let list = SubOptions { octets, family: self.family, pads };
        for (nth, (code, value)) in list.enumerate() {
            if depth >= DEPTH {
                return;
            }
            self.push(format_args!("{}", if nth == 0 { ",\noptions:\n" } else { "\n" }));
            let definition = self.table.by_code(space, code).cloned();
            self.option(code, definition.as_deref(), value, depth + 1);
        }
    }

    /// Hexadecimal octets, and the text if they are one.
    fn opaque(&mut self, payload: &[u8]) {
        for (i, octet) in payload.iter().enumerate() {
            self.push(format_args!("{}{octet:02x}", if i == 0 { " " } else { ":" }));
        }
        if payload.is_empty() {
            self.push(format_args!(" ''"));
        } else if payload.iter().all(|octet| matches!(octet, 0x20..=0x7e)) {
            self.push(format_args!(" '{}'", std::str::from_utf8(payload).unwrap_or_default()));
        }
    }

    fn record(&mut self, definition: &OptionDef, mut rest: &[u8]) {
        let fields = definition.fields();
        for field in fields {
            let Some((value, after)) = self.take(*field, definition, rest) else { return };
            self.value(*field, definition, value, Style::Typed);
            rest = after;
        }
        if let (true, Some(last)) = (definition.array, fields.last()) {
            self.values(*last, definition, rest, Style::Typed);
        }
    }

    /// Splits off one field.
    fn take<'p>(
        &self,
        field: DataType,
        definition: &OptionDef,
        rest: &'p [u8],
    ) -> Option<(&'p [u8], &'p [u8])> {
        let length = field_length(field, definition, rest).or_else(|| {
            let cut_off =
                self.lenient && field == DataType::Tuple && rest.len() >= definition.tuple_length_octets();
            cut_off.then_some(rest.len())
        });
        rest.split_at_checked(length?)
    }

    fn array(&mut self, definition: &OptionDef, payload: &[u8], style: Style) {
        self.values(definition.data_type, definition, payload, style);
    }

    fn values(&mut self, data_type: DataType, definition: &OptionDef, mut rest: &[u8], style: Style) {
        while !rest.is_empty() {
            let Some((value, after)) = self.take(data_type, definition, rest) else { return };
            self.value(data_type, definition, value, style);
            rest = after;
        }
    }

    /// One value with a blank in front; nothing if the octets are not of the type.
    fn value(&mut self, data_type: DataType, definition: &OptionDef, octets: &[u8], style: Style) {
        let start = self.out.len();
        self.out.push(b' ');
        if data_type == DataType::Empty || self.bare(data_type, definition, octets).is_none() {
            self.out.truncate(start);
            return;
        }
        match style {
            Style::Bare => {}
            Style::Attached => self.push(format_args!("({data_type})")),
            Style::Typed => self.push(format_args!(" ({data_type})")),
        }
    }

    fn bare(&mut self, data_type: DataType, definition: &OptionDef, octets: &[u8]) -> Option<()> {
        if let Some(number) = integer(data_type, octets) {
            self.push(format_args!("{number}"));
            return Some(());
        }
        match data_type {
            DataType::Boolean => {
                let [octet] = octets else { return None };
                self.push(format_args!("{}", *octet != 0));
            }
            DataType::Ipv4Address => {
                let octets: [u8; 4] = octets.try_into().ok()?;
                self.push(format_args!("{}", Ipv4Addr::from(octets)));
            }
            DataType::Ipv6Address => {
                let octets: [u8; 16] = octets.try_into().ok()?;
                self.push(format_args!("{}", Ipv6Addr::from(octets)));
            }
            DataType::Ipv6Prefix => {
                let (length, prefix) = octets.split_first()?;
                let mut address = [0; 16];
                address.get_mut(..prefix.len())?.copy_from_slice(prefix);
                self.push(format_args!("{}/{length}", Ipv6Addr::from(address)));
            }
            DataType::Psid => {
                let [length, high, low] = octets else { return None };
                // The bits that count are the leading ones.
                let bits = u32::from(u16::from_be_bytes([*high, *low]));
                let psid = bits.checked_shr(16u32.saturating_sub((*length).into())).unwrap_or(0);
                self.push(format_args!("len={length},psid={psid}"));
            }
            DataType::Tuple => {
                let text = octets.get(definition.tuple_length_octets()..)?;
                self.quoted(text);
            }
            DataType::Fqdn => {
                self.out.push(b'"');
                let mut rest = octets;
                while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length != 0) {
                    let (label, after) = after.split_at_checked((*length).into())?;
                    self.out.extend_from_slice(label);
                    self.out.push(b'.');
                    rest = after;
                }
                self.out.push(b'"');
            }
            DataType::String => self.quoted(octets),
            _ => {
                for octet in octets {
                    self.push(format_args!("{octet:02X}"));
                }
            }
        }
        Some(())
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }
}

/// What follows a value.
#[derive(Clone, Copy)]
enum Style {
    Bare,
    /// Its type in parentheses, without a blank.
    Attached,
    Typed,
}

/// The value of an integer type at the start of `octets`.
fn integer(data_type: DataType, octets: &[u8]) -> Option<i64> {
    Some(match data_type {
        DataType::Uint8 => u8::from_be_bytes(*octets.first_chunk()?).into(),
        DataType::Uint16 => u16::from_be_bytes(*octets.first_chunk()?).into(),
        DataType::Uint32 => u32::from_be_bytes(*octets.first_chunk()?).into(),
        DataType::Int8 => i8::from_be_bytes(*octets.first_chunk()?).into(),
        DataType::Int16 => i16::from_be_bytes(*octets.first_chunk()?).into(),
        DataType::Int32 => i32::from_be_bytes(*octets.first_chunk()?).into(),
        _ => return None,
    })
}
