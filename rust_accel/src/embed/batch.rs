//! Many texts at once: chunks of similar length over the pool's threads, results in input order.

use super::forward::{Model, Precision};
use crate::error::Result;
use rayon::prelude::*;
use std::cmp::Reverse;

/// Tokens of a chunk: enough rows to reuse each weight, few enough to stay in the second-level cache.
const CHUNK: usize = 256;

/// Unit vectors of the texts, `hidden` values each, in input order.
///
/// # Errors
/// As `Model::embed`.
pub(super) fn embed<T: Precision>(model: &Model<T>, texts: &[Vec<u32>], threads: usize) -> Result<Vec<f32>> {
    let dimension = model.config.hidden;
    let chunks = split(texts, threads);
    // Fewer chunks than threads: each is shared by its part of them.
    let share = (threads / chunks.len().max(1)).max(1);
    let parts = chunks
        .par_iter()
        .with_max_len(1)
        .map(|chunk| {
            let ids: Vec<&[u32]> = chunk.iter().map(|i| texts[*i].as_slice()).collect();
            model.embed(&ids, share)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut out = vec![0.0; texts.len() * dimension];
    for (chunk, part) in chunks.iter().zip(&parts) {
        for (i, vector) in chunk.iter().zip(part.chunks_exact(dimension)) {
            out[i * dimension..(i + 1) * dimension].copy_from_slice(vector);
        }
    }
    Ok(out)
}

/// The places of the texts, longest first, cut where a chunk has `CHUNK` tokens or its share of a small batch.
fn split(texts: &[Vec<u32>], threads: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|i| Reverse(texts[*i].len()));
    let total: usize = texts.iter().map(Vec::len).sum();
    let limit = CHUNK.min(total.div_ceil(threads)).max(1);
    let mut chunks: Vec<Vec<usize>> = vec![];
    let mut tokens = limit;
    for i in order {
        if tokens >= limit {
            chunks.push(vec![]);
            tokens = 0;
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(i);
        }
        tokens += texts[i].len();
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, split};

    #[test]
    fn every_text_is_in_one_chunk_and_small_batches_reach_every_thread() {
        let texts: Vec<Vec<u32>> = [3, 256, 2, 90, 90, 90, 1].iter().map(|n| vec![0; *n]).collect();
        let chunks = split(&texts, 2);
        let mut all = chunks.concat();
        all.sort_unstable();
        assert_eq!(all, (0..7).collect::<Vec<_>>());
        assert_eq!(chunks[0], [1]);
        for chunk in &chunks {
            let before_last: usize = chunk[..chunk.len() - 1].iter().map(|i| texts[*i].len()).sum();
            assert!(before_last < CHUNK);
        }
        let short: Vec<Vec<u32>> = vec![vec![0; 10]; 4];
        assert_eq!(split(&short, 2).len(), 2);
        assert_eq!(split(&short, 4).len(), 4);
        assert!(split(&[], 2).is_empty());
    }
}
