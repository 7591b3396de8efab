//! A hash that is the same on every machine, in every process and on every
//! day. The standard library's hashers promise none of that.

use std::fmt;
use std::hash::{Hash, Hasher as _};

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

/// A cheap hash of small values: for draws, which only have to look like chance,
/// and for what stands for a few values of a run (a digest of keys, what a message
/// is about). Nobody chooses what is hashed so as to do harm. The same on every
/// machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quick(u64);

impl Quick {
    /// The hash of one value, under a key.
    pub(crate) fn of(key: u64, value: &impl Hash) -> u64 {
        let mut hasher = Self::default();
        hasher.write_u64(key);
        value.hash(&mut hasher);
        hasher.finish()
    }
}

impl Default for Quick {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

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

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    /// The two halves of a product, folded into one word (as wyhash does it):
    /// each bit of a word decides about half of the bits of the result.
    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0xe703_7ed1_a0b4_28db_u128;
        let low = u64::try_from(product & u128::from(u64::MAX)).expect("the half of a product");
        let high = u64::try_from(product >> 64).expect("the half of a product");
        // Without the rotation, equal words would cancel out.
        self.0 = (low ^ high).rotate_left(29);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word.cast_unsigned() as u64);
    }

    /// Spread once more, so that the last word reaches every bit.
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.write_u64(0x8ebc_6af0_9c88_c6e3);
        last.0
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
