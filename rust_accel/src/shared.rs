//! A value that readers share and writers have to themselves, in its process and in the children of that.

use crate::error::{Error, Result};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// As an `RwLock`, but for one thing: where another thread was in it at a fork, the child is told so instead of waiting for
/// a thread that it does not have.
pub struct Shared<T> {
    value: RwLock<T>,
    /// The process that was in it last (upper half), and how many of its threads are (lower half).
    users: AtomicU64,
}

/// One thread that is in it.
struct User<'a>(&'a AtomicU64);

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl<T> Shared<T> {
    /// Nobody is in it.
    pub fn new(value: T) -> Self {
        Self { value: RwLock::new(value), users: AtomicU64::new(0) }
    }

    /// # Errors
    /// `Error::State` in a forked process that cannot know whether the value is whole.
    pub fn read<R>(&self, work: impl FnOnce(&T) -> R) -> Result<R> {
        let _user = self.enter()?;
        Ok(work(&self.value.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// # Errors
    /// As `read`.
    pub fn write<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R> {
        let _user = self.enter()?;
        Ok(work(&mut self.value.write().unwrap_or_else(PoisonError::into_inner)))
    }

    fn enter(&self) -> Result<User<'_>> {
        let own = u64::from(process::id()) << 32;
        let enter = |users: u64| match users {
            _ if users >> 32 == own >> 32 => Some(users + 1),
            _ if users as u32 == 0 => Some(own | 1),
            _ => None,
        };
        let entered = self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter);
        entered.map(|_| User(&self.users)).map_err(|_| {
            Error::State(
                "another thread was using it when this process was forked; load it or make it anew here".into(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;
    use crate::error::Error;
    use std::sync::atomic::Ordering;

    #[test]
    fn a_process_may_use_it_unless_another_was_in_it_at_the_fork() {
        let shared = Shared::new(1);
        shared.write(|value| *value += 1).unwrap();
        assert_eq!(shared.read(|value| *value).unwrap(), 2);
        // As a child finds it: of another process, with nobody or somebody in it.
        let other = u64::from(std::process::id() ^ 1) << 32;
        shared.users.store(other, Ordering::Relaxed);
        assert_eq!(shared.read(|value| *value).unwrap(), 2);
        shared.users.store(other | 3, Ordering::Relaxed);
        assert!(matches!(shared.read(|value| *value), Err(Error::State(_))));
        assert!(matches!(shared.write(|value| *value = 5), Err(Error::State(_))));
    }

    #[test]
    fn a_panic_does_not_lock_others_out() {
        let shared = Shared::new(1);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shared.write(|_| panic!("on purpose"))));
        assert!(panic.is_err());
        assert_eq!(shared.read(|value| *value).unwrap(), 1);
        assert_eq!(shared.users.load(Ordering::Relaxed) as u32, 0);
    }
}
