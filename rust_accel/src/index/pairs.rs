//! All pairs of rows that are alike: near-duplicate detection.

use super::chunk::{BLOCK, ROWS};
use super::queries::Queries;
use super::scan::{Place, Scan, Sink};
use super::{Index, THREADS};
use crate::error::{Error, Result, invalid};
use crate::kernels::scan::COLUMNS;
use crate::memory::room;
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
    pub fn pairs(&self, threshold: f64, limit: usize) -> Result<Vec<Pair>> {
        if threshold.is_nan() {
            return invalid("the threshold is NaN");
        }
        let least = at_least(threshold);
        let found = AtomicUsize::new(0);
        let blocks: Vec<(usize, usize)> = (0..self.chunks.len())
            .flat_map(|chunk| (0..self.chunks[chunk].len()).step_by(BLOCK).map(move |top| (chunk, top)))
            .collect();
        let part = |at: usize| {
            self.pairs_of(&blocks[at..], least, &|more| {
                found.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= limit
            })
        };
        // Where no other thread can be had, this one does it all.
        let parts = match (blocks.len() > 1).then(|| THREADS.pool().ok()).flatten() {
            None => (0..blocks.len()).map(part).collect::<Result<Vec<_>>>(),
            Some(pool) => pool.install(|| (0..blocks.len()).into_par_iter().with_max_len(1).map(part).collect()),
        }?;
        if found.into_inner() > limit {
            return invalid(format!("more than {limit} pairs are at or above {threshold}; raise it or the limit"));
        }
        let mut pairs = room(parts.iter().map(Vec::len).sum(), "pairs")?;
        for part in parts {
            pairs.extend(part);
        }
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
        let mut values = room(own.len() * dimension, "values")?;
        for slot in &own {
            let at = *slot as usize;
            values.extend_from_slice(self.chunks[at / ROWS].vector(at % ROWS, &mut row));
        }
        let groups = values.chunks(COLUMNS * dimension);
        let queries = groups.map(|group| Queries::new(self.isa, self.config, group)).collect::<Result<Vec<_>>>()?;
        let mut scans: Vec<_> = queries.iter().map(|group| Scan::new(self.isa, self.config, group)).collect();
        let Some(first) = queries.first() else { return Ok(vec![]) };
        let mut alike = Alike {
            index: self,
            queries: first,
            own: &own,
            threshold,
            row: &mut row,
            pairs: vec![],
            is_refused: false,
        };
        for (chunk, top) in blocks {
            let place = Place { chunk: &self.chunks[*chunk], first: chunk * ROWS };
            let rows = BLOCK.min(place.chunk.len() - top);
            let mask = &place.chunk.alive[top / 64..(top + BLOCK) / 64];
            let before = alike.pairs.len();
            for ((scan, queries), own) in scans.iter_mut().zip(&queries).zip(own.chunks(COLUMNS)) {
                (alike.queries, alike.own) = (queries, own);
                scan.block(place, [*top, rows], mask, &mut alike);
            }
            if alike.is_refused {
                return Err(Error::Memory(format!("no memory for more than {} pairs", alike.pairs.len())));
            }
            if !room_for(alike.pairs.len() - before) {
                return Ok(vec![]);
            }
        }
        Ok(alike.pairs)
    }

    /// The places of a block that are in use.
    fn living(&self, (chunk, top): (usize, usize)) -> Vec<u32> {
        let alive = &self.chunks[chunk].alive[top / 64..(top + BLOCK) / 64];
        super::chunk::rows_of(alive).map(|row| (chunk * ROWS + top + row) as u32).collect()
    }
}

/// The least f32 that is not below `threshold`.
fn at_least(threshold: f64) -> f32 {
    let nearest = threshold as f32;
    if f64::from(nearest) < threshold { nearest.next_up() } else { nearest }
}

/// The pairs of up to 32 rows with all that come after them.
struct Alike<'a> {
    index: &'a Index,
    queries: &'a Queries<'a>,
    own: &'a [u32],
    threshold: f32,
    row: &'a mut [f32],
    pairs: Vec<Pair>,
    is_refused: bool,
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
            if self.pairs.try_reserve(1).is_err() {
                self.is_refused = true;
                return;
            }
            let (id, other) = (self.index.id(slot), self.index.id(own));
            self.pairs.push(Pair { ids: [id.min(other), id.max(other)], score: score + 0.0 });
        }
    }

    fn settle(&mut self) {}
}
