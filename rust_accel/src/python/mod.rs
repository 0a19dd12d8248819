//! The Python module and nothing else: it takes views of `NumPy` arrays, releases the interpreter, and maps the one error
//! type.
#![allow(clippy::needless_pass_by_value, reason = "Python hands arguments over by value")]

mod arguments;
mod embedder;
mod index;

use crate::error::{Error, Result};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Array1<'py, T> = Bound<'py, PyArray1<T>>;
type Array2<'py, T> = Bound<'py, PyArray2<T>>;

#[pymodule]
mod rust_accel {
    #[pymodule_export]
    use super::embedder::PyEmbedder;
    #[pymodule_export]
    use super::index::PyIndex;
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid(_) => PyValueError::new_err(text),
            Error::Io(path, cause) => match cause.raw_os_error() {
                Some(number) => PyOSError::new_err((number, words(&cause), path)),
                None => PyOSError::new_err(text),
            },
            Error::State(_) => PyRuntimeError::new_err(text),
            Error::Memory(_) => PyMemoryError::new_err(text),
        }
    }
}

/// An error of the system without its number, which Python adds itself.
fn words(cause: &std::io::Error) -> String {
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Computes without the interpreter. A panic is a fault of this crate: it becomes a `RuntimeError` with its words, since a
/// caller would not catch what `pyo3` makes of it.
fn detached<T: Send>(py: Python<'_>, compute: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(compute))) {
        Ok(result) => Ok(result?),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            Err(PyRuntimeError::new_err(format!("rust_accel failed, which is a fault in it: {words}")))
        }
    }
}

/// As `detached`, of what can be ended early: Python's signals are looked at meanwhile, and what they raise is raised.
fn stoppable<T: Send>(
    py: Python<'_>,
    compute: impl FnOnce(&mut dyn FnMut() -> bool) -> Result<T> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let result = detached(py, || {
        compute(&mut || {
            let signals = Python::attach(|py: Python<'_>| -> PyResult<()> { py.check_signals() });
            raised = signals.err();
            raised.is_none()
        })
    });
    match raised {
        Some(error) => Err(error),
        None => result,
    }
}

fn table<T: numpy::Element>(py: Python<'_>, values: Vec<T>, shape: [usize; 2]) -> PyResult<Array2<'_, T>> {
    PyArray1::from_vec(py, values).reshape(shape)
}
