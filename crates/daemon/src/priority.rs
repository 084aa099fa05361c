//! Which threads go first.

use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::gettid;

/// Added to the niceness of who can wait: a third of a processor is left to it where others want all of it, and who comes
/// to do something short does not wait for it.
const STEP: i32 = 5;

/// Lets the other threads of the process go before this one, and before those that it starts from now on.
pub fn step_back() {
    // For Linux a thread's priority is its own. Where this is forbidden, all stay equal.
    let _: rustix::io::Result<()> =
        getpriority_process(Some(gettid())).and_then(|own| setpriority_process(Some(gettid()), own + STEP));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_steps_back() {
        let mine = || getpriority_process(Some(gettid())).unwrap();
        let before = mine();
        let (other, inherited) = std::thread::spawn(move || {
            step_back();
            (mine(), std::thread::spawn(mine).join().unwrap())
        })
        .join()
        .unwrap();
        let after = (before + STEP).min(19);
        assert_eq!((other, inherited), (after, after));
        assert_eq!(mine(), before);
    }
}
