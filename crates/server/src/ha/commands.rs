//! The commands of operators and of partners.

use std::sync::Arc;

use control::Answer;
use ha::messages as say;
use ha::{Failure, MaintenanceStart, PartnerState, State, log_failure};
use json::Value;
use modules::Pending;
use modules::ha::{Host, Request};

use super::link::PATIENCE;
use super::seat::Seat;
use super::{Ha, work};
use crate::Protocol;
use crate::server::Server;
use crate::service::Origin;

/// The server for the commands of high availability.
pub(crate) struct HaHost<P: Protocol>(pub(crate) Arc<Server<P>>);

impl<P: Protocol> HaHost<P> {
    fn ha(&self) -> Result<Arc<Ha<P>>, String> {
        let ha = self.0.shared.active.load().ha.clone();
        ha.ok_or_else(|| "no relationship is configured".to_owned())
    }

    async fn carry_out_in(
        &self,
        seat: &Arc<Seat<P>>,
        name: &str,
        request: Request,
    ) -> Result<Answer, String> {
        let answer = match request {
            Request::Heartbeat => {
                let heartbeat = seat.look(|machine, now| machine.heartbeat(now));
                Answer::full("HA peer status returned.", heartbeat.write())
            }
            Request::Continue => Answer::ok(if seat.with(|machine, _| machine.unpause()) {
                "HA state machine continues."
            } else {
                "HA state machine is not paused."
            }),
            Request::Reset => Answer::ok(if seat.with(|machine, _| machine.reset()) {
                "HA state machine reset."
            } else {
                "HA state machine already in WAITING state."
            }),
            Request::Scopes(scopes) => {
                seat.with(|machine, _| machine.serve_scopes(scopes.iter().map(String::as_str)))?;
                Answer::ok("New HA scopes configured.")
            }
            Request::MaintenanceNotify { cancel, state } => {
                match seat.with(|machine, _| machine.maintenance_notified(cancel, state)) {
                    Ok(()) if cancel => {
                        let state = seat.look(|machine, _| machine.state());
                        Answer::full("Server maintenance canceled.", [("state", Value::from(state.name()))])
                    }
                    Ok(()) => Answer::ok("Server is in-maintenance state."),
                    Err((code, text)) => Answer::with_result(code, text),
                }
            }
            Request::Sync { max_period } => {
                let place = seat.relationship.place(name);
                let Some(place) = place.filter(|place| *place != seat.relationship.this) else {
                    let text = format!("'{name}' points to local server but should point to a partner");
                    return Ok(Answer::error(text));
                };
                match work::synchronize(&self.0, seat, place, max_period).await {
                    Ok(()) => Answer::ok("Lease database synchronization complete."),
                    Err(failure) => Answer::error(failure.to_string()),
                }
            }
            Request::SyncComplete { origin } => {
                // First the one, then the other: between the two no client may be served.
                let switch = seat.with(|machine, now| {
                    machine.sync_complete(now);
                    machine.take_switch()
                });
                if let Some(on) = switch {
                    work::serve(&self.0, seat, on);
                }
                let origin = origin.unwrap_or(ha::REMOTE_ORIGIN.saturating_add(seat.number));
                self.0.shared.service.enable(Origin::HaRemote(origin));
                Answer::ok("Server successfully notified about the synchronization completion.")
            }
            Request::Maintain { cancel: true } => hand_back(seat).await?,
            Request::Maintain { cancel: false } => take_over(seat).await?,
        };
        Ok(answer)
    }
}

/// Tells the partner of a relationship that it is taken over from for maintenance, or no longer is, and what state this
/// server is in, or goes back to.
async fn notify<P: Protocol>(seat: &Seat<P>, cancel: bool, state: State) -> Result<Answer, Failure> {
    let link = seat.partner().ok_or_else(|| Failure::Refused("there is no partner".to_owned()))?;
    let outcome = link.ask(&seat.speaker().maintenance(cancel, state), PATIENCE).await;
    if let Err(failure) = &outcome {
        let (server, partner) = (&seat.relationship.own().name, &link.label);
        if cancel {
            log_failure!(failure, say::CancelUnsent | say::CancelFailed { server, partner });
        } else {
            log_failure!(failure, say::MaintenanceUnsent | say::MaintenanceFailed { server, partner });
        }
    }
    outcome
}

/// Asks the partner of a relationship to go into maintenance, and takes over.
async fn take_over<P: Protocol>(seat: &Seat<P>) -> Result<Answer, String> {
    seat.look(|machine, _| machine.may_maintain())?;
    let state = seat.look(|machine, _| machine.state());
    let (outcome, text) = match notify(seat, false, state).await {
        Ok(_) => (
            MaintenanceStart::Accepted,
            "Server is now in the partner-in-maintenance state and its partner is in-maintenance state. The partner can \
             be now safely shut down.",
        ),
        Err(Failure::Unreachable(_)) => (
            MaintenanceStart::Unreachable,
            "Server is now in the partner-down state as its partner appears to be offline for maintenance.",
        ),
        Err(failure) => {
            return Err(format!(
                "Unable to transition to the partner-in-maintenance state. The partner server responded with the \
                 following message to the ha-maintenance-notify command: {failure}."
            ));
        }
    };
    seat.with(|machine, _| machine.maintain(outcome));
    Ok(Answer::ok(text))
}

/// Ends the maintenance of the partner of a relationship.
async fn hand_back<P: Protocol>(seat: &Seat<P>) -> Result<Answer, String> {
    let before = seat.look(|machine, _| machine.may_cancel())?;
    let answer = notify(seat, true, before).await.map_err(|failure| {
        format!(
            "Unable to cancel maintenance. The partner server responded with the following message to the \
             ha-maintenance-notify command: {failure}."
        )
    })?;
    let arguments = answer.arguments.as_ref();
    let state = arguments.and_then(|arguments| arguments.get("state")).and_then(Value::as_str);
    seat.with(|machine, _| machine.cancel(state.and_then(PartnerState::from_name)));
    Ok(Answer::ok("Server maintenance successfully canceled."))
}

impl<P: Protocol> Host for HaHost<P> {
    fn carry_out(&self, server: Option<String>, request: Request) -> Pending<'_, Result<Answer, String>> {
        Box::pin(async move {
            let ha = self.ha()?;
            let seats = match request {
                Request::Maintain { cancel: false } => ha.group.seats.iter().collect(),
                Request::Maintain { cancel: true } => ha.group.in_maintenance(),
                _ => vec![ha.group.seat(server.as_deref())?],
            };
            let name = server.unwrap_or_default();
            let mut answer = Answer::done();
            for seat in seats {
                answer = self.carry_out_in(seat, &name, request.clone()).await?;
            }
            Ok(answer)
        })
    }
}
