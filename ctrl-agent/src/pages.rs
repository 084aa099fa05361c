//! What the agent answers to `GET`: whether it runs, and whether it reaches a server.

use std::sync::Arc;
use std::time::Duration;

use control::http::{Page, Reply, StatusCode};

use crate::agent::Agent;
use crate::settings::Forward;

/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn pages(agent: &Arc<Agent>) -> Vec<Page> {
    let weak = Arc::downgrade(agent);
    let live = Arc::new(|_| Box::pin(std::future::ready(fine())) as control::BoxFuture<Reply>);
    let ready = Arc::new(move |_| {
        let agent = weak.upgrade();
        Box::pin(async move {
            match agent {
                Some(agent) => readiness(&agent).await,
                None => Reply::error(StatusCode::SERVICE_UNAVAILABLE),
            }
        }) as control::BoxFuture<Reply>
    });
    vec![
        Page { path: "/livez", open: true, render: live },
        Page { path: "/readyz", open: true, render: ready },
    ]
}

fn fine() -> Reply {
    Reply::text(StatusCode::OK, "ok\n".to_owned())
}

/// Samples list the sockets of servers that not every machine runs: one that answers is enough.
async fn readiness(agent: &Agent) -> Reply {
    let settings = agent.settings();
    for forward in settings.sockets.values() {
        if reaches(forward).await {
            return fine();
        }
    }
    let names: Vec<&str> = settings.sockets.keys().map(String::as_str).collect();
    let text = if names.is_empty() {
        "no server is configured\n".to_owned()
    } else {
        format!("no server can be reached: {}\n", names.join(", "))
    };
    Reply::text(StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn reaches(forward: &Forward) -> bool {
    match forward {
        Forward::Unix(client) => client.reaches(PATIENCE).await,
        Forward::Http(target) => target.reaches(PATIENCE).await,
    }
}
