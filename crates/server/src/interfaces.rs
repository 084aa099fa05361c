//! Commands on the interfaces that clients are heard on: `interface-list`, `interface-redetect`, `interface-add`.

use std::collections::BTreeSet;

use control::{Answer, Command};
use json::{Kind, Map, Value};
use net::Interface;

use crate::Protocol;
use crate::server::Server;

/// The keyword of the map, and of the list in it.
const CONFIG: &str = "interfaces-config";
const LIST: &str = "interfaces";

/// What a command on interfaces failed for.
fn failed(reason: impl std::fmt::Display) -> Answer {
    Answer::error(format!("Updating used interfaces failed: {reason}"))
}

/// All interfaces of the machine, and which of them are served.
pub(crate) fn list<P: Protocol>(server: &Server<P>) -> Answer {
    let found = net::interfaces().map_err(|error| error.to_string()).and_then(|interfaces| {
        let selection = server.selection(&server.config()).map_err(|refusal| refusal.text)?;
        let shown = |interface: &Interface| show(interface, P::selects(&selection, interface));
        Ok(interfaces.iter().map(shown).collect::<Vec<Value>>())
    });
    match found {
        Ok(interfaces) => Answer::full(
            format!("{} interfaces detected.", interfaces.len()),
            [(LIST, Value::from(interfaces))],
        ),
        Err(reason) => Answer::error(format!(
            "Unexpected error while retrieving the list of detected interfaces: {reason}"
        )),
    }
}

fn show(interface: &Interface, in_use: bool) -> Value {
    let ipv4 = interface.ipv4.iter().map(|own| own.address.to_string());
    let addresses: Vec<Value> =
        ipv4.chain(interface.ipv6.iter().map(|own| own.address.to_string())).map(Value::from).collect();
    Value::from([
        ("name", Value::from(interface.name.as_str())),
        ("index", interface.index.into()),
        ("mac", interface.hardware.to_string().into()),
        ("type", interface.hardware.htype().into()),
        ("addresses", addresses.into()),
        ("flag-loopback", interface.loopback.into()),
        ("flag-up", interface.up.into()),
        ("flag-running", interface.running.into()),
        ("flag-multicast", interface.multicast.into()),
        ("flag-broadcast", interface.broadcast.into()),
        ("in-use", in_use.into()),
    ])
}

/// Sockets follow interfaces by themselves as these come and go; this does it now.
pub(crate) async fn redetect<P: Protocol>(server: &Server<P>) -> Answer {
    follow(server).await;
    list(server)
}

/// Opens and closes sockets as the configuration in force asks.
async fn follow<P: Protocol>(server: &Server<P>) {
    let mut sockets = server.sockets.lock().await;
    let config = server.config();
    if let Ok(selection) = server.selection(&config) {
        server.update_sockets(&mut sockets, &selection, &config);
    }
}

/// The entries of a command.
fn entries(command: &Command) -> Result<Vec<String>, Answer> {
    let Some(arguments) = &command.arguments else {
        return Err(Answer::error("Missing mandatory 'arguments' parameter."));
    };
    let Some(map) = arguments.as_map() else {
        return Err(Answer::error("arguments for the 'interface-add' command must be a map"));
    };
    if let Some(other) = map.keys().find(|name| *name != LIST) {
        return Err(Answer::error(format!("Unsupported '{other}' map parameter in 'arguments'.")));
    }
    let Some(wanted) = map.get(LIST) else {
        return Err(Answer::error("Missing mandatory 'interfaces' map parameter in 'arguments'."));
    };
    let Some(wanted) = wanted.as_list() else { return Err(failed("'interfaces' is not a list")) };
    let texts = wanted.iter().map(|entry| {
        entry.as_str().map(str::to_owned).ok_or_else(|| failed(format!("not a string ({})", entry.pos())))
    });
    texts.collect()
}

/// Listens on more interfaces. The configuration in memory has them from then on; `config-write` saves it.
pub(crate) async fn add<P: Protocol>(server: &Server<P>, command: &Command) -> Answer {
    let updated = Answer::ok("Interface configuration successfully updated.");
    let wanted = match entries(command) {
        Ok(wanted) => wanted,
        Err(answer) => return answer,
    };
    let mut services = server.config().services.clone();
    let mut known: BTreeSet<String> = services.interfaces.interfaces.iter().cloned().collect();
    let new: Vec<String> =
        wanted.into_iter().map(|entry| entry.trim().to_owned()).filter(|e| known.insert(e.clone())).collect();
    if new.is_empty() {
        return updated;
    }
    // What does not fit the machine is refused before anything changes.
    services.interfaces.interfaces.extend(new.iter().cloned());
    let interfaces = match net::interfaces() {
        Ok(interfaces) => interfaces,
        Err(error) => return failed(error),
    };
    if let Err(errors) = P::select(&services, &interfaces) {
        let texts: Vec<String> = errors.iter().map(|entry| entry.error.to_string()).collect();
        return failed(texts.join("\n"));
    }
    let answer = server.edit(move |written| {
        append(&mut written.globals, new)
            .ok_or_else(|| failed("the configuration has no list of interfaces"))?;
        Ok(updated)
    });
    let answer = answer.await;
    if answer.result == control::result::OK {
        follow(server).await;
    }
    answer
}

/// Adds entries to the list of interfaces in the outermost map of a configuration.
fn append(globals: &mut Map, entries: Vec<String>) -> Option<()> {
    let config = globals.entry(CONFIG.to_owned()).or_insert_with(|| Map::new().into());
    let list = config.as_map_mut()?.entry(LIST.to_owned()).or_insert_with(|| Vec::new().into());
    let Kind::List(list) = &mut list.kind else { return None };
    list.extend(entries.into_iter().map(Value::from));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_a_command() {
        let ask = |arguments: &str| {
            let mut command = Command::new("interface-add");
            if !arguments.is_empty() {
                command.arguments =
                    Some(json::parse_command(arguments.as_bytes(), json::Limits::default()).unwrap());
            }
            entries(&command).map_err(|answer| answer.text.unwrap())
        };
        for (arguments, wanted) in [
            ("", "Missing mandatory 'arguments' parameter."),
            ("[]", "arguments for the 'interface-add' command must be a map"),
            ("{}", "Missing mandatory 'interfaces' map parameter in 'arguments'."),
            (r#"{"interfaces":[],"x":1}"#, "Unsupported 'x' map parameter in 'arguments'."),
            (r#"{"interfaces":5}"#, "Updating used interfaces failed: 'interfaces' is not a list"),
        ] {
            assert_eq!(ask(arguments), Err(wanted.to_owned()));
        }
        assert_eq!(ask(r#"{"interfaces":["eth0"]}"#), Ok(vec!["eth0".to_owned()]));
    }

    #[test]
    fn entries_are_appended() {
        let mut globals = Map::new();
        append(&mut globals, vec!["a".to_owned()]).unwrap();
        append(&mut globals, vec!["b/10.0.0.1".to_owned()]).unwrap();
        assert_eq!(
            json::to_string(&globals.into()),
            r#"{ "interfaces-config": { "interfaces": [ "a", "b/10.0.0.1" ] } }"#
        );
    }
}
