//! Kernel bodies in safe Rust over fixed arrays of lanes. `scalar` runs them as the build's baseline allows; the
//! x86 modules instantiate the same bodies with their target features, where the lanes become registers.

use super::element::Element;
use super::matrix::{Affine, ByteProduct, Matrix, MatrixMut, Product};
use super::{Finish, LayerNorm};

const LANES: usize = 16;
pub(super) type Lanes = [f32; LANES];

/// 1.5 * 2^23: adding it leaves the nearest whole number in the low bits; subtracting it again, as a value.
pub const ROUND: f32 = 12_582_912.0;

/// `a * b + c`; `FMA` says whether one instruction does it (without it, `mul_add` would be a library call).
#[inline(always)]
fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn sum(lanes: &Lanes) -> f32 {
    let mut half = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            half[i] += half[i + width];
        }
        width /= 2;
    }
    half[0]
}

/// Runs `$body` on the values of `$row` in arrays of lanes, the last one padded with `$fill`. A macro, since a closure
/// that is not inlined would lose the target features of its caller.
macro_rules! for_lanes {
    ($row:expr, $fill:expr, $lanes:ident => $body:block) => {{
        let (full, rest) = $row.as_chunks_mut::<LANES>();
        for $lanes in full {
            $body
        }
        if !rest.is_empty() {
            let mut padded = [$fill; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            {
                let $lanes = &mut padded;
                $body
            }
            rest.copy_from_slice(&padded[..rest.len()]);
        }
    }};
}

/// `erf(x / sqrt 2) = x * P(2 x^2 / 25 - 1)` on |x| <= 5, beyond which it is 1 in f32. Fitted by weighted least squares
/// at Chebyshev nodes; the largest error of the resulting GELU is 1.2e-6 on [-8, 8].
pub(super) const ERF: [f32; 13] = [
    0.282_727_57,
    -0.140_592_56,
    0.103_041_045,
    -0.080_885_23,
    0.062_884_38,
    -0.046_537_183,
    0.032_804_15,
    -0.022_329_018,
    0.012_821_508,
    -0.005_370_749,
    0.003_445_063_5,
    -0.003_226_700_2,
    0.001_217_67,
];
pub(super) const ERF_LIMIT: f32 = 5.0;

/// The same on |x| <= 4.5 for results that are rounded to 8 bits: the largest error of the GELU is 3.4e-5.
pub(super) const COARSE_ERF: [f32; 9] = [
    0.313_804_24,
    -0.154_343_92,
    0.109_637_14,
    -0.081_111_5,
    0.055_258_755,
    -0.033_488_2,
    0.024_417_175,
    -0.018_656_993,
    0.006_707_289,
];
pub(super) const COARSE_ERF_LIMIT: f32 = 4.5;

#[inline(always)]
fn gelu_lanes<const FMA: bool>(x: &mut Lanes, erf: &[f32], limit: f32) {
    let mut clipped = [0.0; LANES];
    let mut t = [0.0; LANES];
    for i in 0..LANES {
        clipped[i] = x[i].clamp(-limit, limit);
        t[i] = madd::<FMA>(clipped[i] * clipped[i], 2.0 / (limit * limit), -1.0);
    }
    let mut p = [erf[erf.len() - 1]; LANES];
    for c in erf[..erf.len() - 1].iter().rev() {
        for i in 0..LANES {
            p[i] = madd::<FMA>(p[i], t[i], *c);
        }
    }
    for i in 0..LANES {
        let half = 0.5 * x[i];
        x[i] = madd::<FMA>(half, p[i] * clipped[i], half);
    }
}

/// Taylor series of `exp2(r) = sum (r ln 2)^n / n!`, |r| <= 1/2, relative error 1.2e-7.
pub(super) const EXP2: [f32; 7] =
    [1.0, std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_129, 0.001_333_355_8, 0.000_154_035_3];

/// `exp(x - max)` for x <= max; what is below e^-87 of the maximum becomes about 0.
#[inline(always)]
fn exp_lanes<const FMA: bool>(x: &mut Lanes, max: f32) {
    let mut rest = [0.0; LANES];
    let mut scale = [0_u32; LANES];
    for i in 0..LANES {
        let t = ((x[i] - max) * std::f32::consts::LOG2_E).max(-126.0);
        let shifted = t + ROUND;
        rest[i] = t - (shifted - ROUND);
        scale[i] = (shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits());
    }
    let mut p = [EXP2[EXP2.len() - 1]; LANES];
    for c in EXP2[..EXP2.len() - 1].iter().rev() {
        for i in 0..LANES {
            p[i] = madd::<FMA>(p[i], rest[i], *c);
        }
    }
    for i in 0..LANES {
        x[i] = p[i] * f32::from_bits(scale[i]);
    }
}

#[inline(always)]
pub(super) fn softmax<const FMA: bool, T: Element>(
    scores: &mut MatrixMut<'_>,
    out: &mut MatrixMut<'_, T>,
    inverse: &mut [f32],
) {
    for r in 0..scores.rows {
        let row = scores.row_mut(r);
        let mut best = [f32::NEG_INFINITY; LANES];
        for_lanes!(row, f32::NEG_INFINITY, x => {
            for i in 0..LANES {
                best[i] = if x[i] > best[i] { x[i] } else { best[i] };
            }
        });
        let max = best.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = [0.0; LANES];
        // The padding of the last lanes counts as 2^-126 each: far below half a unit of a sum that is at least 1.
        for_lanes!(row, f32::NEG_INFINITY, x => {
            exp_lanes::<FMA>(x, max);
            for i in 0..LANES {
                total[i] += x[i];
            }
        });
        inverse[r] = 1.0 / sum(&total);
        let (values, padding) = out.row_mut(r).split_at_mut(row.len());
        narrow(row, values);
        padding.fill(T::default());
    }
}

#[inline(always)]
pub(super) fn layer_norm<const FMA: bool>(values: &mut MatrixMut<'_>, norm: &LayerNorm) {
    let columns = values.columns as f32;
    for r in 0..values.rows {
        let row = values.row_mut(r);
        let mut total = [0.0; LANES];
        for_lanes!(row, 0.0, x => {
            for i in 0..LANES {
                total[i] += x[i];
            }
        });
        let mean = sum(&total) / columns;
        let mut squares = [0.0; LANES];
        for_lanes!(row, mean, x => {
            for i in 0..LANES {
                x[i] -= mean;
                squares[i] = madd::<FMA>(x[i], x[i], squares[i]);
            }
        });
        let variance = sum(&squares) / columns + norm.epsilon;
        // Values whose squares overflow have no normal form; they would become zero.
        let scale = if variance < f32::INFINITY { 1.0 / variance.sqrt() } else { f32::NAN };
        for (x, (gain, bias)) in row.iter_mut().zip(norm.gain.iter().zip(&norm.bias)) {
            *x = madd::<FMA>(*x * scale, *gain, *bias);
        }
    }
}

/// Up to 16 columns of row `row` from `left` on, their bias included, finished, as values of `out`.
#[inline(always)]
pub(super) fn put<const FMA: bool, O: Element>(
    mut sums: Lanes,
    out: &mut MatrixMut<'_, O>,
    finish: Finish<'_>,
    [row, left]: [usize; 2],
) {
    let out = columns(out, row, left);
    match finish {
        Finish::Replace => {}
        Finish::Add => {
            for (sum, old) in sums.iter_mut().zip(&*out) {
                *sum += old.to_f32();
            }
        }
        Finish::Gelu if O::COARSE => gelu_lanes::<FMA>(&mut sums, &COARSE_ERF, COARSE_ERF_LIMIT),
        Finish::Gelu => gelu_lanes::<FMA>(&mut sums, &ERF, ERF_LIMIT),
        Finish::Scale(factors) => {
            for sum in &mut sums {
                *sum *= factors[row];
            }
        }
        Finish::Offset(table) => {
            for (sum, offset) in sums.iter_mut().zip(table.row(row).iter().skip(left)) {
                *sum += offset;
            }
        }
    }
    for (to, sum) in out.iter_mut().zip(sums) {
        *to = O::from_f32(sum);
    }
}

/// `sums` with the bias of their 16 columns.
#[inline(always)]
pub(super) fn biased(mut sums: Lanes, bias: &[f32]) -> Lanes {
    for (sum, bias) in sums.iter_mut().zip(bias) {
        *sum += bias;
    }
    sums
}

#[inline(always)]
pub(super) fn narrow<T: Element>(from: &[f32], to: &mut [T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = T::from_f32(*from);
    }
}

/// `ROWS` rows by 16 columns of the output at a time, k innermost.
#[inline(always)]
pub(super) fn multiply<const FMA: bool, const ROWS: usize, T: Element, O: Element>(p: &mut Product<'_, '_, T, O>) {
    for left in (0..p.b.width.columns()).step_by(LANES) {
        let whole = p.a.rows - p.a.rows % ROWS;
        for top in (0..whole).step_by(ROWS) {
            tile::<FMA, ROWS, T, O>(p, top, left);
        }
        for top in whole..p.a.rows {
            tile::<FMA, 1, T, O>(p, top, left);
        }
    }
}

#[inline(always)]
fn tile<const FMA: bool, const ROWS: usize, T: Element, O: Element>(
    p: &mut Product<'_, '_, T, O>,
    top: usize,
    left: usize,
) {
    let mut sums = [[0.0; LANES]; ROWS];
    let rows: [&[T]; ROWS] = std::array::from_fn(|r| p.a.row(top + r));
    let groups = p.b.data.chunks_exact(p.b.width.columns() * T::GROUP).take(p.b.k / T::GROUP);
    for (g, b) in groups.enumerate() {
        let b = &b[left * T::GROUP..(left + LANES) * T::GROUP];
        for t in 0..T::GROUP {
            for (r, lanes) in sums.iter_mut().enumerate() {
                let value = rows[r][g * T::GROUP + t].to_f32();
                for i in 0..LANES {
                    lanes[i] = madd::<FMA>(value, b[i * T::GROUP + t].to_f32(), lanes[i]);
                }
            }
        }
    }
    for (r, lanes) in sums.into_iter().enumerate() {
        put::<FMA, O>(biased(lanes, &p.bias[left..]), &mut p.out, p.finish, [top + r, left]);
    }
}

/// The columns of a row from `left` on; none when it has fewer.
#[inline(always)]
fn columns<'a, O: Element>(out: &'a mut MatrixMut<'_, O>, row: usize, left: usize) -> &'a mut [O] {
    let values = out.row_mut(row);
    let left = left.min(values.len());
    &mut values[left..]
}

/// Each row in 256 equal steps from its least to its greatest value.
#[inline(always)]
pub(super) fn quantise<T: Element>(values: Matrix<'_, T>, out: &mut [u8], rows: &mut [Affine]) {
    for r in 0..values.rows {
        let row = values.row(r);
        let (mut least, mut most) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        let (full, rest) = row.as_chunks::<LANES>();
        for x in full {
            for i in 0..LANES {
                let v = x[i].to_f32();
                least[i] = if v < least[i] { v } else { least[i] };
                most[i] = if v > most[i] { v } else { most[i] };
            }
        }
        for (i, x) in rest.iter().enumerate() {
            least[i] = least[i].min(x.to_f32());
            most[i] = most[i].max(x.to_f32());
        }
        let least = least.iter().copied().fold(f32::INFINITY, f32::min);
        let affine = Affine::between(least, most.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let to = &mut out[r * values.columns..(r + 1) * values.columns];
        for (to, x) in to.iter_mut().zip(row) {
            *to = ((x.to_f32() - affine.offset) * affine.steps() + ROUND).to_bits() as u8;
        }
        rows[r] = affine;
    }
}

/// As `multiply`, of bytes: whole sums in i32, then scales and offsets.
#[inline(always)]
pub(super) fn multiply_bytes<const FMA: bool, O: Element>(p: &mut ByteProduct<'_, '_, O>) {
    const GROUP: usize = 4;
    let width = p.b.width.columns();
    for r in 0..p.a.rows {
        let row = p.a.row(r);
        let Affine { scale, offset } = p.rows[r];
        for left in (0..width).step_by(LANES) {
            let mut sums = [0_i32; LANES];
            for (a, b) in row.as_chunks::<GROUP>().0.iter().zip(p.b.data.chunks_exact(width * GROUP)) {
                let (columns, _) = b[left * GROUP..(left + LANES) * GROUP].as_chunks::<GROUP>();
                for (sum, b) in sums.iter_mut().zip(columns) {
                    for t in 0..GROUP {
                        *sum += i32::from(a[t]) * i32::from(b[t]);
                    }
                }
            }
            let mut values = [0.0; LANES];
            for i in 0..LANES {
                let fixed = madd::<FMA>(offset, p.sums[left + i], p.bias[left + i]);
                values[i] = madd::<FMA>(sums[i] as f32 * p.scales[left + i], scale, fixed);
            }
            for (value, b) in p.exact.0.row(r).iter().zip(p.exact.1.data.chunks_exact(width)) {
                for i in 0..LANES {
                    values[i] = madd::<FMA>(*value, b[left + i], values[i]);
                }
            }
            put::<FMA, O>(values, &mut p.out, p.finish, [r, left]);
        }
    }
}

/// The bodies as plain functions.
pub(super) mod scalar {
    use super::{Affine, ByteProduct, Element, LayerNorm, Matrix, MatrixMut};

    pub(in super::super) fn narrow<T: Element>(from: &[f32], to: &mut [T]) {
        super::narrow(from, to);
    }

    pub(in super::super) fn softmax<T: Element>(
        scores: &mut MatrixMut<'_>,
        out: &mut MatrixMut<'_, T>,
        inverse: &mut [f32],
    ) {
        super::softmax::<false, T>(scores, out, inverse);
    }

    pub(in super::super) fn layer_norm(values: &mut MatrixMut<'_>, norm: &LayerNorm) {
        super::layer_norm::<false>(values, norm);
    }

    pub(in super::super) fn quantise<T: Element>(values: Matrix<'_, T>, out: &mut [u8], rows: &mut [Affine]) {
        super::quantise(values, out, rows);
    }

    pub(in super::super) fn multiply_bytes<O: Element>(product: &mut ByteProduct<'_, '_, O>) {
        super::multiply_bytes::<false, O>(product);
    }
}
