//! Futures whose panics are caught.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use base::poll_caught;

/// What the future gives; `None` when it panicked.
pub(crate) async fn guarded<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>) -> Option<T> {
    poll_fn(|cx| poll_caught(future.as_mut(), cx)).await
}

/// The same of a future that is there at once; pending: it is not.
pub(crate) fn at_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<Option<T>> {
    poll_caught(future, &mut Context::from_waker(Waker::noop()))
}
