//! Lists whose memory may be refused: what grows with a call must not end the process.

use crate::error::{Error, Result};
use memmap2::MmapMut;

/// An empty list with room for `len` values, which are called `what`.
///
/// # Errors
/// `Error::Memory` when the allocation is refused.
pub fn room<T>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut list = vec![];
    list.try_reserve_exact(len).map_err(|_| Error::Memory(format!("no memory for {len} {what}")))?;
    Ok(list)
}

/// `len` zeros.
///
/// # Errors
/// As `room`.
pub fn zeros<T: Copy + Default>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut list = room(len, what)?;
    list.resize(len, T::default());
    Ok(list)
}

/// Looks whether there are `bytes` for `what`: for code of others, which ends the process where there are none.
///
/// # Errors
/// As `room`.
pub fn expect(bytes: usize, what: &str) -> Result<()> {
    // Not by `malloc`: one that has given back so much keeps as much of what is given back later (mallopt(3),
    // M_MMAP_THRESHOLD), which was 5 MB of each loaded model.
    let found = if bytes == 0 { Ok(()) } else { MmapMut::map_anon(bytes).map(drop) };
    found.map_err(|_| Error::Memory(format!("no memory for {what}: {bytes} bytes")))
}

#[cfg(test)]
mod tests {
    use super::{expect, room, zeros};

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert_eq!(zeros::<u32>(3, "numbers").unwrap(), [0, 0, 0]);
        let text = room::<u64>(usize::MAX / 8, "numbers").unwrap_err().to_string();
        assert_eq!(text, format!("no memory for {} numbers", usize::MAX / 8));
        assert!(expect(100, "a text").is_ok());
        assert!(expect(usize::MAX / 2, "a text").unwrap_err().to_string().contains("for a text"));
    }
}
