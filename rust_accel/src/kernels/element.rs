//! The number types that the kernels multiply.

use super::generic;
use super::isa::{Isa, Level};
use super::matrix::Product;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// A number that buffers and packed panels are made of: no padding, and every bit pattern is one, all zeros included.
/// Unsafe code relies on that, so that other types cannot be it.
pub trait Packed: Copy + Default + Send + Sync + 'static + sealed::Sealed {
    /// How many values of a column lie side by side in a panel: four bytes' worth.
    const GROUP: usize = 4 / size_of::<Self>();
}

mod sealed {
    pub trait Sealed {}
}

/// The values of whole groups, which begin on a boundary of four bytes, as words of four bytes.
///
/// # Panics
/// Where they do not begin or end so.
pub fn words_mut<T: Packed>(values: &mut [T]) -> &mut [u32] {
    // SAFETY: `T` has no padding and any bits are one, as are any of a word.
    let (before, words, after) = unsafe { values.align_to_mut() };
    assert!(before.is_empty() && after.is_empty(), "the values are no whole words");
    words
}

macro_rules! packed {
    ($($type:ty),*) => {
        $(
            impl sealed::Sealed for $type {}
            impl Packed for $type {}
        )*
    };
}

packed!(f32, Bf16, u8, i8, i16);

/// On x86, how the number goes to and from a register of 16 f32.
#[cfg(target_arch = "x86_64")]
pub use avx512::Register;

/// Elsewhere there is no such register.
#[cfg(not(target_arch = "x86_64"))]
pub trait Register {}
#[cfg(not(target_arch = "x86_64"))]
impl<T> Register for T {}

/// A number that matrices are made of. Products are summed in f32, whatever the type.
pub trait Element: Packed + Multiply + Register {
    /// Whether its rounding hides an error of 2^-13, so that functions may be approximated that far.
    const COARSE: bool;

    /// The nearest value, ties to even.
    fn from_f32(value: f32) -> Self;

    /// The value, exactly.
    fn to_f32(self) -> f32;
}

/// The product of a type, on each instruction set. Implemented here alone: [`super::multiply`] is the way to it.
pub trait Multiply: Sized {
    #[doc(hidden)]
    fn multiply<O: Element>(isa: Isa, product: &mut Product<'_, '_, Self, O>);
}

impl Element for f32 {
    const COARSE: bool = false;

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }
}

impl Multiply for f32 {
    fn multiply<O: Element>(isa: Isa, product: &mut Product<'_, '_, Self, O>) {
        match isa.level() {
            Level::Scalar => generic::multiply::<false, 2, Self, O>(product),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this level exists only where detection found AVX2 and FMA.
            Level::Avx2 => unsafe { avx2::single::multiply(product) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX-512F, AVX2 and FMA.
            Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => unsafe { avx512::single::multiply(product) },
        }
    }
}

/// A bfloat16: the upper half of an f32 (8 bits of exponent, 7 of mantissa).
#[repr(transparent)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Bf16(u16);

impl Element for Bf16 {
    const COARSE: bool = true;

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
        // Rounding could turn NaN into infinity: its quiet bit keeps it NaN.
        Self(((if value.is_nan() { bits | 0x0040_0000 } else { rounded }) >> 16) as u16)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

impl Multiply for Bf16 {
    fn multiply<O: Element>(isa: Isa, product: &mut Product<'_, '_, Self, O>) {
        match isa.level() {
            Level::Scalar => generic::multiply::<false, 2, Self, O>(product),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of these levels exists only where detection found AVX2 and FMA.
            Level::Avx2 | Level::Avx512 | Level::Avx512Vnni => unsafe { avx2::paired::multiply(product) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this level exists only where detection found AVX-512 with BW, VL and BF16 as well.
            Level::Avx512Bf16 => unsafe { avx512::paired::multiply(product) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Buffer;
    use super::{Bf16, Element, words_mut};

    #[test]
    fn groups_are_words() {
        let mut bytes: Buffer<i8> = Buffer::zeros(8).unwrap();
        bytes.copy_from_slice(&[1, 2, 3, 4, -1, 0, 0, 0]);
        assert_eq!(words_mut(&mut bytes), [u32::from_le_bytes([1, 2, 3, 4]), u32::from_le_bytes([0xff, 0, 0, 0])]);
        assert_eq!(words_mut(&mut [-0.0_f32]), [1 << 31]);
        assert!(std::panic::catch_unwind(move || words_mut(&mut bytes[..7]).len()).is_err());
    }

    #[test]
    fn a_bf16_is_the_nearest_one_and_ties_go_to_even() {
        for (value, nearest) in [
            (1.0, 1.0),
            (-0.0, -0.0),
            (1.0 + 1.0 / 256.0, 1.0),               // halfway between 1 and 1 + 2^-7
            (1.0 + 3.0 / 256.0, 1.0 + 2.0 / 128.0), // halfway between 1 + 2^-7 and 1 + 2^-6
            (1.0 + 1.01 / 256.0, 1.0 + 1.0 / 128.0),
            (f32::INFINITY, f32::INFINITY),
            (f32::MAX, f32::INFINITY),
            (f32::MIN_POSITIVE, f32::MIN_POSITIVE),
        ] {
            assert_eq!(Bf16::from_f32(value).to_f32().to_bits(), f32::to_bits(nearest), "{value}");
        }
        assert!(Bf16::from_f32(f32::NAN).to_f32().is_nan());
        assert!(Bf16::from_f32(f32::from_bits(0x7f80_0001)).to_f32().is_nan());
    }
}
