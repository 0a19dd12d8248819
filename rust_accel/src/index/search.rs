//! The exact search.

use super::candidates::Candidates;
use super::chunk::{BLOCK, Chunk, Mask, ROWS, rows_of};
use super::queries::{Queries, panel_from};
use super::scan::{Place, Scan, Sink};
use super::storage::Storage;
use super::topk::Hit;
use super::{Filter, Index};
use crate::error::{Result, invalid};
use crate::kernels::scan::{COLUMNS, dot_full};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A block of which less than one row in four may be returned is gathered row by row.
const SPARSE: usize = 4;
/// Rows that a thread takes at a time.
const SPAN: usize = 4096;
/// From this many rows and queries on, a search is shared between threads.
const SHARED_FROM: usize = 65_536;
/// Where less than this many rows pass for each that is wanted, all of their scores are computed at once.
const CROWDED: usize = 4;

impl Index {
    /// For each query (`dimension` values) at most `k` hits, the best inner product first, ties by id. The product is
    /// that of the f32 values or, where they are not kept, of the compact row; it does not depend on the other queries.
    ///
    /// # Errors
    /// `Error::Invalid` for a query that is not finite or of another length, or an unknown filter column;
    /// `Error::Memory`.
    pub fn search(&self, queries: &[f32], k: usize, filter: Filter<'_>) -> Result<Vec<Vec<Hit>>> {
        if !queries.len().is_multiple_of(self.config.dimension) {
            let (len, dimension) = (queries.len(), self.config.dimension);
            return invalid(format!("{len} values are not queries of dimension {dimension}"));
        }
        self.check_vectors(queries)?;
        let masks = self.masks(filter)?;
        let mut hits = vec![];
        for batch in queries.chunks(COLUMNS * self.config.dimension) {
            hits.extend(self.search_batch(batch, k, &masks)?);
        }
        Ok(hits)
    }

    fn search_batch(&self, batch: &[f32], k: usize, masks: &[Mask]) -> Result<Vec<Vec<Hit>>> {
        let count = batch.len() / self.config.dimension;
        let total: usize = masks.iter().map(passing).sum();
        if total == 0 || k == 0 {
            return Ok(vec![vec![]; count]);
        }
        let few = self.config.storage == Storage::F32 && count < panel_from(self.isa, Storage::F32);
        let queries = if few || total / CROWDED < k { None } else { Some(Queries::new(self.isa, self.config, batch)?) };
        let spans: Vec<(usize, usize)> = masks
            .iter()
            .enumerate()
            .flat_map(|(chunk, _)| (0..ROWS).step_by(SPAN).map(move |top| (chunk, top)))
            .filter(|(chunk, top)| passing(&masks[*chunk][top / 64..(top + SPAN) / 64]) > 0)
            .collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut best = Best::new(self, batch, k);
            let mut scan = queries.as_ref().map(|queries| Scan::new(self.isa, self.config, queries));
            while let Some((chunk, top)) = spans.get(next.fetch_add(1, Ordering::Relaxed)) {
                let place = Place { chunk: &self.chunks[*chunk], first: chunk * ROWS };
                let mask = &masks[*chunk];
                match &mut scan {
                    Some(scan) => scan_span(scan, place, *top, mask, &mut best),
                    None => best.score_span(place, *top, mask),
                }
            }
            if let Some(scan) = &mut scan {
                scan.flush(&mut best);
            }
            best.finished()
        };
        let threads = if total * count < SHARED_FROM { 1 } else { rayon::current_num_threads().min(spans.len()) };
        let merge = |a: Vec<Candidates>, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
        let best = match threads {
            0 | 1 => Some(work()),
            _ => (0..threads).into_par_iter().with_max_len(1).map(|_| work()).reduce_with(merge),
        };
        Ok(best.into_iter().flatten().map(|candidates| candidates.into_top().into_sorted()).collect())
    }
}

/// The part of a chunk from `top` on, block by block.
fn blocks(chunk: &Chunk, top: usize) -> impl Iterator<Item = (usize, usize)> {
    let end = chunk.len().min(top + SPAN);
    (top..end).step_by(BLOCK).map(move |top| (top, BLOCK.min(end - top)))
}

fn scan_span(scan: &mut Scan<'_>, place: Place<'_>, top: usize, mask: &Mask, best: &mut Best<'_>) {
    for (top, rows) in blocks(place.chunk, top) {
        let words = &mask[top / 64..(top + BLOCK) / 64];
        match passing(words) {
            0 => {}
            some if some * SPARSE < rows => scan.gather(place, top, words, best),
            _ => scan.block(place, [top, rows], words, best),
        }
    }
}

fn passing(words: impl AsRef<[u64]>) -> usize {
    words.as_ref().iter().map(|word| word.count_ones() as usize).sum()
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
    fn score_span(&mut self, place: Place<'_>, top: usize, mask: &Mask) {
        for (top, rows) in blocks(place.chunk, top) {
            let words = &mask[top / 64..(top + BLOCK) / 64];
            let some = passing(words);
            if some * SPARSE >= rows && self.index.config.keep_f32 {
                self.score_block(place, [top, rows], words);
            } else if some > 0 {
                self.score_rows(place, top, words);
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
                    candidates.push(place.chunk.ids[top + i], *score);
                }
            }
        }
    }

    fn score_rows(&mut self, place: Place<'_>, top: usize, words: &[u64]) {
        let rows: Vec<u32> = rows_of(words).map(|row| (place.first + top + row) as u32).collect();
        let queries = self.queries.chunks_exact(self.index.config.dimension);
        for (i, slot) in rows.iter().enumerate() {
            if let Some(ahead) = rows.get(i + 4) {
                self.index.prefetch(*ahead);
            }
            for (candidates, query) in self.candidates.iter_mut().zip(queries.clone()) {
                let (id, score) = self.index.score(*slot, query, &mut self.row);
                candidates.push(id, score);
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
