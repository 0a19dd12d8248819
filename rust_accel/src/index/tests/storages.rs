//! Every storage on every instruction set finds what a sort of all scores finds, to the bit.

use super::unit;
use crate::index::{Config, Filter, Hit, Index, NO_ID, Rows, Storage};
use crate::kernels::scan::dot_full;
use crate::kernels::{Isa, Matrix};

const KINDS: [(Storage, bool); 5] = [
    (Storage::F32, true),
    (Storage::Bf16, true),
    (Storage::Int8, true),
    (Storage::Bf16, false),
    (Storage::Int8, false),
];

fn made(isa: Isa, (storage, keep_f32): (Storage, bool), ids: &[u64], vectors: &[f32]) -> Index {
    let dimension = vectors.len() / ids.len();
    let mut index = Index::new(Config { dimension, columns: 1, storage, keep_f32 }).unwrap();
    index.isa = isa;
    let codes: Vec<u32> = ids.iter().map(|id| (id % 1000) as u32).collect();
    index.add(Rows { ids, vectors, codes: &codes }).unwrap();
    index
}

/// Hits with scores as bits, from the rows that the index keeps.
fn sorted(index: &Index, query: &[f32], k: usize, keep: impl Fn(u64) -> bool) -> Vec<(u64, u32)> {
    let mut row = vec![0.0; query.len()];
    let mut hits: Vec<Hit> = vec![];
    for chunk in &index.chunks {
        for at in super::super::chunk::rows_of(&chunk.alive).filter(|at| keep(chunk.ids[*at])) {
            let vector = chunk.vector(at, &mut row);
            let mut score = [0.0];
            dot_full(index.isa, Matrix::new(vector, 1, query.len(), query.len()), query, &mut score);
            hits.push(Hit { id: chunk.ids[at], score: score[0] + 0.0 });
        }
    }
    hits.sort();
    hits.iter().take(k).map(|hit| (hit.id, hit.score.to_bits())).collect()
}

fn check(index: &Index, queries: &[f32], k: usize) {
    let dimension = index.config().dimension;
    let kind = (index.config(), index.isa());
    for codes in [vec![], vec![(0, (0..500).collect())], vec![(0, vec![7, 1, 500])], vec![(0, vec![4])]] {
        let found = index.search(queries, k, Filter { allowed: None, columns: &codes }).unwrap();
        for (query, found) in queries.chunks(dimension).zip(found) {
            let keep = |id: u64| codes.iter().all(|(_, codes)| codes.contains(&((id % 1000) as u32)));
            let found: Vec<(u64, u32)> = found.iter().map(|hit| (hit.id, hit.score.to_bits())).collect();
            assert_eq!(found, sorted(index, query, k, keep), "{kind:?} {} codes, k {k}", codes.len());
        }
    }
}

#[test]
fn random_rows() {
    for isa in Isa::available() {
        for kind in KINDS {
            for (dimension, n) in [(1, 300), (3, 1000), (65, 3000), (384, 2500)] {
                let ids: Vec<u64> = (0..n).map(|i| i * 7919 % 100_003).collect();
                let vectors: Vec<f32> = (0..n).flat_map(|i| unit(i % 900, dimension)).collect();
                let index = made(isa, kind, &ids, &vectors);
                for count in [1, 2, 7, 13, 33] {
                    let queries: Vec<f32> = (0..count).flat_map(|i| unit(i + 5000, dimension)).collect();
                    check(&index, &queries, 10);
                }
                check(&index, &vectors[..2 * dimension], 700);
            }
        }
    }
}

#[test]
fn threads_and_chunks() {
    for kind in KINDS {
        let n = 70_000;
        let ids: Vec<u64> = (0..n).rev().collect();
        let vectors: Vec<f32> = (0..n).flat_map(|i| unit(i % 50_000, 8)).collect();
        let index = made(Isa::choose().unwrap(), kind, &ids, &vectors);
        for count in [1, 9, 40] {
            let queries: Vec<f32> = (0..count).flat_map(|i| unit(i + 90_000, 8)).collect();
            let found = index.search(&queries, 12, Filter::default()).unwrap();
            for (query, found) in queries.chunks(8).zip(found) {
                let found: Vec<(u64, u32)> = found.iter().map(|hit| (hit.id, hit.score.to_bits())).collect();
                assert_eq!(found, sorted(&index, query, 12, |_| true), "{kind:?} {count}");
            }
        }
    }
}

/// Rows that break bounds which forget something: equal, zero, tiny, huge, opposite, and nearly equal ones.
fn hostile(dimension: usize) -> Vec<Vec<f32>> {
    let base = unit(3, dimension);
    let scaled = |factor: f32| base.iter().map(|v| v * factor).collect::<Vec<f32>>();
    let mut rows = vec![vec![0.0; dimension], vec![-0.0; dimension]];
    for factor in [1.0, 1.0, -1.0, 1e-45, 3e-45, -1e-42, 1e-38, 1e-30, 1e-20, 1e-4, 1e4, 1e15, -3e18, 3e18] {
        rows.push(scaled(factor));
    }
    for step in 0..200_u32 {
        rows.push(base.iter().map(|v| f32::from_bits(v.to_bits() + step % 7)).collect());
        let mut spike = scaled(1e-3);
        spike[step as usize % dimension] = 50.0 + step as f32 * 1e-4;
        rows.push(spike);
        rows.push(unit(u64::from(step), dimension));
    }
    rows
}

#[test]
fn hostile_rows_and_queries() {
    for isa in Isa::available() {
        for kind in KINDS {
            for dimension in [1, 2, 65, 300] {
                let rows = hostile(dimension);
                let ids: Vec<u64> = (0..rows.len() as u64).map(|i| i * 31 % 1009).collect();
                let index = made(isa, kind, &ids, &rows.concat());
                for k in [1, 5, 40] {
                    check(&index, &rows[..40].concat(), k);
                    for query in &rows[..16] {
                        check(&index, query, k);
                    }
                }
            }
        }
    }
}

#[test]
fn one_query_and_many_give_the_same_bits() {
    let vectors: Vec<f32> = (0..3000).flat_map(|i| unit(i, 100)).collect();
    for isa in Isa::available() {
        for kind in KINDS {
            let index = made(isa, kind, &(0..3000).collect::<Vec<_>>(), &vectors);
            let queries: Vec<f32> = (0..40).flat_map(|i| unit(i + 7000, 100)).collect();
            let together = index.search(&queries, 20, Filter::default()).unwrap();
            for (query, together) in queries.chunks(100).zip(together) {
                assert_eq!(index.search(query, 20, Filter::default()).unwrap()[0], together, "{isa} {kind:?}");
            }
        }
    }
}

#[test]
fn kept_rows_give_the_same_answers_whatever_is_scanned() {
    let vectors: Vec<f32> = (0..4000).flat_map(|i| unit(i, 70)).collect();
    let ids: Vec<u64> = (0..4000).collect();
    for isa in Isa::available() {
        let [full, halves, bytes] = [0, 1, 2].map(|kind| made(isa, KINDS[kind], &ids, &vectors));
        let queries: Vec<f32> = (0..9).flat_map(|i| unit(i + 7000, 70)).collect();
        let expected = full.search(&queries, 50, Filter::default()).unwrap();
        let pairs = full.pairs(0.4, 1_000_000).unwrap();
        assert!(!pairs.is_empty());
        for index in [halves, bytes] {
            assert_eq!(index.search(&queries, 50, Filter::default()).unwrap(), expected);
            assert_eq!(index.pairs(0.4, 1_000_000).unwrap(), pairs);
        }
    }
}

#[test]
fn compact_scores_are_as_close_as_their_storage() {
    let vectors: Vec<f32> = (0..500).flat_map(|i| unit(i, 384)).collect();
    let ids: Vec<u64> = (0..500).collect();
    let isa = Isa::choose().unwrap();
    let exact = made(isa, KINDS[0], &ids, &vectors).search(&vectors[..384], 500, Filter::default()).unwrap();
    for (kind, most) in [(KINDS[3], 2f32.powi(-8)), (KINDS[4], 0.01)] {
        let near = made(isa, kind, &ids, &vectors).search(&vectors[..384], 500, Filter::default()).unwrap();
        for hit in &near[0] {
            let score = exact[0].iter().find(|other| other.id == hit.id).unwrap().score;
            assert!((hit.score - score).abs() <= most, "{kind:?} {hit:?} {score}");
        }
    }
}

#[test]
fn replaced_removed_and_compacted_rows_of_every_storage() {
    for kind in KINDS {
        let mut index = made(Isa::choose().unwrap(), kind, &[NO_ID - 1], &unit(0, 20));
        let mut step = 0;
        for round in 0..6 {
            let count = if round == 3 { 20_000 } else { 900 };
            for _ in 0..count / 100 {
                let ids: Vec<u64> = (0..100).map(|i| (step + i) * 131 % 20_011).collect();
                let vectors: Vec<f32> = ids.iter().flat_map(|id| unit(id + step, 20)).collect();
                let codes: Vec<u32> = ids.iter().map(|id| (id % 1000) as u32).collect();
                index.add(Rows { ids: &ids, vectors: &vectors, codes: &codes }).unwrap();
                step += 100;
            }
            let gone: Vec<u64> = (0..20_011).filter(|id| (id * 7 + step) % 3 == 0).collect();
            index.remove(&gone).unwrap();
            let query = unit(step, 20);
            let before = sorted(&index, &query, 99_999, |_| true);
            let held = index.size();
            index.compact();
            assert_eq!(index.dead(), 0);
            assert!(index.size() <= held);
            assert_eq!(sorted(&index, &query, 99_999, |_| true), before);
            assert_eq!(before.len(), index.len());
            check(&index, &query, 9);
            index.remove(&before.iter().map(|hit| hit.0).take(2).collect::<Vec<_>>()).unwrap();
        }
        index.remove(&(0..30_000).chain([NO_ID - 1]).collect::<Vec<_>>()).unwrap();
        index.compact();
        assert_eq!((index.len(), index.chunks.len()), (0, 0));
    }
}
