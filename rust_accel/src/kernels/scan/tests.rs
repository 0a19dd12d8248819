use super::{ByteQueries, ByteRows, COLUMNS, at_least, dot_full, dot_halves};
use crate::kernels::{Bf16, Element, Isa, Matrix};

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn float(&mut self) -> f32 {
        self.next() as f32 / 1_073_741_824.0 - 1.0
    }
}

#[test]
fn byte_scores_are_the_same_whole_sums_on_every_level() {
    let mut noise = Noise(3);
    for isa in Isa::available() {
        for (stride, n) in [(64, 0), (64, 1), (128, 7), (384, 8), (448, 19), (1024, 33)] {
            for count in [1, 2, 8, 9, 16, 17, 31, 32] {
                let codes: Vec<u8> = (0..n * stride).map(|_| (noise.next() % 255 + 1) as u8).collect();
                let queries: Vec<i8> = (0..count * stride).map(|_| (noise.next() % 255) as i32 as i8).collect();
                let scales: Vec<f32> = (0..n).map(|_| noise.float()).collect();
                let panel = ByteQueries::new(isa, &queries, stride).unwrap();
                let mut out = vec![f32::NAN; n * panel.columns()];
                panel.score(ByteRows::new(&codes, &scales, stride), &mut out);
                for i in 0..n {
                    for j in 0..count {
                        let (row, query) = (&codes[i * stride..][..stride], &queries[j * stride..][..stride]);
                        let sum: i32 = row.iter().zip(query).map(|(a, b)| (i32::from(*a) - 128) * i32::from(*b)).sum();
                        let got = out[i * panel.columns() + j];
                        assert_eq!(got.to_bits(), (sum as f32 * scales[i]).to_bits(), "{isa} {stride} {n} {count}");
                    }
                }
            }
        }
    }
}

#[test]
fn listed_rows_have_the_scores_of_a_scan() {
    let mut noise = Noise(11);
    for isa in Isa::available() {
        for (stride, n) in [(64, 1), (128, 7), (384, 70)] {
            let codes: Vec<u8> = (0..n * stride).map(|_| (noise.next() % 255 + 1) as u8).collect();
            let scales: Vec<f32> = (0..n).map(|_| noise.float()).collect();
            let query: Vec<i8> = (0..stride).map(|_| (noise.next() % 255) as i32 as i8).collect();
            let (rows, query) =
                (ByteRows::new(&codes, &scales, stride), ByteQueries::new(isa, &query, stride).unwrap());
            let mut all = vec![0.0; n];
            query.score(rows, &mut all);
            for count in [0, 1, 3, 4, 5, 8, 37] {
                let listed: Vec<u16> = (0..count).map(|_| noise.next() as u16 % n as u16).collect();
                let mut out = vec![f32::NAN; count];
                query.score_listed(rows, &listed, &mut out);
                for (row, score) in listed.iter().zip(out) {
                    assert_eq!(score.to_bits(), all[usize::from(*row)].to_bits(), "{isa} {stride} {n} {count}");
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "range")]
fn a_listed_row_that_there_is_not_is_refused() {
    let isa = Isa::available()[0];
    let query = ByteQueries::new(isa, &[1; 64], 64).unwrap();
    query.score_listed(ByteRows::new(&[1; 128], &[1.0; 2], 64), &[2], &mut [0.0]);
}

#[test]
fn the_longest_and_largest_rows_do_not_overflow() {
    let stride = 65_536;
    for isa in Isa::available() {
        for (code, value) in [(255_u8, 127_i8), (1, 127), (255, -127), (1, -127)] {
            for count in [1, 2, 32] {
                let panel = ByteQueries::new(isa, &vec![value; count * stride], stride).unwrap();
                let mut out = vec![0.0; panel.columns()];
                panel.score(ByteRows::new(&vec![code; stride], &[1.0], stride), &mut out);
                let sum = stride as i32 * (i32::from(code) - 128) * i32::from(value);
                assert_eq!(out[count - 1].to_bits(), (sum as f32).to_bits(), "{isa} {code} {value} {count}");
            }
        }
    }
}

#[test]
fn widened_products_are_close_to_the_sum_in_f64_and_equal_rows_give_equal_bits() {
    let mut noise = Noise(5);
    for isa in Isa::available() {
        for d in [1, 3, 31, 64, 65, 384, 1000] {
            let row: Vec<Bf16> = (0..d).map(|_| Bf16::from_f32(noise.float())).collect();
            let query: Vec<f32> = (0..d).map(|_| noise.float()).collect();
            let rows = row.repeat(5);
            let mut out = [f32::NAN; 5];
            dot_halves(isa, Matrix::new(&rows, 5, d, d), &query, &mut out);
            let exact: f64 = row.iter().zip(&query).map(|(a, b)| f64::from(a.to_f32()) * f64::from(*b)).sum();
            assert!((f64::from(out[0]) - exact).abs() < 1e-5 * (d as f64).sqrt(), "{isa} {d}: {} {exact}", out[0]);
            assert!(out.iter().all(|score| score.to_bits() == out[0].to_bits()));
            let full: Vec<f32> = rows.iter().map(|v| v.to_f32()).collect();
            let mut same = [f32::NAN; 5];
            dot_full(isa, Matrix::new(&full, 5, d, d), &query, &mut same);
            assert_eq!(same.map(f32::to_bits), out.map(f32::to_bits), "{isa} {d}");
        }
    }
}

#[test]
fn scores_at_or_above_their_floor_are_marked() {
    let mut noise = Noise(7);
    let floors: [f32; COLUMNS] = std::array::from_fn(|i| if i == 3 { f32::INFINITY } else { noise.float() });
    let mut scores: Vec<f32> = (0..COLUMNS * 5).map(|_| noise.float()).collect();
    scores[0] = floors[0];
    scores[COLUMNS + 1] = f32::NEG_INFINITY;
    scores[2] = f32::NAN;
    for isa in Isa::available() {
        let mut masks = [7; 5];
        at_least(isa, &scores, &floors, &mut masks);
        for (i, score) in scores.iter().enumerate() {
            assert_eq!(masks[i / COLUMNS] >> (i % COLUMNS) & 1 == 1, *score >= floors[i % COLUMNS], "{isa} {i}");
        }
    }
}
