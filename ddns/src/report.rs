//! What is logged and counted of updates.

use base::Micros;
use dns::Rcode;
use ncr::{Change, NameChangeRequest};
use updater::{Attempt, Direction, Event, Report, Server, Step};

use crate::messages as m;
use crate::statistics::{Statistics, Update};

/// Logs and counts.
pub(crate) struct Reporter<'a> {
    pub(crate) statistics: &'a Statistics,
    pub(crate) now: Micros,
}

/// Logs the message that a step has of several.
macro_rules! by_step {
    ($step:expr, [$add:ident, $replace:ident, $addresses:ident, $records:ident, $reverse:ident, $remove:ident],
     $fields:tt) => {
        match $step {
            Step::ForwardAdd => observe::log!(m::$add $fields),
            Step::ForwardReplace => observe::log!(m::$replace $fields),
            Step::ForwardRemoveAddresses => observe::log!(m::$addresses $fields),
            Step::ForwardRemoveRecords => observe::log!(m::$records $fields),
            Step::ReverseReplace => observe::log!(m::$reverse $fields),
            Step::ReverseRemove => observe::log!(m::$remove $fields),
        }
    };
}

impl Report for Reporter<'_> {
    fn event(&mut self, request: Option<&NameChangeRequest>, event: &Event<'_>) {
        match (event, request) {
            (Event::AtMost { queued, running }, _) => {
                observe::log!(m::AtMaxTransactions { queued, running });
            }
            (Event::NothingEligible { queued, running }, _) => {
                observe::log!(m::NoEligibleJobs { queued, running });
            }
            (event, Some(request)) => self.of_request(request, event),
            (_, None) => {}
        }
    }
}

impl Reporter<'_> {
    fn of_request(&mut self, request: &NameChangeRequest, event: &Event<'_>) {
        let id = &request.dhcid;
        match event {
            Event::Sent { step, server } => {
                let signed = server.key.is_some();
                self.count(Update::Sent, server);
                let counter =
                    if signed { &self.statistics.update_signed } else { &self.statistics.update_unsigned };
                counter.increment(self.now);
                observe::log!(m::UpdateRequestSent { id, step, server });
            }
            Event::Attempted { step, server, attempt } => {
                observe::log!(m::UpdateResponseReceived { id, server, attempt });
                self.attempted(request, *step, server, attempt);
            }
            Event::Rejected { step, server, rcode } => rejected(request, *step, server, *rcode),
            Event::Finished { success, forward, reverse } => {
                let outcome = Outcome { success: *success, forward: *forward, reverse: *reverse, request };
                match (request.change, success) {
                    (Change::Add, true) => observe::log!(m::AddSucceeded { id, request }),
                    (Change::Add, false) => observe::log!(m::AddFailed { id, outcome }),
                    (Change::Remove, true) => observe::log!(m::RemoveSucceeded { id, request }),
                    (Change::Remove, false) => observe::log!(m::RemoveFailed { id, outcome }),
                }
            }
            Event::Ignored(Direction::Forward) => observe::log!(m::ForwardIgnored { id, request }),
            Event::Ignored(Direction::Reverse) => observe::log!(m::ReverseIgnored { id, request }),
            Event::NoMatch(direction, name) => {
                observe::log!(m::NoMatch { name });
                match direction {
                    Direction::Forward => observe::log!(m::NoForwardMatch { id, request }),
                    Direction::Reverse => observe::log!(m::NoReverseMatch { id, request }),
                }
            }
            Event::Dropped => observe::log!(m::RequestDropped { id, request }),
            Event::BadName(error) => observe::log!(m::TransSendError { id, error }),
            Event::AtMost { .. } | Event::NothingEligible { .. } => {}
        }
    }

    fn count(&self, what: Update, server: &Server) {
        self.statistics.update(what, server.key.as_ref().map(|key| key.name()), self.now);
    }

    fn attempted(&self, request: &NameChangeRequest, step: Step, server: &Server, attempt: &Attempt) {
        let (id, fqdn) = (&request.dhcid, &request.fqdn);
        match attempt {
            // Whatever it says: the exchange was one.
            Attempt::Answered(_) => self.count(Update::Success, server),
            Attempt::TimedOut => {
                self.count(Update::Timeout, server);
                by_step!(
                    step,
                    [
                        ForwardAddTimeout,
                        ForwardReplaceTimeout,
                        ForwardRemoveAddrsTimeout,
                        ForwardRemoveRrsTimeout,
                        ReverseReplaceTimeout,
                        ReverseRemoveTimeout
                    ],
                    { id, fqdn, server }
                );
            }
            Attempt::Corrupt(error) => {
                self.count(Update::Error, server);
                observe::log!(m::InvalidResponse { error });
                by_step!(
                    step,
                    [
                        ForwardAddCorrupt,
                        ForwardReplaceCorrupt,
                        ForwardRemoveAddrsCorrupt,
                        ForwardRemoveRrsCorrupt,
                        ReverseReplaceCorrupt,
                        ReverseRemoveCorrupt
                    ],
                    { id, server, fqdn, error }
                );
            }
            Attempt::Failed(error) => {
                self.count(Update::Error, server);
                by_step!(
                    step,
                    [
                        ForwardAddIoError,
                        ForwardReplaceIoError,
                        ForwardRemoveAddrsIoError,
                        ForwardRemoveRrsIoError,
                        ReverseReplaceIoError,
                        ReverseRemoveIoError
                    ],
                    { id, fqdn, server, error }
                );
            }
        }
    }
}

fn rejected(request: &NameChangeRequest, step: Step, server: &Server, rcode: Rcode) {
    let (id, fqdn) = (&request.dhcid, &request.fqdn);
    by_step!(
        step,
        [
            ForwardAddRejected,
            ForwardReplaceRejected,
            ForwardRemoveAddrsRejected,
            ForwardRemoveRrsRejected,
            ReverseReplaceRejected,
            ReverseRemoveRejected
        ],
        { id, server, fqdn, rcode }
    );
}

/// How a request ended, as log lines have it.
struct Outcome<'a> {
    success: bool,
    forward: Option<bool>,
    reverse: Option<bool>,
    request: &'a NameChangeRequest,
}

impl std::fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |done: bool| if done { "completed" } else { "failed" };
        write!(f, "Status: {}, ", if self.success { "Completed" } else { "Failed" })?;
        if let Some(done) = self.forward {
            write!(f, "Forward change: {}, ", word(done))?;
        }
        if let Some(done) = self.reverse {
            write!(f, "Reverse change: {}, ", word(done))?;
        }
        write!(f, "request: {}", self.request)
    }
}
