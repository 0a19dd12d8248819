//! Tensors from a safetensors file, each checked before it is used.

use super::source::Source;
use crate::error::{Error, Result, invalid};
use crate::kernels::LayerNorm;
use crate::memory::{room, zeros};
use rayon::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

/// Bytes of a tensor that are read at once, if its rows are not longer: they stay in the second-level cache.
const BLOCK: usize = 128 << 10;
/// Blocks that are looked at by one thread.
const PART: usize = 8;
/// Bytes of the longest header that the format allows.
const LONGEST: u64 = 100_000_000;

/// The tensors of a file, by name.
pub(super) struct Tensors<'a> {
    file: &'a Source,
    /// Where the header ends.
    start: u64,
    parsed: Metadata,
}

/// Where a tensor lies in the file.
#[derive(Clone, Copy)]
struct Span {
    at: u64,
    bytes: usize,
}

impl<'a> Tensors<'a> {
    /// # Errors
    /// `Error::Invalid` when the header and the file's length do not fit; `Error::Io`; `Error::Memory`.
    pub(super) fn parse(file: &'a Source) -> Result<Self> {
        let place = file.place();
        let damaged = |why: String| Error::Invalid(format!("{place}: not a whole safetensors file: {why}"));
        if file.len() < 8 {
            return Err(damaged(format!("it has {} bytes", file.len())));
        }
        let mut length = [0; 8];
        file.read(0, &mut length)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST.min(file.len() - 8) {
            return Err(damaged(format!("its header would have {length} bytes")));
        }
        let mut header = zeros(length as usize, "bytes of a header")?;
        file.read(8, &mut header)?;
        let parsed: Metadata = serde_json::from_slice(&header).map_err(|cause| damaged(cause.to_string()))?;
        let (start, whole) = (8 + length, parsed.data_len() as u64);
        if start.checked_add(whole) != Some(file.len()) {
            return Err(damaged(format!("it has {} bytes, not {start} + {whole}", file.len())));
        }
        Ok(Self { file, start, parsed })
    }

    /// A little-endian f32 tensor of exactly this shape.
    fn span(&self, name: &str, shape: &[usize]) -> Result<Span> {
        let place = self.file.place();
        let Some(TensorInfo { dtype, shape: got, data_offsets: (at, end) }) = self.parsed.info(name) else {
            return invalid(format!("{place}: the tensor {name:?} is missing"));
        };
        if *dtype != Dtype::F32 || got != shape {
            return invalid(format!(
                "{place}: the tensor {name:?} is {dtype:?} {got:?}; the configuration needs F32 {shape:?}"
            ));
        }
        Ok(Span { at: self.start + *at as u64, bytes: end - at })
    }

    /// Reads a tensor of `unit` bytes a row some rows at a time, into `bytes`: it is never in memory as a whole.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor when it holds NaN or infinity; `Error::Io`; `Error::Memory`.
    fn blocks(
        &self,
        (name, span): (&str, Span),
        unit: usize,
        bytes: &mut Vec<u8>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<()> {
        let most = (BLOCK / unit).max(1) * unit;
        for left in (0..span.bytes).step_by(most) {
            let len = most.min(span.bytes - left);
            if bytes.len() < len {
                *bytes = zeros(len, "bytes of a tensor")?;
            }
            let block = &mut bytes[..len];
            self.file.read(span.at + left as u64, block)?;
            // Without a branch a value, since it is done to every weight.
            if !floats(block).fold(true, |all, value| all & value.is_finite()) {
                return invalid(format!("{}: the tensor {name:?} holds a value that is not finite", self.file.place()));
            }
            take(block);
        }
        Ok(())
    }

    /// The values of a tensor; all finite.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor when it is missing, has another shape or type, or holds NaN or infinity;
    /// `Error::Io`; `Error::Memory`.
    pub(super) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let span = self.span(name, shape)?;
        let mut values = room(span.bytes / size_of::<f32>(), "values of a tensor")?;
        self.blocks((name, span), size_of::<f32>(), &mut vec![], |block| values.extend(floats(block)))?;
        Ok(values)
    }

    /// Where a tensor lies in the file, for rows that are read on demand. Its values are all finite.
    ///
    /// # Errors
    /// As `values`.
    pub(super) fn place(&self, name: &str, shape: &[usize]) -> Result<u64> {
        let Span { at, bytes } = self.span(name, shape)?;
        let part = PART * BLOCK;
        (0..bytes.div_ceil(part)).into_par_iter().try_for_each_init(Vec::new, |block, number| {
            let left = number * part;
            let span = Span { at: at + left as u64, bytes: part.min(bytes - left) };
            self.blocks((name, span), size_of::<f32>(), block, |_| ())
        })?;
        Ok(at)
    }

    /// `{name}.weight` and `{name}.bias` as a normalisation of `columns` values.
    ///
    /// # Errors
    /// As `values`.
    pub(super) fn norm(&self, name: &str, columns: usize, epsilon: f32) -> Result<LayerNorm> {
        Ok(LayerNorm {
            gain: self.values(&format!("{name}.weight"), &[columns])?,
            bias: self.values(&format!("{name}.bias"), &[columns])?,
            epsilon,
        })
    }

    /// `{name}.weight` `[outputs, inputs]` and `{name}.bias` `[outputs]`, multiplied by `scale`.
    ///
    /// # Errors
    /// As `values`; of the weights, only their shape is looked at.
    pub(super) fn dense(&'a self, name: &str, [outputs, inputs]: [usize; 2], scale: f32) -> Result<Layout<'a>> {
        let weight = format!("{name}.weight");
        let span = self.span(&weight, &[outputs, inputs])?;
        let mut bias = self.values(&format!("{name}.bias"), &[outputs])?;
        for value in &mut bias {
            *value *= scale;
        }
        Ok(Layout { tensors: self, parts: vec![Part { name: weight, weight: span, scale }], bias, inputs, group: None })
    }
}

/// The floats of little-endian bytes.
pub(super) fn floats(bytes: &[u8]) -> impl ExactSizeIterator<Item = f32> + Clone {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))
}

/// A dense layer whose weights are still in the file.
pub(super) struct Layout<'a> {
    tensors: &'a Tensors<'a>,
    parts: Vec<Part>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
    group: Option<Group>,
}

/// So many outputs, in the room of so many.
#[derive(Clone, Copy)]
struct Group {
    size: usize,
    room: usize,
}

/// Some rows of a layer's weights, and what they are multiplied with.
struct Part {
    name: String,
    weight: Span,
    scale: f32,
}

impl Layout<'_> {
    /// Appends the outputs of `other`, which has the same inputs.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.bias.extend(other.bias);
        self
    }

    /// Each `size` outputs in the room of `room`; what is more is zero.
    pub(super) fn grouped(mut self, size: usize, room: usize) -> Self {
        if size < room {
            let whole = |group: &[f32]| [group, &vec![0.0; room - size]].concat();
            self.bias = self.bias.chunks_exact(size).flat_map(whole).collect();
            self.group = Some(Group { size, room });
        }
        self
    }

    /// How many outputs it has, those that are zero included.
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Reads the weights: `take` gets each output that is not zero by its number, in their order. `bytes` is where they are
    /// read to.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor that holds NaN or infinity; `Error::Io`; `Error::Memory`.
    pub(super) fn rows(&self, bytes: &mut Vec<u8>, mut take: impl FnMut(usize, Row<'_>)) -> Result<()> {
        let unit = self.inputs * size_of::<f32>();
        let group = self.group.unwrap_or(Group { size: 1, room: 1 });
        let mut numbers = (0..).map(|at| at / group.size * group.room + at % group.size);
        for Part { name, weight, scale } in &self.parts {
            self.tensors.blocks((name, *weight), unit, bytes, |block| {
                for (bytes, number) in block.chunks_exact(unit).zip(&mut numbers) {
                    take(number, Row { bytes, scale: *scale });
                }
            })?;
        }
        Ok(())
    }

    /// The tensor of its first weights.
    pub(super) fn name(&self) -> &str {
        &self.parts[0].name
    }
}

/// The weights of one output.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    bytes: &'a [u8],
    scale: f32,
}

impl<'a> Row<'a> {
    pub(super) fn values(self) -> impl ExactSizeIterator<Item = f32> + Clone + use<'a> {
        floats(self.bytes).map(move |value| value * self.scale)
    }
}
