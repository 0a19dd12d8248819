//! `rust_accel.VectorIndex`.

use super::arguments::{Given, View, array, conditions, copied, named, whole};
use super::{Array1, Array2, detached, table};
use crate::error::{Error, Result, invalid};
use crate::index::{Config, Filter, Hit, Index, NO_ID, Pair, Storage};
use crate::memory::room;
use crate::shared::Shared;
use numpy::ndarray::{ArrayView2, Ix1, Ix2};
use numpy::{PyArray1, PyReadonlyArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::iter::repeat_n;
use std::path::PathBuf;

/// Hits of one query after the other as two tables of `columns`, short rows padded.
struct Found {
    columns: usize,
    ids: Vec<u64>,
    scores: Vec<f32>,
}

impl Found {
    fn new(queries: usize, columns: usize) -> Result<Self> {
        let hits = queries.checked_mul(columns).ok_or_else(|| Error::Memory("no memory for the hits".into()))?;
        Ok(Self { columns, ids: room(hits, "ids")?, scores: room(hits, "scores")? })
    }

    fn push(&mut self, row: &[Hit]) {
        let padding = self.columns - row.len();
        self.ids.extend(row.iter().map(|hit| hit.id).chain(repeat_n(NO_ID, padding)));
        self.scores.extend(row.iter().map(|hit| hit.score).chain(repeat_n(f32::NEG_INFINITY, padding)));
    }
}

fn split(pairs: &[Pair]) -> Result<(Vec<u64>, Vec<f32>)> {
    let (mut ids, mut scores) = (room(2 * pairs.len(), "ids")?, room(pairs.len(), "scores")?);
    ids.extend(pairs.iter().flat_map(|pair| pair.ids));
    scores.extend(pairs.iter().map(|pair| pair.score));
    Ok((ids, scores))
}

fn check_columns(what: &str, got: usize, expected: usize) -> PyResult<()> {
    if got == expected {
        return Ok(());
    }
    Err(PyValueError::new_err(format!("{what} have {got} columns; this index has {expected}")))
}

fn check_rows(what: &str, got: usize, ids: usize) -> Result<()> {
    if got == ids { Ok(()) } else { invalid(format!("{ids} ids and {got} rows of {what}; each row has one id")) }
}

/// Readers share it; a writer waits for them. Both wait without the interpreter.
#[pyclass(frozen, name = "VectorIndex", module = "rust_accel")]
pub(super) struct PyIndex {
    config: Config,
    isa: &'static str,
    index: Shared<Index>,
}

impl From<Index> for PyIndex {
    fn from(index: Index) -> Self {
        Self { config: index.config(), isa: index.isa().name(), index: Shared::new(index) }
    }
}

#[pymethods]
impl PyIndex {
    #[new]
    #[pyo3(signature = (dimension, *, columns=Given(None), storage="int8", keep_f32=true))]
    #[pyo3(text_signature = "(dimension, *, columns=0, storage='int8', keep_f32=True)")]
    fn new(dimension: &Bound<'_, PyAny>, columns: Given<'_>, storage: &str, keep_f32: bool) -> PyResult<Self> {
        let columns = columns.0.map_or(Ok(0), |columns| whole("columns", &columns))?;
        let config =
            Config { dimension: whole("dimension", dimension)?, columns, storage: Storage::named(storage)?, keep_f32 };
        Ok(Index::new(config)?.into())
    }

    #[pyo3(signature = (ids, vectors, codes=None))]
    fn add<'py>(
        &self,
        py: Python<'py>,
        ids: &Bound<'py, PyAny>,
        vectors: &Bound<'py, PyAny>,
        codes: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let (ids, vectors) = (array::<u64, Ix1>("ids", ids)?, array::<f32, Ix2>("vectors", vectors)?);
        let codes = codes.map(|codes| array::<u32, Ix2>("codes", codes)).transpose()?;
        check_columns("vectors", vectors.shape()[1], self.config.dimension)?;
        check_columns("codes", codes.as_ref().map_or(0, |codes| codes.shape()[1]), self.config.columns)?;
        check_rows("vectors", vectors.shape()[0], ids.len())?;
        check_rows("codes", codes.as_ref().map_or(ids.len(), |codes| codes.shape()[0]), ids.len())?;
        let (ids, vectors) = (ids.as_array(), View(vectors.as_array()));
        let codes = View(codes.as_ref().map_or_else(|| ArrayView2::from(&[[]; 0]), PyReadonlyArray::as_array));
        detached(py, || {
            let ids = copied(ids, "ids")?;
            self.index.write(|index| index.add_from(&ids, &vectors, &codes))?
        })
    }

    #[pyo3(signature = (ids, /))]
    fn remove<'py>(&self, py: Python<'py>, ids: &Bound<'py, PyAny>) -> PyResult<usize> {
        let ids = array::<u64, Ix1>("ids", ids)?;
        let ids = ids.as_array();
        detached(py, || {
            let ids = copied(ids, "ids")?;
            self.index.write(|index| index.remove(&ids))?
        })
    }

    fn compact(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.index.write(Index::compact))
    }

    #[pyo3(signature = (queries, k, *, allowed=None, r#where=Given(None)))]
    #[pyo3(text_signature = "($self, queries, k, *, allowed=None, where=())")]
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: &Bound<'py, PyAny>,
        k: &Bound<'py, PyAny>,
        allowed: Option<&Bound<'py, PyAny>>,
        r#where: Given<'py>,
    ) -> PyResult<(Array2<'py, u64>, Array2<'py, f32>)> {
        let (queries, k) = (array::<f32, Ix2>("queries", queries)?, whole("k", k)?);
        let allowed = allowed.map(|allowed| array::<u64, Ix1>("allowed", allowed)).transpose()?;
        let columns = r#where.0.map_or(Ok(vec![]), |pairs| conditions(&pairs))?;
        let count = queries.shape()[0];
        check_columns("queries", queries.shape()[1], self.config.dimension)?;
        let (queries, allowed) = (View(queries.as_array()), allowed.as_ref().map(PyReadonlyArray::as_array));
        let found = detached(py, || {
            let allowed = allowed.map(|allowed| copied(allowed, "ids")).transpose()?;
            let filter = Filter { allowed: allowed.as_deref(), columns: &columns };
            // In one turn: between two, a writer could add rows that the answer then leaves out.
            self.index.read(|index| {
                let mut found = Found::new(count, k.min(index.len()))?;
                index.search_each(&queries, count, found.columns, filter, |hits| found.push(&hits))?;
                Ok(found)
            })?
        })?;
        let shape = [count, found.columns];
        Ok((table(py, found.ids, shape)?, table(py, found.scores, shape)?))
    }

    #[pyo3(signature = (threshold, *, limit=Given(None)))]
    #[pyo3(text_signature = "($self, threshold, *, limit=10000000)")]
    fn pairs<'py>(
        &self,
        py: Python<'py>,
        threshold: &Bound<'py, PyAny>,
        limit: Given<'py>,
    ) -> PyResult<(Array2<'py, u64>, Array1<'py, f32>)> {
        let threshold = named("threshold", threshold)?;
        let limit = limit.0.map_or(Ok(10_000_000), |limit| whole("limit", &limit))?;
        let (ids, scores) = detached(py, || split(&self.index.read(|index| index.pairs(threshold, limit))??))?;
        let count = scores.len();
        Ok((table(py, ids, [count, 2])?, PyArray1::from_vec(py, scores)))
    }

    #[pyo3(signature = (path, /))]
    fn save(&self, py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<()> {
        let path: PathBuf = named("path", path)?;
        detached(py, || self.index.read(|index| index.save(&path))?)
    }

    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn load(py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<Self> {
        let path: PathBuf = named("path", path)?;
        Ok(detached(py, || Index::load(&path))?.into())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        detached(py, || self.index.read(Index::len))
    }

    #[getter]
    fn dead(&self, py: Python<'_>) -> PyResult<usize> {
        detached(py, || self.index.read(Index::dead))
    }

    #[getter]
    fn dimension(&self) -> usize {
        self.config.dimension
    }

    #[getter]
    fn columns(&self) -> usize {
        self.config.columns
    }

    #[getter]
    fn storage(&self) -> &'static str {
        self.config.storage.name()
    }

    #[getter]
    fn keep_f32(&self) -> bool {
        self.config.keep_f32
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> PyResult<usize> {
        detached(py, || self.index.read(Index::size))
    }

    #[getter]
    fn isa(&self) -> &'static str {
        self.isa
    }
}
