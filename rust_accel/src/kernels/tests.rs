use super::{
    Affine, Bf16, BytePanel, Bytes, Element, Finish, Isa, LayerNorm, Matrix, MatrixMut, Panel, Toeplitz, Width,
    layer_norm, multiply, multiply_bytes, narrow, panel_place, quantise, softmax,
};

/// Numbers in [-1, 1) from a linear congruence (Knuth's MMIX constants).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }

    fn byte(&mut self) -> u8 {
        self.next();
        self.0.to_be_bytes()[0]
    }

    fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}

fn close(got: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        let off = (f64::from(*g) - e).abs();
        assert!(off <= tolerance * (1.0 + e.abs()), "{what}: value {i} is {g}, not {e}");
    }
}

#[test]
fn a_product_equals_the_sum_of_products_on_every_level_and_size() {
    let mut noise = Noise(1);
    for isa in Isa::available() {
        for width in [Width::Narrow, Width::Wide] {
            for (m, k) in [(0, 3), (1, 1), (2, 7), (5, 16), (7, 33), (8, 48), (9, 3), (13, 100), (17, 0), (31, 5)] {
                for columns in [1, 15, 16, 31, width.columns()] {
                    one_product::<f32, f32>(isa, width, [m, k, columns], &mut noise);
                    let k = k.next_multiple_of(2);
                    one_product::<Bf16, f32>(isa, width, [m, k, columns], &mut noise);
                    one_product::<Bf16, Bf16>(isa, width, [m, k, columns], &mut noise);
                }
            }
        }
    }
}

fn typed<T: Element>(values: &[f32]) -> Vec<T> {
    values.iter().map(|v| T::from_f32(*v)).collect()
}

/// Against sums in f64 of the same numbers: what the type cannot hold is rounded before.
fn one_product<T: Element, O: Element>(isa: Isa, width: Width, [m, k, columns]: [usize; 3], noise: &mut Noise) {
    let w = width.columns();
    let (a_stride, out_stride) = (k + 3, columns + 2);
    let a: Vec<T> = typed(&noise.values(m * a_stride));
    let b: Vec<T> = typed(&noise.values(k * w));
    let mut panel = vec![T::default(); k * w];
    for t in 0..k {
        for j in 0..columns {
            panel[panel_place::<T>(t, j, w)] = b[t * w + j];
        }
    }
    let bias = noise.values(w);
    let before: Vec<O> = typed(&noise.values(m * out_stride));
    let tolerance = if size_of::<O>() == 4 { 1e-5 } else { 4e-3 };
    let (factors, offsets) = (noise.values(m), noise.values(m + columns));
    for finish in finishes(&factors, Toeplitz::new(&offsets, m)) {
        let mut out = before.clone();
        let target = MatrixMut::new(&mut out, m, columns, out_stride);
        multiply(isa, Matrix::new(&a, m, k, a_stride), Panel::new(&panel, k, width), &bias, target, finish);
        let mut expected: Vec<f64> = before.iter().map(|v| f64::from(v.to_f32())).collect();
        for i in 0..m {
            for j in 0..columns {
                let mut value: f64 = f64::from(bias[j]);
                for t in 0..k {
                    value += f64::from(a[i * a_stride + t].to_f32()) * f64::from(b[t * w + j].to_f32());
                }
                let old = &mut expected[i * out_stride + j];
                *old = finished(value, *old, finish, [i, j]);
            }
        }
        let got: Vec<f32> = out.iter().map(|v| v.to_f32()).collect();
        close(&got, &expected, tolerance, &format!("{isa} {width:?} {m}x{k}x{columns} {finish:?}"));
    }
}

fn finishes<'a>(factors: &'a [f32], table: Toeplitz<'a>) -> [Finish<'a>; 5] {
    [Finish::Replace, Finish::Add, Finish::Gelu, Finish::Scale(factors), Finish::Offset(table)]
}

fn finished(value: f64, old: f64, finish: Finish<'_>, [row, column]: [usize; 2]) -> f64 {
    match finish {
        Finish::Replace => value,
        Finish::Add => old + value,
        Finish::Gelu => value * phi(value),
        Finish::Scale(factors) => value * f64::from(factors[row]),
        Finish::Offset(table) => value + f64::from(table.row(row)[column]),
    }
}

#[test]
fn a_product_of_bytes_is_that_of_the_numbers_they_stand_for_on_every_level() {
    let mut noise = Noise(6);
    for isa in Isa::available() {
        for width in [Width::Narrow, Width::Wide] {
            for (m, k) in [(0, 4), (1, 4), (2, 8), (7, 36), (9, 384), (16, 0), (17, 12)] {
                for columns in [1, 16, 31, width.columns()] {
                    one_product_of_bytes::<f32>(isa, width, [m, k, columns], &mut noise);
                    one_product_of_bytes::<Bf16>(isa, width, [m, k, columns], &mut noise);
                }
            }
        }
    }
}

fn one_product_of_bytes<O: Element>(isa: Isa, width: Width, [m, k, columns]: [usize; 3], noise: &mut Noise) {
    let w = width.columns();
    // The extremes are there: 255 * -127 must not saturate anywhere.
    let a: Vec<u8> = (0..m * k).map(|_| if noise.next() > 0.8 { 255 } else { noise.byte() }).collect();
    let b: Vec<i8> = (0..k * w).map(|_| if noise.next() < -0.8 { -127 } else { noise.byte().cast_signed() }).collect();
    let mut panel = vec![0; k * w];
    for t in 0..k {
        for j in 0..columns {
            panel[panel_place::<i8>(t, j, w)] = b[t * w + j];
        }
    }
    let rows: Vec<Affine> = (0..m).map(|_| Affine { scale: noise.next() / 256.0, offset: noise.next() }).collect();
    let scales: Vec<f32> = noise.values(w).iter().map(|v| v / 1024.0).collect();
    let (bias, factors, offsets) = (noise.values(w), noise.values(m), noise.values(m + columns));
    let sum = |j: usize| (0..k).map(|t| f64::from(b[t * w + j])).sum::<f64>() * f64::from(scales[j]);
    let sums: Vec<f32> = (0..w).map(|j| sum(j) as f32).collect();
    let more = m % 3 * 8;
    let (left, right) = (noise.values(m * more), noise.values(more * w));
    let before: Vec<O> = typed(&noise.values(m * columns));
    let tolerance = if size_of::<O>() == 4 { 2e-5 } else { 4e-3 };
    for finish in finishes(&factors, Toeplitz::new(&offsets, m)) {
        let mut out = before.clone();
        multiply_bytes(
            isa,
            Bytes::new(Matrix::new(&a, m, k, k), &rows, Matrix::new(&left, m, more, more)),
            BytePanel::new(Panel::new(&panel, k, width), &scales, &sums, Panel::new(&right, more, width)),
            &bias,
            MatrixMut::new(&mut out, m, columns, columns),
            finish,
        );
        let mut expected = vec![];
        for i in 0..m {
            for j in 0..columns {
                let mut value = f64::from(bias[j]);
                for t in 0..k {
                    let stood = f64::from(rows[i].scale) * f64::from(a[i * k + t]) + f64::from(rows[i].offset);
                    value += stood * f64::from(b[t * w + j]) * f64::from(scales[j]);
                }
                value += (0..more).map(|t| f64::from(left[i * more + t]) * f64::from(right[t * w + j])).sum::<f64>();
                expected.push(finished(value, f64::from(before[i * columns + j].to_f32()), finish, [i, j]));
            }
        }
        let got: Vec<f32> = out.iter().map(|v| v.to_f32()).collect();
        close(&got, &expected, tolerance, &format!("{isa} {width:?} {m}x{k}x{columns} {finish:?}"));
    }
}

#[test]
fn a_quantised_row_is_within_half_a_step_and_the_same_on_every_level() {
    let mut noise = Noise(7);
    for columns in [1, 3, 16, 33, 384] {
        let mut values = noise.values(4 * columns);
        values[columns..2 * columns].fill(0.25);
        quantised::<f32>(&values, columns);
        quantised::<Bf16>(&typed(&values), columns);
    }
}

fn quantised<T: Element>(values: &[T], columns: usize) {
    let rows = values.len() / columns;
    let mut seen: Option<(Vec<u8>, Vec<Affine>)> = None;
    for isa in Isa::available() {
        let (mut bytes, mut steps) = (vec![0; rows * columns], vec![Affine::default(); rows]);
        quantise(isa, Matrix::new(values, rows, columns, columns), &mut bytes, &mut steps);
        for (i, (byte, value)) in bytes.iter().zip(values).enumerate() {
            let Affine { scale, offset } = steps[i / columns];
            let back = scale * f32::from(*byte) + offset;
            assert!((back - value.to_f32()).abs() <= 0.5001 * scale + 1e-7, "{isa}: {back} is not {}", value.to_f32());
        }
        assert_eq!(*seen.get_or_insert_with(|| (bytes.clone(), steps.clone())), (bytes, steps), "{isa}");
    }
}

#[test]
fn the_parts_of_a_split_are_written_side_by_side() {
    let mut data = [0.0; 12];
    let (left, right) = MatrixMut::new(&mut data[..11], 2, 5, 6).split_columns(2);
    let (nothing, mut right) = right.split_columns(0);
    for (mut part, value) in [(left, 1.0), (nothing, 9.0)] {
        for r in 0..2 {
            part.row_mut(r).fill(value);
        }
    }
    right.below(1, 1).row_mut(0).fill(2.0);
    right.row_mut(0).fill(3.0);
    assert_eq!(data.map(|v| v as i32), [1, 1, 3, 3, 3, 0, 1, 1, 2, 2, 2, 0]);
}

#[test]
fn narrowing_gives_the_nearest_value_on_every_level_and_length() {
    let mut noise = Noise(5);
    for isa in Isa::available() {
        for n in [0, 1, 15, 16, 33, 1000] {
            let from = noise.values(n);
            let mut to = vec![Bf16::default(); n];
            narrow(isa, &from, &mut to);
            assert_eq!(to, typed::<Bf16>(&from), "{isa}");
        }
    }
}

/// The normal distribution function by Simpson's rule, 1e-12 with these steps.
fn phi(x: f64) -> f64 {
    let steps = 2000;
    let h = x / f64::from(steps);
    let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let inner: f64 = (1..steps).map(|i| f64::from(2 + 2 * (i % 2)) * density(f64::from(i) * h)).sum();
    0.5 + h / 3.0 * (density(0.0) + inner + density(x))
}

#[test]
fn gelu_is_within_two_millionths_of_its_definition() {
    let xs: Vec<f32> = (-1000..=1000).map(|i| i as f32 * 0.009).collect();
    for isa in Isa::available() {
        for chunk in xs.chunks(Width::Narrow.columns()) {
            // With no inner values, the product is its bias.
            let mut bias = chunk.to_vec();
            bias.resize(Width::Narrow.columns(), 0.0);
            let mut out = vec![0.0; chunk.len()];
            let n = out.len();
            let target = MatrixMut::new(&mut out, 1, n, n);
            let none = Matrix::new(&[] as &[f32], 1, 0, 0);
            multiply(isa, none, Panel::new(&[], 0, Width::Narrow), &bias, target, Finish::Gelu);
            for (got, x) in out.iter().zip(chunk) {
                let want = f64::from(*x) * phi(f64::from(*x));
                assert!((f64::from(*got) - want).abs() < 2e-6, "{isa}: {got} is not {want}");
            }
        }
    }
}

#[test]
fn softmax_rows_sum_to_one_and_survive_large_scores() {
    let mut noise = Noise(3);
    for isa in Isa::available() {
        for (columns, scale) in [(1, 1.0), (3, 90.0), (16, 1.0), (17, 1000.0), (31, 1.0), (100, 5.0)] {
            let scores: Vec<f32> = noise.values(2 * (columns + 1)).iter().map(|v| v * scale).collect();
            one_softmax::<f32>(isa, &scores, columns, 2e-6 * f64::from(scale));
            one_softmax::<Bf16>(isa, &scores, columns, 4e-3);
        }
    }
}

/// Two rows of `columns` scores, to rows of up to 20 columns more.
fn one_softmax<T: Element>(isa: Isa, scores: &[f32], columns: usize, tolerance: f64) {
    for wider in [columns, columns + 1, columns + 20] {
        let mut scores = scores.to_vec();
        let before = scores.clone();
        let mut out: Vec<T> = typed(&vec![7.0; 2 * wider]);
        let mut inverse = [0.0; 2];
        let mut own = MatrixMut::new(&mut scores, 2, columns, columns + 1);
        softmax(isa, &mut own, &mut MatrixMut::new(&mut out, 2, wider, wider), &mut inverse);
        for (r, (row, old)) in out.chunks(wider).zip(before.chunks(columns + 1)).enumerate() {
            let old: Vec<f64> = old[..columns].iter().map(|v| f64::from(*v)).collect();
            let max = old.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = old.iter().map(|v| (v - max).exp()).sum();
            let mut expected: Vec<f64> = old.iter().map(|v| (v - max).exp() / total).collect();
            expected.resize(wider, 0.0);
            let got: Vec<f32> = row.iter().map(|v| v.to_f32() * inverse[r]).collect();
            close(&got, &expected, tolerance, &format!("{isa} {columns} {wider}"));
            assert_eq!(scores[r * (columns + 1) + columns].to_bits(), before[r * (columns + 1) + columns].to_bits());
        }
    }
}

#[test]
fn layer_norm_gives_each_row_its_mean_and_variance() {
    let mut noise = Noise(4);
    for isa in Isa::available() {
        for columns in [1, 16, 33, 384] {
            let norm = LayerNorm { gain: noise.values(columns), bias: noise.values(columns), epsilon: 1e-5 };
            let mut out: Vec<f32> = noise.values(3 * columns).iter().map(|v| v * 4.0 + 10.0).collect();
            let before = out.clone();
            layer_norm(isa, &mut MatrixMut::new(&mut out, 3, columns, columns), &norm);
            for (row, old) in out.chunks(columns).zip(before.chunks(columns)) {
                let n = columns as f64;
                let mean = old.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
                let variance = old.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
                let scale = 1.0 / (variance + 1e-5).sqrt();
                let expected: Vec<f64> = (0..columns)
                    .map(|i| (f64::from(old[i]) - mean) * scale * f64::from(norm.gain[i]) + f64::from(norm.bias[i]))
                    .collect();
                close(row, &expected, 1e-4, &format!("{isa} {columns}"));
            }
        }
    }
}

#[test]
#[should_panic(expected = "too few")]
fn a_view_that_is_larger_than_its_data_is_refused() {
    let _ = Matrix::new(&[0.0; 10], 2, 5, 6);
}

#[test]
fn a_row_of_a_toeplitz_matrix_begins_one_value_before_the_row_above() {
    let table = Toeplitz::new(&[1.0, 2.0, 3.0, 4.0], 3);
    assert_eq!([0, 1, 2].map(|r| [table.row(r)[0] as i32, table.row(r)[1] as i32]), [[3, 4], [2, 3], [1, 2]]);
}

#[test]
#[should_panic(expected = "the offsets have another shape")]
fn too_few_offsets_are_refused() {
    let (mut out, bias) = ([0.0; 40], [0.0; 48]);
    let target = MatrixMut::new(&mut out, 2, 20, 20);
    let finish = Finish::Offset(Toeplitz::new(&[0.0; 20], 2));
    let none = Matrix::new(&[] as &[f32], 2, 0, 0);
    multiply(Isa::available()[0], none, Panel::new(&[], 0, Width::Wide), &bias, target, finish);
}

#[test]
#[should_panic(expected = "inner sizes")]
fn a_product_of_other_sizes_is_refused() {
    let (mut out, zeros) = ([0.0; 48], [0.0; 48]);
    let target = MatrixMut::new(&mut out, 1, 48, 48);
    let isa = Isa::available()[0];
    multiply(
        isa,
        Matrix::new(&[0.0; 4], 1, 4, 4),
        Panel::new(&[0.0; 144], 3, Width::Wide),
        &zeros,
        target,
        Finish::Add,
    );
}
