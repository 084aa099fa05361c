//! Time and randomness as arguments, so that crash and clock tests replay from a seed.

use std::fmt;

/// A span of whole seconds as DHCP carries it; `u32::MAX` is infinity (RFC 2131 section 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u32);

impl Seconds {
    pub const INFINITE: Self = Self(u32::MAX);

    #[must_use]
    pub fn is_infinite(self) -> bool {
        self == Self::INFINITE
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Microseconds since the UNIX epoch, for statistics samples and log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    #[must_use]
    pub fn seconds(self) -> Timestamp {
        Timestamp(self.0 / 1_000_000)
    }
}

/// Whole seconds since the UNIX epoch, the grain of leases (cltt, expire).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `span` later; an infinite span gives the far end of time.
    #[must_use]
    pub fn after(self, span: Seconds) -> Self {
        if span.is_infinite() { Self(u64::MAX) } else { Self(self.0.saturating_add(u64::from(span.0))) }
    }

    /// Whole seconds from `earlier` to `self`, 0 when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the wall clock and the steady clock come from.
pub trait Clock: Send + Sync {
    /// Wall clock.
    fn now(&self) -> Micros;
    /// Microseconds of a clock that never goes back; only differences mean something.
    fn steady(&self) -> u64;
}

/// A source of random numbers, seeded by whoever builds it.
pub trait Random: Send {
    fn next_u64(&mut self) -> u64;

    /// A number in `0..bound`; 0 when `bound` is 0.
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Widening multiplication: the bias is below 2^-32 for the bounds of address pools.
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

/// xorshift64*: small, fast, repeatable from its seed. Not for secrets.
#[derive(Clone, Debug)]
pub struct XorShift(u64);

impl XorShift {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9E37_79B9_7F4A_7C15 } else { seed })
    }
}

impl Random for XorShift {
    fn next_u64(&mut self) -> u64 {
        let mut x = self.0;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0 = x;
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
