//! `rust_accel.Embedder`.

use super::{Array1, Array2, detached, table};
use crate::embed::{Embedder, Options};
use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PySequence, PyString};
use std::path::PathBuf;

/// The texts without a copy. A lone surrogate is not Unicode text, so it has no UTF-8 form to read.
fn texts_of(sequence: &Bound<'_, PySequence>) -> PyResult<Vec<PyBackedStr>> {
    if sequence.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("texts must be a sequence of str, not one str"));
    }
    let read = |(i, item): (usize, PyResult<Bound<'_, PyAny>>)| {
        let item = item?;
        let Ok(text) = item.cast_into::<PyString>() else {
            return Err(PyTypeError::new_err(format!("text {i} is not a str")));
        };
        PyBackedStr::try_from(text).map_err(|_| {
            PyValueError::new_err(format!("text {i} has a lone surrogate, which is not Unicode text; replace it"))
        })
    };
    sequence.try_iter()?.enumerate().map(read).collect()
}

#[pyclass(frozen, name = "Embedder", module = "rust_accel")]
pub(super) struct PyEmbedder(Embedder);

#[pymethods]
impl PyEmbedder {
    #[new]
    #[pyo3(signature = (model, *, precision=None, threads=None, max_tokens=None))]
    fn new(
        py: Python<'_>,
        model: PathBuf,
        precision: Option<String>,
        threads: Option<usize>,
        max_tokens: Option<usize>,
    ) -> PyResult<Self> {
        let options = Options { precision, threads, max_tokens };
        Ok(Self(detached(py, || Embedder::load(&model, &options))?))
    }

    #[pyo3(signature = (texts, /))]
    fn embed<'py>(&self, py: Python<'py>, texts: &Bound<'py, PySequence>) -> PyResult<Array2<'py, f32>> {
        let texts = texts_of(texts)?;
        let vectors = detached(py, || self.0.embed(&texts))?;
        table(py, vectors, [texts.len(), self.0.dimension()])
    }

    #[pyo3(signature = (texts, /))]
    fn count_tokens<'py>(&self, py: Python<'py>, texts: &Bound<'py, PySequence>) -> PyResult<Array1<'py, i64>> {
        let texts = texts_of(texts)?;
        Ok(PyArray1::from_vec(py, detached(py, || self.0.count_tokens(&texts))?))
    }

    #[pyo3(signature = (texts, /))]
    fn token_ids(&self, py: Python<'_>, texts: &Bound<'_, PySequence>) -> PyResult<Vec<Vec<u32>>> {
        let texts = texts_of(texts)?;
        detached(py, || self.0.token_ids(&texts))
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
