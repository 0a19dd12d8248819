//! What Python hands over, or an error that names the argument.

use crate::error::Result;
use crate::index::Table;
use crate::memory::room;
use numpy::ndarray::{ArrayView1, ArrayView2, Dimension};
use numpy::{Element, PyArray, PyArrayMethods, PyReadonlyArray, PyUntypedArray, PyUntypedArrayMethods, dtype};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::convert::Infallible;

/// An argument that may be left out, which is another thing than None.
pub(super) struct Given<'py>(pub(super) Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = Infallible;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> std::result::Result<Self, Infallible> {
        Ok(Self(Some(value.to_owned())))
    }
}

/// What `pyo3` reads, with the argument's name where it is of another type.
pub(super) fn named<'py, T: FromPyObjectOwned<'py>>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<T> {
    value.extract().map_err(Into::into).map_err(|error: PyErr| {
        if error.is_instance_of::<PyTypeError>(value.py()) {
            return PyTypeError::new_err(format!("{name}: {}", error.value(value.py())));
        }
        error
    })
}

/// An array of one dtype and number of axes. One that is not aligned is copied, since nothing can read it in place.
pub(super) fn array<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let Ok(array) = value.cast::<PyArray<T, D>>() else {
        let (py, axes) = (value.py(), D::NDIM.unwrap_or_default());
        let (wanted, plural) = (dtype::<T>(py), if axes == 1 { "axis" } else { "axes" });
        let found = described(value)?;
        return Err(PyTypeError::new_err(format!("{name} must be a {wanted} array of {axes} {plural}, not {found}")));
    };
    if array.is_aligned() {
        return Ok(array.try_readonly()?);
    }
    Ok(array.call_method0("copy")?.cast::<PyArray<T, D>>()?.try_readonly()?)
}

fn described(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        return Ok(value.get_type().name()?.to_string());
    };
    Ok(format!("{}{:?}", array.dtype(), array.shape()))
}

/// The values of an array of one axis.
pub(super) fn copied<T: Copy>(array: ArrayView1<'_, T>, what: &str) -> Result<Vec<T>> {
    let mut list = room(array.len(), what)?;
    list.extend(array.iter().copied());
    Ok(list)
}

/// An array in Python's memory: another thread may write to it meanwhile.
pub(super) struct View<'a, T>(pub(super) ArrayView2<'a, T>);

impl<T: Copy> Table<T> for View<'_, T> {
    fn row<'a>(&'a self, row: usize, room: &'a mut [T]) -> &'a [T] {
        let values = self.0.row(row);
        if let Some(own) = values.to_slice() {
            return own;
        }
        room.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
        room
    }
}

/// A whole number from 0 on. Those that are too large are the largest there is.
pub(super) fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let (py, error) = match value.extract() {
        Ok(number) => return Ok(number),
        Err(error) => (value.py(), error),
    };
    if error.is_instance_of::<PyTypeError>(py) {
        return Err(PyTypeError::new_err(format!("{name} must be an int, not {}", value.get_type().name()?)));
    }
    if !error.is_instance_of::<PyOverflowError>(py) {
        return Err(error);
    }
    if value.lt(0)? {
        return Err(PyValueError::new_err(format!("{name} is {value}; it must be 0 or more")));
    }
    Ok(usize::MAX)
}

/// The conditions of a search: a column and the codes that pass.
pub(super) fn conditions(pairs: &Bound<'_, PyAny>) -> PyResult<Vec<(usize, Vec<u32>)>> {
    let what = "where must be a sequence of tuples (column, codes)";
    let read = |pair: Bound<'_, PyAny>| {
        let Ok((column, codes)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
            return Err(PyTypeError::new_err(format!("{what}, not of {}", pair.get_type().name()?)));
        };
        let column = whole("a column of where", &column)?;
        let what = format!("the codes of column {column} in where must be a sequence of int");
        let code = |code: Bound<'_, PyAny>| {
            code.extract().map_err(|error: PyErr| match error {
                error if error.is_instance_of::<PyOverflowError>(code.py()) => {
                    PyValueError::new_err(format!("{code} in where is no code of column {column}; those are 0..2**32"))
                }
                error if error.is_instance_of::<PyTypeError>(code.py()) => {
                    PyTypeError::new_err(format!("{what}, not of {}", code.get_type()))
                }
                error => error,
            })
        };
        Ok((column, items(&codes, &what, code)?))
    };
    items(pairs, what, read)
}

/// The items of what has a length.
pub(super) fn items<'py, T>(
    sequence: &Bound<'py, PyAny>,
    what: &str,
    read: impl Fn(Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let (Ok(len), Ok(found)) = (sequence.len(), sequence.try_iter()) else {
        return Err(PyTypeError::new_err(format!("{what}, not {}", sequence.get_type().name()?)));
    };
    let mut list = room(len, "items")?;
    for item in found.take(len) {
        list.push(read(item?)?);
    }
    Ok(list)
}
