//! `rust_accel.Embedder`.

use super::arguments::{items, named, whole};
use super::{Array1, Array2, detached, stoppable, table};
use crate::embed::{Embedder, Options};
use crate::memory::room;
use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PySequence, PyString};
use std::cell::Cell;
use std::path::PathBuf;

/// The texts without a copy. A lone surrogate is not Unicode text, so it has no UTF-8 form to read.
fn texts_of(sequence: &Bound<'_, PyAny>) -> PyResult<Vec<PyBackedStr>> {
    if sequence.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("texts must be a sequence of str, not one str"));
    }
    if sequence.cast::<PySequence>().is_err() {
        return Err(PyTypeError::new_err(format!(
            "texts must be a sequence of str, not {}",
            sequence.get_type().name()?
        )));
    }
    let number = Cell::new(0);
    items(sequence, "texts must be a sequence of str", |item| {
        let i = number.replace(number.get() + 1);
        let Ok(text) = item.cast::<PyString>() else {
            return Err(PyTypeError::new_err(format!("text {i} is not a str but {}", item.get_type().name()?)));
        };
        PyBackedStr::try_from(text.clone()).map_err(|error| {
            if error.is_instance_of::<PyUnicodeEncodeError>(item.py()) {
                let why = "has a lone surrogate, which is not Unicode text; replace it";
                return PyValueError::new_err(format!("text {i} {why}"));
            }
            error
        })
    })
}

/// A path that the system can take.
fn path_of(model: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    let path: PathBuf = named("model", model)?;
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(PyValueError::new_err(format!("model is {}; no path has a NUL character", path.display())));
    }
    Ok(path)
}

/// An argument that is a number or None.
fn number(name: &str, value: Option<Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    value.map(|value| whole(name, &value)).transpose()
}

#[pyclass(frozen, name = "Embedder", module = "rust_accel")]
pub(super) struct PyEmbedder(Embedder);

#[pymethods]
impl PyEmbedder {
    #[new]
    #[pyo3(signature = (model, *, precision=None, threads=None, max_tokens=None))]
    fn new(
        py: Python<'_>,
        model: &Bound<'_, PyAny>,
        precision: Option<Bound<'_, PyAny>>,
        threads: Option<Bound<'_, PyAny>>,
        max_tokens: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let model = path_of(model)?;
        let precision = precision.map(|name| named("precision", &name)).transpose()?;
        let (threads, max_tokens) = (number("threads", threads)?, number("max_tokens", max_tokens)?);
        let options = Options { precision, threads, max_tokens };
        Ok(Self(detached(py, || Embedder::load(&model, &options))?))
    }

    #[pyo3(signature = (texts, /))]
    fn embed<'py>(&self, py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<Array2<'py, f32>> {
        let texts = texts_of(texts)?;
        let vectors = stoppable(py, |go_on| self.0.embed(&texts, go_on))?;
        table(py, vectors, [texts.len(), self.0.dimension()])
    }

    #[pyo3(signature = (texts, /))]
    fn count_tokens<'py>(&self, py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<Array1<'py, i64>> {
        let texts = texts_of(texts)?;
        Ok(PyArray1::from_vec(py, stoppable(py, |go_on| self.0.count_tokens(&texts, go_on))?))
    }

    #[pyo3(signature = (texts, /))]
    fn token_ids<'py>(&self, py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let texts = texts_of(texts)?;
        let found = stoppable(py, |go_on| self.0.token_ids(&texts, go_on))?;
        let mut whole: Vec<u32> = room(found.iter().map(Vec::len).sum(), "ids")?;
        for ids in &found {
            whole.extend(ids);
        }
        // NumPy makes the numbers and slices the lists: where there is no memory for them, these are errors.
        let whole = PyArray1::from_vec(py, whole).call_method0("tolist")?.cast_into::<PySequence>()?;
        let (lists, mut at) = (PyList::empty(py), 0);
        for ids in found {
            lists.append(whole.get_slice(at, at + ids.len())?)?;
            at += ids.len();
        }
        Ok(lists)
    }

    #[getter]
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    #[getter]
    fn max_tokens(&self) -> usize {
        self.0.max_tokens()
    }

    #[getter]
    fn precision(&self) -> &str {
        self.0.precision()
    }

    #[getter]
    fn isa(&self) -> &'static str {
        self.0.isa().name()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.0.threads()
    }
}
