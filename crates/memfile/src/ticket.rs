//! What waits for a batch of rows to be durable.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use lease::StoreError;

type Outcome = Result<(), StoreError>;

/// Locks; a panic of another holder does not spread.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

enum State {
    Open(Vec<Waker>),
    Done(Outcome),
}

/// The fate of one batch.
pub(crate) struct Ticket(Mutex<State>);

impl Ticket {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Open(Vec::new()))))
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match &*lock(&self.0) {
            State::Open(_) => None,
            State::Done(outcome) => Some(outcome.clone()),
        }
    }

    pub(crate) fn finish(&self, outcome: Outcome) {
        let wakers = match std::mem::replace(&mut *lock(&self.0), State::Done(outcome)) {
            State::Open(wakers) => wakers,
            State::Done(_) => Vec::new(),
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Ready when the batch is.
pub(crate) struct Wait(pub(crate) Arc<Ticket>);

impl Future for Wait {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        match &mut *lock(&self.0.0) {
            State::Done(outcome) => Poll::Ready(outcome.clone()),
            State::Open(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                    wakers.push(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}
