//! Read-only files in memory.

use crate::error::{Error, Result};
use memmap2::Mmap;
use std::{fs::File, path::Path};

/// Maps a file that is not written while it is in use (model weights are replaced, never edited).
///
/// # Errors
/// `Error::Io` with the path when it cannot be opened or mapped.
pub fn map(path: &Path) -> Result<Mmap> {
    let failed = |cause| Error::Io(path.display().to_string(), cause);
    let file = File::open(path).map_err(failed)?;
    // SAFETY: the mapping is read-only and private to this process; the caller's contract is that nobody shortens the
    // file meanwhile, and its bytes are read only through bounds-checked slices.
    unsafe { Mmap::map(&file) }.map_err(failed)
}
