//! The table that a lease file is: columns, header, fields, escapes.
//!
//! A file begins with a header that lists its columns. Kea appended columns over the years, so an older header is
//! shorter and a newer one longer than ours; columns are found by name, in any order.

use std::fmt;

/// A column of the current schema.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Version of the schema that brought the column.
    pub(crate) version: &'static str,
    /// Value in files that lack the column.
    pub(crate) default: &'static str,
}

/// The current columns of one family's lease files.
#[derive(Debug)]
pub struct Schema {
    pub(crate) columns: &'static [Column],
    /// The first so many columns must be present.
    pub(crate) required: usize,
}

/// More columns than any schema has or will have soon; a longer header is not a lease file's.
pub(crate) const MAX_COLUMNS: usize = 64;

const fn column(name: &'static str, version: &'static str, default: &'static str) -> Column {
    Column { name, version, default }
}

/// Columns of DHCPv4 lease files, schema 3.0.
pub(crate) static SCHEMA4: Schema = Schema {
    columns: &[
        column("address", "1.0", ""),
        column("hwaddr", "1.0", ""),
        column("client_id", "1.0", ""),
        column("valid_lifetime", "1.0", ""),
        column("expire", "1.0", ""),
        column("subnet_id", "1.0", ""),
        column("fqdn_fwd", "1.0", ""),
        column("fqdn_rev", "1.0", ""),
        column("hostname", "1.0", ""),
        column("state", "2.0", "0"),
        column("user_context", "2.1", ""),
        column("pool_id", "3.0", "0"),
    ],
    required: 9,
};

/// Columns of DHCPv6 lease files, schema 5.0.
pub(crate) static SCHEMA6: Schema = Schema {
    columns: &[
        column("address", "1.0", ""),
        column("duid", "1.0", ""),
        column("valid_lifetime", "1.0", ""),
        column("expire", "1.0", ""),
        column("subnet_id", "1.0", ""),
        column("pref_lifetime", "1.0", ""),
        column("lease_type", "1.0", ""),
        column("iaid", "1.0", ""),
        column("prefix_len", "1.0", ""),
        column("fqdn_fwd", "1.0", ""),
        column("fqdn_rev", "1.0", ""),
        column("hostname", "1.0", ""),
        column("hwaddr", "2.0", ""),
        column("state", "3.0", "0"),
        column("user_context", "3.1", ""),
        column("hwtype", "4.0", ""),
        column("hwaddr_source", "4.0", ""),
        column("pool_id", "5.0", "0"),
    ],
    required: 12,
};

impl Schema {
    /// The header line of the current schema, with its newline.
    pub(crate) fn header_line(&self) -> String {
        let mut line = String::with_capacity(160);
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            line.push_str(column.name);
        }
        line.push('\n');
        line
    }

    /// Version of the current schema.
    pub(crate) fn version(&self) -> &'static str {
        self.columns.last().map_or("", |column| column.version)
    }
}

/// How a file's header relates to the current schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Current,
    /// Lacks columns.
    Older,
    /// Has columns we do not know; they are ignored.
    Newer,
    /// Has our columns in another order.
    Shuffled,
}

/// Where the columns of a file stand.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    schema: &'static Schema,
    /// Position in the row of each column of the schema; `None`: the file lacks it.
    positions: Vec<Option<usize>>,
    /// Fewest and most fields of a row.
    fields: (usize, usize),
    pub(crate) age: Age,
}

/// Why a text is not a header of a lease file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderError(pub(crate) String);

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Header {
    pub(crate) fn parse(schema: &'static Schema, line: &[u8]) -> Result<Self, HeaderError> {
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(HeaderError("the header is not text".to_owned()));
        };
        let names: Vec<&str> = text.split(',').collect();
        if names.len() > MAX_COLUMNS {
            return Err(HeaderError(format!("the header has more than {MAX_COLUMNS} columns")));
        }
        for (i, name) in names.iter().enumerate() {
            if names.iter().take(i).any(|other| other == name) {
                return Err(HeaderError(format!("the header names column '{name}' twice")));
            }
        }
        let mut positions: Vec<Option<usize>> =
            schema.columns.iter().map(|column| names.iter().position(|name| *name == column.name)).collect();
        if let Some((column, _)) =
            schema.columns.iter().zip(&positions).take(schema.required).find(|(_, at)| at.is_none())
        {
            return Err(HeaderError(format!("the header lacks column '{}'", column.name)));
        }
        let known = positions.iter().flatten().count();
        let in_order = positions.iter().take(known).enumerate().all(|(i, at)| *at == Some(i));
        let current = schema.columns.len();
        let (age, fields) = if known < names.len() {
            // A server of our age may have gone on writing its shorter rows into a newer file.
            (Age::Newer, (if in_order && known == current { current } else { names.len() }, names.len()))
        } else if known < current {
            // The other way about: rows of the current length in a file with an older header.
            if in_order {
                for (i, at) in positions.iter_mut().enumerate().skip(known) {
                    *at = Some(i);
                }
            }
            (Age::Older, (known, if in_order { current } else { known }))
        } else if in_order {
            (Age::Current, (current, current))
        } else {
            (Age::Shuffled, (current, current))
        };
        Ok(Self { schema, positions, fields, age })
    }

    /// Whether rows of the current schema may be appended to the file and be understood by all readers.
    pub(crate) fn takes_current_rows(&self) -> bool {
        let in_order = self.positions.iter().enumerate().all(|(i, at)| *at == Some(i));
        in_order && self.age != Age::Shuffled
    }

    /// Splits a row; the result holds one field per column of the schema.
    pub(crate) fn split<'a>(&self, line: &'a [u8]) -> Result<Row<'a>, String> {
        let mut fields: [&[u8]; MAX_COLUMNS] = [&[]; MAX_COLUMNS];
        let mut count = 0;
        for field in line.split(|byte| *byte == b',') {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        let (fewest, most) = self.fields;
        if count < fewest || count > most {
            return Err(if fewest == most {
                format!("{count} columns instead of {fewest}")
            } else {
                format!("{count} columns instead of {fewest} to {most}")
            });
        }
        let mut row = Row { fields: [&[]; MAX_COLUMNS] };
        for ((slot, column), position) in row.fields.iter_mut().zip(self.schema.columns).zip(&self.positions)
        {
            *slot = match position {
                Some(at) if *at < count => fields.get(*at).copied().unwrap_or_default(),
                _ => column.default.as_bytes(),
            };
        }
        Ok(row)
    }
}

/// The fields of a row in the order of the current schema.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    fields: [&'a [u8]; MAX_COLUMNS],
}

impl<'a> Row<'a> {
    pub(crate) fn field(&self, column: usize) -> &'a [u8] {
        self.fields.get(column).copied().unwrap_or_default()
    }

    pub(crate) fn fields(&self, schema: &Schema) -> impl Iterator<Item = &'a [u8]> {
        self.fields.into_iter().take(schema.columns.len())
    }
}

/// A decimal number without sign.
pub(crate) fn number(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 20 {
        return None;
    }
    field.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

pub(crate) fn number32(field: &[u8]) -> Option<u32> {
    number(field).and_then(|number| u32::try_from(number).ok())
}

/// Octets of `01:02:ab`; the count, or `None` when the text is something else or longer than `octets`.
pub(crate) fn colon_hex(field: &[u8], octets: &mut [u8]) -> Option<usize> {
    let mut count = 0;
    let mut rest = field;
    while let [high, low, tail @ ..] = rest {
        *octets.get_mut(count)? = hex_digit(*high)? << 4 | hex_digit(*low)?;
        count += 1;
        rest = match tail {
            [] => return Some(count),
            [b':', more @ ..] => more,
            _ => return None,
        };
    }
    None
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const ESCAPE: &[u8] = b"&#x";

/// Appends `text` with every byte outside 0x20 to 0x7e, `,` and `&` as `&#x` and two hexadecimal digits.
pub fn push_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        if matches!(byte, b',' | b'&') || !(0x20..=0x7e).contains(&byte) {
            out.extend_from_slice(ESCAPE);
            push_hex(byte, out);
        } else {
            out.push(byte);
        }
    }
}

/// The text of an escaped field; a broken escape stands for itself, bytes that are not UTF-8 become U+FFFD.
pub(crate) fn unescape(field: &[u8]) -> String {
    if !field.contains(&b'&') {
        return String::from_utf8_lossy(field).into_owned();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        if let [b'&', b'#', b'x', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

/// Two lower-case hexadecimal digits.
pub(crate) fn push_hex(byte: u8, out: &mut Vec<u8>) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
}

pub(crate) fn push_colon_hex(octets: &[u8], out: &mut Vec<u8>) {
    for (i, octet) in octets.iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        push_hex(*octet, out);
    }
}

/// A decimal number.
pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut rest = number;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        // The remainder of a division by ten fits.
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        used += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CURRENT: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
                           user_context,pool_id";

    fn header(line: &str) -> Result<Header, HeaderError> {
        Header::parse(&SCHEMA4, line.as_bytes())
    }

    #[test]
    fn header_lines_of_the_current_schemas() {
        assert_eq!(SCHEMA4.header_line(), format!("{CURRENT}\n"));
        assert_eq!(
            SCHEMA6.header_line(),
            "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,\
             hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n"
        );
        assert_eq!((SCHEMA4.version(), SCHEMA6.version()), ("3.0", "5.0"));
    }

    #[test]
    fn ages_of_headers() {
        let v1 = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname";
        let shuffled = "pool_id,address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,\
                        state,user_context";
        for (line, age, appendable) in [
            (CURRENT.to_owned(), Age::Current, true),
            (v1.to_owned(), Age::Older, true),
            (format!("{v1},state"), Age::Older, true),
            (format!("{v1},state,user_context"), Age::Older, true),
            (format!("{v1},pool_id"), Age::Older, false),
            (format!("{CURRENT},colour"), Age::Newer, true),
            (format!("colour,{CURRENT}"), Age::Newer, false),
            (shuffled.to_owned(), Age::Shuffled, false),
        ] {
            let header = header(&line).unwrap();
            assert_eq!((header.age, header.takes_current_rows()), (age, appendable), "{line}");
        }
        for bad in
            ["", "address", "address,address", &v1.replace(",expire", ""), &v1.replace("expire", "Expire")]
        {
            assert!(header(bad).is_err(), "{bad}");
        }
        assert!(header(&format!("{CURRENT},{}", vec!["x"; 60].join(","))).is_err());
        assert!(Header::parse(&SCHEMA4, b"\xff").is_err());
    }

    #[test]
    fn rows_are_read_by_the_names_of_the_header() {
        let older =
            header("hostname,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,address")
                .unwrap();
        let row = older.split(b"h,aa,,1,2,3,0,0,192.0.2.1").unwrap();
        let fields: Vec<&[u8]> = row.fields(&SCHEMA4).collect();
        let expected: [&[u8]; 12] =
            [b"192.0.2.1", b"aa", b"", b"1", b"2", b"3", b"0", b"0", b"h", b"0", b"", b"0"];
        assert_eq!(fields, expected);
        assert!(
            older.split(b"h,aa,,1,2,3,0,0,192.0.2.1,0").is_err(),
            "a shuffled header takes no other rows"
        );
    }

    #[test]
    fn rows_of_the_current_length_are_understood_in_older_files() {
        let older = header(
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state",
        )
        .unwrap();
        let row = older.split(b"a,b,c,1,2,3,0,0,h,1,{},7").unwrap();
        assert_eq!((row.field(9), row.field(10), row.field(11)), (&b"1"[..], &b"{}"[..], &b"7"[..]));
        let row = older.split(b"a,b,c,1,2,3,0,0,h,1").unwrap();
        assert_eq!((row.field(9), row.field(10), row.field(11)), (&b"1"[..], &b""[..], &b"0"[..]));
        assert!(older.split(b"a,b,c,1,2,3,0,0,h").is_err());
        assert!(older.split(b"a,b,c,1,2,3,0,0,h,1,{},7,x").is_err());
    }

    #[test]
    fn newer_files_may_hold_current_rows() {
        let newer = header(&format!("{CURRENT},colour")).unwrap();
        assert_eq!(newer.split(b"a,b,c,1,2,3,0,0,h,1,{},7,red").unwrap().field(11), b"7");
        assert_eq!(newer.split(b"a,b,c,1,2,3,0,0,h,1,{},7").unwrap().field(11), b"7");
        assert!(newer.split(b"a,b,c,1,2,3,0,0,h,1,{}").is_err());
        assert!(newer.split(&[b','; 200]).is_err());
    }

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1 ", None),
            ("000000000000000000001", None),
        ] {
            assert_eq!(number(text.as_bytes()), value, "{text}");
        }
        assert_eq!(number32(b"4294967296"), None);
        for value in [0, 9, 10, 1_234_567_890, u64::MAX] {
            let mut out = Vec::new();
            push_number(value, &mut out);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }

    #[test]
    fn hexadecimal_octets() {
        let mut octets = [0; 3];
        assert_eq!(colon_hex(b"01:aB:ff", &mut octets), Some(3));
        assert_eq!(octets, [1, 0xab, 0xff]);
        for bad in ["", ":", "1", "01:", "01:0", "0102", "01:02:03:04", "0g", "01::02"] {
            assert_eq!(colon_hex(bad.as_bytes(), &mut octets), None, "{bad}");
        }
    }

    #[test]
    fn broken_escapes_stand_for_themselves() {
        for (field, text) in [
            ("a&#x2cb", "a,b"),
            ("&#x2C", ","),
            ("&#x", "&#x"),
            ("&#x2", "&#x2"),
            ("&#xzz", "&#xzz"),
            ("&&#x26;", "&&;"),
            ("&#xc3&#xa9", "é"),
            ("&#xff", "\u{fffd}"),
        ] {
            assert_eq!(unescape(field.as_bytes()), text, "{field}");
        }
    }

    proptest! {
        #[test]
        fn escaping_comes_back(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut field = Vec::new();
            push_escaped(&text, &mut field);
            prop_assert!(field.iter().all(|byte| (0x20..=0x7e).contains(byte) && *byte != b','));
            prop_assert_eq!(unescape(&field), text);
        }
    }
}
