//! A hash that is the same on every machine, in every process and on every
//! day. The standard library's hashers promise none of that.

use std::fmt;
use std::hash::Hash;

use rustc_stable_hash::{FromStableHash, SipHasher128Hash, StableSipHasher128};
use serde::{Serialize, Serializer};

/// 128 bits that stand for a value; of a trace, they stand for the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StableHash([u64; 2]);

impl StableHash {
    /// The hash of one value.
    pub fn of(value: &impl Hash) -> Self {
        let mut hasher = Hasher::default();
        hasher.add(value);
        hasher.finish()
    }

    /// The two halves.
    #[must_use]
    pub fn words(self) -> [u64; 2] {
        self.0
    }
}

impl fmt::Display for StableHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0[0], self.0[1])
    }
}

impl Serialize for StableHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStableHash for StableHash {
    type Hash = SipHasher128Hash;

    fn from(SipHasher128Hash(words): SipHasher128Hash) -> Self {
        Self(words)
    }
}

/// For tables with short keys of which nobody chooses the worst: a product
/// with a large odd number for a hash. Such a table has no order that may be
/// seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quick(u64);

impl std::hash::Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Hashes a sequence of values.
#[derive(Default)]
pub struct Hasher(StableSipHasher128);

impl Hasher {
    /// Takes the next value of the sequence.
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(&mut self.0);
    }

    /// The hash of all values taken.
    #[must_use]
    pub fn finish(self) -> StableHash {
        self.0.finish()
    }
}
