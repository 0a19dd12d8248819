//! The exact scan.

use super::chunk::{Chunk, Mask, has, rows_of};
use super::topk::{Hit, TopK};
use super::{Filter, Index};
use crate::error::{Result, invalid};
use crate::kernels::{Buffer, Finish, Isa, Matrix, MatrixMut, Panel, WIDE, Width, dot_rows, multiply};
use rayon::prelude::*;

/// Rows scored at a time: their vectors and scores stay in the second-level cache.
const BLOCK: usize = 256;
/// Queries of one panel.
const BATCH: usize = Width::Narrow.columns();
/// From this many queries a panel, padded or not, beats one dot product a query (its tile does 32 for the price of 8).
const PANEL_FROM: usize = 8;
/// A chunk of which less than one row in four may be returned is read row by row.
const SPARSE: usize = 4;
/// Chunks from which a scan is shared between threads (16 * 4,096 rows).
const SHARED_FROM: usize = 16;

impl Index {
    /// For each query (`dimension` values) at most `k` hits, the best inner product first, ties by id.
    ///
    /// # Errors
    /// `Error::Invalid` for a query that is not finite or of another length, or an unknown filter column.
    pub fn search(&self, queries: &[f32], k: usize, filter: Filter<'_>) -> Result<Vec<Vec<Hit>>> {
        if !queries.len().is_multiple_of(self.dimension) {
            return invalid(format!("{} values are not queries of dimension {}", queries.len(), self.dimension));
        }
        self.check_vectors(queries)?;
        let masks = self.masks(filter)?;
        let mut hits = vec![];
        for batch in queries.chunks(BATCH * self.dimension) {
            hits.extend(self.scan(&Queries::pack(batch, self.dimension)?, k, &masks));
        }
        Ok(hits)
    }

    fn scan(&self, queries: &Queries<'_>, k: usize, masks: &[Mask]) -> Vec<Vec<Hit>> {
        let none = || (0..queries.count()).map(|_| TopK::new(k)).collect::<Vec<_>>();
        let add = |mut tops: Vec<TopK>, (chunk, mask): (&Chunk, &Mask)| {
            queries.scan(self.isa, chunk, mask, &mut tops);
            tops
        };
        let tops = if self.chunks.len() < SHARED_FROM {
            self.chunks.iter().zip(masks).fold(none(), add)
        } else {
            let merge = |a: Vec<TopK>, b: Vec<TopK>| a.into_iter().zip(b).map(|(x, y)| x.merge(y)).collect();
            self.chunks.par_iter().zip(masks).fold(none, add).reduce(none, merge)
        };
        tops.into_iter().map(TopK::into_sorted).collect()
    }
}

/// Up to `BATCH` queries, packed into a panel when they are enough.
struct Queries<'a> {
    values: &'a [f32],
    dimension: usize,
    panel: Option<Buffer>,
}

impl<'a> Queries<'a> {
    fn pack(values: &'a [f32], dimension: usize) -> Result<Self> {
        let panel = match values.len() / dimension {
            0..PANEL_FROM => None,
            _ => Some(pack_panel(values.chunks_exact(dimension), dimension)?),
        };
        Ok(Self { values, dimension, panel })
    }

    fn count(&self) -> usize {
        self.values.len() / self.dimension
    }

    fn scan(&self, isa: Isa, chunk: &Chunk, mask: &Mask, tops: &mut [TopK]) {
        let passing: usize = mask.iter().map(|word| word.count_ones() as usize).sum();
        if passing * SPARSE < chunk.len() {
            self.gather(isa, chunk, mask, tops);
            return;
        }
        let mut scores = vec![0.0; BLOCK * BATCH];
        for top in (0..chunk.len()).step_by(BLOCK) {
            let rows = chunk.matrix(top, BLOCK.min(chunk.len() - top));
            if mask[top / 64..].iter().take(BLOCK / 64).all(|word| *word == 0) {
                continue;
            }
            let keep = |row: usize| has(mask, top + row).then(|| chunk.ids[top + row]);
            match &self.panel {
                Some(panel) => self.score_panel(isa, rows, panel, &mut scores, keep, tops),
                None => self.score_each(isa, rows, &mut scores, keep, tops),
            }
        }
    }

    fn gather(&self, isa: Isa, chunk: &Chunk, mask: &Mask, tops: &mut [TopK]) {
        for row in rows_of(mask) {
            for (query, top) in self.values.chunks_exact(self.dimension).zip(&mut *tops) {
                let mut score = [0.0];
                dot_rows(isa, chunk.matrix(row, 1), query, &mut score);
                top.push(chunk.ids[row], score[0]);
            }
        }
    }

    fn score_each(
        &self,
        isa: Isa,
        rows: Matrix<'_>,
        scores: &mut [f32],
        keep: impl Fn(usize) -> Option<u64>,
        tops: &mut [TopK],
    ) {
        let scores = &mut scores[..rows.rows()];
        for (query, top) in self.values.chunks_exact(self.dimension).zip(tops) {
            dot_rows(isa, rows, query, scores);
            for (row, score) in scores.iter().enumerate() {
                if *score >= top.floor
                    && let Some(id) = keep(row)
                {
                    top.push(id, *score);
                }
            }
        }
    }

    fn score_panel(
        &self,
        isa: Isa,
        rows: Matrix<'_>,
        panel: &[f32],
        scores: &mut [f32],
        keep: impl Fn(usize) -> Option<u64>,
        tops: &mut [TopK],
    ) {
        let count = rows.rows();
        let out = MatrixMut::new(scores, count, BATCH, BATCH);
        multiply(isa, rows, Panel::new(panel, self.dimension, Width::Narrow), &[0.0; WIDE], out, Finish::Replace);
        for (row, scores) in scores.chunks_exact(BATCH).take(count).enumerate() {
            if !scores.iter().zip(&*tops).any(|(score, top)| *score >= top.floor) {
                continue;
            }
            let Some(id) = keep(row) else { continue };
            for (score, top) in scores.iter().zip(&mut *tops) {
                if *score >= top.floor {
                    top.push(id, *score);
                }
            }
        }
    }
}

/// Up to 32 vectors as the columns of a panel.
pub(super) fn pack_panel<'a>(vectors: impl Iterator<Item = &'a [f32]>, dimension: usize) -> Result<Buffer> {
    let mut panel = Buffer::zeros(dimension * BATCH)?;
    for (column, vector) in vectors.enumerate() {
        for (k, value) in vector.iter().enumerate() {
            panel[k * BATCH + column] = *value;
        }
    }
    Ok(panel)
}
