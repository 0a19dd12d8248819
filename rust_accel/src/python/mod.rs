//! The Python module and nothing else: it takes views of `NumPy` arrays, releases the interpreter, and maps the one error
//! type.
#![allow(clippy::needless_pass_by_value, reason = "Python hands arguments over by value")]

mod embedder;
mod index;

use crate::error::{Error, Result};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::borrow::Cow;
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
            Error::Io(_, cause) => PyOSError::new_err((cause.raw_os_error(), text)),
            Error::Memory(_) => PyMemoryError::new_err(text),
        }
    }
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

/// The values in row order: the array's own memory when that is how it lies, otherwise a copy. (`as_slice` alone
/// would also give a transposed array's memory.)
fn values<'a, T: numpy::Element + Copy, D: numpy::ndarray::Dimension>(
    array: &'a numpy::PyReadonlyArray<'_, T, D>,
) -> Cow<'a, [T]> {
    match array.as_slice() {
        Ok(own) if array.is_c_contiguous() => Cow::Borrowed(own),
        _ => Cow::Owned(array.as_array().iter().copied().collect()),
    }
}

fn table<T: numpy::Element>(py: Python<'_>, values: Vec<T>, shape: [usize; 2]) -> PyResult<Array2<'_, T>> {
    PyArray1::from_vec(py, values).reshape(shape)
}
