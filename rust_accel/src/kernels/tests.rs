use super::{
    Bf16, Element, Finish, Isa, LayerNorm, Matrix, MatrixMut, Panel, Width, dot_rows, layer_norm, multiply, narrow,
    softmax,
};

/// Numbers in [-1, 1) from a linear congruence (Knuth's MMIX constants).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
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
            panel[(t / T::GROUP * w + j) * T::GROUP + t % T::GROUP] = b[t * w + j];
        }
    }
    let bias = noise.values(w);
    let before: Vec<O> = typed(&noise.values(m * out_stride));
    let tolerance = if size_of::<O>() == 4 { 1e-5 } else { 4e-3 };
    for finish in [Finish::Replace, Finish::Add, Finish::Gelu] {
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
                *old = match finish {
                    Finish::Replace => value,
                    Finish::Add => *old + value,
                    Finish::Gelu => value * phi(value),
                };
            }
        }
        let got: Vec<f32> = out.iter().map(|v| v.to_f32()).collect();
        close(&got, &expected, tolerance, &format!("{isa} {width:?} {m}x{k}x{columns} {finish:?}"));
    }
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

#[test]
fn dot_products_agree_on_every_level_and_equal_rows_are_equal_to_the_bit() {
    let mut noise = Noise(2);
    for isa in Isa::available() {
        for columns in [0, 1, 15, 16, 17, 63, 64, 65, 127, 384, 1000] {
            let (rows, stride) = (5, columns + 1);
            let mut data = noise.values(rows * stride);
            data.copy_within(0..columns, 3 * stride);
            let query = noise.values(columns);
            let mut out = vec![0.0; rows];
            dot_rows(isa, Matrix::new(&data, rows, columns, stride), &query, &mut out);
            let expected: Vec<f64> = (0..rows)
                .map(|r| (0..columns).map(|c| f64::from(data[r * stride + c]) * f64::from(query[c])).sum())
                .collect();
            close(&out, &expected, 1e-4, &format!("{isa} {columns}"));
            assert_eq!(out[0].to_bits(), out[3].to_bits());
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
        for (columns, scale) in [(1, 1.0), (3, 90.0), (16, 1.0), (17, 1000.0), (100, 5.0)] {
            let mut out: Vec<f32> = noise.values(2 * (columns + 1)).iter().map(|v| v * scale).collect();
            let before: Vec<f64> = out.iter().map(|v| f64::from(*v)).collect();
            softmax(isa, &mut MatrixMut::new(&mut out, 2, columns, columns + 1));
            for (row, old) in out.chunks(columns + 1).zip(before.chunks(columns + 1)) {
                let max = old[..columns].iter().copied().fold(f64::MIN, f64::max);
                let total: f64 = old[..columns].iter().map(|v| (v - max).exp()).sum();
                let expected: Vec<f64> = old[..columns].iter().map(|v| (v - max).exp() / total).collect();
                close(&row[..columns], &expected, 2e-6 * f64::from(scale), &format!("{isa} {columns}"));
                assert_eq!(f64::from(row[columns]).to_bits(), old[columns].to_bits(), "wrote past the row");
            }
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
