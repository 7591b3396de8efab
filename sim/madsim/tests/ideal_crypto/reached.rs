//! What the cases have come to: a state that is never reached is not compared.

use std::collections::BTreeMap;

/// Something worth reaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    DiscardedByVodozemac,
    DiscardedByLibolm,
    DiscardedUnpublished,
    GoodSignature,
    BadSignature,

    AcceptedOneTimeKey,
    AcceptedFallbackKey,
    AcceptedPreviousFallbackKey,
    AcceptedOlderFallbackKey,
    AcceptedFallbackKeyAgain,
    AcceptMissingOneTimeKey,
    AcceptInvalid,
    AcceptTooBigMessageGap,
    AcceptedAfterFailure,
    AcceptedLateMessage,

    PreKeyOfThisSession,
    PreKeyOfAnotherSession,
    NormalMessage,
    PreKeyMessageToKnownSession,
    Read,
    ReadSkipped,
    ReadOfOlderChain,
    ReadAfterWidestGap,
    ReadRepaired,
    Replayed,
    SkippedKeyDropped,
    ForkedKeyUsed,
    MissingMessageKey,
    TooBigMessageGap,
    Damaged,
    ChainDropped,
    ForkedChain,
    CopiesOnOneChain,
    CopiesOnTheirOwn,
    CopiesOnChainOfFailure,
    Invalid,
    EqualDigests,

    MergeBetter,
    MergeNothingNew,
    MergeUnconnected,
    EventRead,
    EventUnknownIndex,
    EventInvalid,
    GroupForked,
    SameRoomKey,
}

impl What {
    const ALL: [What; 45] = [
        What::DiscardedByVodozemac,
        What::DiscardedByLibolm,
        What::DiscardedUnpublished,
        What::GoodSignature,
        What::BadSignature,
        What::AcceptedOneTimeKey,
        What::AcceptedFallbackKey,
        What::AcceptedPreviousFallbackKey,
        What::AcceptedOlderFallbackKey,
        What::AcceptedFallbackKeyAgain,
        What::AcceptMissingOneTimeKey,
        What::AcceptInvalid,
        What::AcceptTooBigMessageGap,
        What::AcceptedAfterFailure,
        What::AcceptedLateMessage,
        What::PreKeyOfThisSession,
        What::PreKeyOfAnotherSession,
        What::NormalMessage,
        What::PreKeyMessageToKnownSession,
        What::Read,
        What::ReadSkipped,
        What::ReadOfOlderChain,
        What::ReadAfterWidestGap,
        What::ReadRepaired,
        What::Replayed,
        What::SkippedKeyDropped,
        What::ForkedKeyUsed,
        What::MissingMessageKey,
        What::TooBigMessageGap,
        What::Damaged,
        What::ChainDropped,
        What::ForkedChain,
        What::CopiesOnOneChain,
        What::CopiesOnTheirOwn,
        What::CopiesOnChainOfFailure,
        What::Invalid,
        What::EqualDigests,
        What::MergeBetter,
        What::MergeNothingNew,
        What::MergeUnconnected,
        What::EventRead,
        What::EventUnknownIndex,
        What::EventInvalid,
        What::GroupForked,
        What::SameRoomKey,
    ];
}

/// How often each was reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached(BTreeMap<What, usize>);

impl Reached {
    pub(crate) fn note(&mut self, what: What) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn note_if(&mut self, condition: bool, what: What) {
        if condition {
            self.note(what);
        }
    }

    pub(crate) fn add(&mut self, other: &Reached) {
        for (what, times) in &other.0 {
            *self.0.entry(*what).or_default() += times;
        }
    }

    /// What was reached fewer times than this.
    pub(crate) fn rarer_than(&self, times: usize) -> Vec<What> {
        let reached = |what: &What| self.0.get(what).copied().unwrap_or_default();
        let all = What::ALL.into_iter();
        all.filter(|what| reached(what) < times).collect()
    }
}
