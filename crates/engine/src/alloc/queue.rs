//! The free lease queue: places that were given back, the one that has rested longest first.

use std::collections::{HashSet, VecDeque};

use base::Random;

use super::Bitmap;

/// Draws before the search for a place goes on in turn from the last one drawn.
const DRAWS: usize = 16;

/// Some free place, any of them as likely while a tenth or more of the places is free.
pub(super) fn draw(occupied: &Bitmap, random: &mut dyn Random) -> Option<u64> {
    let mut from = 0;
    for _ in 0..DRAWS {
        from = random.below(occupied.capacity());
        if !occupied.is_occupied(from) {
            break;
        }
    }
    occupied.next_free(from)
}

/// Which free place is next: first those that nobody has had, in random order, then those given back, in the order in
/// which they were. Memory is in proportion to the places that were ever taken.
#[derive(Clone, Debug)]
pub(super) struct FreeQueue {
    /// Places that were occupied at some time.
    seen: Bitmap,
    order: VecDeque<u64>,
    queued: HashSet<u64, ahash::RandomState>,
}

impl FreeQueue {
    pub(super) fn new(occupied: &Bitmap) -> Self {
        Self { seen: occupied.clone(), order: VecDeque::new(), queued: HashSet::default() }
    }

    /// A place was occupied or freed.
    pub(super) fn mark(&mut self, at: u64, occupied: bool) {
        if occupied {
            self.seen.set(at, true);
        } else if self.seen.is_occupied(at) && self.queued.insert(at) {
            self.order.push_back(at);
        }
    }

    /// The next free place. It stays free until it is marked; asked again before, the queue goes on to others.
    pub(super) fn next_free(&mut self, occupied: &Bitmap, random: &mut dyn Random) -> Option<u64> {
        while let Some(at) = draw(&self.seen, random) {
            if !occupied.is_occupied(at) {
                return Some(at);
            }
            // Kept for somebody: it joins the queue when it is free.
            self.seen.set(at, true);
        }
        while let Some(at) = self.order.pop_front() {
            if occupied.is_occupied(at) {
                // It comes back when it is freed.
                self.queued.remove(&at);
            } else {
                self.order.push_back(at);
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use base::XorShift;

    use super::*;

    #[test]
    fn fresh_places_first_then_the_one_that_has_rested_longest() {
        let mut occupied = Bitmap::new(4);
        occupied.set(3, true);
        let mut queue = FreeQueue::new(&occupied);
        let mut random = XorShift::new(1);
        let mark = |queue: &mut FreeQueue, occupied: &mut Bitmap, at, on| {
            occupied.set(at, on);
            queue.mark(at, on);
        };
        let mut fresh = Vec::new();
        while let Some(at) = queue.next_free(&occupied, &mut random) {
            mark(&mut queue, &mut occupied, at, true);
            fresh.push(at);
        }
        fresh.sort_unstable();
        assert_eq!(fresh, [0, 1, 2]);
        for at in [2, 3, 0] {
            mark(&mut queue, &mut occupied, at, false);
        }
        // Offered and not taken up: the others have their turn.
        let next = |queue: &mut FreeQueue, occupied: &Bitmap, random: &mut XorShift| {
            queue.next_free(occupied, random)
        };
        assert_eq!(next(&mut queue, &occupied, &mut random), Some(2));
        assert_eq!(next(&mut queue, &occupied, &mut random), Some(3));
        mark(&mut queue, &mut occupied, 0, true);
        assert_eq!(next(&mut queue, &occupied, &mut random), Some(2));
        mark(&mut queue, &mut occupied, 2, true);
        mark(&mut queue, &mut occupied, 3, true);
        assert_eq!(next(&mut queue, &occupied, &mut random), None);
        mark(&mut queue, &mut occupied, 0, false);
        assert_eq!(next(&mut queue, &occupied, &mut random), Some(0));
    }

    #[test]
    fn what_is_kept_for_somebody_is_found_when_it_is_not_any_more() {
        let mut occupied = Bitmap::new(1);
        let mut queue = FreeQueue::new(&occupied);
        let mut random = XorShift::new(1);
        occupied.set(0, true);
        assert_eq!(queue.next_free(&occupied, &mut random), None);
        occupied.set(0, false);
        queue.mark(0, false);
        assert_eq!(queue.next_free(&occupied, &mut random), Some(0));
    }
}
