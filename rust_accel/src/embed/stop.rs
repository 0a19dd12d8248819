//! Work on other threads whose caller may end it early.

use crate::error::{Error, Result};
use rayon::ThreadPool;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How often a caller is asked.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether the caller has gone.
#[derive(Default)]
pub(super) struct Stop(AtomicBool);

impl Stop {
    /// # Errors
    /// `Error::State` once the caller has ended it.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Error::State("the call was ended".into())) } else { Ok(()) }
    }
}

/// The result of `work` in the pool. `go_on` is asked from time to time, in the caller's thread; once it says no, `work`
/// finds its `Stop` set. Of short work nobody is asked.
///
/// # Errors
/// Those of `work`.
pub(super) fn run<R: Send>(
    pool: &ThreadPool,
    go_on: &mut dyn FnMut() -> bool,
    work: impl FnOnce(&Stop) -> Result<R> + Send,
    is_short: bool,
) -> Result<R> {
    let stop = &Stop::default();
    if is_short {
        // To wait for it twice, with a time limit and then for its scope, costs 20 microseconds.
        return pool.install(|| work(stop));
    }
    let (done, result) = sync_channel(1);
    pool.in_place_scope(|scope| {
        scope.spawn(move |_| drop(done.send(work(stop))));
        loop {
            match result.recv_timeout(PAUSE) {
                Ok(found) => return found,
                Err(RecvTimeoutError::Timeout) if go_on() => {}
                Err(RecvTimeoutError::Timeout) => {
                    stop.0.store(true, Ordering::Relaxed);
                    // The scope waits for it, and passes a panic of it on.
                    return Err(Error::State("the call was ended".into()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(Error::State("the work was not done".into())),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::error::Error;
    use std::time::{Duration, Instant};

    #[test]
    fn a_caller_is_asked_and_can_end_it() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(run(&pool, &mut || false, |_| Ok(5), false).unwrap(), 5);
        let began = Instant::now();
        let mut asked = 0;
        let ended = run(
            &pool,
            &mut || (asked += 1, asked < 2).1,
            |stop| {
                while began.elapsed() < Duration::from_secs(60) {
                    stop.check()?;
                }
                Ok(())
            },
            false,
        );
        assert!(matches!(ended, Err(Error::State(_))));
        assert!(asked == 2 && began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_panic_of_the_work_is_one_of_the_caller() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let call = || run::<()>(&pool, &mut || true, |_| panic!("on purpose"), false);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
    }
}
