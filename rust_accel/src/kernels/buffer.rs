//! A growable `f32` buffer that starts on a 64-byte boundary, so that full-width loads never split a cache line.

use crate::error::{Error, Result};
use std::ops::{Deref, DerefMut};

const LANES: usize = 16;

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([f32; LANES]);

/// Zero-initialised floats, 64-byte aligned.
#[derive(Default)]
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
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
        let lines = len.div_ceil(LANES);
        if lines > self.lines.len() {
            self.lines
                .try_reserve_exact(lines - self.lines.len())
                .map_err(|_| Error::Memory(format!("no memory for {len} floats")))?;
            self.lines.resize(lines, Line([0.0; LANES]));
        }
        self.len = self.len.max(len);
        Ok(())
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `Line` is `repr(C)` around `[f32; 16]` without padding (64 bytes), so `lines` is `lines.len() * 16`
        // initialised floats in a row, and `len` never exceeds that.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast::<f32>(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast::<f32>(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn growing_keeps_the_values_and_the_alignment() {
        let mut buffer = Buffer::zeros(3).unwrap();
        buffer.copy_from_slice(&[1.0, 2.0, 3.0]);
        buffer.grow(1000).unwrap();
        assert_eq!(&buffer[..4], &[1.0, 2.0, 3.0, 0.0]);
        assert_eq!(buffer.len(), 1000);
        assert_eq!(buffer.as_ptr().align_offset(64), 0);
        assert!(Buffer::zeros(0).unwrap().is_empty());
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(Buffer::zeros(usize::MAX / 128).is_err());
    }
}
