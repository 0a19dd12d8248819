//! The memory of rows that are read from end to end: on whole huge pages where it is large, so that a scan seldom waits
//! for an address translation.

use crate::error::{Error, Result};
use crate::kernels::Packed;
use std::alloc::{Layout, alloc, dealloc};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

const LINE: usize = 64;
const HUGE: usize = 2 << 20;

/// Zero-initialised numbers on a 64-byte boundary, from 2 MiB on a 2 MiB boundary.
pub struct Pages<T: Packed> {
    start: NonNull<T>,
    len: usize,
}

// SAFETY: it owns its memory as a `Vec` would, and the numbers may go to any thread.
unsafe impl<T: Packed> Send for Pages<T> {}
// SAFETY: shared, it can only be read.
unsafe impl<T: Packed> Sync for Pages<T> {}

impl<T: Packed> Default for Pages<T> {
    fn default() -> Self {
        Self { start: NonNull::dangling(), len: 0 }
    }
}

impl<T: Packed> Pages<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// `Error::Memory` when the allocation is refused.
    pub fn zeros(len: usize) -> Result<Self> {
        if len == 0 {
            return Ok(Self::default());
        }
        let refused = || Error::Memory(format!("no memory for {len} numbers"));
        let layout = Self::layout(len).ok_or_else(refused)?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc(layout) }).ok_or_else(refused)?;
        #[cfg(target_os = "linux")]
        if layout.align() == HUGE {
            // SAFETY: the range is this allocation, whole pages of it. It is advice: a refusal changes nothing.
            unsafe { libc::madvise(start.as_ptr().cast(), layout.size(), libc::MADV_HUGEPAGE) };
        }
        // SAFETY: the allocation is `layout.size()` bytes long.
        unsafe { start.write_bytes(0, layout.size()) };
        Ok(Self { start: start.cast(), len })
    }

    /// A copy that is `len` long: cut, or with zeros at the end.
    ///
    /// # Errors
    /// `Error::Memory` when the allocation is refused.
    pub fn resized(&self, len: usize) -> Result<Self> {
        let mut new = Self::zeros(len)?;
        let kept = len.min(self.len);
        new[..kept].copy_from_slice(&self[..kept]);
        Ok(new)
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        if self.len == 0 { 0 } else { Self::layout(self.len).map_or(0, |layout| layout.size()) }
    }

    fn layout(len: usize) -> Option<Layout> {
        let bytes = len.checked_mul(size_of::<T>())?;
        let align = if bytes >= HUGE { HUGE } else { LINE };
        Layout::from_size_align(bytes.checked_next_multiple_of(align)?, align).ok()
    }
}

impl<T: Packed> Drop for Pages<T> {
    fn drop(&mut self) {
        if self.len > 0
            && let Some(layout) = Self::layout(self.len)
        {
            // SAFETY: `zeros` allocated it with the layout of this length.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl<T: Packed> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `len` values, all initialised by `zeros`; with none, an aligned dangling pointer is allowed.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Packed> DerefMut for Pages<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

/// Asks for the cache lines of values that are read soon.
#[inline]
pub fn prefetch<T: Packed>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(LINE / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint about memory that is borrowed here; it reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

#[cfg(test)]
mod tests {
    use super::{HUGE, Pages, prefetch};

    #[test]
    fn resizing_keeps_the_values_and_the_alignment() {
        let mut pages: Pages<f32> = Pages::zeros(3).unwrap();
        pages.copy_from_slice(&[1.0, 2.0, 3.0]);
        for (len, align) in [(1000, 64), (HUGE / 4, HUGE), (HUGE + 5, HUGE)] {
            let mut new = pages.resized(len).unwrap();
            assert_eq!((&new[..4], new.len()), (&[1.0, 2.0, 3.0, 0.0][..], len));
            assert_eq!(new.as_ptr().align_offset(align), 0);
            assert!(new.size() >= len * 4 && new[len - 1].to_bits() == 0);
            new[len - 1] = 9.0;
            prefetch(&new[len - 100..]);
            assert_eq!(&new.resized(2).unwrap()[..], [1.0, 2.0]);
        }
        let none = pages.resized(0).unwrap();
        assert!(none.is_empty() && none.size() == 0);
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(Pages::<f32>::zeros(usize::MAX / 2).is_err());
        assert!(Pages::<u8>::zeros(usize::MAX / 4).is_err());
    }
}
