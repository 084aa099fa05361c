//! A request on its way: to the agent's own commands, or to the servers that its `service` list names.

use std::sync::Arc;

use control::gate::{Admission, ResponseFilter};
use control::http::client::post;
use control::http::{Bytes, Reply, Request, StatusCode, no_command};
use control::unix::ClientTimeouts;
use control::{Answer, Command, codec, printable, result, service};
use json::{Kind, Value};

use crate::agent::Agent;
use crate::messages;
use crate::settings::Forward;

/// Longest `service` list: each entry costs a connection.
const MOST_SERVICES: usize = 32;

/// Answers a request: with a list of one answer for each service, in the order in which they are named, when the roles
/// let it pass.
pub(crate) async fn answer(agent: Arc<Agent>, request: Request) -> Reply {
    let settings = agent.settings();
    let admission = match (&settings.gate, &request.value) {
        (Some(gate), Some(value)) => {
            gate.admit(value.get("command").and_then(Value::as_str).unwrap_or(""), &request.origin)
        }
        _ => Admission::Granted,
    };
    match admission.admitted() {
        Ok(filter) => Reply::json(list(agent, request, filter).await),
        Err(refusal) => refusal,
    }
}

async fn list(agent: Arc<Agent>, request: Request, filter: Option<Arc<dyn ResponseFilter>>) -> String {
    let Some(value) = request.value else { return list_of(no_command()).await };
    let services = match services(&value) {
        Ok(services) => services,
        Err(answer) => return list_of(answer).await,
    };
    let settings = agent.settings();
    // An HTTP socket takes what is for its own server alone, a UNIX socket does not look.
    let by_http = |service: &String| matches!(settings.sockets.get(service), Some(Forward::Http(_)));
    let named = (services.len() > 1 && services.iter().any(by_http)).then(|| value.clone());
    let command = match Command::from_value(value, request.origin) {
        Ok(command) => command,
        Err(error) => return list_of(error.into()).await,
    };
    let address = command.origin.peer.clone();
    observe::log!(messages::CommandReceived { name: printable(&command.name), address });
    if services.is_empty() {
        let mut answer = own(&agent, command).await;
        if let Some(filter) = filter {
            answer = codec::filter(answer, filter).await;
        }
        return list_of(answer).await;
    }
    let name = printable(&command.name);
    // What is passed on is what came; the tree may be large.
    codec::discard(command, request.octets.len());
    let mut errands = Vec::with_capacity(services.len());
    for service in services {
        let socket = settings.sockets.get(&service).cloned();
        let octets = match (&named, &socket) {
            (Some(value), Some(Forward::Http(_))) => addressed(value.clone(), &service).await,
            _ => request.octets.clone(),
        };
        let (name, address, filter) = (name.clone(), address.clone(), filter.clone());
        errands.push(Errand { service, socket, name, octets, address, filter });
    }
    // Mostly there is one, which needs no task of its own.
    if errands.len() == 1
        && let Some(errand) = errands.pop()
    {
        let answer = errand.run().await;
        return ["[ ", &answer, " ]"].concat();
    }
    let tasks: Vec<_> = errands.into_iter().map(|errand| tokio::spawn(errand.run())).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(match task.await {
            Ok(answer) => answer,
            Err(_) => codec::write(Answer::error("internal server error: no response generated")).await,
        });
    }
    format!("[ {} ]", answers.join(", "))
}

/// The command as one of its services gets it.
async fn addressed(mut command: Value, service: &str) -> Bytes {
    if let Kind::Map(map) = &mut command.kind {
        map.insert("service".to_owned(), vec![Value::from(service)].into());
    }
    Bytes::from(codec::write_value(command).await)
}

fn services(value: &Value) -> Result<Vec<String>, Answer> {
    let services = service::forward_list(value)?;
    if services.len() > MOST_SERVICES {
        return Err(Answer::error(format!("service value has more than {MOST_SERVICES} items")));
    }
    Ok(services.into_iter().map(str::to_owned).collect())
}

async fn list_of(answer: Answer) -> String {
    codec::write_list(answer).await
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
    socket: Option<Forward>,
    name: String,
    octets: Bytes,
    address: String,
    filter: Option<Arc<dyn ResponseFilter>>,
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
                codec::write(Answer::error(error)).await
            }
        }
    }

    async fn send(&self) -> Result<String, String> {
        let service = &self.service;
        let Some(socket) = &self.socket else {
            return Err(format!("forwarding socket is not configured for the server type {service}"));
        };
        let offline = |error: String| {
            format!(
                "unable to forward command to the {service} service: {error}. The server is likely to be offline"
            )
        };
        let octets = match socket {
            Forward::Unix(client) => client
                .request(&self.octets, ClientTimeouts::default())
                .await
                .map_err(|error| offline(error.to_string()))?,
            Forward::Http(target) => {
                let sent =
                    tokio::time::timeout(ClientTimeouts::default().answer, post(target, self.octets.clone()));
                let (status, body) = sent
                    .await
                    .map_err(|_| offline("Connection timed out".to_owned()))?
                    .map_err(|error| offline(error.to_string()))?;
                if status != StatusCode::OK {
                    return Err(format!("the {service} service answered with HTTP status {status}"));
                }
                return self.only(body).await;
            }
        };
        // Passed on as it came, but only when it is JSON: the list must not break over it.
        let mut text = String::from_utf8(octets)
            .map_err(|_| format!("the answer of the {service} service is not JSON: the text is not UTF-8"))?;
        if self.filter.is_none() {
            match codec::plain(text).await {
                Ok(plain) => return Ok(plain),
                Err(odd) => text = odd,
            }
        }
        let value = codec::parse_answer(text)
            .await
            .map_err(|error| format!("the answer of the {service} service is not JSON: {error}"))?;
        Ok(self.write(value).await)
    }

    /// A server that is asked over HTTP answers with a list of one.
    async fn only(&self, body: Bytes) -> Result<String, String> {
        let service = &self.service;
        let value = codec::parse_answer(body)
            .await
            .map_err(|error| format!("the answer of the {service} service is not JSON: {error}"))?;
        match value.kind {
            Kind::List(list) => match <[Value; 1]>::try_from(list) {
                Ok([one]) => Ok(self.write(one).await),
                Err(list) => Err(format!("the {service} service gave {} answers to one command", list.len())),
            },
            Kind::Map(_) => Ok(self.write(value).await),
            _ => Err(format!("the answer of the {service} service is neither a map nor a list")),
        }
    }

    /// The text of an answer, without what its receiver is not to see.
    async fn write(&self, value: Value) -> String {
        let Some(filter) = &self.filter else { return codec::write_value(value).await };
        let answer = match Answer::from_value(value) {
            Ok(answer) => codec::filter(answer, filter.clone()).await,
            Err(error) => Answer::error(error.to_string()),
        };
        codec::write(answer).await
    }
}
