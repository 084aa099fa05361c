//! The commands of operators and of partners.

use std::sync::Arc;
use std::time::Duration;

use control::{Answer, result};
use ha::messages as say;
use ha::{Failure, MaintenanceStart, PartnerState};
use json::Value;
use modules::Pending;
use modules::ha::{Host, Request};

use super::seat::Seat;
use super::{Ha, work};
use crate::Protocol;
use crate::server::Server;
use crate::service::Origin;

/// How long a partner may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

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
        };
        Ok(answer)
    }

    /// Asks the partner of a relationship to go into maintenance, and takes over.
    async fn maintain(&self, seat: &Seat<P>) -> Answer {
        if let Err(text) = seat.look(|machine, _| machine.may_maintain()) {
            return Answer::error(text);
        }
        let partner = seat.relationship.partner().and_then(|(place, _)| seat.link(place));
        let Some(link) = partner else { return Answer::error("the relationship has no partner") };
        let (command, label) = seat.look(|machine, _| {
            (machine.speaker().maintenance(false, machine.state()), machine.partner_label())
        });
        let server = &seat.relationship.own().name;
        match link.ask(&command, PATIENCE).await {
            Ok(_) => {
                seat.with(|machine, _| machine.maintain(MaintenanceStart::Accepted));
                Answer::ok(
                    "Server is now in the partner-in-maintenance state and its partner is in-maintenance state. The \
                     partner can be now safely shut down.",
                )
            }
            Err(Failure::Unreachable(reason)) => {
                observe::log!(say::MaintenanceUnsent { server, partner: label, reason });
                seat.with(|machine, _| machine.maintain(MaintenanceStart::Unreachable));
                Answer::ok(
                    "Server is now in the partner-down state as its partner appears to be offline for maintenance.",
                )
            }
            Err(failure) => {
                observe::log!(say::MaintenanceFailed { server, partner: label, reason: failure });
                Answer::error(format!(
                    "Unable to transition to the partner-in-maintenance state. The partner server responded with the \
                     following message to the ha-maintenance-notify command: {failure}."
                ))
            }
        }
    }

    async fn end_maintenance(&self, seat: &Seat<P>) -> Answer {
        let before = match seat.look(|machine, _| machine.may_cancel()) {
            Ok(before) => before,
            Err(text) => return Answer::error(text),
        };
        let partner = seat.relationship.partner().and_then(|(place, _)| seat.link(place));
        let Some(link) = partner else { return Answer::error("the relationship has no partner") };
        let (command, label) =
            seat.look(|machine, _| (machine.speaker().maintenance(true, before), machine.partner_label()));
        let server = &seat.relationship.own().name;
        match link.ask(&command, PATIENCE).await {
            Ok(answer) => {
                let arguments = answer.arguments.as_ref();
                let state = arguments.and_then(|arguments| arguments.get("state")).and_then(Value::as_str);
                let state = state.and_then(PartnerState::from_name);
                seat.with(|machine, _| machine.cancel(state));
                Answer::ok("Server maintenance successfully canceled.")
            }
            Err(failure) => {
                match &failure {
                    Failure::Unreachable(reason) => {
                        observe::log!(say::CancelUnsent { server, partner: label, reason });
                    }
                    reason => observe::log!(say::CancelFailed { server, partner: label, reason }),
                }
                Answer::error(format!(
                    "Unable to cancel maintenance. The partner server responded with the following message to the \
                     ha-maintenance-notify command: {failure}."
                ))
            }
        }
    }
}

impl<P: Protocol> Host for HaHost<P> {
    fn carry_out(&self, server: Option<String>, request: Request) -> Pending<'_, Result<Answer, String>> {
        Box::pin(async move {
            let ha = self.ha()?;
            let seat = ha.group.seat(server.as_deref())?;
            self.carry_out_in(seat, server.as_deref().unwrap_or_default(), request).await
        })
    }

    fn start_maintenance(&self) -> Pending<'_, Answer> {
        Box::pin(async move {
            let ha = match self.ha() {
                Ok(ha) => ha,
                Err(text) => return Answer::error(text),
            };
            let mut last = Answer::done();
            for seat in &ha.group.seats {
                let answer = self.maintain(seat).await;
                if answer.result != result::OK {
                    return answer;
                }
                last = answer;
            }
            last
        })
    }

    fn cancel_maintenance(&self) -> Pending<'_, Answer> {
        Box::pin(async move {
            let ha = match self.ha() {
                Ok(ha) => ha,
                Err(text) => return Answer::error(text),
            };
            let mut last = Answer::done();
            for seat in &ha.group.seats {
                let answer = self.end_maintenance(seat).await;
                if answer.result != result::OK {
                    return answer;
                }
                last = answer;
            }
            last
        })
    }
}
