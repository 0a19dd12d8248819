//! A pool of threads that a fork does not break. The child of a fork has its parent's memory and none of its threads: what
//! it hands to the parent's pool would wait for ever.

use crate::error::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, RwLock};

/// Threads that are started when they are first asked for, and anew in the child of a fork.
pub struct Threads {
    name: &'static str,
    count: usize,
    pool: RwLock<Option<Pool>>,
}

struct Pool {
    process: u32,
    /// Always there, but in `drop`.
    threads: Option<Arc<ThreadPool>>,
}

impl Pool {
    fn of(&self, process: u32) -> Option<Arc<ThreadPool>> {
        self.threads.clone().filter(|_| self.process == process)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // To end a pool is to wake its threads, whose locks may have been held at the fork.
            std::mem::forget(self.threads.take());
        }
    }
}

impl Threads {
    /// `count` threads, which are called `name-0` and so on. 0 means one per core, or `RAYON_NUM_THREADS`.
    #[must_use]
    pub const fn new(name: &'static str, count: usize) -> Self {
        Self { name, count, pool: RwLock::new(None) }
    }

    /// The pool of this process.
    ///
    /// # Errors
    /// `Error::Memory` when no thread can be started.
    pub fn pool(&self) -> Result<Arc<ThreadPool>> {
        let process = std::process::id();
        // Nobody waits for the lock: a thread that held it at a fork does not give it back in the child.
        if let Ok(held) = self.pool.try_read()
            && let Some(own) = held.as_ref().and_then(|pool| pool.of(process))
        {
            return Ok(own);
        }
        let new = Arc::new(self.start()?);
        if let Ok(mut held) = self.pool.try_write() {
            if let Some(own) = held.as_ref().and_then(|pool| pool.of(process)) {
                return Ok(own);
            }
            *held = Some(Pool { process, threads: Some(Arc::clone(&new)) });
        }
        Ok(new)
    }

    fn start(&self) -> Result<ThreadPool> {
        let name = self.name;
        ThreadPoolBuilder::new()
            .num_threads(self.count)
            .thread_name(move |i| format!("{name}-{i}"))
            .build()
            .map_err(|cause| Error::Memory(format!("cannot start the threads of {name}: {cause}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pool, Threads};
    use std::sync::Arc;

    #[test]
    fn a_process_has_one_pool() {
        let threads = Threads::new("one", 2);
        let pool = threads.pool().unwrap();
        assert_eq!(pool.current_num_threads(), 2);
        assert_eq!(pool.install(|| std::thread::current().name().map(|name| name[..4].to_owned())).unwrap(), "one-");
        assert!(Arc::ptr_eq(&pool, &threads.pool().unwrap()));
    }

    #[test]
    fn the_pool_of_another_process_is_left_alone_and_replaced() {
        let threads = Threads::new("two", 1);
        let parents = threads.pool().unwrap();
        if let Some(pool) = &mut *threads.pool.write().unwrap() {
            pool.process ^= 1;
        }
        let own = threads.pool().unwrap();
        assert!(!Arc::ptr_eq(&parents, &own));
        assert!(Arc::ptr_eq(&own, &threads.pool().unwrap()));
        // The parent's is never dropped: this handle and the forgotten one remain.
        assert_eq!(Arc::strong_count(&parents), 2);
        drop(Pool { process: std::process::id(), threads: Some(Arc::clone(&parents)) });
        assert_eq!(Arc::strong_count(&parents), 2);
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_not_waited_for() {
        let threads = Threads::new("three", 1);
        let held = threads.pool.write().unwrap();
        assert_eq!(threads.pool().unwrap().current_num_threads(), 1);
        drop(held);
    }
}
