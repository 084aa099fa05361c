//! Options as Kea shows them in log lines and as `.text` in expressions: code, length and typed values, sub-options a
//! line each, two blanks further in.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use base::Family;
use wire::RawOption;
use wire::iana::dhcp4_option as option4;
use wire::iana::dhcp6_option as option6;
use wire::v6::{Ia, IaAddr, IaPrefix, Status, StatusCode, VendorClass, VendorOptions, strings};

use crate::sub::{SubOptions, field_length, fields_length};
use crate::{
    DataType, DefTable, OptionDef, OptionSpace, check_payload, dnr, route, vendor_blocks, without_nuls,
};

/// Sub-options of sub-options are shown to this depth.
const DEPTH: usize = 8;

/// How options are shown.
#[derive(Clone, Copy, Debug)]
pub struct Show<'a> {
    pub table: &'a DefTable,
    /// What can be made of a value that is cut off is shown.
    pub lenient: bool,
    /// For people: text does not contain control characters, and what breaks its definition is shown in hexadecimal.
    pub for_log: bool,
}

impl Show<'_> {
    /// Writes an option of some depth (0: no blanks in front), without a line feed after it.
    pub fn option(
        &self,
        code: u16,
        definition: Option<&OptionDef>,
        payload: &[u8],
        depth: usize,
        out: &mut Vec<u8>,
    ) {
        let mut text = Text { out, family: self.table.family(), show: *self };
        text.option(code, definition, payload, depth);
    }

    /// Writes options of the top level, a line feed before each, in the order of their codes.
    pub fn options<'o>(
        &self,
        options: impl Iterator<Item = (u16, &'o [u8])>,
        depth: usize,
        out: &mut Vec<u8>,
    ) {
        let space = OptionSpace::top(self.table.family());
        let mut options: Vec<(u16, &[u8])> = options.collect();
        // Stable: several options of a code keep their order.
        options.sort_by_key(|(code, _)| *code);
        for (code, payload) in options {
            out.push(b'\n');
            let definition = self.table.by_code(space.as_str(), code);
            self.option(code, definition.map(|definition| &**definition), payload, depth, out);
        }
    }
}

struct Text<'a> {
    out: &'a mut Vec<u8>,
    family: Family,
    show: Show<'a>,
}

impl Text<'_> {
    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes everything.
        let _ = self.out.write_fmt(text);
    }

    /// `type=..., len=...:`
    fn header(&mut self, code: u16, name: &str, length: usize, depth: usize) {
        let width = if self.family == Family::V4 { 3 } else { 5 };
        let indent = depth * 2;
        self.push(format_args!("{:indent$}type={code:0width$}{name}, len={length:0width$}:", ""));
    }

    /// `type=...`, as options with a form of their own begin.
    fn begin(&mut self, code: u16, name: &str, depth: usize) {
        let indent = depth * 2;
        self.push(format_args!("{:indent$}type={code}{name}, ", ""));
    }

    fn option(&mut self, code: u16, definition: Option<&OptionDef>, payload: &[u8], depth: usize) {
        let definition = definition.filter(|def| !self.show.for_log || check_payload(def, payload).is_ok());
        let own_form = definition.filter(|def| def.space == OptionSpace::top(self.family));
        if own_form.is_some() {
            let start = self.out.len();
            let shown = match self.family {
                Family::V4 => self.special4(code, payload, depth),
                Family::V6 => self.special6(code, payload, depth),
            };
            if shown.is_some() {
                return;
            }
            self.out.truncate(start);
        }
        let is_text = definition.is_some_and(|def| self.show.for_log && def.data_type == DataType::String);
        let payload = if is_text { without_nuls(payload) } else { payload };
        self.header(code, "", payload.len(), depth);
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
                    Some(length) if self.show.lenient => own.get(..length).unwrap_or(own),
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
            // Those of relay agent information have no padding.
            self.sub_options(space.as_str(), rest, code != option4::AGENT_OPTIONS.into(), depth);
        }
    }

    /// DHCPv4's options with a form of their own; `None`: this is none, or broken.
    fn special4(&mut self, code: u16, payload: &[u8], depth: usize) -> Option<()> {
        match u8::try_from(code).ok()? {
            option4::SLP_SERVICE_SCOPE => {
                let (mandatory, scopes) = payload.split_first()?;
                self.header(code, "", payload.len(), depth);
                self.push(format_args!(" mandatory:{}, scope-list:", u8::from(*mandatory != 0)));
                self.quoted(scopes);
            }
            option4::FQDN => {
                let [flags, _, _, name @ ..] = payload else { return None };
                let bit = |mask: u8| u8::from(flags & mask != 0);
                self.begin(code, " (CLIENT_FQDN)", depth);
                self.push(format_args!("flags: (N={}, E={}, O={}, S={})", bit(8), bit(4), bit(2), bit(1)));
                self.domain_name(name, flags & 4 != 0)?;
            }
            option4::CLASSLESS_STATIC_ROUTE => {
                self.begin(code, "(CLASSLESS_STATIC_ROUTE)", depth);
                self.push(format_args!("len={}", payload.len()));
                let mut rest = payload;
                let mut number = 0;
                while !rest.is_empty() {
                    let (subnet, router, length) = route::parse(rest)?;
                    rest = rest.get(length..)?;
                    number += 1;
                    self.push(format_args!(", Route {number} (subnet {subnet}, router IP {router})"));
                }
            }
            option4::VIVCO_SUBOPTIONS => {
                self.begin(code, "", depth);
                self.push(format_args!("len={}", payload.len()));
                for (number, (enterprise, data)) in vendor_blocks(payload).enumerate() {
                    let blank = if number == 0 { " " } else { "" };
                    self.push(format_args!(", {blank}enterprise id=0x{enterprise:x}"));
                    self.tuple("vendor-class-data", number, data);
                }
            }
            option4::VIVSO_SUBOPTIONS => {
                let mut blocks = vendor_blocks(payload).peekable();
                blocks.peek()?;
                for (number, (enterprise, data)) in blocks.enumerate() {
                    if number > 0 {
                        self.push(format_args!("\n"));
                    }
                    self.header(code, "", data.len() + 5, depth);
                    self.push(format_args!(" {enterprise} (uint32) {} (uint8)", data.len()));
                    self.sub_options(OptionSpace::vendor(enterprise).as_str(), data, true, depth);
                }
            }
            option4::V4_SZTP_REDIRECT => self.opaque_tuples(code, payload, depth),
            option4::V4_DNR => {
                let text = dnr::decode(self.family, payload)?;
                self.begin(code, "(V4_DNR)", depth);
                self.push(format_args!("len={}, {text}", payload.len()));
            }
            _ => return None,
        }
        Some(())
    }

    /// DHCPv6's options with a form of their own; `None`: this is none, or broken.
    fn special6(&mut self, code: u16, payload: &[u8], depth: usize) -> Option<()> {
        let top = OptionSpace::DHCP6;
        match code {
            option6::IA_NA | option6::IA_PD => {
                let Ia { iaid, t1, t2, options, .. } = Ia::parse(RawOption { code, value: payload })?;
                let name = if code == option6::IA_NA { "(IA_NA)" } else { "(IA_PD)" };
                self.header(code, name, payload.len(), depth);
                self.push(format_args!(" iaid={}, t1={t1}, t2={t2}", iaid.0));
                self.sub_options(top.as_str(), options.bytes(), false, depth);
            }
            option6::IA_ADDR => {
                let IaAddr { address, preferred, valid, options } = IaAddr::parse(payload)?;
                self.header(code, "(IAADDR)", payload.len(), depth);
                self.push(format_args!(" address={address}, preferred-lft={preferred}, valid-lft={valid}"));
                self.sub_options(top.as_str(), options.bytes(), false, depth);
            }
            option6::IA_PREFIX => {
                let IaPrefix { preferred, valid, length, address, options } = IaPrefix::parse(payload)?;
                self.header(code, "(IAPREFIX)", payload.len(), depth);
                self.push(format_args!(
                    " prefix={address}/{length}, preferred-lft={preferred}, valid-lft={valid}"
                ));
                self.sub_options(top.as_str(), options.bytes(), false, depth);
            }
            option6::STATUS_CODE => {
                let Status { code: status, text } = Status::parse(payload)?;
                self.header(code, "", payload.len(), depth);
                self.push(format_args!(" {}({}) ", status_name(status), status.0));
                if text.is_empty() {
                    self.push(format_args!("(no status message)"));
                } else {
                    self.quoted(text);
                }
            }
            option6::VENDOR_CLASS => {
                let class = VendorClass::parse(payload)?;
                self.begin(code, "", depth);
                self.push(format_args!("len={},  enterprise id=0x{:x}", payload.len(), class.enterprise));
                for (number, class) in class.strings(false).enumerate() {
                    self.tuple("vendor-class-data", number, class);
                }
            }
            option6::VENDOR_OPTS => {
                let VendorOptions { enterprise, options } = VendorOptions::parse(payload)?;
                self.header(code, "", payload.len(), depth);
                self.push(format_args!(" {enterprise} (uint32)"));
                self.sub_options(OptionSpace::vendor(enterprise).as_str(), options.bytes(), false, depth);
            }
            option6::CLIENT_FQDN => {
                let (flags, name) = payload.split_first()?;
                let bit = |mask: u8| u8::from(flags & mask != 0);
                self.begin(code, "(CLIENT_FQDN)", depth);
                self.push(format_args!("flags: (N={}, O={}, S={})", bit(4), bit(2), bit(1)));
                self.domain_name(name, true)?;
            }
            option6::BOOTFILE_PARAM => self.opaque_tuples(code, payload, depth),
            option6::PD_EXCLUDE => {
                let (length, subnet) = payload.split_first()?;
                self.header(code, "", payload.len(), depth);
                self.push(format_args!(" excluded-prefix-len={length}, subnet-id=0x"));
                subnet.iter().for_each(|octet| self.push(format_args!("{octet:02X}")));
            }
            option6::V6_DNR => {
                let text = dnr::decode(self.family, payload)?;
                self.begin(code, "(V6_DNR)", depth);
                self.push(format_args!("len={}, {text}", payload.len()));
            }
            _ => return None,
        }
        Some(())
    }

    /// The name of a Client FQDN option (RFC 4702, RFC 4704).
    fn domain_name(&mut self, name: &[u8], wire: bool) -> Option<()> {
        let (text, whole) = fqdn(name, wire)?;
        self.push(format_args!(", domain-name='"));
        self.text(&text);
        self.push(format_args!("' ({})", if whole { "full" } else { "partial" }));
        Some(())
    }

    fn opaque_tuples(&mut self, code: u16, payload: &[u8], depth: usize) {
        self.begin(code, "", depth);
        self.push(format_args!("len={}", payload.len()));
        for (number, tuple) in strings(payload, false).enumerate() {
            self.tuple("data", number, tuple);
        }
    }

    fn tuple(&mut self, name: &str, number: usize, tuple: &[u8]) {
        self.push(format_args!(", data-len{number}={}, {name}{number}='", tuple.len()));
        self.text(tuple);
        self.push(format_args!("'"));
    }

    fn sub_options(&mut self, space: &str, octets: &[u8], pads: bool, depth: usize) {
        if depth >= DEPTH {
            return;
        }
        let mut list: Vec<(u16, &[u8])> = SubOptions { octets, family: self.family, pads }.collect();
        list.sort_by_key(|(code, _)| *code);
        for (nth, (code, value)) in list.into_iter().enumerate() {
            self.push(format_args!("{}", if nth == 0 { ",\noptions:\n" } else { "\n" }));
            let definition = self.show.table.by_code(space, code);
            self.option(code, definition.map(|definition| &**definition), value, depth + 1);
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
            let cut_off = self.show.lenient
                && field == DataType::Tuple
                && rest.len() >= definition.tuple_length_octets();
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
                    self.text(label);
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
        self.text(text);
        self.out.push(b'"');
    }

    fn text(&mut self, text: &[u8]) {
        for octet in text {
            if self.show.for_log && octet.is_ascii_control() {
                self.push(format_args!("\\x{octet:02x}"));
            } else {
                self.out.push(*octet);
            }
        }
    }
}

/// The name in a Client FQDN option: its text in lower case, and whether it is whole.
fn fqdn(name: &[u8], wire: bool) -> Option<(Vec<u8>, bool)> {
    let mut text = Vec::new();
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
    text.make_ascii_lowercase();
    Some((text, whole))
}

/// The names that Kea has for status codes: those of RFC 9915 and RFC 5007.
fn status_name(status: StatusCode) -> &'static str {
    let known = status <= StatusCode::NOT_ALLOWED;
    status.name().filter(|_| known).unwrap_or("(unknown status code)")
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
