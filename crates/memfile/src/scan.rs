//! Reading a lease file row by row.

use std::fmt;
use std::io::{self, Read};

use crate::lines::{Line, Lines, MAX_LINE};
use crate::table::{Header, Schema};

/// What a file was like.
#[derive(Debug)]
pub(crate) struct Scan {
    /// `None`: the file is empty, or its header was not written to its end.
    pub(crate) header: Option<Header>,
    /// Rows seen, good and bad.
    pub(crate) rows: u64,
    pub(crate) errors: u64,
    /// Length of the part that consists of whole lines; 0 without a header.
    pub(crate) good: u64,
    /// Octets after the last newline.
    pub(crate) torn: u64,
    /// The first of them, printable.
    pub(crate) torn_text: String,
}

/// Why a file was not read to its end.
#[derive(Debug)]
pub(crate) enum ScanError {
    Io(io::Error),
    Header(String),
    /// More bad rows than the caller allows.
    TooManyErrors(u32),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Header(error) => write!(f, "invalid header: {error}"),
            Self::TooManyErrors(allowed) => {
                write!(f, "exceeded maximum number of failures {allowed} to read a lease")
            }
        }
    }
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a file. `take` gets the header and each row and says what is wrong with it; `bad` gets the number of the line
/// of each row that is skipped, and why. More than `max_errors` bad rows end the reading (0: any number is skipped).
pub(crate) fn scan(
    source: &mut dyn Read,
    schema: &'static Schema,
    max_errors: u32,
    mut take: impl FnMut(&Header, &[u8]) -> Result<(), String>,
    mut bad: impl FnMut(u64, String),
) -> Result<Scan, ScanError> {
    let mut lines = Lines::new(source);
    let mut scan = Scan { header: None, rows: 0, errors: 0, good: 0, torn: 0, torn_text: String::new() };
    loop {
        let result = match lines.next()? {
            Line::End { torn, text } => {
                scan.torn = torn;
                let text = text.get(..text.len().min(120)).unwrap_or_default();
                scan.torn_text = text.escape_ascii().to_string();
                if scan.header.is_some() {
                    scan.good = lines.offset();
                }
                return Ok(scan);
            }
            Line::TooLong if scan.header.is_none() => return Err(ScanError::Header("too long".to_owned())),
            Line::TooLong => Err(format!("longer than {MAX_LINE} octets")),
            Line::Whole(line) => {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if line.is_empty() {
                    continue;
                }
                match &scan.header {
                    None => {
                        let header =
                            Header::parse(schema, line).map_err(|error| ScanError::Header(error.0))?;
                        scan.header = Some(header);
                        continue;
                    }
                    // What the disk made of a lost page.
                    Some(_) if line.iter().any(u8::is_ascii_control) => Err("control characters".to_owned()),
                    Some(header) => take(header, line),
                }
            }
        };
        scan.rows += 1;
        if let Err(error) = result {
            scan.errors += 1;
            bad(lines.number(), error);
            if max_errors > 0 && scan.errors > u64::from(max_errors) {
                return Err(ScanError::TooManyErrors(max_errors));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row4;
    use crate::table::{Age, SCHEMA4};

    const HEADER: &str =
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n";

    fn run(text: &str, max_errors: u32) -> (Result<Scan, ScanError>, Vec<String>, Vec<u64>) {
        let (mut leases, mut lines) = (Vec::new(), Vec::new());
        let result = scan(
            &mut text.as_bytes(),
            &SCHEMA4,
            max_errors,
            |header, line| {
                leases.push(row4::parse(&header.split(line)?)?.address().to_string());
                Ok(())
            },
            |line, _| lines.push(line),
        );
        (result, leases, lines)
    }

    #[test]
    fn bad_rows_are_skipped_and_counted() {
        let text = format!(
            "{HEADER}10.0.0.1,aa,,1,1,1,0,0,\n\n10.0.0.2,aa,,1,1\n10.0.0.3,aa,,1,1,1,0,0,\r\n10.0.0.4,aa,,1,1,1,0,0,a\0b\n10.0.0.5"
        );
        let (scan, leases, lines) = run(&text, 0);
        let scan = scan.unwrap();
        assert_eq!(leases, ["10.0.0.1", "10.0.0.3"]);
        assert_eq!(lines, [4, 6]);
        assert_eq!((scan.rows, scan.errors, scan.torn), (4, 2, 8));
        assert_eq!(scan.good, text.len() as u64 - 8);
        assert_eq!(scan.torn_text, "10.0.0.5");
        assert_eq!(scan.header.unwrap().age, Age::Older);
        assert!(run(&text, 2).0.is_ok());
        assert!(matches!(run(&text, 1).0, Err(ScanError::TooManyErrors(1))));
    }

    #[test]
    fn a_file_without_a_whole_header_is_empty() {
        for text in ["", "addr", "\0\0\0\0", HEADER.trim_end(), "\n\n"] {
            let scan = run(text, 0).0.unwrap();
            assert!(scan.header.is_none() && scan.good == 0, "{text:?}");
        }
        assert!(matches!(run("no,header\n", 0).0, Err(ScanError::Header(_))));
    }
}
