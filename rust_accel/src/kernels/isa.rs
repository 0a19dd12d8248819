//! Which instructions the kernels may use, found at run time.

use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::fmt;

/// The environment variable that forces a path: `scalar`, `avx2`, `avx512`, `avx512vnni` or `avx512bf16`.
pub const FORCE: &str = "NEXUS_ISA";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// With byte and word instructions and the integer dot product.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    /// All of the above: no CPU has bf16 products without integer ones.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
}

/// Proof that this CPU has the instructions of a level: only detection makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Isa(Level);

impl Isa {
    /// Every level of this CPU, the plainest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "other architectures have one level")]
        let mut levels = vec![Self(Level::Scalar)];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            levels.push(Self(Level::Avx2));
            if is_x86_feature_detected!("avx512f") {
                levels.push(Self(Level::Avx512));
                if is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    levels.push(Self(Level::Avx512Vnni));
                    if is_x86_feature_detected!("avx512bf16") {
                        levels.push(Self(Level::Avx512Bf16));
                    }
                }
            }
        }
        levels
    }

    /// The level named by `NEXUS_ISA`, or else the best one.
    ///
    /// # Errors
    /// `Error::Invalid` when the name is unknown or this CPU lacks it.
    pub fn choose() -> Result<Self> {
        Self::named(std::env::var_os(FORCE).as_deref())
    }

    fn named(forced: Option<&OsStr>) -> Result<Self> {
        let levels = Self::available();
        match forced.filter(|name| !name.is_empty()) {
            None => Ok(levels[levels.len() - 1]),
            Some(name) => levels.iter().find(|isa| name == isa.name()).copied().ok_or_else(|| {
                let (name, names) = (name.to_string_lossy(), levels.iter().map(|isa| isa.name()).collect::<Vec<_>>());
                Error::Invalid(format!("{FORCE}={name:?} is not possible here; this CPU has {names:?}"))
            }),
        }
    }

    /// `scalar`, `avx2`, `avx512`, `avx512vnni` or `avx512bf16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => "avx512vnni",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Bf16 => "avx512bf16",
        }
    }

    /// Whether the CPU multiplies bf16 itself; elsewhere it is widened, which costs more than f32.
    #[must_use]
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Level::Avx512Bf16;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    pub(super) fn level(self) -> Level {
        self.0
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Isa;
    use std::ffi::OsStr;

    #[test]
    fn the_best_level_is_taken_unless_one_is_forced() {
        let levels = Isa::available();
        assert_eq!(Isa::named(None).unwrap(), levels[levels.len() - 1]);
        assert_eq!(Isa::named(Some(OsStr::new(""))).unwrap(), levels[levels.len() - 1]);
        assert_eq!(Isa::named(Some(OsStr::new("scalar"))).unwrap().name(), "scalar");
    }

    #[test]
    fn an_unknown_level_is_refused_with_the_possible_ones() {
        let text = Isa::named(Some(OsStr::new("avx9000"))).unwrap_err().to_string();
        assert!(text.contains("\"avx9000\"") && text.contains("\"scalar\""), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_refused_as_well() {
        use std::os::unix::ffi::OsStrExt;
        let text = Isa::named(Some(OsStr::from_bytes(b"avx\xff"))).unwrap_err().to_string();
        assert!(text.contains("avx\u{fffd}"), "{text}");
    }
}
