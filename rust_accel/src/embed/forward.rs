//! The BERT encoder (Devlin et al. 2019) over ragged batches: the tokens of several texts in a row, no padding.

use super::config::{Config, Pooling};
use super::weights::{Linear, Tensors, floats};
use crate::error::{Result, invalid};
use crate::kernels::{
    Bf16, Buffer, Element, Finish, Isa, LayerNorm, Matrix, MatrixMut, Panel, WIDE, Width, layer_norm, map, multiply,
    narrow, softmax,
};
use memmap2::Mmap;
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;

/// Columns of the panels that attention packs: one head of 32 is one panel.
const NARROW: usize = Width::Narrow.columns();

/// A type that the linear layers and the attention multiply in; between them values are f32.
pub(super) trait Precision: Element {
    /// Its name in the Python module.
    const NAME: &'static str;

    /// Runs `work` with this thread's buffers.
    fn with_scratch<R>(work: impl FnOnce(&mut Scratch<Self>) -> R) -> R;

    /// `values` in this type: themselves, or written to `copy`.
    fn narrowed<'a>(isa: Isa, values: &'a [f32], copy: &'a mut Buffer<Self>) -> Result<&'a [Self]>;
}

macro_rules! scratch {
    ($type:ty) => {
        fn with_scratch<R>(work: impl FnOnce(&mut Scratch<Self>) -> R) -> R {
            thread_local! {
                static SCRATCH: RefCell<Scratch<$type>> = RefCell::default();
            }
            SCRATCH.with_borrow_mut(work)
        }
    };
}

impl Precision for f32 {
    const NAME: &'static str = "f32";

    scratch!(f32);

    fn narrowed<'a>(_: Isa, values: &'a [f32], _: &'a mut Buffer) -> Result<&'a [Self]> {
        Ok(values)
    }
}

impl Precision for Bf16 {
    const NAME: &'static str = "bf16";

    scratch!(Bf16);

    fn narrowed<'a>(isa: Isa, values: &'a [f32], copy: &'a mut Buffer<Self>) -> Result<&'a [Self]> {
        copy.grow(values.len())?;
        narrow(isa, values, &mut copy[..values.len()]);
        Ok(&copy[..values.len()])
    }
}

struct Layer<T: Element> {
    qkv: Linear<T>,
    attended: Linear<T>,
    attention_norm: LayerNorm,
    expand: Linear<T>,
    contract: Linear<T>,
    output_norm: LayerNorm,
}

impl<T: Element> Layer<T> {
    fn load(tensors: &Tensors<'_>, config: &Config, index: usize) -> Result<Self> {
        let at = |name: &str| format!("encoder.layer.{index}.{name}");
        let (hidden, wide) = (config.hidden, config.intermediate);
        let square = [hidden, hidden];
        // The softmax temperature of Vaswani et al. 2017 is folded into the queries.
        let scale = 1.0 / ((hidden / config.heads) as f32).sqrt();
        let qkv = tensors
            .dense(&at("attention.self.query"), square, scale)?
            .join(&tensors.dense(&at("attention.self.key"), square, 1.0)?)
            .join(&tensors.dense(&at("attention.self.value"), square, 1.0)?);
        let pack = |name: &str, shape| Linear::pack(&tensors.dense(&at(name), shape, 1.0)?);
        let norm = |name: &str| tensors.norm(&at(name), hidden, config.epsilon);
        Ok(Self {
            qkv: Linear::pack(&qkv)?,
            attended: pack("attention.output.dense", square)?,
            attention_norm: norm("attention.output.LayerNorm")?,
            expand: pack("intermediate.dense", [wide, hidden])?,
            contract: pack("output.dense", [hidden, wide])?,
            output_norm: norm("output.LayerNorm")?,
        })
    }
}

/// The weights, checked and packed; word embeddings stay in the mapped file.
pub(super) struct Model<T: Element> {
    pub(super) config: Config,
    pub(super) isa: Isa,
    file: Mmap,
    words: Range<usize>,
    positions: Vec<f32>,
    embedding_norm: LayerNorm,
    layers: Vec<Layer<T>>,
}

/// One thread's buffers. `hidden` carries the residual stream, `input` what a layer multiplies of it.
#[derive(Default)]
pub(super) struct Scratch<T: Element> {
    hidden: Buffer,
    input: Buffer<T>,
    qkv: Buffer<T>,
    context: Buffer<T>,
    wide: Buffer<T>,
    keys: Buffer<T>,
    scores: Buffer,
    weights: Buffer<T>,
    values: Buffer<T>,
}

impl<T: Precision> Model<T> {
    /// # Errors
    /// `Error::Io`, `Error::Memory`, or `Error::Invalid` naming the tensor that does not fit the configuration.
    pub(super) fn load(config: Config, isa: Isa) -> Result<Self> {
        let file = map(&config.weights)?;
        let tensors = Tensors::parse(&file, &config.weights)?;
        let hidden = config.hidden;
        let words = tensors.range("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?;
        let mut positions = tensors.values("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let types = tensors.values("embeddings.token_type_embeddings.weight", &[config.token_types, hidden])?;
        // A single text is all of type 0, so that row is added to the positions once.
        for row in positions.chunks_exact_mut(hidden) {
            add(row, &types[..hidden]);
        }
        let embedding_norm = tensors.norm("embeddings.LayerNorm", hidden, config.epsilon)?;
        let layers =
            (0..config.layers).into_par_iter().map(|i| Layer::load(&tensors, &config, i)).collect::<Result<_>>()?;
        drop(tensors);
        Ok(Self { config, isa, file, words, positions, embedding_norm, layers })
    }

    /// Unit vectors of some texts' token ids, `hidden` values each, in order. Ids are below the vocabulary, texts not
    /// empty and at most `max_tokens` long: the tokenizer's side of the contract.
    ///
    /// # Errors
    /// `Error::Memory`; `Error::Invalid` when the output is not finite (damaged word embeddings).
    pub(super) fn embed(&self, texts: &[&[u32]]) -> Result<Vec<f32>> {
        T::with_scratch(|scratch| {
            let rows: usize = texts.iter().map(|ids| ids.len()).sum();
            self.embed_words(texts, rows, scratch)?;
            for layer in &self.layers {
                self.forward(layer, texts, rows, scratch)?;
            }
            self.pool(texts, &scratch.hidden)
        })
    }

    fn embed_words(&self, texts: &[&[u32]], rows: usize, scratch: &mut Scratch<T>) -> Result<()> {
        let hidden = self.config.hidden;
        scratch.hidden.grow(rows * hidden)?;
        let words = &self.file[self.words.clone()];
        let ids = texts.iter().flat_map(|ids| ids.iter().enumerate());
        for (row, (position, id)) in scratch.hidden.chunks_exact_mut(hidden).zip(ids) {
            let start = *id as usize * hidden * size_of::<f32>();
            let word = &words[start..start + hidden * size_of::<f32>()];
            let place = &self.positions[position * hidden..(position + 1) * hidden];
            for (out, (a, b)) in row.iter_mut().zip(floats(word).zip(place)) {
                *out = a + b;
            }
        }
        self.normalise(&mut scratch.hidden, rows, &self.embedding_norm);
        Ok(())
    }

    fn normalise(&self, values: &mut [f32], rows: usize, norm: &LayerNorm) {
        let hidden = self.config.hidden;
        layer_norm(self.isa, &mut MatrixMut::new(values, rows, hidden, hidden), norm);
    }

    fn forward(&self, layer: &Layer<T>, texts: &[&[u32]], rows: usize, scratch: &mut Scratch<T>) -> Result<()> {
        let (isa, hidden) = (self.isa, self.config.hidden);
        let (n, wide) = (rows * hidden, rows * self.config.intermediate);
        scratch.qkv.grow(3 * n)?;
        scratch.context.grow(n)?;
        scratch.wide.grow(wide)?;
        let input = T::narrowed(isa, &scratch.hidden[..n], &mut scratch.input)?;
        layer.qkv.apply(isa, input, &mut scratch.qkv, Finish::Replace);
        let mut top = 0;
        for ids in texts {
            self.attend(top, ids.len(), scratch)?;
            top += ids.len();
        }
        layer.attended.apply(isa, &scratch.context[..n], &mut scratch.hidden, Finish::Add);
        self.normalise(&mut scratch.hidden, rows, &layer.attention_norm);
        let input = T::narrowed(isa, &scratch.hidden[..n], &mut scratch.input)?;
        layer.expand.apply(isa, input, &mut scratch.wide, Finish::Gelu);
        layer.contract.apply(isa, &scratch.wide[..wide], &mut scratch.hidden, Finish::Add);
        self.normalise(&mut scratch.hidden, rows, &layer.output_norm);
        Ok(())
    }

    /// Softmax(Q K^T) V of one text, the rows `top..top + len`, head by head.
    fn attend(&self, top: usize, len: usize, scratch: &mut Scratch<T>) -> Result<()> {
        let (isa, hidden) = (self.isa, self.config.hidden);
        let head = hidden / self.config.heads;
        let padded = len.next_multiple_of(NARROW);
        scratch.keys.grow(padded * head)?;
        scratch.scores.grow(len * padded)?;
        // Whole groups of positions; one that a text lacks has a value of zero.
        let grouped = len.next_multiple_of(T::GROUP);
        scratch.values.grow(grouped * NARROW)?;
        let Scratch { qkv, context, keys, scores, weights, values, .. } = scratch;
        for start in (0..hidden).step_by(head) {
            let part = |which: usize| &qkv[top * 3 * hidden + which * hidden + start..];
            pack_keys(part(1), [len, head, 3 * hidden], keys);
            let query = Matrix::new(part(0), len, head, 3 * hidden);
            for left in (0..len).step_by(NARROW) {
                let panel = Panel::new(&keys[left * head..], head, Width::Narrow);
                let out = MatrixMut::new(&mut scores[left..], len, NARROW, padded);
                multiply(isa, query, panel, &[0.0; WIDE], out, Finish::Replace);
            }
            softmax(isa, &mut MatrixMut::new(scores, len, len, padded));
            let rows = T::narrowed(isa, &scores[..len * padded], weights)?;
            let rows = Matrix::new(rows, len, grouped, padded);
            for left in (0..head).step_by(NARROW) {
                let columns = NARROW.min(head - left);
                pack_values(&part(2)[left..], [len, columns, 3 * hidden], values);
                let panel = Panel::new(values, grouped, Width::Narrow);
                let out = MatrixMut::new(&mut context[top * hidden + start + left..], len, columns, hidden);
                multiply(isa, rows, panel, &[0.0; WIDE], out, Finish::Replace);
            }
        }
        Ok(())
    }

    fn pool(&self, texts: &[&[u32]], hidden: &[f32]) -> Result<Vec<f32>> {
        let dimension = self.config.hidden;
        let mut out = vec![0.0; texts.len() * dimension];
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
                return invalid("the model's output is not a finite vector: its weights are damaged");
            }
            for value in vector {
                *value /= norm;
            }
        }
        Ok(out)
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    for (a, b) in to.iter_mut().zip(from) {
        *a += b;
    }
}

/// `[rows, columns]` at `stride` to panels of 32 rows, each of them a column; what is missing in the last one is zero.
fn pack_keys<T: Element>(source: &[T], [rows, columns, stride]: [usize; 3], panels: &mut [T]) {
    panels[(rows / NARROW) * NARROW * columns..rows.next_multiple_of(NARROW) * columns].fill(T::default());
    for r in 0..rows {
        let row = &source[r * stride..r * stride + columns];
        let panel = &mut panels[r / NARROW * NARROW * columns..][..NARROW * columns];
        for (groups, from) in panel.chunks_exact_mut(NARROW * T::GROUP).zip(row.chunks_exact(T::GROUP)) {
            groups[r % NARROW * T::GROUP..][..T::GROUP].copy_from_slice(from);
        }
    }
}

/// `[rows, columns]` at `stride` to one panel; the columns past `columns` and the rows of a last group are zero.
fn pack_values<T: Element>(source: &[T], [rows, columns, stride]: [usize; 3], panel: &mut [T]) {
    let panel = &mut panel[..rows.next_multiple_of(T::GROUP) * NARROW];
    if columns < NARROW || !rows.is_multiple_of(T::GROUP) {
        panel.fill(T::default());
    }
    for r in 0..rows {
        let row = &source[r * stride..r * stride + columns];
        let group = &mut panel[r / T::GROUP * NARROW * T::GROUP + r % T::GROUP..];
        for (to, value) in group.iter_mut().step_by(T::GROUP).zip(row) {
            *to = *value;
        }
    }
}
