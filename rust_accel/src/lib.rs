//! Sentence embeddings and exact vector search on the CPU. This file is the Python module and nothing else: it takes
//! views of `NumPy` arrays, releases the interpreter, and maps the one error type.
#![warn(missing_docs)]

pub mod embed;
pub mod error;
pub mod index;
pub mod kernels;

#[cfg(feature = "python")]
#[pyo3::pymodule]
#[allow(clippy::needless_pass_by_value, reason = "Python hands arguments over by value")]
mod rust_accel {
    use crate::embed::{Embedder, Options};
    use crate::error::{Error, Result};
    use crate::index::{Filter, Hit, Index, NO_ID, Rows, STORAGES};
    use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
    use pyo3::exceptions::{PyMemoryError, PyOSError, PyTypeError, PyValueError};
    use pyo3::prelude::*;
    use pyo3::pybacked::PyBackedStr;
    use pyo3::types::{PySequence, PyString};
    use std::borrow::Cow;
    use std::iter::repeat_n;
    use std::path::PathBuf;
    use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

    type Array1<'py, T> = Bound<'py, PyArray1<T>>;
    type Array2<'py, T> = Bound<'py, PyArray2<T>>;

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

    /// The hits as two tables of `columns`, short rows padded.
    fn columns_of(hits: &[Vec<Hit>], columns: usize) -> Result<(Vec<u64>, Vec<f32>)> {
        let size = hits.len().checked_mul(columns);
        let no_room = || Error::Memory(format!("no memory for {} x {columns} hits", hits.len()));
        let (mut ids, mut scores) = (vec![], vec![]);
        ids.try_reserve_exact(size.ok_or_else(no_room)?).map_err(|_| no_room())?;
        scores.try_reserve_exact(ids.capacity()).map_err(|_| no_room())?;
        for row in hits {
            let padding = columns - row.len();
            ids.extend(row.iter().map(|hit| hit.id).chain(repeat_n(NO_ID, padding)));
            scores.extend(row.iter().map(|hit| hit.score).chain(repeat_n(f32::NEG_INFINITY, padding)));
        }
        Ok((ids, scores))
    }

    fn check_columns(what: &str, got: usize, expected: usize) -> PyResult<()> {
        if got == expected {
            return Ok(());
        }
        Err(PyValueError::new_err(format!("{what} have {got} columns; this index has {expected}")))
    }

    /// The texts without a copy. A lone surrogate is not Unicode text, so it has no UTF-8 form to read.
    fn texts(sequence: &Bound<'_, PySequence>) -> PyResult<Vec<PyBackedStr>> {
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
    struct PyEmbedder(Embedder);

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
            Ok(Self(py.detach(|| Embedder::load(&model, &options))?))
        }

        #[pyo3(signature = (texts, /))]
        fn embed<'py>(&self, py: Python<'py>, texts: &Bound<'py, PySequence>) -> PyResult<Array2<'py, f32>> {
            let texts = self::texts(texts)?;
            let vectors = py.detach(|| self.0.embed(&texts))?;
            table(py, vectors, [texts.len(), self.0.dimension()])
        }

        #[pyo3(signature = (texts, /))]
        fn count_tokens<'py>(&self, py: Python<'py>, texts: &Bound<'py, PySequence>) -> PyResult<Array1<'py, i64>> {
            let texts = self::texts(texts)?;
            Ok(PyArray1::from_vec(py, py.detach(|| self.0.count_tokens(&texts))?))
        }

        #[pyo3(signature = (texts, /))]
        fn token_ids(&self, py: Python<'_>, texts: &Bound<'_, PySequence>) -> PyResult<Vec<Vec<u32>>> {
            let texts = self::texts(texts)?;
            Ok(py.detach(|| self.0.token_ids(&texts))?)
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

    /// Readers share the lock; a writer waits for them. Both wait without the interpreter.
    #[pyclass(frozen, name = "VectorIndex", module = "rust_accel")]
    struct PyIndex(RwLock<Index>);

    impl PyIndex {
        fn read(&self) -> RwLockReadGuard<'_, Index> {
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        fn write(&self) -> RwLockWriteGuard<'_, Index> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[pymethods]
    impl PyIndex {
        #[new]
        #[pyo3(signature = (dimension, *, columns=0, storage="f32", keep_f32=true))]
        fn new(dimension: usize, columns: usize, storage: &str, keep_f32: bool) -> PyResult<Self> {
            if !STORAGES.contains(&storage) {
                return Err(PyValueError::new_err(format!("no storage {storage:?}; known: {STORAGES:?}")));
            }
            if !keep_f32 {
                return Err(PyValueError::new_err("keep_f32=False needs a storage other than \"f32\""));
            }
            Ok(Self(RwLock::new(Index::new(dimension, columns)?)))
        }

        #[pyo3(signature = (ids, vectors, codes=None))]
        fn add(
            &self,
            py: Python<'_>,
            ids: PyReadonlyArray1<'_, u64>,
            vectors: PyReadonlyArray2<'_, f32>,
            codes: Option<PyReadonlyArray2<'_, u32>>,
        ) -> PyResult<()> {
            let (dimension, columns) = py.detach(|| (self.read().dimension(), self.read().columns()));
            check_columns("vectors", vectors.shape()[1], dimension)?;
            check_columns("codes", codes.as_ref().map_or(0, |codes| codes.shape()[1]), columns)?;
            let (ids, vectors) = (values(&ids), values(&vectors));
            let codes = codes.as_ref().map_or(Cow::Borrowed(&[][..]), values);
            Ok(py.detach(|| self.write().add(Rows { ids: &ids, vectors: &vectors, codes: &codes }))?)
        }

        #[pyo3(signature = (ids, /))]
        fn remove(&self, py: Python<'_>, ids: PyReadonlyArray1<'_, u64>) -> usize {
            let ids = values(&ids);
            py.detach(|| self.write().remove(&ids))
        }

        fn compact(&self, py: Python<'_>) -> PyResult<()> {
            Ok(py.detach(|| self.write().compact())?)
        }

        #[pyo3(signature = (queries, k, *, allowed=None, r#where=vec![]))]
        fn search<'py>(
            &self,
            py: Python<'py>,
            queries: PyReadonlyArray2<'py, f32>,
            k: usize,
            allowed: Option<PyReadonlyArray1<'py, u64>>,
            r#where: Vec<(usize, Vec<u32>)>,
        ) -> PyResult<(Array2<'py, u64>, Array2<'py, f32>)> {
            let count = queries.shape()[0];
            check_columns("queries", queries.shape()[1], py.detach(|| self.read().dimension()))?;
            let queries = values(&queries);
            let allowed = allowed.as_ref().map(values);
            let filter = Filter { allowed: allowed.as_deref(), columns: &r#where };
            // One lock for both: between two, a writer could add rows that the answer then leaves out.
            let (columns, (ids, scores)) = py.detach(|| -> Result<_> {
                let index = self.read();
                let columns = k.min(index.len());
                Ok((columns, columns_of(&index.search(&queries, columns, filter)?, columns)?))
            })?;
            Ok((table(py, ids, [count, columns])?, table(py, scores, [count, columns])?))
        }

        #[pyo3(signature = (threshold, *, limit=10_000_000))]
        fn pairs<'py>(
            &self,
            py: Python<'py>,
            threshold: f32,
            limit: usize,
        ) -> PyResult<(Array2<'py, u64>, Array1<'py, f32>)> {
            let pairs = py.detach(|| self.read().pairs(threshold, limit))?;
            let scores = pairs.iter().map(|pair| pair.score).collect();
            let ids = pairs.iter().flat_map(|pair| pair.ids).collect();
            Ok((table(py, ids, [pairs.len(), 2])?, PyArray1::from_vec(py, scores)))
        }

        fn __len__(&self, py: Python<'_>) -> usize {
            py.detach(|| self.read().len())
        }

        #[getter]
        fn dead(&self, py: Python<'_>) -> usize {
            py.detach(|| self.read().dead())
        }

        #[getter]
        fn dimension(&self, py: Python<'_>) -> usize {
            py.detach(|| self.read().dimension())
        }

        #[getter]
        fn isa(&self, py: Python<'_>) -> &'static str {
            py.detach(|| self.read().isa().name())
        }
    }
}
