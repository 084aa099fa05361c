//! Being on a processor soon after a packet came.

use std::io;

use crate::sys;

/// How long a thread that serves packets is on a processor before others have their turn, in nanoseconds: the least that
/// Linux takes.
const SLICE: u64 = 100_000;

/// Lets the calling thread, and those that it starts from now on, have short turns, but soon.
///
/// Its share of the processor stays what it was. Since Linux 6.12 a thread with short turns that a packet wakes does not
/// wait for the turn of another one to end; before, this changes nothing. A thread that was given a scheduling policy of
/// its own keeps it.
pub fn serve_promptly() {
    // Where this is forbidden, packets wait for their turn.
    let _: io::Result<()> = sys::set_slice(SLICE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_short_from_then_on() {
        let slice = || sys::scheduling().unwrap().sched_runtime;
        let nice = || sys::scheduling().unwrap().sched_nice;
        let before = (slice(), nice());
        let (other, inherited) = std::thread::spawn(move || {
            serve_promptly();
            ((slice(), nice()), std::thread::spawn(move || (slice(), nice())).join().unwrap())
        })
        .join()
        .unwrap();
        assert_eq!((slice(), nice()), before, "it is the thread's own");
        // Kernels that know of it tell the slice of any thread.
        if before.0 > 0 {
            assert_eq!((other, inherited), ((SLICE, before.1), (SLICE, before.1)));
        }
    }
}
