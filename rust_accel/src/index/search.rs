//! The exact search.

use super::candidates::Candidates;
use super::chunk::{BLOCK, Chunk, ROWS, rows_of};
use super::filter::{Part, SPARSE, passing};
use super::queries::{Queries, panel_from};
use super::scan::{Place, Scan, Sink};
use super::storage::{LONGEST, Storage};
use super::table::Dense;
use super::topk::Hit;
use super::{Filter, Index, Limits, THREADS, Table};
use crate::error::{Result, invalid};
use crate::kernels::scan::{COLUMNS, dot_full};
use crate::memory::{room, zeros};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that a thread takes at a time.
const SPAN: usize = 4096;
/// From this many rows and queries on, a search is shared between threads.
const SHARED_FROM: usize = 65_536;
/// Where less than this many rows pass for each that is wanted, all of their scores are computed at once.
const CROWDED: usize = 16;

impl Index {
    /// For each query (`dimension` values) at most `k` hits, the best inner product first, ties by id. The product is
    /// that of the f32 values or, where they are not kept, of the compact row; it does not depend on the other queries.
    ///
    /// # Errors
    /// `Error::Invalid` for a query that is not finite or of another length, or an unknown filter column;
    /// `Error::Memory`.
    pub fn search(&self, queries: &[f32], k: usize, filter: Filter<'_>) -> Result<Vec<Vec<Hit>>> {
        let (len, columns) = (queries.len(), self.config.dimension);
        if !len.is_multiple_of(columns) {
            return invalid(format!("{len} values are not queries of dimension {columns}"));
        }
        let mut hits = room(len / columns, "queries")?;
        self.search_each(&Dense { values: queries, columns }, len / columns, k, filter, |found| hits.push(found))?;
        Ok(hits)
    }

    /// As `search`, of the first `count` rows of a table that may change meanwhile: hands on the hits of one query after
    /// the other.
    ///
    /// # Errors
    /// As `search`.
    ///
    /// # Panics
    /// When there are fewer queries.
    pub fn search_each(
        &self,
        queries: &impl Table<f32>,
        count: usize,
        k: usize,
        filter: Filter<'_>,
        mut found: impl FnMut(Vec<Hit>),
    ) -> Result<()> {
        let dimension = self.config.dimension;
        let (parts, total) = self.select(filter)?;
        let limits = Limits { first: 0, longest: LONGEST };
        let (mut room, mut batch) = (vec![0.0; dimension], zeros(count.min(COLUMNS) * dimension, "values")?);
        for first in (0..count).step_by(COLUMNS) {
            batch.truncate(COLUMNS.min(count - first) * dimension);
            for (i, query) in batch.chunks_exact_mut(dimension).enumerate() {
                query.copy_from_slice(queries.row(first + i, &mut room));
                limits.check("query", first + i, query)?;
            }
            self.search_batch(&batch, k, &parts, total)?.into_iter().for_each(&mut found);
        }
        Ok(())
    }

    fn search_batch(
        &self,
        batch: &[f32],
        k: usize,
        parts: &[(usize, Part<'_>)],
        total: usize,
    ) -> Result<Vec<Vec<Hit>>> {
        let count = batch.len() / self.config.dimension;
        if total == 0 || k == 0 {
            return Ok(vec![vec![]; count]);
        }
        let few = self.config.storage == Storage::F32 && count < panel_from(self.isa, Storage::F32);
        let queries = if few || total / CROWDED < k { None } else { Some(Queries::new(self.isa, self.config, batch)?) };
        let spans: Vec<Span<'_>> = parts.iter().flat_map(|(at, part)| self.spans(*at, part)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut best = Best::new(self, batch, k);
            let mut scan = queries.as_ref().map(|queries| Scan::new(self.isa, self.config, queries));
            while let Some(span) = spans.get(next.fetch_add(1, Ordering::Relaxed)) {
                match &mut scan {
                    Some(scan) => scan_span(scan, span, &mut best),
                    None => best.score_span(span),
                }
            }
            if let Some(scan) = &mut scan {
                scan.flush(&mut best);
            }
            best.finished()
        };
        let merge = |a: Vec<Candidates>, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
        let is_shared = total * count >= SHARED_FROM && spans.len() > 1;
        // Where no other thread can be had, this one does it all.
        let best = match is_shared.then(|| THREADS.pool().ok()).flatten() {
            None => Some(work()),
            Some(pool) => pool.install(|| {
                let threads = pool.current_num_threads().min(spans.len());
                (0..threads).into_par_iter().with_max_len(1).map(|_| work()).reduce_with(merge)
            }),
        };
        best.into_iter().flatten().map(|candidates| candidates.into_top().into_sorted()).collect()
    }
}

/// What a thread takes at a time.
struct Span<'a> {
    place: Place<'a>,
    rows: Rows<'a>,
}

enum Rows<'a> {
    /// Those of a chunk's part of `SPAN` from here on whose bit is set in the chunk's mask.
    From(usize, &'a [u64]),
    Listed(&'a [u16]),
}

impl Index {
    fn spans<'a>(&'a self, at: usize, part: &'a Part<'a>) -> impl Iterator<Item = Span<'a>> {
        let place = Place { chunk: &self.chunks[at], first: at * ROWS };
        let (mask, listed) = match part {
            Part::Dense(mask) => (Some(&**mask), None),
            Part::Sparse(rows) => (None, Some(Rows::Listed(rows))),
        };
        let tops = (0..place.chunk.len()).step_by(SPAN);
        let dense = mask.into_iter().flat_map(move |mask| {
            tops.clone().filter(|top| passing(&mask[top / 64..(top + SPAN) / 64]) > 0).map(|top| Rows::From(top, mask))
        });
        dense.chain(listed).map(move |rows| Span { place, rows })
    }
}

/// The blocks of a chunk's part from `top` on, and the bits of each.
fn blocks<'a>(chunk: &Chunk, top: usize, mask: &'a [u64]) -> impl Iterator<Item = ([usize; 2], &'a [u64])> {
    let end = chunk.len().min(top + SPAN);
    (top..end).step_by(BLOCK).map(move |top| ([top, BLOCK.min(end - top)], &mask[top / 64..(top + BLOCK) / 64]))
}

fn scan_span(scan: &mut Scan<'_>, Span { place, rows }: &Span<'_>, best: &mut Best<'_>) {
    match rows {
        Rows::Listed(rows) => scan.gather(*place, rows, best),
        Rows::From(top, mask) => {
            for ([top, rows], words) in blocks(place.chunk, *top, mask) {
                match passing(words) {
                    0 => {}
                    some if some * SPARSE < rows => scan.gather(*place, &listed(top, words), best),
                    _ => scan.block(*place, [top, rows], words, best),
                }
            }
        }
    }
}

/// The rows of a block whose bit is set.
fn listed(top: usize, words: &[u64]) -> Vec<u16> {
    rows_of(words).map(|row| (top + row) as u16).collect()
}

/// The best rows of each query, as far as one thread knows them.
struct Best<'a> {
    index: &'a Index,
    queries: &'a [f32],
    candidates: Vec<Candidates>,
    row: Vec<f32>,
}

impl<'a> Best<'a> {
    fn new(index: &'a Index, queries: &'a [f32], k: usize) -> Self {
        let dimension = index.config.dimension;
        let candidates = (0..queries.len() / dimension).map(|_| Candidates::new(k)).collect();
        Self { index, queries, candidates, row: vec![0.0; dimension] }
    }

    fn settle_where(&mut self, is_due: impl Fn(&Candidates) -> bool) {
        let queries = self.queries.chunks_exact(self.index.config.dimension);
        for (candidates, query) in self.candidates.iter_mut().zip(queries).filter(|(candidates, _)| is_due(candidates))
        {
            candidates.settle(self.index, query, &mut self.row);
        }
    }

    fn finished(mut self) -> Vec<Candidates> {
        self.settle_where(|_| true);
        self.candidates
    }

    /// The scores of all rows that pass.
    fn score_span(&mut self, Span { place, rows }: &Span<'_>) {
        match rows {
            Rows::Listed(rows) => self.score_rows(*place, rows),
            Rows::From(top, mask) => {
                for ([top, rows], words) in blocks(place.chunk, *top, mask) {
                    let some = passing(words);
                    if some * SPARSE >= rows && self.index.config.keep_f32 {
                        self.score_block(*place, [top, rows], words);
                    } else if some > 0 {
                        self.score_rows(*place, &listed(top, words));
                    }
                }
            }
        }
    }

    fn score_block(&mut self, place: Place<'_>, [top, rows]: [usize; 2], words: &[u64]) {
        let mut scores = [0.0; BLOCK];
        let queries = self.queries.chunks_exact(self.index.config.dimension);
        for (candidates, query) in self.candidates.iter_mut().zip(queries) {
            dot_full(self.index.isa, place.chunk.full(top, rows), query, &mut scores[..rows]);
            for (i, score) in scores[..rows].iter().enumerate() {
                if *score >= candidates.floor() && words[i / 64] >> (i % 64) & 1 == 1 {
                    candidates.push(self.index, (place.first + top + i) as u32, *score);
                }
            }
        }
    }

    fn score_rows(&mut self, place: Place<'_>, rows: &[u16]) {
        let slot = |row: &u16| (place.first + usize::from(*row)) as u32;
        let queries = self.queries.chunks_exact(self.index.config.dimension);
        for (i, row) in rows.iter().enumerate() {
            if let Some(ahead) = rows.get(i + 4) {
                self.index.prefetch(slot(ahead));
            }
            for (candidates, query) in self.candidates.iter_mut().zip(queries.clone()) {
                let score = self.index.score(slot(row), query, &mut self.row);
                candidates.push(self.index, slot(row), score);
            }
        }
    }
}

impl Sink for Best<'_> {
    fn floor(&self, query: usize) -> f32 {
        self.candidates[query].floor()
    }

    fn offer(&mut self, query: usize, bound: f32, slot: u32) {
        self.candidates[query].offer(bound, slot);
    }

    fn settle(&mut self) {
        self.settle_where(Candidates::is_full);
    }
}
