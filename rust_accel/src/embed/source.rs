//! A file that is read while it may be replaced, changed or cut by others: without a mapping, whose pages would vanish under
//! the process.

use crate::error::{Error, Result, invalid};
use std::fs::{File, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// An open file, as it was when it was opened.
pub(super) struct Source {
    file: File,
    place: String,
    len: u64,
    state: State,
}

/// What another content, or another file under the same number, would change.
#[derive(PartialEq)]
struct State {
    len: u64,
    written: Option<SystemTime>,
    file: [u64; 2],
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        #[cfg(unix)]
        let file = [metadata.dev(), metadata.ino()];
        #[cfg(not(unix))]
        let file = [0; 2];
        Self { len: metadata.len(), written: metadata.modified().ok(), file }
    }
}

impl Source {
    /// # Errors
    /// `Error::Io` with the path; `Error::Invalid` for a folder, device, pipe or socket.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let failed = |cause| Error::Io(place.clone(), cause);
        // To open a pipe would be to wait for its writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return invalid(format!("{place}: no regular file"));
        }
        let file = File::open(path).map_err(failed)?;
        let state = State::of(&file.metadata().map_err(failed)?);
        Ok(Self { file, len: state.len, place, state })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `out` from the place `at` on.
    ///
    /// # Errors
    /// `Error::Io`; `Error::State` when the file is another one than at `open`.
    pub(super) fn read(&self, at: u64, out: &mut [u8]) -> Result<()> {
        read_at(&self.file, at, out).map_err(|cause| match self.check() {
            Ok(()) => Error::Io(self.place.clone(), cause),
            Err(changed) => changed,
        })
    }

    /// # Errors
    /// `Error::State` when the file was written to since `open`.
    pub(super) fn check(&self) -> Result<()> {
        match self.file.metadata() {
            Ok(metadata) if State::of(&metadata) == self.state => Ok(()),
            _ => Err(Error::State(format!("{} was changed after it was opened; load the model anew", self.place))),
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, at: u64, out: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut at: u64, mut out: &mut [u8]) -> std::io::Result<()> {
    while !out.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, out, at)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        (at, out) = (at + count as u64, &mut out[count..]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Source;
    use crate::error::Error;
    use std::io::Write;

    #[test]
    fn a_file_is_read_where_it_is_asked_and_refused_once_it_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let source = Source::open(file.path()).unwrap();
        let mut out = [0; 3];
        source.read(4, &mut out).unwrap();
        assert_eq!(&out, b"456");
        assert!(matches!(source.read(8, &mut out), Err(Error::Io(..))));
        source.check().unwrap();
        file.as_file().set_len(5).unwrap();
        assert!(matches!(source.check(), Err(Error::State(_))));
        assert!(matches!(source.read(4, &mut out), Err(Error::State(_))));
    }
}
