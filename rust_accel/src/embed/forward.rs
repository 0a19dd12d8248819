//! The encoders over ragged batches: the tokens of several texts in a row, no padding.

use super::architecture::Architecture;
use super::attention::{self, Attention};
use super::config::{Config, Pooling};
use super::linear::{Block, Converted, Form, How, Linear, Panels, Room, Size};
use super::relative::Biases;
use super::source::Source;
use super::weights::{Layout, Tensors};
use super::words::Words;
use crate::error::{Result, invalid};
use crate::kernels::{Bf16, Buffer, Element, Finish, Isa, LayerNorm, MatrixMut, Packed, layer_norm, narrow};
use rayon::prelude::*;
use std::cell::Cell;
use std::thread::LocalKey;

/// A type that attention multiplies in, and the linear layers that are not of bytes; between them values are f32.
pub(super) trait Precision: Element {
    /// This thread's buffers.
    fn kept() -> &'static LocalKey<Kept<Self>>;

    /// `values` in this type: themselves, or written to `copy`.
    ///
    /// # Errors
    /// `Error::Memory`.
    fn narrowed<'a>(isa: Isa, values: &'a [f32], copy: &'a mut Buffer<Self>) -> Result<&'a [Self]>;
}

/// Buffers between two uses. They are taken out while in use: a thread that waits for another one's half of a text may
/// be given a second text meanwhile, which then makes its own.
#[derive(Default)]
pub(super) struct Kept<T: Element> {
    pub(super) forward: Cell<Scratch<T>>,
    pub(super) attention: Cell<attention::Scratch<T>>,
}

impl Precision for f32 {
    fn kept() -> &'static LocalKey<Kept<Self>> {
        thread_local! { static KEPT: Kept<f32> = Kept::default(); }
        &KEPT
    }

    fn narrowed<'a>(_: Isa, values: &'a [f32], _: &'a mut Buffer) -> Result<&'a [Self]> {
        Ok(values)
    }
}

impl Precision for Bf16 {
    fn kept() -> &'static LocalKey<Kept<Self>> {
        thread_local! { static KEPT: Kept<Bf16> = Kept::default(); }
        &KEPT
    }

    fn narrowed<'a>(isa: Isa, values: &'a [f32], copy: &'a mut Buffer<Self>) -> Result<&'a [Self]> {
        copy.grow(values.len())?;
        narrow(isa, values, &mut copy[..values.len()]);
        Ok(&copy[..values.len()])
    }
}

/// The linear layers whose products are of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bytes {
    None,
    /// Those that cost the least accuracy: the attention's output, and the first of the feed-forward network.
    Robust,
    All,
}

impl Bytes {
    /// What becomes of a layer of which bytes take little accuracy, or not.
    fn form(self, is_robust: bool, architecture: &Architecture) -> Form {
        if self == Self::All || self == Self::Robust && is_robust {
            return Form::Bytes { exact: architecture.exact_inputs };
        }
        Form::Floats
    }

    /// Of the queries, keys and values; of what is attended to; of the two layers of the feed-forward network.
    fn forms(self, architecture: &Architecture) -> [Form; 4] {
        let (robust, other) = (self.form(true, architecture), self.form(false, architecture));
        [other, robust, robust, other]
    }
}

/// A layer whose linear ones are `L`.
struct Layer<L> {
    qkv: L,
    attended: L,
    attention_norm: LayerNorm,
    expand: L,
    contract: L,
    output_norm: LayerNorm,
}

impl<'a> Layer<Layout<'a>> {
    /// `room`: columns of a head, those that make its groups whole included.
    fn read(tensors: &'a Tensors<'a>, config: &Config, room: usize, index: usize) -> Result<Self> {
        let at = |name: &str| format!("encoder.layer.{index}.{name}");
        let (hidden, wide) = (config.hidden, config.intermediate);
        let square = [hidden, hidden];
        // The softmax temperature of Vaswani et al. 2017 is folded into the queries.
        let head = hidden / config.heads;
        let scale = 1.0 / (head as f32).sqrt();
        let dense = |name: &str, shape, scale| tensors.dense(&at(name), shape, scale);
        let norm = |name: &str| tensors.norm(&at(name), hidden, config.epsilon);
        let names = config.architecture.names;
        Ok(Self {
            qkv: dense(names.query, square, scale)?
                .join(dense(names.key, square, 1.0)?)
                .join(dense(names.value, square, 1.0)?)
                .grouped(head, room),
            attended: dense(names.attended, square, 1.0)?,
            attention_norm: norm(names.attention_norm)?,
            expand: dense("intermediate.dense", [wide, hidden], 1.0)?,
            contract: dense("output.dense", [hidden, wide], 1.0)?,
            output_norm: norm("output.LayerNorm")?,
        })
    }

    fn size<T: Packed>(&self, bytes: Bytes, architecture: &Architecture) -> Size {
        let layers = [&self.qkv, &self.attended, &self.expand, &self.contract];
        layers.into_iter().zip(bytes.forms(architecture)).map(|(layer, form)| Size::of::<T>(layer, form)).sum()
    }

    fn pack<T: Element>(
        self,
        bytes: Bytes,
        architecture: &Architecture,
        mut room: Room<'_, T>,
    ) -> Result<Layer<Linear>> {
        let [qkv, attended, expand, contract] = bytes.forms(architecture);
        let mut block = vec![];
        let mut pack = |layer, form| Linear::pack(layer, form, &mut room, &mut block);
        Ok(Layer {
            qkv: pack(self.qkv, qkv)?,
            attended: pack(self.attended, attended)?,
            attention_norm: self.attention_norm,
            expand: pack(self.expand, expand)?,
            contract: pack(self.contract, contract)?,
            output_norm: self.output_norm,
        })
    }
}

/// The weights, checked and packed; word embeddings are read from the file when they occur first.
pub(super) struct Model<T: Element> {
    pub(super) config: Config,
    isa: Isa,
    words: Words,
    positions: Vec<f32>,
    embedding_norm: LayerNorm,
    biases: Option<Biases>,
    layers: Vec<Layer<Linear>>,
    panels: Panels<T>,
}

/// One thread's buffers. `hidden` carries the residual stream.
#[derive(Default)]
pub(super) struct Scratch<T: Element> {
    word: Vec<u8>,
    hidden: Buffer,
    qkv: Buffer<T>,
    context: Buffer<T>,
    wide: Buffer<T>,
    input: Converted<T>,
}

impl<T: Precision> Model<T> {
    /// # Errors
    /// `Error::Io`, `Error::Memory`, or `Error::Invalid` naming the tensor that does not fit the configuration.
    pub(super) fn load(config: Config, isa: Isa, bytes: Bytes) -> Result<Self> {
        let file = Source::open(&config.weights)?;
        let tensors = Tensors::parse(&file)?;
        let hidden = config.hidden;
        let shape = [config.vocabulary, hidden];
        let words = tensors.place("embeddings.word_embeddings.weight", &shape)?;
        let positions = positions(&tensors, &config)?;
        let embedding_norm = tensors.norm("embeddings.LayerNorm", hidden, config.epsilon)?;
        let biases = biases(&tensors, &config)?;
        let room = config.head_room::<T>();
        let layers: Vec<_> =
            (0..config.layers).map(|i| Layer::read(&tensors, &config, room, i)).collect::<Result<_>>()?;
        let architecture = &config.architecture;
        let block = layers.first().map_or(Size::default(), |layer| layer.size::<T>(bytes, architecture));
        let mut panels = Panels::zeros(block, layers.len())?;
        let rooms = panels.rooms();
        let packed = layers.into_par_iter().zip(rooms).map(|(layer, room)| layer.pack(bytes, architecture, room));
        let layers = packed.collect::<Result<_>>()?;
        file.check()?;
        let words = Words::new(file, words, shape)?;
        Ok(Self { config, isa, words, positions, embedding_norm, biases, layers, panels })
    }

    /// Writes unit vectors of some texts' token ids, `hidden` values each, in order; over `threads` of the current pool.
    /// Ids are below the vocabulary, texts not empty and at most `max_tokens` long: the tokenizer's side of the contract.
    ///
    /// # Errors
    /// `Error::Memory`; `Error::State` when the file of the weights has changed; `Error::Invalid` when the output is not
    /// finite.
    pub(super) fn embed(&self, texts: &[&[u32]], out: &mut [f32], threads: usize) -> Result<()> {
        let mut scratch = T::kept().with(|kept| kept.forward.take());
        let rows: usize = texts.iter().map(|ids| ids.len()).sum();
        self.embed_words(texts, rows, &mut scratch)?;
        for (number, layer) in self.layers.iter().enumerate() {
            self.forward(layer, self.panels.block(number), texts, &mut scratch, threads)?;
        }
        let pooled = self.pool(texts, &scratch.hidden, out);
        T::kept().with(|kept| kept.forward.set(scratch));
        pooled
    }

    fn embed_words(&self, texts: &[&[u32]], rows: usize, scratch: &mut Scratch<T>) -> Result<()> {
        let hidden = self.config.hidden;
        scratch.hidden.grow(rows * hidden)?;
        let ids = texts.iter().flat_map(|ids| self.config.architecture.positions(ids).zip(*ids));
        for (row, (position, id)) in scratch.hidden.chunks_exact_mut(hidden).zip(ids) {
            let place = &self.positions[position * hidden..(position + 1) * hidden];
            self.words.add(*id, place, row, &mut scratch.word)?;
        }
        self.words.check()?;
        self.normalise(&mut scratch.hidden, rows, &self.embedding_norm);
        Ok(())
    }

    fn normalise(&self, values: &mut [f32], rows: usize, norm: &LayerNorm) {
        let hidden = self.config.hidden;
        layer_norm(self.isa, &mut MatrixMut::new(values, rows, hidden, hidden), norm);
    }

    fn forward(
        &self,
        layer: &Layer<Linear>,
        panels: Block<'_, T>,
        texts: &[&[u32]],
        scratch: &mut Scratch<T>,
        threads: usize,
    ) -> Result<()> {
        let (isa, hidden, wide) = (self.isa, self.config.hidden, self.config.intermediate);
        let how = |finish| How { isa, panels, finish };
        let rows: usize = texts.iter().map(|ids| ids.len()).sum();
        let n = rows * hidden;
        let columns = 3 * self.config.heads * self.config.head_room::<T>();
        scratch.qkv.grow(rows * columns)?;
        scratch.context.grow(n)?;
        scratch.wide.grow(rows * wide)?;
        let Scratch { hidden: stream, qkv, context, wide: expanded, input, .. } = scratch;
        let operand = layer.qkv.narrowed(isa, &mut stream[..n], input)?;
        layer.qkv.apply(how(Finish::Replace), operand, MatrixMut::new(qkv, rows, columns, columns), threads);
        self.attend(texts, qkv, context, threads)?;
        let operand = layer.attended.operand(isa, &mut context[..n], input)?;
        layer.attended.apply(how(Finish::Add), operand, MatrixMut::new(stream, rows, hidden, hidden), threads);
        self.normalise(stream, rows, &layer.attention_norm);
        let operand = layer.expand.narrowed(isa, &mut stream[..n], input)?;
        layer.expand.apply(how(Finish::Gelu), operand, MatrixMut::new(expanded, rows, wide, wide), threads);
        let operand = layer.contract.operand(isa, &mut expanded[..rows * wide], input)?;
        layer.contract.apply(how(Finish::Add), operand, MatrixMut::new(stream, rows, hidden, hidden), threads);
        self.normalise(stream, rows, &layer.output_norm);
        Ok(())
    }

    /// What each text's tokens take from one another.
    fn attend(&self, texts: &[&[u32]], qkv: &[T], context: &mut [T], threads: usize) -> Result<()> {
        let Config { hidden, heads, .. } = self.config;
        let (head, room) = (hidden / heads, self.config.head_room::<T>());
        let mut top = 0;
        for len in texts.iter().map(|ids| ids.len()) {
            let qkv = &qkv[top * 3 * heads * room..];
            let attention = Attention { qkv, len, heads, head, room, biases: self.biases.as_ref() };
            let out = MatrixMut::new(&mut context[top * hidden..], len, hidden, hidden);
            attention.apply(self.isa, 0, out, threads)?;
            top += len;
        }
        Ok(())
    }

    /// `out` is all zero.
    fn pool(&self, texts: &[&[u32]], hidden: &[f32], out: &mut [f32]) -> Result<()> {
        let dimension = self.config.hidden;
        let mut rows = hidden.chunks_exact(dimension);
        for (vector, ids) in out.chunks_exact_mut(dimension).zip(texts) {
            for (i, row) in rows.by_ref().take(ids.len()).enumerate() {
                if i == 0 || self.config.pooling == Pooling::Mean {
                    add(vector, row);
                }
            }
            // The mean's divisor goes with the norm.
            let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
            if !(norm.is_finite() && norm > 0.0) {
                return invalid("the model's output is not a finite vector: weights of it are too large, or all zero");
            }
            for value in vector {
                *value /= norm;
            }
        }
        Ok(())
    }
}

/// The position embeddings. All of a single text is of type 0, so that row of the types is added to them once.
fn positions(tensors: &Tensors<'_>, config: &Config) -> Result<Vec<f32>> {
    let hidden = config.hidden;
    let mut positions = tensors.values("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
    if let Some(types) = config.architecture.token_types {
        let types = tensors.values("embeddings.token_type_embeddings.weight", &[types, hidden])?;
        for row in positions.chunks_exact_mut(hidden) {
            add(row, &types[..hidden]);
        }
    }
    Ok(positions)
}

fn biases(tensors: &Tensors<'_>, config: &Config) -> Result<Option<Biases>> {
    let Some(buckets) = config.architecture.buckets else { return Ok(None) };
    let shape = [buckets, config.heads];
    let weight = tensors.values("encoder.relative_attention_bias.weight", &shape)?;
    Biases::new(&weight, shape, config.max_tokens).map(Some)
}

fn add(to: &mut [f32], from: &[f32]) {
    for (a, b) in to.iter_mut().zip(from) {
        *a += b;
    }
}
