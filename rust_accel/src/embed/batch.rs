//! Many texts at once: chunks of similar length over the pool's threads, results in input order.

use super::Stop;
use super::forward::{Model, Precision};
use crate::error::{Error, Result};
use crate::memory::{room, zeros};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Tokens of a chunk: enough rows to reuse each weight, few enough to stay in the second-level cache.
const CHUNK: usize = 256;

/// Unit vectors of the texts, `hidden` values each, in input order.
///
/// # Errors
/// As `Model::embed`, and as `Stop::check`.
pub(super) fn embed<T: Precision>(
    model: &Model<T>,
    texts: &[Vec<u32>],
    threads: usize,
    stop: &Stop,
) -> Result<Vec<f32>> {
    let dimension = model.config.hidden;
    let mut order = room(texts.len(), "texts")?;
    order.extend(0..texts.len());
    order.sort_unstable_by_key(|i: &usize| (Reverse(texts[*i].len()), *i));
    let lengths = split(&order, texts, threads)?;
    // Fewer chunks than threads: each is shared by its part of them.
    let share = (threads / lengths.len().max(1)).max(1);
    let values = texts.len().checked_mul(dimension).ok_or_else(|| Error::Memory("no memory for the vectors".into()))?;
    let mut vectors = zeros(values, "values of vectors")?;
    let mut chunks = room(lengths.len(), "chunks")?;
    let (mut places, mut rest) = (&order[..], &mut vectors[..]);
    for length in lengths {
        let (own, others) = places.split_at(length);
        let (out, more) = rest.split_at_mut(length * dimension);
        chunks.push((own, out));
        (places, rest) = (others, more);
    }
    chunks.into_par_iter().with_max_len(1).try_for_each(|(places, out)| {
        stop.check()?;
        let ids: Vec<&[u32]> = places.iter().map(|i| texts[*i].as_slice()).collect();
        model.embed(&ids, out, share)
    })?;
    put_back(&mut vectors, &mut order, dimension);
    Ok(vectors)
}

/// How many of the texts, longest first, each chunk has: it is cut where it has `CHUNK` tokens or its share of a small
/// batch.
fn split(order: &[usize], texts: &[Vec<u32>], threads: usize) -> Result<Vec<usize>> {
    let total: usize = texts.iter().map(Vec::len).sum();
    let limit = CHUNK.min(total.div_ceil(threads)).max(1);
    let mut lengths: Vec<usize> = room(texts.len(), "texts")?;
    let mut tokens = limit;
    for i in order {
        if tokens >= limit {
            lengths.push(0);
            tokens = 0;
        }
        if let Some(length) = lengths.last_mut() {
            *length += 1;
        }
        tokens += texts[*i].len();
    }
    Ok(lengths)
}

/// Moves row `i` of `width` values to the place `order[i]`, where they stay: `order` is 0, 1, 2 then.
fn put_back(rows: &mut [f32], order: &mut [usize], width: usize) {
    for i in 0..order.len() {
        while order[i] != i {
            let to = order[i];
            let (low, high) = (i.min(to), i.max(to));
            let (left, right) = rows.split_at_mut(high * width);
            left[low * width..][..width].swap_with_slice(&mut right[..width]);
            order.swap(i, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, put_back, split};

    #[test]
    fn every_text_is_in_one_chunk_and_small_batches_reach_every_thread() {
        let texts: Vec<Vec<u32>> = [256, 90, 90, 90, 3, 2, 1].iter().map(|n| vec![0; *n]).collect();
        let order: Vec<usize> = (0..7).collect();
        let lengths = split(&order, &texts, 2).unwrap();
        assert_eq!((lengths.iter().sum::<usize>(), lengths[0]), (7, 1));
        let mut rest = &texts[..];
        for length in lengths {
            let (chunk, others) = rest.split_at(length);
            let before_last: usize = chunk[..length - 1].iter().map(Vec::len).sum();
            assert!(before_last < CHUNK);
            rest = others;
        }
        let short: Vec<Vec<u32>> = vec![vec![0; 10]; 4];
        assert_eq!(split(&order[..4], &short, 2).unwrap(), [2, 2]);
        assert_eq!(split(&order[..4], &short, 4).unwrap(), [1; 4]);
        assert!(split(&[], &[], 2).unwrap().is_empty());
    }

    #[test]
    fn rows_come_back_to_where_they_were() {
        for order in [vec![], vec![0], vec![2, 0, 1], vec![3, 2, 0, 1, 5, 4], vec![1, 0, 2]] {
            let mut rows: Vec<f32> = order.iter().flat_map(|i| [*i as f32, 10.0 * *i as f32]).collect();
            let sorted: Vec<f32> = (0..order.len()).flat_map(|i| [i as f32, 10.0 * i as f32]).collect();
            put_back(&mut rows, &mut order.clone(), 2);
            assert_eq!(rows, sorted);
        }
    }
}
