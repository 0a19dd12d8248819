//! `rust_accel.VectorIndex`.

use super::{Array1, Array2, detached, table, values};
use crate::error::{Error, Result};
use crate::index::{Config, Filter, Hit, Index, NO_ID, Rows, Storage};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::borrow::Cow;
use std::iter::repeat_n;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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

/// Readers share the lock; a writer waits for them. Both wait without the interpreter.
#[pyclass(frozen, name = "VectorIndex", module = "rust_accel")]
pub(super) struct PyIndex(RwLock<Index>);

impl PyIndex {
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self, py: Python<'_>) -> Config {
        py.detach(|| self.read().config())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyIndex {
    #[new]
    #[pyo3(signature = (dimension, *, columns=0, storage="int8", keep_f32=true))]
    fn new(dimension: usize, columns: usize, storage: &str, keep_f32: bool) -> PyResult<Self> {
        let config = Config { dimension, columns, storage: Storage::named(storage)?, keep_f32 };
        Ok(Self(RwLock::new(Index::new(config)?)))
    }

    #[pyo3(signature = (ids, vectors, codes=None))]
    fn add(
        &self,
        py: Python<'_>,
        ids: PyReadonlyArray1<'_, u64>,
        vectors: PyReadonlyArray2<'_, f32>,
        codes: Option<PyReadonlyArray2<'_, u32>>,
    ) -> PyResult<()> {
        let Config { dimension, columns, .. } = self.config(py);
        check_columns("vectors", vectors.shape()[1], dimension)?;
        check_columns("codes", codes.as_ref().map_or(0, |codes| codes.shape()[1]), columns)?;
        let (ids, vectors) = (values(&ids), values(&vectors));
        let codes = codes.as_ref().map_or(Cow::Borrowed(&[][..]), values);
        detached(py, || self.write().add(Rows { ids: &ids, vectors: &vectors, codes: &codes }))
    }

    #[pyo3(signature = (ids, /))]
    fn remove(&self, py: Python<'_>, ids: PyReadonlyArray1<'_, u64>) -> PyResult<usize> {
        let ids = values(&ids);
        detached(py, || Ok(self.write().remove(&ids)))
    }

    fn compact(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            self.write().compact();
            Ok(())
        })
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
        check_columns("queries", queries.shape()[1], self.config(py).dimension)?;
        let queries = values(&queries);
        let allowed = allowed.as_ref().map(values);
        let filter = Filter { allowed: allowed.as_deref(), columns: &r#where };
        // One lock for both: between two, a writer could add rows that the answer then leaves out.
        let (columns, (ids, scores)) = detached(py, || {
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
        let pairs = detached(py, || self.read().pairs(threshold, limit))?;
        let scores = pairs.iter().map(|pair| pair.score).collect();
        let ids = pairs.iter().flat_map(|pair| pair.ids).collect();
        Ok((table(py, ids, [pairs.len(), 2])?, PyArray1::from_vec(py, scores)))
    }

    #[pyo3(signature = (path, /))]
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        detached(py, || self.read().save(&path))
    }

    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self(RwLock::new(detached(py, || Index::load(&path))?)))
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
        self.config(py).dimension
    }

    #[getter]
    fn columns(&self, py: Python<'_>) -> usize {
        self.config(py).columns
    }

    #[getter]
    fn storage(&self, py: Python<'_>) -> &'static str {
        self.config(py).storage.name()
    }

    #[getter]
    fn keep_f32(&self, py: Python<'_>) -> bool {
        self.config(py).keep_f32
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.read().size())
    }

    #[getter]
    fn isa(&self, py: Python<'_>) -> &'static str {
        py.detach(|| self.read().isa().name())
    }
}
