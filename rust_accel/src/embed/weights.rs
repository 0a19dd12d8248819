//! Tensors from a safetensors file, each checked before it is used.

use crate::error::{Error, Result, invalid};
use crate::kernels::LayerNorm;
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use std::ops::Range;
use std::path::Path;

/// The tensors of a file, by name.
pub(super) struct Tensors<'a> {
    file: &'a Mmap,
    place: String,
    parsed: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    /// # Errors
    /// `Error::Invalid` when the header and the file's length do not fit.
    pub(super) fn parse(file: &'a Mmap, path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let parsed = SafeTensors::deserialize(file)
            .map_err(|cause| Error::Invalid(format!("{place}: not a whole safetensors file: {cause}")))?;
        Ok(Self { file, place, parsed })
    }

    /// The bytes of a little-endian f32 tensor of exactly this shape.
    fn bytes(&self, name: &str, shape: &[usize]) -> Result<&'a [u8]> {
        let Ok(view) = self.parsed.tensor(name) else {
            return invalid(format!("{}: the tensor {name:?} is missing", self.place));
        };
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            let (dtype, got) = (view.dtype(), view.shape());
            return invalid(format!(
                "{}: the tensor {name:?} is {dtype:?} {got:?}; the configuration needs F32 {shape:?}",
                self.place
            ));
        }
        Ok(view.data())
    }

    /// The values of a tensor; all finite.
    ///
    /// # Errors
    /// `Error::Invalid` naming the tensor when it is missing, has another shape or type, or holds NaN or infinity.
    pub(super) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        Ok(floats(self.finite(name, shape)?).collect())
    }

    /// The bytes of a tensor whose values are all finite.
    fn finite(&self, name: &str, shape: &[usize]) -> Result<&'a [u8]> {
        let bytes = self.bytes(name, shape)?;
        // Without a branch a value, since it is done to every weight.
        if floats(bytes).fold(true, |all, value| all & value.is_finite()) {
            return Ok(bytes);
        }
        invalid(format!("{}: the tensor {name:?} holds a value that is not finite", self.place))
    }

    /// Where a tensor lies in the file, for rows that are read on demand.
    ///
    /// # Errors
    /// As `values`, but the values themselves are not looked at.
    pub(super) fn range(&self, name: &str, shape: &[usize]) -> Result<Range<usize>> {
        let data = self.bytes(name, shape)?;
        let start = data.as_ptr() as usize - self.file.as_ptr() as usize;
        Ok(start..start + data.len())
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

    /// `{name}.weight` `[outputs, inputs]` and `{name}.bias` `[outputs]`, multiplied by `scale`; the weights stay where
    /// they are.
    ///
    /// # Errors
    /// As `values`.
    pub(super) fn dense(&self, name: &str, [outputs, inputs]: [usize; 2], scale: f32) -> Result<Dense<'a>> {
        let weight = self.finite(&format!("{name}.weight"), &[outputs, inputs])?;
        let mut bias = self.values(&format!("{name}.bias"), &[outputs])?;
        for value in &mut bias {
            *value *= scale;
        }
        Ok(Dense { parts: vec![Part { weight, scale }], bias, inputs })
    }
}

/// The floats of little-endian bytes.
pub(super) fn floats(bytes: &[u8]) -> impl ExactSizeIterator<Item = f32> + Clone {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))
}

/// A dense layer as the file has it: one row of `inputs` weights an output.
pub(super) struct Dense<'a> {
    parts: Vec<Part<'a>>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
}

/// Some of its rows, in the file, and what they are multiplied with.
struct Part<'a> {
    weight: &'a [u8],
    scale: f32,
}

impl Dense<'_> {
    /// Appends the outputs of `other`, which has the same inputs.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.bias.extend(other.bias);
        self
    }

    /// The weights of each output.
    pub(super) fn rows(&self) -> impl Iterator<Item = impl ExactSizeIterator<Item = f32> + Clone> {
        let row = self.inputs * size_of::<f32>();
        self.parts.iter().flat_map(move |Part { weight, scale }| {
            weight.chunks_exact(row).map(move |row| floats(row).map(move |value| value * scale))
        })
    }
}
