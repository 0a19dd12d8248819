//! All pairs of rows that are alike: near-duplicate detection.

use super::Index;
use super::chunk::{BLOCK, ROWS};
use super::queries::Queries;
use super::scan::{Place, Scan, Sink};
use crate::error::{Result, invalid};
use crate::kernels::scan::COLUMNS;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Two rows, the lower id first, and their inner product.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pair {
    /// The ids, ascending.
    pub ids: [u64; 2],
    /// The inner product, as `search` scores it.
    pub score: f32,
}

impl Index {
    /// Every pair whose inner product is at least `threshold`, sorted by ids. Compares all rows with all rows.
    ///
    /// # Errors
    /// `Error::Invalid` when `threshold` is NaN, or as soon as there are more than `limit` pairs; `Error::Memory`.
    pub fn pairs(&self, threshold: f32, limit: usize) -> Result<Vec<Pair>> {
        if threshold.is_nan() {
            return invalid("the threshold is NaN");
        }
        let found = AtomicUsize::new(0);
        let blocks: Vec<(usize, usize)> = (0..self.chunks.len())
            .flat_map(|chunk| (0..self.chunks[chunk].len()).step_by(BLOCK).map(move |top| (chunk, top)))
            .collect();
        let parts = (0..blocks.len())
            .into_par_iter()
            .with_max_len(1)
            .map(|at| {
                self.pairs_of(&blocks[at..], threshold, &|more| {
                    found.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= limit
                })
            })
            .collect::<Result<Vec<_>>>()?;
        if found.into_inner() > limit {
            return invalid(format!("more than {limit} pairs are at or above {threshold}; raise it or the limit"));
        }
        let mut pairs = parts.concat();
        pairs.sort_unstable_by_key(|pair| pair.ids);
        Ok(pairs)
    }

    /// The pairs of the first block with itself and all others, which are read once for all of its rows; stops early
    /// when `room_for` says no.
    fn pairs_of(
        &self,
        blocks: &[(usize, usize)],
        threshold: f32,
        room_for: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Pair>> {
        let dimension = self.config.dimension;
        let (own, mut row) = (self.living(blocks[0]), vec![0.0; dimension]);
        let mut values = Vec::with_capacity(own.len() * dimension);
        for slot in &own {
            let at = *slot as usize;
            values.extend_from_slice(self.chunks[at / ROWS].vector(at % ROWS, &mut row));
        }
        let groups = values.chunks(COLUMNS * dimension);
        let queries = groups.map(|group| Queries::new(self.isa, self.config, group)).collect::<Result<Vec<_>>>()?;
        let mut scans: Vec<_> = queries.iter().map(|group| Scan::new(self.isa, self.config, group)).collect();
        let mut pairs = vec![];
        for (chunk, top) in blocks {
            let place = Place { chunk: &self.chunks[*chunk], first: chunk * ROWS };
            let rows = BLOCK.min(place.chunk.len() - top);
            let mask = &place.chunk.alive[top / 64..(top + BLOCK) / 64];
            let before = pairs.len();
            for ((scan, queries), own) in scans.iter_mut().zip(&queries).zip(own.chunks(COLUMNS)) {
                let mut alike = Alike { index: self, queries, own, threshold, row: &mut row, pairs: &mut pairs };
                scan.block(place, [*top, rows], mask, &mut alike);
            }
            if !room_for(pairs.len() - before) {
                return Ok(vec![]);
            }
        }
        Ok(pairs)
    }

    /// The places of a block that are in use.
    fn living(&self, (chunk, top): (usize, usize)) -> Vec<u32> {
        let alive = &self.chunks[chunk].alive[top / 64..(top + BLOCK) / 64];
        super::chunk::rows_of(alive).map(|row| (chunk * ROWS + top + row) as u32).collect()
    }
}

/// The pairs of up to 32 rows with all that come after them.
struct Alike<'a> {
    index: &'a Index,
    queries: &'a Queries<'a>,
    own: &'a [u32],
    threshold: f32,
    row: &'a mut [f32],
    pairs: &'a mut Vec<Pair>,
}

impl Sink for Alike<'_> {
    fn floor(&self, _: usize) -> f32 {
        self.threshold
    }

    fn offer(&mut self, query: usize, _: f32, slot: u32) {
        let own = self.own[query];
        if slot <= own {
            return;
        }
        let score = self.index.score(slot, self.queries.query(query), self.row);
        if score >= self.threshold {
            let (id, other) = (self.index.id(slot), self.index.id(own));
            self.pairs.push(Pair { ids: [id.min(other), id.max(other)], score: score + 0.0 });
        }
    }

    fn settle(&mut self) {}
}
