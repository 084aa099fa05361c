//! Answers as tables: `--table`.

use std::borrow::Cow;
use std::fmt::Write;

use json::{Kind, Map, Value};

/// Columns are not made narrower than this to fit.
const NARROWEST: usize = 8;

/// Blanks between columns.
const GAP: usize = 2;

/// A text for each answer: what the server says, and its arguments in rows and columns, in lines of at most `width`
/// characters as far as that goes; `None`: all of it, however wide. Where several of `services` answered, each text has the
/// name of its own above it.
#[must_use]
pub fn table(body: &[u8], services: &[String], width: Option<usize>) -> Option<String> {
    let limits = json::Limits { max_depth: 1000, max_bytes: usize::MAX, ..json::Limits::default() };
    let value = json::parse_command(body, limits).ok()?;
    let answers = match &value.kind {
        Kind::List(list) => list.as_slice(),
        _ => std::slice::from_ref(&value),
    };
    // Answers come in the order in which they were asked for.
    let named = services.len() > 1 && services.len() == answers.len();
    let mut out = String::new();
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if let Some(service) = services.get(at).filter(|_| named) {
            line(&mut out, &format!("{service}:"));
        }
        one(&mut out, answer, width);
    }
    Some(out)
}

fn one(out: &mut String, answer: &Value, width: Option<usize>) {
    let code = answer.get("result").and_then(Value::as_int);
    let text = answer.get("text").and_then(Value::as_str);
    match (code, text) {
        (Some(0), Some(text)) => line(out, text),
        (Some(code), Some(text)) => line(out, &format!("result {code}: {text}")),
        (Some(code), None) if code != 0 => line(out, &format!("result {code}")),
        _ => {}
    }
    if let Some(arguments) = answer.get("arguments") {
        rows(arguments).print(out, width);
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Rows of cells under a head.
#[derive(Default)]
struct Rows {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The rows that a value holds: the columns and rows of a result set, a list of objects, a list of words; anything
/// else is a row for each member.
fn rows(value: &Value) -> Rows {
    if let Some(map) = value.as_map() {
        if let Some(rows) = map.get("result-set").and_then(result_set) {
            return rows;
        }
        // The one list of objects that the answer is about, whatever stands beside it (counts, hashes).
        let mut lists = map.values().filter(|member| objects(member).is_some());
        if let (Some(list), None) = (lists.next(), lists.next())
            && map.values().all(|member| std::ptr::eq(member, list) || member.as_map().is_none())
        {
            return rows(list);
        }
        return members(map);
    }
    if let Some(objects) = objects(value) {
        return columns(&objects);
    }
    match value.as_list() {
        Some(list) => Rows { head: Vec::new(), rows: list.iter().map(|item| vec![cell(item)]).collect() },
        None => Rows { head: Vec::new(), rows: vec![vec![cell(value)]] },
    }
}

fn result_set(value: &Value) -> Option<Rows> {
    let head = value.get("columns")?.as_list()?.iter().map(cell).collect();
    let rows = value.get("rows")?.as_list()?;
    let rows = rows.iter().filter_map(Value::as_list).map(|row| row.iter().map(cell).collect()).collect();
    Some(Rows { head, rows })
}

/// The maps of a list that holds nothing else.
fn objects(value: &Value) -> Option<Vec<&Map>> {
    let list = value.as_list().filter(|list| !list.is_empty())?;
    list.iter().map(Value::as_map).collect()
}

fn columns(objects: &[&Map]) -> Rows {
    let mut head: Vec<String> = Vec::new();
    for key in objects.iter().flat_map(|map| map.keys()) {
        if !head.iter().any(|known| key == known) {
            head.push(key.to_string());
        }
    }
    // What names an object comes first.
    head.sort_by_key(|key| match key.as_str() {
        "id" | "name" | "ip-address" | "ip-addresses" => 0,
        "subnet" | "subnet-id" | "hw-address" | "duid" => 1,
        _ => 2,
    });
    let row = |map: &&Map| head.iter().map(|key| map.get(key).map(cell).unwrap_or_default()).collect();
    let rows = objects.iter().map(row).collect();
    Rows { head, rows }
}

fn members(map: &Map) -> Rows {
    Rows {
        head: Vec::new(),
        rows: map.iter().map(|(key, value)| vec![key.to_string(), cell(value)]).collect(),
    }
}

fn cell(value: &Value) -> String {
    let text = match &value.kind {
        Kind::Str(text) => text.to_string(),
        Kind::Null => String::new(),
        _ => json::to_string(value),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A cell of at most `width` characters.
fn cut(cell: &str, width: usize) -> Cow<'_, str> {
    if cell.chars().nth(width).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut short: String = cell.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// The widths of columns that need `needed` characters, when a line has `width`: the widest give way.
fn fit(mut needed: Vec<usize>, width: Option<usize>) -> Vec<usize> {
    let gaps = GAP * needed.len().saturating_sub(1);
    let Some(room) = width.map(|width| width.saturating_sub(gaps)) else { return needed };
    let total = |most: usize, needed: &[usize]| needed.iter().map(|width| (*width).min(most)).sum::<usize>();
    let widest = needed.iter().copied().max().unwrap_or(0);
    if widest <= NARROWEST || total(widest, &needed) <= room {
        return needed;
    }
    let most = (NARROWEST..widest).rev().find(|most| total(*most, &needed) <= room).unwrap_or(NARROWEST);
    needed.iter_mut().for_each(|width| *width = (*width).min(most));
    needed
}

impl Rows {
    fn print(&self, out: &mut String, line_width: Option<usize>) {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let count = all().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| all().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max();
        let widths = fit((0..count).map(|at| width(at).unwrap_or(0)).collect(), line_width);
        for row in all().filter(|row| !row.is_empty()) {
            let mut text = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(text, "{:<width$}{:GAP$}", cut(cell, *width), "");
            }
            line(out, text.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(answer: &str) -> String {
        table(answer.as_bytes(), &[], None).unwrap()
    }

    #[test]
    fn answers_of_each_shape() {
        assert_eq!(table(b"no JSON", &[], None), None);
        assert_eq!(shown(r#"[ { "result": 1, "text": "no" } ]"#), "result 1: no\n");
        assert_eq!(shown(r#"{ "result": 0, "text": "fine" }"#), "fine\n");
        assert_eq!(
            shown(
                r#"[ { "result": 0, "text": "2 subnets found", "arguments": { "subnets": [
                { "subnet": "192.0.2.0/24", "id": 1, "shared-network-name": null }, { "id": 20, "subnet": "10.0.0.0/8" } ] } } ]"#
            ),
            "2 subnets found\n\
             id  subnet        shared-network-name\n\
             1   192.0.2.0/24\n\
             20  10.0.0.0/8\n"
        );
        assert_eq!(
            shown(
                r#"[ { "result": 0, "arguments": { "result-set": { "columns": [ "subnet-id", "assigned-addresses" ],
                "rows": [ [ 1, 2 ], [ 30, 4 ] ], "timestamp": "x" } } } ]"#
            ),
            "subnet-id  assigned-addresses\n1          2\n30         4\n"
        );
        assert_eq!(shown(r#"[ { "result": 0, "arguments": [ "a", "b" ] } ]"#), "a\nb\n");
        assert_eq!(
            shown(r#"[ { "result": 0, "arguments": { "pid": 7, "sockets": { "status": "ready" } } } ]"#),
            "pid      7\nsockets  { \"status\": \"ready\" }\n"
        );
    }

    #[test]
    fn several_services_are_told_apart() {
        let answers =
            r#"[ { "result": 0, "arguments": { "server-tag": "a" } }, { "result": 1, "text": "no" } ]"#;
        let services = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let shown = |names: &[&str]| table(answers.as_bytes(), &services(names), None).unwrap();
        assert_eq!(shown(&["dhcp4", "dhcp6"]), "dhcp4:\nserver-tag  a\n\ndhcp6:\nresult 1: no\n");
        // Somebody else answered.
        assert_eq!(shown(&["dhcp4", "dhcp6", "d2"]), "server-tag  a\n\nresult 1: no\n");
        let one = r#"[ { "result": 1, "text": "no" } ]"#;
        assert_eq!(table(one.as_bytes(), &services(&["dhcp4"]), None).unwrap(), "result 1: no\n");
    }

    #[test]
    fn wide_columns_give_way_to_a_terminal() {
        let answer = format!(
            r#"[ {{ "result": 0, "arguments": [ {{ "id": 1, "name": "{}", "subnet": "{}" }} ] }} ]"#,
            "x".repeat(100),
            "y".repeat(30)
        );
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
        assert_eq!(widest(&table(answer.as_bytes(), &[], None).unwrap()), 136);
        let text = table(answer.as_bytes(), &[], Some(80)).unwrap();
        assert_eq!(widest(&text), 80);
        assert!(text.contains(&("y".repeat(30))) && text.contains(&("x".repeat(43) + "…")), "{text}");
        assert_eq!(widest(&table(answer.as_bytes(), &[], Some(5)).unwrap()), 2 + 2 + 8 + 2 + 8);
    }
}
