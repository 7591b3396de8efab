//! Keyed draws: every choice that the specification leaves open is a pure
//! function of the run's seed and of what the choice is about, never of how
//! many choices were made before. So a proposal that sends one message more
//! does not shift anybody else's luck, and deleting a step leaves the rest of
//! a run alone.

use std::hash::Hash;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::time::Span;
use crate::trace::hash::Quick;

/// What a draw decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// How long a message takes over a link.
    Latency,
    /// How long it takes until a node notices that a connection broke or came back.
    Notice,
    /// How long a homeserver's database takes between two statements.
    Database,
    /// In which order the keys of one upload are issued.
    UploadOrder,
    /// In which order keys are issued, where that is left to chance.
    ClaimOrder,
    /// By how much a homeserver lengthens its back-off.
    BackOff,
    /// How the cast starts: who logs in when.
    Arrival,
    /// Whether a stranger never uses the key that they claimed.
    Leak,
    /// Who has adopted a proposal already.
    Adoption,
}

/// The draws of one run.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    seed: u64,
}

impl Draws {
    /// The draws of the run with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number in `0..bound`, for this purpose and subject.
    ///
    /// # Panics
    /// If `bound` is zero.
    #[must_use]
    pub fn below(&self, purpose: Purpose, subject: impl Hash, bound: u64) -> u64 {
        assert!(bound > 0, "a draw needs something to draw from");
        let drawn = Quick::of(self.seed, &(purpose, subject));
        let high = u128::from(drawn) * u128::from(bound);
        u64::try_from(high >> 64).expect("a product shifted by 64 bits fits")
    }

    /// A span in `from..=to`, for this purpose and subject.
    ///
    /// # Panics
    /// If `to` is shorter than `from`.
    #[must_use]
    pub fn span(&self, purpose: Purpose, subject: impl Hash, from: Span, to: Span) -> Span {
        assert!(from <= to, "a range of spans runs from short to long");
        let width = to.ticks() - from.ticks() + 1;
        from + Span::from_ticks(self.below(purpose, subject, width))
    }

    /// A permutation of `0..len`, for this purpose and subject.
    ///
    /// # Panics
    /// If `len` exceeds `u32::MAX`.
    #[must_use]
    pub fn permutation(&self, purpose: Purpose, subject: impl Hash, len: usize) -> Vec<u32> {
        let mut order: Vec<u32> =
            (0..u32::try_from(len).expect("an upload holds far fewer keys")).collect();
        let mut generator = ChaCha8Rng::seed_from_u64(Quick::of(self.seed, &(purpose, subject)));
        // Fisher and Yates; the bias of the multiplication is below 2^-32.
        for last in (1..len).rev() {
            let high = (u64::from(generator.next_u32()) * (last as u64 + 1)) >> 32;
            order.swap(last, usize::try_from(high).expect("an index fits"));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_purpose_and_subject_alone() {
        let draws = Draws::new(7);
        let first = draws.below(Purpose::Latency, "a", 1 << 40);
        let _in_between = draws.below(Purpose::Latency, "b", 1 << 40);
        assert_eq!(first, draws.below(Purpose::Latency, "a", 1 << 40));
        assert_ne!(first, draws.below(Purpose::Latency, "b", 1 << 40));
        assert_ne!(first, draws.below(Purpose::Notice, "a", 1 << 40));
        assert_ne!(first, Draws::new(8).below(Purpose::Latency, "a", 1 << 40));
    }

    #[test]
    fn draws_are_the_same_on_every_machine() {
        // Pinned: a change here changes every committed result.
        let draws = Draws::new(1);
        assert_eq!(
            draws.below(Purpose::Database, (3u8, "claim"), 1000),
            PINNED_BELOW
        );
        assert_eq!(
            draws.permutation(Purpose::UploadOrder, 5u64, 8),
            PINNED_ORDER
        );
    }

    const PINNED_BELOW: u64 = 960;
    const PINNED_ORDER: [u32; 8] = [5, 1, 2, 6, 4, 0, 3, 7];

    #[test]
    fn spans_stay_within_both_ends() {
        let draws = Draws::new(3);
        let (from, to) = (Span::millis(1), Span::millis(2));
        let seen: Vec<Span> = (0..200u32)
            .map(|n| draws.span(Purpose::Latency, n, from, to))
            .collect();
        assert!(seen.iter().all(|span| (from..=to).contains(span)));
        assert!(seen.contains(&from) && seen.contains(&to));
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = Draws::new(9).permutation(Purpose::UploadOrder, "x", 50);
        assert_ne!(order, (0..50).collect::<Vec<u32>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<u32>>());
    }
}
