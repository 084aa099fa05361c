//! Futures whose panics are caught.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// What the future gives; `None` when it panicked.
pub(crate) async fn guarded<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>) -> Option<T> {
    poll_fn(|cx| poll(future.as_mut(), cx)).await
}

/// The same of a future that is there at once; pending: it is not.
pub(crate) fn at_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<Option<T>> {
    poll(future, &mut Context::from_waker(Waker::noop()))
}

fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>, cx: &mut Context<'_>) -> Poll<Option<T>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
        Err(_) => Poll::Ready(None),
    }
}
