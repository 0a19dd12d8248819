//! Tensors from a safetensors file, each checked before it is used.

use super::source::Source;
use crate::error::{Error, Result, invalid};
use crate::kernels::LayerNorm;
use crate::memory::{room, zeros};
use rayon::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

/// Bytes of a part of a tensor that is looked at by one thread.
const PART: usize = 1 << 20;
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

    /// The bytes of a tensor whose values are all finite.
    fn finite(&self, name: &str, span: Span) -> Result<Vec<u8>> {
        let mut bytes = zeros(span.bytes, "bytes of a tensor")?;
        self.file.read(span.at, &mut bytes)?;
        // Without a branch a value, since it is done to every weight.
        if floats(&bytes).fold(true, |all, value| all & value.is_finite()) {
            return Ok(bytes);
        }
        invalid(format!("{}: the tensor {name:?} holds a value that is not finite", self.file.place()))
    }

    /// The values of a tensor; all finite.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor when it is missing, has another shape or type, or holds NaN or infinity;
    /// `Error::Io`; `Error::Memory`.
    pub(super) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let bytes = self.finite(name, self.span(name, shape)?)?;
        let mut values = room(bytes.len() / size_of::<f32>(), "values of a tensor")?;
        values.extend(floats(&bytes));
        Ok(values)
    }

    /// Where a tensor lies in the file, for rows that are read on demand. Its values are all finite.
    ///
    /// # Errors
    /// As `values`.
    pub(super) fn place(&self, name: &str, shape: &[usize]) -> Result<u64> {
        let Span { at, bytes } = self.span(name, shape)?;
        (0..bytes.div_ceil(PART)).into_par_iter().try_for_each(|part| {
            let left = part * PART;
            self.finite(name, Span { at: at + left as u64, bytes: PART.min(bytes - left) }).map(drop)
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
    parts: Vec<Part<Span>>,
    bias: Vec<f32>,
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
struct Part<W> {
    name: String,
    weight: W,
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

    /// The layer with its weights.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor that holds NaN or infinity; `Error::Io`; `Error::Memory`.
    pub(super) fn read(self) -> Result<Dense> {
        let read = |Part { name, weight, scale }| {
            let weight = self.tensors.finite(&name, weight)?;
            Ok(Part { name, weight, scale })
        };
        let parts = self.parts.into_iter().map(read).collect::<Result<_>>()?;
        Ok(Dense { parts, bias: self.bias, inputs: self.inputs, group: self.group })
    }
}

/// A dense layer as the file has it: one row of `inputs` weights an output.
pub(super) struct Dense {
    parts: Vec<Part<Vec<u8>>>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
    group: Option<Group>,
}

impl Dense {
    /// The number and the weights of each output that is not zero.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, impl ExactSizeIterator<Item = f32> + Clone)> {
        let row = self.inputs * size_of::<f32>();
        let rows = self.parts.iter().flat_map(move |Part { weight, scale, .. }| {
            weight.chunks_exact(row).map(move |row| floats(row).map(move |value| value * scale))
        });
        let group = self.group.unwrap_or(Group { size: 1, room: 1 });
        rows.enumerate().map(move |(at, row)| (at / group.size * group.room + at % group.size, row))
    }

    /// The tensor of its first weights.
    pub(super) fn name(&self) -> &str {
        &self.parts[0].name
    }
}
