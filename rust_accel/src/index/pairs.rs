//! All pairs of rows that are alike: near-duplicate detection.

use super::Index;
use super::chunk::{ROWS, has};
use super::search::pack_panel;
use crate::error::{Result, invalid};
use crate::kernels::{Finish, MatrixMut, Panel, WIDE, Width, multiply};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows compared with all later rows at a time.
const GROUP: usize = Width::Narrow.columns();

/// Two rows, the lower id first, and their inner product.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pair {
    /// The ids, ascending.
    pub ids: [u64; 2],
    /// The inner product.
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
        let groups: Vec<(usize, usize)> = (0..self.chunks.len())
            .flat_map(|chunk| (0..self.chunks[chunk].len()).step_by(GROUP).map(move |top| (chunk, top)))
            .collect();
        let parts = groups
            .into_par_iter()
            .map(|group| {
                self.pairs_of(group, threshold, &|more| found.fetch_add(more, Ordering::Relaxed) + more <= limit)
            })
            .collect::<Result<Vec<_>>>()?;
        if found.into_inner() > limit {
            return invalid(format!("more than {limit} pairs are at or above {threshold}; raise it or the limit"));
        }
        let mut pairs = parts.concat();
        pairs.sort_unstable_by_key(|pair| pair.ids);
        Ok(pairs)
    }

    /// The pairs of one group of rows with itself and all later rows; stops early when `room_for` says no.
    fn pairs_of(
        &self,
        (first, top): (usize, usize),
        threshold: f32,
        room_for: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Pair>> {
        let own = &self.chunks[first];
        let group = GROUP.min(own.len() - top);
        let panel = pack_panel((top..top + group).map(|row| own.vector(row)), self.dimension)?;
        let panel = Panel::new(&panel, self.dimension, Width::Narrow);
        let mut scores = vec![0.0; ROWS * GROUP];
        let mut pairs = vec![];
        for (at, chunk) in self.chunks.iter().enumerate().skip(first) {
            let start = if at == first { top } else { 0 };
            let rows = chunk.len() - start;
            let out = MatrixMut::new(&mut scores, rows, GROUP, GROUP);
            multiply(self.isa, chunk.matrix(start, rows), panel, &[0.0; WIDE], out, Finish::Replace);
            let before = pairs.len();
            for (row, scores) in (start..).zip(scores.chunks_exact(GROUP).take(rows)) {
                let earlier = if at == first { group.min(row - top) } else { group };
                for (i, score) in scores[..earlier].iter().enumerate() {
                    if *score >= threshold && has(&chunk.alive, row) && has(&own.alive, top + i) {
                        let (a, b) = (own.ids[top + i], chunk.ids[row]);
                        pairs.push(Pair { ids: [a.min(b), a.max(b)], score: *score });
                    }
                }
            }
            if !room_for(pairs.len() - before) {
                return Ok(vec![]);
            }
        }
        Ok(pairs)
    }
}
