//! Tensors from a safetensors file, each checked before it is used.

use crate::error::{Error, Result, invalid};
use crate::kernels::{LayerNorm, WIDE};
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
        let values: Vec<f32> = floats(self.bytes(name, shape)?).collect();
        if values.iter().all(|v| v.is_finite()) {
            return Ok(values);
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

    /// `{name}.weight` `[outputs, inputs]` and `{name}.bias` `[outputs]`, multiplied by `scale`.
    ///
    /// # Errors
    /// As `values`.
    pub(super) fn dense(&self, name: &str, shape: [usize; 2], scale: f32) -> Result<Dense> {
        let mut weight = self.values(&format!("{name}.weight"), &shape)?;
        let mut bias = self.values(&format!("{name}.bias"), &shape[..1])?;
        for value in weight.iter_mut().chain(&mut bias) {
            *value *= scale;
        }
        Ok(Dense { weight, bias, inputs: shape[1] })
    }
}

/// The floats of little-endian bytes.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))
}

/// A dense layer as the file has it: one row of `inputs` weights an output.
pub(super) struct Dense {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
}

impl Dense {
    /// Appends the outputs of `other`, which has the same inputs.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.weight.extend_from_slice(&other.weight);
        self.bias.extend_from_slice(&other.bias);
        self
    }

    /// The outputs, rounded up to whole panels.
    pub(super) fn padded(&self) -> usize {
        self.bias.len().next_multiple_of(WIDE)
    }
}
