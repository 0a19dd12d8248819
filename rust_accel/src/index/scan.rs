//! One pass of up to 32 queries over blocks of rows: multiply, compare with a floor, hand on what may be above it.

use super::chunk::{BLOCK, Chunk, Row, Values};
use super::queries::Queries;
use super::storage::{Config, Extent, Storage};
use crate::kernels::scan::{ByteRows, COLUMNS, at_least};
use crate::kernels::{Bf16, Isa, Matrix, prefetch};

/// Where the rows go that may be good enough.
pub(super) trait Sink {
    /// Scores of a query below this one are of no interest.
    fn floor(&self, query: usize) -> f32;

    /// A living row that scores at most `bound`, which is not below the floor.
    fn offer(&mut self, query: usize, bound: f32, slot: u32);

    /// Called after each block.
    fn settle(&mut self);
}

/// A chunk and its place in the index.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) chunk: &'a Chunk,
    pub(super) first: usize,
}

/// A scan of one thread and what it needs.
pub(super) struct Scan<'a> {
    isa: Isa,
    config: Config,
    queries: &'a Queries<'a>,
    scores: Vec<f32>,
    masks: Vec<u32>,
    gathered: Gathered,
}

/// Scattered rows that were copied together, with their slots.
#[derive(Default)]
struct Gathered {
    full: Vec<f32>,
    halves: Vec<Bf16>,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    extents: Vec<Extent>,
    slots: Vec<u32>,
}

/// How many rows ahead a gathered row is asked for.
const AHEAD: usize = 8;

impl<'a> Scan<'a> {
    pub(super) fn new(isa: Isa, config: Config, queries: &'a Queries<'a>) -> Self {
        let (scores, masks) = (vec![0.0; BLOCK * COLUMNS], vec![0; BLOCK]);
        Self { isa, config, queries, scores, masks, gathered: Gathered::default() }
    }

    /// Rows `top..top + rows` of one block, those whose bit is set in `mask`, which starts at `top`.
    pub(super) fn block(&mut self, place: Place<'_>, [top, rows]: [usize; 2], mask: &[u64], sink: &mut impl Sink) {
        let chunk = place.chunk;
        let slot = |i: usize| {
            let passes = mask[i / 64] >> (i % 64) & 1 == 1;
            passes.then(|| ((place.first + top + i) as u32, chunk.extent(top + i)))
        };
        self.score(chunk.values(top, rows), (rows, chunk.greatest(top)), slot, sink);
    }

    /// Some living rows of a chunk. They are scored where they lie, or copied and scored when they are enough.
    pub(super) fn gather(&mut self, place: Place<'_>, rows: &[u16], sink: &mut impl Sink) {
        match place.chunk.values(0, place.chunk.len()) {
            Values::Bytes(bytes) if !self.queries.is_panel() => self.score_listed(place, bytes, rows, sink),
            _ => self.copy(place, rows, sink),
        }
    }

    fn score_listed(&mut self, place: Place<'_>, bytes: ByteRows<'_>, rows: &[u16], sink: &mut impl Sink) {
        let greatest = place.chunk.greatest_of_all();
        for rows in rows.chunks(BLOCK) {
            let slot = |i: usize| {
                let row = usize::from(rows[i]);
                Some(((place.first + row) as u32, place.chunk.extent(row)))
            };
            for j in 0..self.queries.count() {
                let multiply = |queries: &Queries<'_>, out: &mut [f32]| queries.multiply_listed(bytes, rows, j, out);
                self.score_one(j, multiply, (rows.len(), greatest), slot, sink);
            }
            sink.settle();
        }
    }

    fn copy(&mut self, place: Place<'_>, rows: &[u16], sink: &mut impl Sink) {
        for row in rows.iter().take(AHEAD) {
            ask(place.chunk, usize::from(*row));
        }
        for (i, row) in rows.iter().enumerate() {
            if let Some(ahead) = rows.get(i + AHEAD) {
                ask(place.chunk, usize::from(*ahead));
            }
            self.gathered.push(place, usize::from(*row));
            if self.gathered.slots.len() == BLOCK {
                self.flush(sink);
            }
        }
    }

    /// Scores what was gathered.
    pub(super) fn flush(&mut self, sink: &mut impl Sink) {
        let rows = std::mem::take(&mut self.gathered);
        let greatest = rows.extents.iter().fold(Extent::default(), |most, extent| most.max(*extent));
        if !rows.slots.is_empty() {
            let slot = |i: usize| Some((rows.slots[i], rows.extents[i]));
            self.score(rows.values(self.config), (rows.slots.len(), greatest), slot, sink);
        }
        self.gathered = rows.emptied();
    }

    fn score(
        &mut self,
        values: Values<'_>,
        (rows, greatest): (usize, Extent),
        slot: impl Fn(usize) -> Option<(u32, Extent)>,
        sink: &mut impl Sink,
    ) {
        if self.queries.is_panel() {
            self.score_panel(values, (rows, greatest), slot, sink);
        } else {
            for j in 0..self.queries.count() {
                let multiply = |queries: &Queries<'_>, out: &mut [f32]| queries.multiply(values, j, out);
                self.score_one(j, multiply, (rows, greatest), &slot, sink);
            }
        }
        sink.settle();
    }

    fn score_one(
        &mut self,
        j: usize,
        multiply: impl Fn(&Queries<'_>, &mut [f32]),
        (rows, greatest): (usize, Extent),
        slot: impl Fn(usize) -> Option<(u32, Extent)>,
        sink: &mut impl Sink,
    ) {
        let reach = &self.queries.reaches[j];
        let words = rows.div_ceil(COLUMNS);
        let scores = &mut self.scores[..words * COLUMNS];
        multiply(self.queries, &mut scores[..rows]);
        // What is not a number is not above anything.
        scores[rows..].fill(f32::NAN);
        let masks = &mut self.masks[..words];
        at_least(self.isa, scores, &[reach.least(sink.floor(j), greatest); COLUMNS], masks);
        for (word, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            for i in bits_of(*mask).map(|bit| word * COLUMNS + bit) {
                let Some((slot, extent)) = slot(i) else { continue };
                let bound = reach.bound(scores[i], extent);
                if bound >= sink.floor(j) {
                    sink.offer(j, bound, slot);
                }
            }
        }
    }

    fn score_panel(
        &mut self,
        values: Values<'_>,
        (rows, greatest): (usize, Extent),
        slot: impl Fn(usize) -> Option<(u32, Extent)>,
        sink: &mut impl Sink,
    ) {
        let reaches = &self.queries.reaches;
        let (scores, masks) = (&mut self.scores[..rows * COLUMNS], &mut self.masks[..rows]);
        self.queries.multiply(values, 0, scores);
        let floor = |(j, reach): (usize, &super::queries::Reach)| reach.least(sink.floor(j), greatest);
        let mut floors = [f32::INFINITY; COLUMNS];
        for (to, floor) in floors.iter_mut().zip(reaches.iter().enumerate().map(floor)) {
            *to = floor;
        }
        at_least(self.isa, scores, &floors, masks);
        for (i, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            let Some((slot, extent)) = slot(i) else { continue };
            for j in bits_of(*mask) {
                let bound = reaches[j].bound(scores[i * COLUMNS + j], extent);
                if bound >= sink.floor(j) {
                    sink.offer(j, bound, slot);
                }
            }
        }
    }
}

impl Gathered {
    fn push(&mut self, place: Place<'_>, row: usize) {
        match place.chunk.scanned(row) {
            Row::Full(values) => self.full.extend_from_slice(values),
            Row::Halves(values) => self.halves.extend_from_slice(values),
            Row::Bytes(values, scale) => {
                self.bytes.extend_from_slice(values);
                self.scales.push(scale);
            }
        }
        self.extents.push(place.chunk.extent(row));
        self.slots.push((place.first + row) as u32);
    }

    fn values(&self, config: Config) -> Values<'_> {
        let (rows, stride) = (self.slots.len(), config.stride());
        match config.storage {
            Storage::F32 => Values::Full(Matrix::new(&self.full, rows, config.dimension, config.dimension)),
            Storage::Bf16 => Values::Halves(Matrix::new(&self.halves, rows, stride, stride)),
            Storage::Int8 => Values::Bytes(ByteRows::new(&self.bytes, &self.scales, stride)),
        }
    }

    fn emptied(mut self) -> Self {
        self.full.clear();
        self.halves.clear();
        self.bytes.clear();
        self.scales.clear();
        self.extents.clear();
        self.slots.clear();
        self
    }
}

fn ask(chunk: &Chunk, row: usize) {
    match chunk.scanned(row) {
        Row::Full(values) => prefetch(values),
        Row::Halves(values) => prefetch(values),
        Row::Bytes(values, _) => prefetch(values),
    }
}

fn bits_of(mut mask: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let bit = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            bit
        })
    })
}
