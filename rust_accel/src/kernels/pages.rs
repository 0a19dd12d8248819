//! Memory that is read from end to end, of an index's rows and a model's weights: on whole huge pages where it is large,
//! so that a scan seldom waits for an address translation.

use crate::error::{Error, Result};
use crate::kernels::Packed;
use memmap2::MmapMut;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

const LINE: usize = 64;
const HUGE: usize = 2 << 20;

/// Zero-initialised numbers on a 64-byte boundary, from 2 MiB on a 2 MiB boundary. Large ones take no memory before they
/// are written.
pub struct Pages<T: Packed> {
    start: NonNull<T>,
    len: usize,
    memory: Memory,
}

enum Memory {
    None,
    Heap(Layout),
    /// Two MiB longer than the numbers, which start on the first boundary.
    Mapped(MmapMut),
}

// SAFETY: it owns its memory as a `Vec` would, and the numbers may go to any thread.
unsafe impl<T: Packed> Send for Pages<T> {}
// SAFETY: shared, it can only be read.
unsafe impl<T: Packed> Sync for Pages<T> {}

impl<T: Packed> Default for Pages<T> {
    fn default() -> Self {
        Self { start: NonNull::dangling(), len: 0, memory: Memory::None }
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
        Self::allocated(len).ok_or_else(|| Error::Memory(format!("no memory for {len} numbers")))
    }

    fn allocated(len: usize) -> Option<Self> {
        let bytes = len.checked_mul(size_of::<T>())?;
        if bytes < HUGE {
            let layout = Layout::from_size_align(bytes.next_multiple_of(LINE), LINE).ok()?;
            // SAFETY: the layout is not empty.
            let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
            return Some(Self { start: start.cast(), len, memory: Memory::Heap(layout) });
        }
        let whole = bytes.checked_next_multiple_of(HUGE)?;
        let mut map = MmapMut::map_anon(whole.checked_add(HUGE)?).ok()?;
        let skip = map.as_ptr().align_offset(HUGE);
        #[cfg(target_os = "linux")]
        // It is advice: a refusal changes nothing.
        let _ = map.advise_range(memmap2::Advice::HugePage, skip, whole);
        let start = NonNull::new(map[skip..].as_mut_ptr())?;
        Some(Self { start: start.cast(), len, memory: Memory::Mapped(map) })
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
        match &self.memory {
            Memory::None => 0,
            Memory::Heap(layout) => layout.size(),
            Memory::Mapped(map) => map.len() - HUGE,
        }
    }
}

impl<T: Packed> Drop for Pages<T> {
    fn drop(&mut self) {
        if let Memory::Heap(layout) = self.memory {
            // SAFETY: `zeros` allocated it with this layout.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl<T: Packed> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `len` values, zero from the beginning, in memory that `memory` owns; with none, an aligned dangling pointer is allowed.
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
