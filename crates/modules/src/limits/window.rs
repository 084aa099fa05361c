//! How many packets were served in the time before now.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use base::{Micros, SubnetId};
use config::RateLimit;

/// A span is looked at in steps of this share of it: so many, and no more, are remembered however high the limit.
const STEPS: u64 = 1 << 16;
/// Windows of spawned classes beyond which those that have run out are looked for.
const MANY: usize = 4096;

/// The packets served in the span of a limit: when, and how many in the same step.
#[derive(Debug, Default)]
pub(super) struct Window {
    served: VecDeque<(u64, u32)>,
    /// All of them.
    count: u64,
    span: u64,
}

impl Window {
    /// Whether one more packet may be served.
    pub(super) fn has_room(&mut self, limit: &RateLimit, now: Micros) -> bool {
        self.span = u64::from(limit.span.0) * 1_000_000;
        self.forget(now);
        self.count < u64::from(limit.packets)
    }

    /// Remembers a packet that is served.
    pub(super) fn serve(&mut self, now: Micros) {
        self.count += 1;
        let step = self.span / STEPS;
        match self.served.back_mut() {
            // A clock that was set back counts on where it was.
            Some((at, count)) if now.0.saturating_sub(*at) <= step => *count = count.saturating_add(1),
            _ => self.served.push_back((now.0, 1)),
        }
    }

    fn forget(&mut self, now: Micros) {
        // A clock that was set back by more than the span would lock everybody out.
        if self.served.back().is_some_and(|(last, _)| *last > now.0.saturating_add(self.span)) {
            self.served.clear();
            self.count = 0;
        }
        while let Some((at, count)) = self.served.front()
            && at.saturating_add(self.span) < now.0
        {
            self.count = self.count.saturating_sub(u64::from(*count));
            self.served.pop_front();
        }
    }

    fn has_run_out(&mut self, now: Micros) -> bool {
        self.forget(now);
        self.served.is_empty()
    }
}

/// What a window is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Class(Box<str>),
    Subnet(SubnetId),
}

type Shared = Arc<Mutex<Window>>;

/// All windows of a server. They outlive its configurations.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<(HashMap<Key, Shared>, usize)>);

impl Windows {
    /// The window of a class or subnet.
    pub(super) fn of(&self, key: Key, now: Micros) -> Shared {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (windows, looked_at) = &mut *inner;
        if windows.len() > MANY.max(*looked_at * 2) {
            windows.retain(|_, window| {
                Arc::strong_count(window) > 1
                    || !window.lock().unwrap_or_else(PoisonError::into_inner).has_run_out(now)
            });
            *looked_at = windows.len();
        }
        Arc::clone(windows.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use base::Seconds;

    use super::*;

    fn limit(packets: u32, span: u32) -> RateLimit {
        RateLimit { packets, span: Seconds(span), text: "".into() }
    }

    #[test]
    fn so_many_in_any_span() {
        let (limit, mut window) = (limit(2, 10), Window::default());
        let mut at = |seconds: u64| {
            let now = Micros(seconds * 1_000_000);
            let room = window.has_room(&limit, now);
            if room {
                window.serve(now);
            }
            room
        };
        assert!(at(100) && at(105) && !at(109) && !at(110));
        // The first has run out, the second not yet.
        assert!(at(111) && !at(112) && !at(115) && at(116));
        // The clock is set back a little, then by a day.
        assert!(!at(114));
        assert!(at(50) && at(51) && !at(52));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (limit, mut window) = (limit(u32::MAX, 1), Window::default());
        for now in 0..400_000 {
            assert!(window.has_room(&limit, Micros(now * 5)));
            window.serve(Micros(now * 5));
        }
        assert!(window.served.len() <= usize::try_from(STEPS).unwrap() + 1, "{}", window.served.len());
        assert!((199_990..=200_010).contains(&window.count), "{}", window.count);
        assert!(!window.has_room(&RateLimit { packets: 0, ..limit }, Micros(0)));
    }

    #[test]
    fn windows_that_ran_out_go() {
        let windows = Windows::default();
        let kept = windows.of(Key::Subnet(SubnetId(1)), Micros(0));
        for at in 0..3 * MANY {
            let window = windows.of(Key::Class(at.to_string().into()), Micros(at as u64 * 1_000_000));
            let mut window = window.lock().unwrap();
            window.has_room(&limit(1, 1), Micros(at as u64 * 1_000_000));
            window.serve(Micros(at as u64 * 1_000_000));
        }
        assert!(windows.0.lock().unwrap().0.len() <= MANY + 1);
        assert!(Arc::ptr_eq(&kept, &windows.of(Key::Subnet(SubnetId(1)), Micros(0))));
    }
}
