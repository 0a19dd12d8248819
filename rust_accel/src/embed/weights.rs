//! Tensors from a safetensors file, each checked before it is used.

use crate::error::{Error, Result, invalid};
use crate::kernels::{Buffer, Element, Finish, Isa, LayerNorm, Matrix, MatrixMut, Panel, WIDE, Width, multiply};
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
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Dense {
    /// Appends the outputs of `other`, which has the same inputs.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.weight.extend_from_slice(&other.weight);
        self.bias.extend_from_slice(&other.bias);
        self
    }
}

/// A dense layer in panels of 48 outputs, the layout that `multiply` reads.
pub(super) struct Linear<T: Element> {
    panels: Buffer<T>,
    bias: Vec<f32>,
    inputs: usize,
    pub(super) outputs: usize,
}

impl<T: Element> Linear<T> {
    /// # Errors
    /// `Error::Memory`.
    pub(super) fn pack(dense: &Dense) -> Result<Self> {
        let (inputs, outputs) = (dense.inputs, dense.bias.len());
        let padded = outputs.next_multiple_of(WIDE);
        let mut panels = Buffer::zeros(padded * inputs)?;
        for (output, row) in dense.weight.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / WIDE * WIDE * inputs..];
            for (k, value) in row.iter().enumerate() {
                panel[place::<T>(k, output % WIDE, WIDE)] = T::from_f32(*value);
            }
        }
        let mut bias = dense.bias.clone();
        bias.resize(padded, 0.0);
        Ok(Self { panels, bias, inputs, outputs })
    }

    /// `out[rows, outputs] = input[rows, inputs] * weight + bias`, finished as asked while each stripe is in cache.
    pub(super) fn apply<O: Element>(&self, isa: Isa, input: &[T], out: &mut [O], finish: Finish) {
        let rows = input.len() / self.inputs;
        let input = Matrix::new(input, rows, self.inputs, self.inputs);
        for left in (0..self.outputs).step_by(WIDE) {
            let columns = WIDE.min(self.outputs - left);
            let panel = Panel::new(&self.panels[left * self.inputs..], self.inputs, Width::Wide);
            let stripe = MatrixMut::new(&mut out[left..], rows, columns, self.outputs);
            multiply(isa, input, panel, &self.bias[left..], stripe, finish);
        }
    }
}

/// Where value `k` of a column lies in a panel of `width` columns.
fn place<T: Element>(k: usize, column: usize, width: usize) -> usize {
    (k / T::GROUP * width + column) * T::GROUP + k % T::GROUP
}
