//! The keyword reference of the documentation, made from the tables.

use std::fmt::Write;

use super::{AGENT, Backend, D2, DHCP4, DHCP6, Keyword, Literal, Status, Table, Translation, Type};

/// `docs/reference/keywords.md`: every map and its members.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# Configuration keywords\n\n\
         Made from the keyword tables of the crate `config`; do not edit.\n\n\
         Column *stored*: yes, a configuration backend stores the parameter; leaves, it stores each member of the \
         map under `map.member`.\n",
    );
    // Each table once, with all the places where it is used.
    let mut tables: Vec<(&Table, Vec<String>)> =
        [&DHCP4, &DHCP6, &D2, &AGENT].into_iter().map(|table| (table, vec![table.name.to_owned()])).collect();
    let mut at = 0;
    while let Some((table, paths)) = tables.get(at).cloned() {
        at += 1;
        for keyword in table.keywords.iter().filter(|k| !matches!(k.status, Status::Old(_))) {
            let (Type::Map(inner) | Type::Maps(inner)) = keyword.kind else { continue };
            let path = format!("{}/{}", paths.first().map_or("", String::as_str), keyword.name);
            match tables.iter_mut().find(|(t, _)| std::ptr::eq(*t, inner)) {
                Some((_, paths)) => paths.push(path),
                None => tables.push((inner, vec![path])),
            }
        }
    }
    for (table, paths) in tables {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n## {}\n", paths.first().map_or("", String::as_str));
        if let Some(others @ [_, ..]) = paths.get(1..) {
            let _ = writeln!(out, "Also: {}.\n", others.join(", "));
        }
        out.push_str(
            "| keyword | type | default | inherited | stored | meaning |\n|---|---|---|---|---|---|\n",
        );
        for keyword in table.keywords {
            row(keyword, &mut out);
        }
    }
    out
}

fn row(keyword: &Keyword, out: &mut String) {
    let default = match keyword.default {
        _ if keyword.required => "required".to_owned(),
        Literal::None => "-".to_owned(),
        literal => literal.value().map_or_else(String::new, |v| format!("`{}`", json::to_string(&v))),
    };
    let stored = match keyword.backend {
        Backend::No => "no",
        Backend::Yes => "yes",
        Backend::Leaves => "leaves",
    };
    let note = match keyword.status {
        Status::Supported => String::new(),
        Status::Only(value, reason) => {
            let value = value.value().map_or_else(String::new, |v| json::to_string(&v));
            format!(" Only `{value}` for now: {reason}.")
        }
        Status::Except(value, reason) => {
            let value = value.value().map_or_else(String::new, |v| json::to_string(&v));
            format!(" Not `{value}`: {reason}.")
        }
        Status::Old(Translation::Name(to) | Translation::Item(to) | Translation::Global(to)) => {
            format!(" Becomes `{to}`.")
        }
        Status::Old(Translation::ConflictResolution) => {
            " Becomes `ddns-conflict-resolution-mode`.".to_owned()
        }
        Status::Old(Translation::ReservationMode) => {
            " Becomes `reservations-global`, `reservations-in-subnet` and `reservations-out-of-pool`."
                .to_owned()
        }
    };
    let inherited = if keyword.inherited { "yes" } else { "no" };
    let _ = writeln!(
        out,
        "| `{}` | {} | {default} | {inherited} | {stored} | {}{note} |",
        keyword.name,
        type_text(keyword.kind),
        keyword.doc
    );
}

fn type_text(kind: Type) -> String {
    match kind {
        Type::Bool => "boolean".to_owned(),
        Type::Int(i64::MIN, i64::MAX) => "integer".to_owned(),
        Type::Int(min, i64::MAX) => format!("integer from {min}"),
        Type::Int(min, max) => format!("integer {min} to {max}"),
        Type::Real => "real".to_owned(),
        Type::Str => "string".to_owned(),
        Type::Text(max) => format!("string, at most {max} octets"),
        Type::Word(words) | Type::WordAnyCase(words) => {
            words.iter().filter(|w| !w.is_empty()).copied().collect::<Vec<_>>().join(", ")
        }
        Type::WordOrBool(words, _) => format!("{} or boolean", words.join(", ")),
        Type::Ipv4 => "IPv4 address".to_owned(),
        Type::Ipv6 => "IPv6 address".to_owned(),
        Type::Address => "IP address".to_owned(),
        Type::Strings => "list of strings".to_owned(),
        Type::Map(_) => "map".to_owned(),
        Type::Maps(_) => "list of maps".to_owned(),
        Type::FreeMap => "any map".to_owned(),
    }
}
