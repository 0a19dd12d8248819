//! A growable buffer that starts on a 64-byte boundary, so that full-width loads never split a cache line.

use super::element::Packed;
use crate::error::{Error, Result};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

const LINE: usize = 64;

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; LINE]);

/// Zero-initialised numbers, 64-byte aligned.
pub struct Buffer<T: Packed = f32> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<T>,
}

impl<T: Packed> Default for Buffer<T> {
    fn default() -> Self {
        Self { lines: vec![], len: 0, kind: PhantomData }
    }
}

impl<T: Packed> Buffer<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// `Error::Memory` when the allocation is refused.
    pub fn zeros(len: usize) -> Result<Self> {
        let mut buffer = Self::default();
        buffer.grow(len)?;
        Ok(buffer)
    }

    /// Makes it at least `len` long; new values are zero, old ones stay.
    ///
    /// # Errors
    /// `Error::Memory` when the allocation is refused.
    pub fn grow(&mut self, len: usize) -> Result<()> {
        let lines = len.div_ceil(LINE / size_of::<T>());
        if lines > self.lines.len() {
            self.lines
                .try_reserve_exact(lines - self.lines.len())
                .map_err(|_| Error::Memory(format!("no memory for {len} numbers")))?;
            self.lines.resize(lines, Line([0; LINE]));
        }
        self.len = self.len.max(len);
        Ok(())
    }
}

impl<T: Packed> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `lines` is 64 initialised bytes each, in a row, and `len` values of `T` never exceed them.
        // `Packed` numbers are 1, 2 or 4 bytes, which divide 64, and every bit pattern is one of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast::<T>(), self.len) }
    }
}

impl<T: Packed> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast::<T>(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn growing_keeps_the_values_and_the_alignment() {
        let mut buffer: Buffer = Buffer::zeros(3).unwrap();
        buffer.copy_from_slice(&[1.0, 2.0, 3.0]);
        buffer.grow(1000).unwrap();
        assert_eq!(&buffer[..4], &[1.0, 2.0, 3.0, 0.0]);
        assert_eq!(buffer.len(), 1000);
        assert_eq!(buffer.as_ptr().align_offset(64), 0);
        assert!(Buffer::<f32>::zeros(0).unwrap().is_empty());
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(Buffer::<f32>::zeros(usize::MAX / 128).is_err());
    }
}
