//! Plays of clients and a server, written as text.
//!
//! A file holds scenarios; each runs on a server of its own with an empty lease store. What stands before the first
//! one holds for all. `#` begins a comment.
//!
//! ```text
//! config {                      the Dhcp4 map, up to the line with the closing brace alone
//!   "subnet4": [ ... ]
//! }
//! link eth0 192.0.2.1           an interface and the server's address on it; the first is where packets come in
//! client a hw=08:00:2b:00:00:01 id=0x01aa    shorthand for words of `send` and `lease`
//!
//! scenario a client takes up an offer
//! send discover a 55=1,3,6
//! expect offer yiaddr=192.0.2.10 51=u32:4000 !12
//! send request a 54=192.0.2.1 50=192.0.2.10
//! expect ack yiaddr=192.0.2.10
//! lease 192.0.2.10 a state=default valid=4000
//! ```
//!
//! Steps:
//! * `send KIND [CLIENT] KEY=VALUE...`: one packet. Kinds are the message types in lower case, `bootp` (no type) and
//!   `type:N`; `send bytes 0x...` sends anything. Keys: `hw htype hlen id xid secs hops flags=broadcast ciaddr yiaddr
//!   siaddr giaddr`; `from`, `to` (addresses), `on` (interface); a number is an option. With `giaddr` the packet
//!   comes from the relay to the server's address, else from 0.0.0.0 as a broadcast.
//! * `expect KIND KEY=VALUE...`: the reply to the last packet has these values; every key may be left out. Keys:
//!   header fields, `sname file`, `to=ADDRESS:PORT`, `via=frame|socket`, options by number, `!N` for an option that
//!   is not there, `options=53,54,...` for all codes in order. `expect none` is silence, `expect drop REASON` silence
//!   that is counted under that reason. A reply must repeat the transaction, the hardware address and the relay.
//! * `given lease ADDRESS [CLIENT] KEY=VALUE...`, `lease ADDRESS ...`, `no lease ADDRESS`, `leases N`: the store.
//!   Keys: `hw id state valid age hostname dns=fwd,rev relay=0x... subnet pool`.
//! * `ncr add|remove ADDRESS KEY=VALUE...`: the next name change request that was made; `no ncr`: there is none. Keys:
//!   `fqdn fwd rev ttl mode dhcid expires`. A scenario must look at all of them.
//! * `legal TEXT`: the next entry of the legal log, `\n` for a line feed; `no legal`: there is none. A scenario must look
//!   at all of them.
//! * `stat NAME N`: a statistic. `time +N`: seconds go by. `reclaim`, `reclaim remove`, `flush`: the tasks on expired leases.
//! * `reconfigure { ... }`: as `config`, in the middle of a scenario; leases stay.
//!
//! A file that begins with the line `dhcp6` plays DHCPv6:
//!
//! * `config` has the Dhcp6 map; a `link` needs no address.
//! * `send KIND [CLIENT] KEY=VALUE...` with keys `duid xid from port to on`, `server=ours` or the octets of a server's
//!   DUID, `na={IAID ADDRESS...}`, `pd={IAID PREFIX/LENGTH...}`, each with `@PREFERRED/VALID` where it matters, and
//!   `relay={LINK PEER CODE=VALUE...}`, from the client outward. A packet comes from fe80::1 to ff02::1:2, a relayed one
//!   from fe80::fe to ff05::1:3.
//! * `expect` knows `na` and `pd` as they are sent, those of a reply in their order: all addresses and prefixes are
//!   written, `@PREFERRED/VALID` and `t=T1/T2` where they matter, `status=CODE` where there is one, and the options of an
//!   address or prefix as `+CODE:HEX`. `status=CODE` is that of the message, `text="..."` its text; `to=[ADDRESS]:PORT`.
//! * Leases have the keys `type=na|pd iaid length duid hw source pref context` beside those of DHCPv4.
//!
//! With the environment variable `SCENARIOS_REWRITE` set, expectations that fail are rewritten to what happened, key
//! by key, so that a change of behaviour can be reviewed as a change of text.

mod compare;
mod decisive;
mod packet;
mod packet6;
mod parse;
mod run;
mod run6;
mod traffic;
mod value;

use std::path::Path;

pub use compare::Failure;
pub use decisive::{Place, Shown, decisive};
pub use traffic::{Arrival4, Arrival6, Link4, Sent, Traffic, traffic, traffic6};

/// `KEY=VALUE` of a step.
type Keys = [(String, String)];

/// How the scenarios of a file went.
#[derive(Debug, Default)]
struct Played {
    failures: Vec<Failure>,
    /// Line number and its text as it would be right.
    rewrites: Vec<(usize, String)>,
}

/// Plays all scenarios of a file; answers how many there were, or what went wrong.
pub fn play(path: &Path) -> Result<usize, Vec<Failure>> {
    play_and(std::env::var_os("SCENARIOS_REWRITE").is_some(), path)
}

fn play_and(rewrite: bool, path: &Path) -> Result<usize, Vec<Failure>> {
    let fail = |text: String| vec![Failure { place: path.display().to_string(), title: String::new(), text }];
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let file = parse::file(&text).map_err(|(line, text)| {
        vec![Failure { place: format!("{}:{line}", path.display()), title: String::new(), text }]
    })?;
    let outcome = if file.six { run6::all(&file, path) } else { run::all(&file, path) };
    if rewrite && !outcome.rewrites.is_empty() {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (line, text) in &outcome.rewrites {
            if let Some(old) = lines.get_mut(line - 1) {
                text.clone_into(old);
            }
        }
        std::fs::write(path, lines.join("\n") + "\n").map_err(|error| fail(error.to_string()))?;
    }
    if outcome.failures.is_empty() { Ok(file.scenarios.len()) } else { Err(outcome.failures) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: &str = r#"config {
  "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10 - 192.0.2.11" } ] } ]
}
client a hw=08:00:2b:00:00:0a
"#;

    fn file(directory: &tempfile::TempDir, text: &str) -> std::path::PathBuf {
        let path = directory.path().join("some.scn");
        std::fs::write(&path, format!("{SETTING}{text}")).unwrap();
        path
    }

    #[test]
    fn wrong_expectations_fail_and_are_rewritten() {
        let directory = tempfile::tempdir().unwrap();
        let wrong = "scenario one\n\
            send discover a\n\
            expect offer yiaddr=192.0.2.99 51=u32:1 !54 1=255.255.255.0 6=192.0.2.1 to=192.0.2.10:67\n\
            send request a 54=192.0.2.1 50=192.0.2.10\n\
            expect nak\n\
            lease 192.0.2.10 a valid=1 state=released\n\
            lease 192.0.2.11 a\n\
            send request a 54=192.0.2.9 50=192.0.2.10\n\
            expect drop rfc-violation\n\
            stat pkt4-received 9\n";
        let right = "scenario one\n\
            send discover a\n\
            expect offer yiaddr=192.0.2.10 51=u32:7200 54=192,0,2,1 1=255.255.255.0 !6 to=192.0.2.10:68\n\
            send request a 54=192.0.2.1 50=192.0.2.10\n\
            expect ack yiaddr=192.0.2.10\n\
            lease 192.0.2.10 hw=08:00:2b:00:00:0a valid=7200 state=default\n\
            no lease 192.0.2.11\n\
            send request a 54=192.0.2.9 50=192.0.2.10\n\
            expect drop not-for-us\n\
            stat pkt4-received 3\n";
        let path = file(&directory, wrong);
        let failures = play_and(false, &path).unwrap_err();
        assert_eq!(failures.len(), 6, "{failures:#?}");
        assert!(failures[0].text.contains("yiaddr: expected 192.0.2.99, got 192.0.2.10"), "{}", failures[0]);
        assert!(failures[0].place.ends_with("some.scn:7"), "{}", failures[0]);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{SETTING}{wrong}"),
            "nothing is rewritten unasked"
        );
        assert!(play_and(true, &path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{SETTING}{right}"));
        assert_eq!(play_and(false, &path).unwrap(), 1);
    }

    #[test]
    fn every_reply_must_be_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        for text in [
            "scenario one\nsend discover a\n",
            "scenario one\nsend discover a\nsend discover a\nexpect offer\n",
            "scenario one\nexpect offer\n",
        ] {
            assert_eq!(play_and(false, &file(&directory, text)).unwrap_err().len(), 1, "{text}");
        }
    }

    #[test]
    fn faults_of_the_text_name_their_line() {
        let directory = tempfile::tempdir().unwrap();
        for text in [
            "send discover a\n",
            "scenario one\nsend nothing\n",
            "scenario one\nsend discover nobody\n",
            "scenario one\nsend discover a 300=1\n",
            "scenario one\nsend discover a 50=\"x\n",
            "scenario one\nsend discover a\nexpect offer colour=blue\n",
            "scenario one\ngiven lease 192.0.2.10 state=odd\n",
            "scenario one\nlease x a\n",
            "scenario one\ntime -5\n",
            "scenario one\ndance\n",
            "scenario one\nreconfigure {\n  \"subnet4\": 5\n}\n",
            "scenario one\nreconfigure {\n",
        ] {
            let failures = play_and(false, &file(&directory, text)).unwrap_err();
            assert_eq!(failures.len(), 1, "{text}: {failures:?}");
            assert!(failures[0].place.contains("some.scn:"), "{text}: {failures:?}");
        }
    }
}
