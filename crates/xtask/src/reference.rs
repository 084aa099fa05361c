//! `cargo xtask reference [--check]`: what is made of the descriptions in `share/api`: the OpenAPI document, the manual
//! page of all commands and the completion script's list. The descriptions themselves are held against the command
//! tables by tests of the crates that have them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde_json::{Map, Value, json};

use crate::{Outcome, root};

/// A command as described.
struct Command {
    name: String,
    access: String,
    brief: String,
    hook: Option<String>,
    /// Arguments by daemon, in the notation of the command tables.
    arguments: BTreeMap<String, String>,
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let check = arguments.iter().any(|argument| argument == "--check");
    let mut stale = Vec::new();
    for (path, text) in made()? {
        let place = root().join(path);
        if fs::read_to_string(&place).is_ok_and(|there| there == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        let written =
            place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&place, text));
        written.map_err(|error| format!("{path}: {error}"))?;
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("run `cargo xtask reference`: {}", stale.join(", "))) }
}

/// The files and their texts.
fn made() -> Result<[(&'static str, String); 3], String> {
    let commands = read()?;
    let names: String = commands.iter().map(|command| format!("{}\n", command.name)).collect();
    let open_api =
        serde_json::to_string_pretty(&open_api(&commands)).map_err(|error| error.to_string())? + "\n";
    Ok([
        ("docs/reference/openapi.json", open_api),
        ("docs/man/kea-commands.7", manual(&commands)),
        ("share/completions/kea-shell.commands", names),
    ])
}

fn read() -> Result<Vec<Command>, String> {
    let folder = root().join("share/api");
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut commands = Vec::new();
    for entry in fs::read_dir(&folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        let text = fs::read_to_string(&path).map_err(at)?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let word = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let missing = |name: &str| format!("{}: no {name}", path.display());
        let arguments = value.get("arguments").and_then(Value::as_object);
        let arguments = arguments.ok_or_else(|| missing("arguments"))?.iter();
        commands.push(Command {
            name: word("name").ok_or_else(|| missing("name"))?,
            access: word("access").ok_or_else(|| missing("access"))?,
            brief: value["brief"][0].as_str().unwrap_or_default().to_owned(),
            hook: word("hook"),
            arguments: arguments
                .map(|(daemon, text)| (daemon.clone(), text.as_str().unwrap_or_default().to_owned()))
                .collect(),
        });
    }
    commands.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(commands)
}

/// An argument: its name, what it is, whether it may be left out.
struct Argument<'a> {
    name: &'a str,
    kind: &'a str,
    optional: bool,
}

/// Reads the notation `name:type,name:type?` with `|` between choices. Where there are choices of whole sets, each
/// argument may be left out.
fn arguments(text: &str) -> Vec<Argument<'_>> {
    let choices = text.contains(" | ");
    let mut found: Vec<Argument<'_>> = Vec::new();
    for part in split(text) {
        let Some((name, kind)) = part.split_once(':') else { continue };
        let name = name.trim();
        let known = found.iter().any(|argument| argument.name == name);
        if !known && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            found.push(Argument { name, kind: kind.trim(), optional: choices || kind.contains('?') });
        }
    }
    found
}

/// Splits at separators that stand in no bracket.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' | ';' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            '|' if depth == 0 && text.get(..at).is_some_and(|before| before.ends_with(' ')) => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

fn schema(kind: &str) -> Value {
    let word = kind.trim_end_matches('?');
    let starts = |name: &str| word.starts_with(name);
    let mut map = Map::new();
    let simple = if starts("string|integer") || starts("integer|string") {
        json!(["string", "integer"])
    } else if starts("integer") || starts("revision number") {
        json!("integer")
    } else if starts("boolean") {
        json!("boolean")
    } else if starts("list") || starts("[") {
        json!("array")
    } else if starts("map") || starts("{") {
        json!("object")
    } else {
        json!("string")
    };
    map.insert("type".to_owned(), simple);
    if !matches!(word, "integer" | "boolean" | "string" | "map" | "list") {
        map.insert("description".to_owned(), word.into());
    }
    map.into()
}

fn open_api(commands: &[Command]) -> Value {
    let mut schemas = Map::new();
    let mut choice = Vec::new();
    let mut mapping = Map::new();
    for command in commands {
        let reference = format!("#/components/schemas/{}", command.name);
        choice.push(json!({ "$ref": reference }));
        mapping.insert(command.name.clone(), reference.into());
        schemas.insert(command.name.clone(), of_command(command));
    }
    schemas.insert(
        "answer".to_owned(),
        json!({
            "type": "object",
            "required": ["result"],
            "properties": {
                "result": {
                    "type": "integer",
                    "description": "0 done, 1 failed, 2 no such command, 3 nothing found, 4 at odds with the server's state, 5 failed half way",
                },
                "text": { "type": "string" },
                "arguments": {},
            },
        }),
    );
    schemas.insert(
        "error".to_owned(),
        json!({
            "type": "object",
            "properties": { "result": { "type": "integer" }, "text": { "type": "string" } },
        }),
    );
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let error = |text: &str| json!({ "description": text, "content": json_of(json!({ "$ref": "#/components/schemas/error" })) });
    let plain = |text: &str| json!({ "description": text, "content": { "text/plain": { "schema": { "type": "string" } } } });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "kea-rs control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands of kea-dhcp4, kea-dhcp6, kea-dhcp-ddns and kea-ctrl-agent. Each is posted to the server's own HTTP or HTTPS control socket, or to the control agent with the servers that it is for in `service`.",
        },
        "security": [{}, { "basic": [] }, { "certificate": [] }],
        "paths": {
            "/": { "post": {
                "summary": "Sends a command.",
                "operationId": "command",
                "requestBody": { "required": true, "content": json_of(json!({
                    "oneOf": choice,
                    "discriminator": { "propertyName": "command", "mapping": mapping },
                })) },
                "responses": {
                    "200": { "description": "The command was heard: an answer for each service asked, in their order.",
                        "content": json_of(json!({ "type": "array", "items": { "$ref": "#/components/schemas/answer" } })) },
                    "400": error("Not a POST of a JSON value."),
                    "401": error("No credentials, wrong ones, or no TLS where roles require it."),
                    "403": error("The role of the client may not send the command."),
                    "408": error("The request did not come in time."),
                    "413": error("The command is too long."),
                    "429": error("Too many connections, and this one waited longest."),
                    "431": error("The head of the request is too long."),
                    "503": error("All connections have commands in work."),
                },
            } },
            "/metrics": { "get": { "summary": "Statistics in the text format of Prometheus; of the servers themselves, not of the control agent.", "operationId": "metrics",
                "responses": { "200": plain("The metrics."), "401": error("No credentials."), "403": error("Not allowed.") } } },
            "/livez": { "get": { "summary": "Whether the server runs.", "operationId": "live", "security": [{}],
                "responses": { "200": plain("It does.") } } },
            "/readyz": { "get": { "summary": "Whether the server serves clients; of the control agent, whether it reaches one that does.", "operationId": "ready", "security": [{}],
                "responses": { "200": plain("It does."), "503": plain("Why not.") } } },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic" },
                "certificate": { "type": "mutualTLS" },
            },
        },
    })
}

fn of_command(command: &Command) -> Value {
    let mut properties = Map::new();
    let mut required = vec![Value::from("command")];
    properties.insert("command".to_owned(), json!({ "const": command.name }));
    properties.insert(
        "service".to_owned(),
        json!({ "type": "array", "items": { "type": "string" }, "description": "dhcp4, dhcp6 or d2; for the control agent" }),
    );
    // Where daemons differ, the document tells the first one's arguments, and that others exist.
    let texts: Vec<&String> = command.arguments.values().collect();
    let mut members: BTreeMap<&str, Argument<'_>> = BTreeMap::new();
    let mut differ = false;
    for text in &texts {
        differ |= *text != texts[0];
        for argument in arguments(text) {
            members.entry(argument.name).or_insert(argument);
        }
    }
    if !members.is_empty() {
        let needed: Vec<&str> =
            members.values().filter(|a| !a.optional && !differ).map(|argument| argument.name).collect();
        if !needed.is_empty() {
            required.push("arguments".into());
        }
        let schemas: Map<String, Value> =
            members.values().map(|argument| (argument.name.to_owned(), schema(argument.kind))).collect();
        properties.insert(
            "arguments".to_owned(),
            json!({ "type": "object", "required": needed, "properties": schemas }),
        );
    }
    let servers: Vec<&str> = command.arguments.keys().map(String::as_str).collect();
    json!({
        "type": "object",
        "description": command.brief,
        "required": required,
        "properties": properties,
        "x-access": command.access,
        "x-hook": command.hook,
        "x-servers": servers,
    })
}

/// Text for troff: what it would take for its own is made plain.
fn troff(text: &str) -> String {
    let plain = text.replace('\\', "\\e").replace('-', "\\-");
    if plain.starts_with(['.', '\'']) { format!("\\&{plain}") } else { plain }
}

fn manual(commands: &[Command]) -> String {
    let mut out = String::from(
        ".TH KEA\\-COMMANDS 7 \"\" \"kea\\-rs\" \"Commands of the Kea servers\"\n\
         .SH NAME\nkea\\-commands \\- commands of the control channels\n\
         .SH DESCRIPTION\n\
         Commands are sent with\n.BR kea\\-shell (8),\nwith an HTTP client, or over the UNIX control socket of a server.\n\
         Arguments are written\n.IR name : type ,\nwith a question mark after what may be left out.\n\
         .SH COMMANDS\n",
    );
    for command in commands {
        let servers: Vec<&str> = command.arguments.keys().map(String::as_str).collect();
        let _ = writeln!(out, ".TP\n.B {}\n{}", troff(&command.name), troff(&command.brief));
        let mut texts: Vec<&String> = command.arguments.values().filter(|text| !text.is_empty()).collect();
        texts.dedup();
        for text in texts {
            let _ = writeln!(out, ".br\nArguments: {}", troff(text));
        }
        let hook = command.hook.as_ref().map(|hook| format!(" with libdhcp_{hook}.so")).unwrap_or_default();
        let _ = writeln!(
            out,
            ".br\n{}: {}",
            troff(&command.access),
            troff(&format!("{}{hook}", servers.join(", ")))
        );
    }
    out.push_str(".SH SEE ALSO\n.BR kea\\-shell (8),\n.BR kea\\-dhcp4 (8),\n.BR kea\\-ctrl\\-agent (8)\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_current() {
        assert_eq!(run(&["--check".to_owned()]), Ok(()));
    }

    #[test]
    fn the_notation_of_arguments() {
        let read = |text| {
            arguments(text)
                .iter()
                .map(|a| format!("{}{}", a.name, if a.optional { "?" } else { "" }))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read("limit:integer,from:string?"), ["limit", "from?"]);
        assert_eq!(read("id:integer | subnet:string"), ["id?", "subnet?"]);
        assert_eq!(read("a:[{code,space?}],b:string|integer?"), ["a?", "b?"]);
        assert_eq!(schema("list of integer?"), json!({ "type": "array", "description": "list of integer" }));
        assert_eq!(schema("string|integer?")["type"], json!(["string", "integer"]));
        assert_eq!(schema("boolean?"), json!({ "type": "boolean" }));
    }
}
