//! Futures whose panics are caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Polls a future once; `None` when it panicked, after which it must not be polled again.
pub fn poll_caught<T>(
    future: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    cx: &mut Context<'_>,
) -> Poll<Option<T>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
        Err(_) => Poll::Ready(None),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_value_a_wait_and_a_panic() {
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(poll_caught(pin!(async { 7 }), &mut cx), Poll::Ready(Some(7)));
        assert_eq!(poll_caught(pin!(std::future::pending::<u8>()), &mut cx), Poll::Pending);
        let odd = [1].into_iter().map(|n: usize| [0, 1].get(n + 1).copied()).next().flatten();
        assert_eq!(poll_caught(pin!(async { odd.unwrap() }), &mut cx), Poll::Ready(None::<i32>));
    }
}
