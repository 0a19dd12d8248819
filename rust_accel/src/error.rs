//! The crate's one error type.

use std::fmt;

/// What went wrong, in words that name the value and the place.
#[derive(Debug)]
pub enum Error {
    /// An argument or a file's content cannot be used.
    Invalid(String),
    /// A file cannot be read.
    Io(String, std::io::Error),
    /// The machine has not enough memory for what was asked.
    Memory(String),
    /// Something cannot be used in the state that it is in.
    State(String),
}

/// The crate's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) | Self::Memory(text) | Self::State(text) => f.write_str(text),
            Self::Io(place, cause) => write!(f, "{place}: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, cause) => Some(cause),
            Self::Invalid(_) | Self::Memory(_) | Self::State(_) => None,
        }
    }
}

/// Shorthand for [`Error::Invalid`] in a `Result`.
///
/// # Errors
/// Always.
pub fn invalid<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::Invalid(text.into()))
}
