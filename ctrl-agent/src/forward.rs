//! A request on its way: to the agent's own commands, or to the servers that its `service` list names.

use std::path::PathBuf;
use std::sync::Arc;

use control::http::{Bytes, Request, no_command};
use control::unix::{ClientTimeouts, request};
use control::{Answer, Command, codec, result, service};
use json::Value;

use crate::agent::Agent;
use crate::messages;

/// Longest `service` list: each entry costs a connection.
const MOST_SERVICES: usize = 32;

/// Answers a request with the text of a list: one answer for each service, in the order in which they are named.
pub(crate) async fn answer(agent: Arc<Agent>, request: Request) -> String {
    let Some(value) = request.value else { return list_of(no_command()).await };
    let services = match services(&value) {
        Ok(services) => services,
        Err(answer) => return list_of(answer).await,
    };
    let command = match Command::from_value(value, request.origin) {
        Ok(command) => command,
        Err(error) => return list_of(error.into()).await,
    };
    let address = command.origin.peer.clone();
    observe::log!(messages::CommandReceived { name: printable(&command.name), address });
    if services.is_empty() {
        return list_of(own(&agent, command).await).await;
    }
    let name = printable(&command.name);
    // What is passed on is what came; the tree may be large.
    drop(command);
    let settings = agent.settings();
    let tasks: Vec<_> = services
        .into_iter()
        .map(|service| {
            let errand = Errand {
                socket: settings.sockets.get(&service).cloned(),
                service,
                name: name.clone(),
                octets: request.octets.clone(),
                address: address.clone(),
            };
            tokio::spawn(errand.run())
        })
        .collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(match task.await {
            Ok(answer) => answer,
            Err(_) => {
                codec::write(Answer::error("internal server error: no response generated").into_value()).await
            }
        });
    }
    format!("[ {} ]", answers.join(", "))
}

fn services(value: &Value) -> Result<Vec<String>, Answer> {
    let services = service::forward_list(value)?;
    if services.len() > MOST_SERVICES {
        return Err(Answer::error(format!("service value has more than {MOST_SERVICES} items")));
    }
    Ok(services.into_iter().map(str::to_owned).collect())
}

async fn list_of(answer: Answer) -> String {
    codec::write(vec![answer.into_value()].into()).await
}

/// A command for the agent itself.
async fn own(agent: &Agent, command: Command) -> Answer {
    let mut answer = agent.table.dispatch(command).await;
    if answer.result == result::UNSUPPORTED
        && let Some(text) = &mut answer.text
    {
        text.push_str(
            " The command has no \"service\" parameter, so the control agent itself was asked. To send it to a server, \
             add for example \"service\": [ \"dhcp4\" ].",
        );
    }
    answer
}

/// One command to one server.
struct Errand {
    service: String,
    socket: Option<PathBuf>,
    name: String,
    octets: Bytes,
    address: String,
}

impl Errand {
    /// The text of the server's answer, or of one that says why there is none.
    async fn run(self) -> String {
        let Self { service, name, address, .. } = &self;
        observe::log!(messages::ForwardBegin { name, service: printable(service) });
        match self.send().await {
            Ok(answer) => {
                observe::log!(messages::Forwarded { name, service, address });
                answer
            }
            Err(error) => {
                observe::log!(messages::ForwardFailed { name, error });
                codec::write(Answer::error(error).into_value()).await
            }
        }
    }

    async fn send(&self) -> Result<String, String> {
        let service = &self.service;
        let Some(socket) = &self.socket else {
            return Err(format!("forwarding socket is not configured for the server type {service}"));
        };
        let octets = request(socket, &self.octets, ClientTimeouts::default()).await.map_err(|error| {
            format!("unable to forward command to the {service} service: {error}. The server is likely to be offline")
        })?;
        // Passed on as it came, but only when it is JSON: the list must not break over it.
        let text = String::from_utf8(octets)
            .map_err(|_| format!("the answer of the {service} service is not JSON: the text is not UTF-8"))?;
        codec::parse_answer(text.clone())
            .await
            .map_err(|error| format!("the answer of the {service} service is not JSON: {error}"))?;
        Ok(text)
    }
}

/// For the log: control characters would forge lines.
fn printable(text: &str) -> String {
    text.chars().take(128).map(|c| if c.is_control() { '?' } else { c }).collect()
}
