//! What this core can do at most: multiply-adds a second of each kind, and bytes a second of a streaming sum.
//!
//! `cargo run --release --example peak [bytes ...]` prints one line of JSON. Rates are GFLOP/s (a multiply-add is two
//! operations, of integers too), bandwidths are 1e9 bytes/s of one thread over that many bytes, 150 MB and 1.5 GB when
//! none are given; each is the best of several runs. Kinds that this CPU lacks are left out.

#![allow(unsafe_code, reason = "calls into functions for CPU features that were found at run time")]

use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

const PASSES: usize = 15;
const LEAST: Duration = Duration::from_millis(300);

fn main() -> std::io::Result<()> {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![150_000_000, 1_500_000_000] } else { sizes };
    let mut streams = Map::new();
    for bytes in sizes {
        streams.insert(bytes.to_string(), json!(stream::rate(bytes)?));
    }
    println!("{}", json!({ "gflops": Value::Object(rates()), "stream_gb_s": Value::Object(streams) }));
    Ok(())
}

/// The least seconds of a run, over at least `PASSES` runs and `LEAST` time, each after a `prepare` that does not count.
fn fastest(mut prepare: impl FnMut(), mut run: impl FnMut()) -> f64 {
    let (began, mut best) = (Instant::now(), f64::INFINITY);
    for pass in 0.. {
        if pass >= PASSES && began.elapsed() >= LEAST {
            break;
        }
        prepare();
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

#[cfg(not(target_arch = "x86_64"))]
fn rates() -> Map<String, Value> {
    Map::new()
}

#[cfg(target_arch = "x86_64")]
fn rates() -> Map<String, Value> {
    use multiply::{COUNT, COUNT_AVX2, STEPS, bf16, f32_avx2, f32_avx512, int8};
    let mut found = Map::new();
    let mut measure = |name: &str, accumulators: usize, operations: usize, run: unsafe fn()| {
        // SAFETY: every caller below has found the features of `run` on this CPU.
        let seconds = fastest(|| (), || unsafe { run() });
        found.insert(name.into(), json!((STEPS * accumulators * operations) as f64 / seconds / 1e9));
    };
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        measure("f32_avx2", COUNT_AVX2, 16, f32_avx2);
    }
    if is_x86_feature_detected!("avx512f") {
        measure("f32", COUNT, 32, f32_avx512);
    }
    if is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f") {
        measure("bf16", COUNT, 64, bf16);
    }
    if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512f") {
        measure("int8", COUNT, 128, int8);
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod multiply {
    //! Independent accumulators, as many as registers hold, so that only the multipliers limit.

    use std::arch::x86_64::{
        __m256, __m512, __m512bh, __m512i, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_dpbf16_ps, _mm512_dpbusd_epi32,
        _mm512_fmadd_ps, _mm512_set1_epi32, _mm512_set1_ps,
    };
    use std::hint::black_box;

    pub const STEPS: usize = 1_000_000;
    pub const COUNT: usize = 24;
    pub const COUNT_AVX2: usize = 12;

    macro_rules! peak {
        ($name:ident, $features:literal, $count:ident, $zero:expr, $factor:expr, $step:expr) => {
            #[target_feature(enable = $features)]
            pub fn $name() {
                let (zero, factor, step) = ($zero, $factor, $step);
                let (a, b) = (black_box(factor()), black_box(factor()));
                // Equal accumulators would be merged into one.
                let mut sums: [_; $count] = std::array::from_fn(zero);
                for _ in 0..STEPS {
                    for sum in &mut sums {
                        *sum = step(*sum, a, b);
                    }
                }
                black_box(sums);
            }
        };
    }

    peak!(
        f32_avx2,
        "avx2,fma",
        COUNT_AVX2,
        |i| _mm256_set1_ps(i as f32),
        || _mm256_set1_ps(1e-3),
        |sum: __m256, a: __m256, b: __m256| _mm256_fmadd_ps(a, b, sum)
    );
    peak!(
        f32_avx512,
        "avx512f",
        COUNT,
        |i| _mm512_set1_ps(i as f32),
        || _mm512_set1_ps(1e-3),
        |sum: __m512, a: __m512, b: __m512| _mm512_fmadd_ps(a, b, sum)
    );
    peak!(
        bf16,
        "avx512f,avx512bf16",
        COUNT,
        |i| _mm512_set1_ps(i as f32),
        // SAFETY: both types are 64 bytes in which every bit pattern is a value.
        || unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(0x3a00_3a00)) },
        |sum: __m512, a: __m512bh, b: __m512bh| _mm512_dpbf16_ps(sum, a, b)
    );
    peak!(
        int8,
        "avx512f,avx512vnni",
        COUNT,
        |i| _mm512_set1_epi32(i as i32),
        || _mm512_set1_epi32(0x0101_0101),
        |sum: __m512i, a: __m512i, b: __m512i| _mm512_dpbusd_epi32(sum, a, b)
    );
}

mod stream {
    //! A sum over memory that begins on a huge page, as an index's rows do. Before each, other memory is read: between two
    //! searches of a program something else has used the cache.

    use memmap2::MmapMut;
    use std::hint::black_box;

    const HUGE: usize = 2 << 20;
    /// More than the caches hold.
    const OTHER: usize = 256 << 20;

    /// 1e9 bytes/s of summing `bytes` bytes from front to back.
    pub fn rate(bytes: usize) -> std::io::Result<f64> {
        let mut map = MmapMut::map_anon(bytes + HUGE)?;
        #[cfg(target_os = "linux")]
        map.advise(memmap2::Advice::HugePage)?;
        let skip = map.as_ptr().align_offset(HUGE);
        let memory = &mut map[skip..skip + bytes];
        memory.fill(1);
        let other = vec![1; OTHER];
        let prepare = || _ = black_box(sum(black_box(&other)));
        Ok(bytes as f64 / super::fastest(prepare, || _ = black_box(sum(black_box(memory)))) / 1e9)
    }

    fn sum(memory: &[u8]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was found.
            return unsafe { sum_avx512(memory) };
        }
        lanes(memory)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn sum_avx512(memory: &[u8]) -> u64 {
        use std::arch::x86_64::{_mm512_add_epi64, _mm512_loadu_si512, _mm512_reduce_add_epi64, _mm512_setzero_si512};
        let mut sums = [_mm512_setzero_si512(); 8];
        for block in memory.chunks_exact(8 * 64) {
            for (line, sum) in sums.iter_mut().enumerate() {
                // SAFETY: a block has eight lines of 64 bytes.
                *sum = _mm512_add_epi64(*sum, unsafe { _mm512_loadu_si512(block.as_ptr().add(64 * line).cast()) });
            }
        }
        sums.into_iter().map(|sum| _mm512_reduce_add_epi64(sum).cast_unsigned()).fold(0, u64::wrapping_add)
    }

    /// For other CPUs: eight sums at once, which compilers turn into vectors.
    fn lanes(memory: &[u8]) -> u64 {
        // SAFETY: every bit pattern is a u64.
        let (_, words, _) = unsafe { memory.align_to::<u64>() };
        words
            .chunks_exact(8)
            .fold([0u64; 8], |sums, eight| std::array::from_fn(|at| sums[at].wrapping_add(eight[at])))
            .into_iter()
            .fold(0, u64::wrapping_add)
    }
}
