//! `remote-audit*` and `remote-config*-rollback`, which Kea does not have: what was changed, and the way back.

use backend::{Change, Modification, Revision, RevisionFilter, ServerSelector};
use base::Timestamp;
use config::Protocol;
use control::Answer;
use json::{Kind, Map, Value};

use super::args::{Refusal, refuse};
use super::{Call, found};

/// Revisions that an answer shows unless `limit` says otherwise, and the most that it may say.
const REVISIONS: u32 = 100;
const MOST: u32 = 10_000;

/// `since`: the number of a revision, or a time as `YYYY-MM-DD HH:MM:SS` in UTC (`T` and `Z` may stand there too).
fn since<P: Protocol>(call: &Call<'_, P>) -> Result<(u64, Timestamp), Refusal> {
    let none = Timestamp(0);
    let Some(value) = call.args.get("since") else { return Ok((0, none)) };
    if let Some(number) = value.as_int() {
        return u64::try_from(number)
            .map(|number| (number, none))
            .or_else(|_| refuse(format!("'since' parameter {number} is out of range")));
    }
    let time = value.as_str().and_then(parse_time);
    time.map(|time| (0, time)).ok_or_else(|| {
        Refusal("'since' parameter is neither a revision nor a time such as '2026-01-31 12:00:00'".to_owned())
    })
}

/// Seconds since the epoch of a time in UTC; the time of day may be left out.
fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let numbers = |text: &str, separator| -> Option<Vec<u64>> {
        let digits = |part: &str| {
            let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
            if plain { part.parse().ok() } else { None }
        };
        text.split(separator).map(digits).collect()
    };
    let [year, month, day] = numbers(date, '-')?.try_into().ok()?;
    let [hour, minute, second] = numbers(time, ':')?.try_into().ok()?;
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_of = |month| match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(leap(year)),
        _ => 31,
    };
    let valid = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(days_of).sum();
    Some(Timestamp((((years + months + day - 1) * 24 + hour) * 60 + minute) * 60 + second))
}

/// `YYYY-MM-DD HH:MM:SS` in UTC, as databases show times.
fn show_time(time: Timestamp) -> String {
    let (days, rest) = (time.0 / 86_400, time.0 % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // 400 years have 146,097 days each time.
    let (mut year, mut days) = (1970 + days / 146_097 * 400, days % 146_097);
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}", days + 1)
}

fn show(revision: &Revision) -> Value {
    let (command, message) = match revision.message.split_once(": ") {
        Some((command, message)) if is_command(command) => (Value::from(command), message),
        _ if is_command(&revision.message) => (revision.message.as_str().into(), ""),
        _ => (Kind::Null.into(), revision.message.as_str()),
    };
    let objects: Vec<Value> = revision
        .objects
        .iter()
        .map(|object| {
            let modification = match object.modification {
                Modification::Create => "create",
                Modification::Update => "update",
                Modification::Delete => "delete",
            };
            let name = object.name.as_deref().filter(|name| !name.is_empty());
            Value::from([
                ("type", Value::from(object.object_type.as_str())),
                ("id", object.object_id.into()),
                ("name", name.map_or_else(|| Kind::Null.into(), Value::from)),
                ("modification", modification.into()),
            ])
        })
        .collect();
    [
        ("revision", Value::from(revision.cursor.revision)),
        ("time", show_time(revision.cursor.time).into()),
        ("command", command),
        ("message", message.into()),
        ("server-tag", revision.server.as_ref().map_or_else(|| Kind::Null.into(), |tag| tag.as_str().into())),
        ("objects", objects.into()),
        ("undoable", revision.undoable.into()),
    ]
    .into()
}

fn is_command(text: &str) -> bool {
    text.starts_with("remote-") && !text.contains(' ')
}

pub(crate) async fn get<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    let (after, from) = since(call)?;
    let limit = match call.args.get("limit").map(Value::as_int) {
        None => REVISIONS,
        Some(limit) => limit
            .and_then(|limit| u32::try_from(limit).ok())
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| Refusal(format!("'limit' parameter is not an integer from 1 to {MOST}")))?,
    };
    let servers = match call.args.get("server-tags") {
        None => None,
        Some(_) => match call.args.selector()? {
            ServerSelector::Unassigned => return refuse("'server-tags' list must include server tags"),
            selector => selector.tags(),
        },
    };
    let revisions = call.backend()?.revisions(RevisionFilter { after, from, servers, limit }).await?;
    let text = format!("{} DHCPv{} revision(s) found.", revisions.len(), call.digit());
    Ok(found(text, "revisions", revisions.iter().map(show).collect()))
}

pub(crate) async fn rollback<P: Protocol>(call: &Call<'_, P>) -> Result<Answer, Refusal> {
    call.args.no_tags()?;
    let Some(value) = call.args.get("revision") else { return refuse("missing 'revision' parameter") };
    let number =
        value.as_int().ok_or_else(|| Refusal("'revision' parameter is not an integer".to_owned()))?;
    let revision = u64::try_from(number)
        .or_else(|_| refuse(format!("'revision' parameter {number} is out of range")))?;
    let filter = RevisionFilter { after: 0, from: Timestamp(0), servers: None, limit: 1 };
    let newest = call.backend()?.revisions(filter).await?.first().map_or(0, |r| r.cursor.revision);
    let arguments = Map::from([("count".to_owned(), 0u64.into()), ("revision".to_owned(), revision.into())]);
    if revision == newest {
        return Ok(Answer::empty("0 objects differ from that revision.").and_arguments(arguments));
    }
    let change = Change::Restore { revision, newest };
    let what = format!("configuration of revision {revision}");
    call.guard(&call.whole_runs(&what, std::slice::from_ref(&change)).await?)?;
    let count =
        call.apply_as(vec![change], &format!("to revision {revision}")).await?.into_iter().sum::<u64>();
    let text = format!("DHCPv{} configuration of revision {revision} restored.", call.digit());
    let arguments = Map::from([("count".to_owned(), count.into()), ("revision".to_owned(), revision.into())]);
    Ok(if count == 0 {
        Answer::empty("0 objects differ from that revision.").and_arguments(arguments)
    } else {
        Answer::full(text, arguments)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_there_and_back() {
        for (text, seconds) in [
            ("1970-01-01 00:00:00", 0),
            ("2000-02-29 12:34:56", 951_827_696),
            ("2023-11-14 22:13:20", 1_700_000_000),
            ("2100-03-01 00:00:00", 4_107_542_400),
            ("9999-12-31 23:59:59", 253_402_300_799),
        ] {
            assert_eq!(parse_time(text), Some(Timestamp(seconds)), "{text}");
            assert_eq!(show_time(Timestamp(seconds)), text);
        }
        assert_eq!(parse_time("2023-11-14T22:13:20Z"), Some(Timestamp(1_700_000_000)));
        assert_eq!(parse_time("1970-01-02"), Some(Timestamp(86_400)));
        for bad in [
            "",
            "2023",
            "2023-02-29",
            "2023-13-01",
            "2023-01-01 24:00:00",
            "2023-01-01 00:00",
            "a-b-c",
            "+023-01-01",
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }
}
