//! What a client does about messages that it cannot decrypt (BS §1.7).

use super::driver::BOB;
use super::driver::peer::Peer;
use super::{Client, STOCK, Upload, in_a_room_with};
use unwedge_core::crypto::Content;
use unwedge_core::node::Input;
use unwedge_core::protocol::{Protocol, Unwedging};
use unwedge_core::time::Span;
use unwedge_core::trace::Fact;

/// Alice and Bob, and what Alice has published.
struct Story {
    alice: Client,
    bob: Peer,
    published: Upload,
}

impl Story {
    fn under(unwedging: Unwedging) -> Self {
        let bob = Peer::new(BOB);
        let protocol = Protocol {
            unwedging,
            ..Protocol::default()
        };
        let (alice, published) = in_a_room_with(&bob, protocol);
        Self {
            alice,
            bob,
            published,
        }
    }

    /// Bob's first message on a session on this one-time key of Alice's.
    fn receive_on(&mut self, place: usize) {
        let own = self.published.device_keys.clone().unwrap();
        let key = &self.published.one_time_keys[place];
        let now = self.alice.now();
        let mut session = self.bob.open(&own, key, now);
        let message = self.bob.encrypt(&mut session, now);
        self.alice.sync_message(&message);
    }

    /// Alice cannot decrypt what Bob sends now: on a key she never had.
    fn receive_undecryptable(&mut self) {
        let own = self.published.device_keys.clone().unwrap();
        let lost = Peer::new(own.device).one_time_key();
        let now = self.alice.now();
        let mut session = self.bob.open(&own, &lost, now);
        let message = self.bob.encrypt(&mut session, now);
        self.alice.facts();
        self.alice.sync_message(&message);
    }

    /// Whether Alice's client takes the last message for a wedge. It then
    /// claims one of Bob's keys, and tells him by an `m.dummy`.
    fn unwedges(&mut self) -> bool {
        let facts = self.alice.facts();
        let failed = |fact: &Fact| matches!(fact, Fact::OlmFailed { .. });
        assert!(facts.iter().any(failed), "it could not be decrypted");
        let decided = |fact: &Fact| matches!(fact, Fact::Unwedging { peer: BOB, .. });
        let Some((claim, devices)) = self.alice.claim() else {
            assert!(!facts.iter().any(decided));
            return false;
        };
        assert!(facts.iter().any(decided));
        assert_eq!(devices, [BOB]);
        let key = self.bob.one_time_key();
        self.alice.claimed(claim, vec![key]);
        let messages = self.alice.messages().expect("Bob is told at once");
        assert_eq!(messages.len(), 1);
        let content = self.bob.decrypt(&messages[0]).unwrap();
        assert!(matches!(content, Content::Dummy));
        true
    }
}

#[test]
fn nothing_is_done_at_first_contact_today() {
    let mut story = Story::under(Unwedging::WithEarlierSession);
    story.receive_undecryptable();
    assert!(!story.unwedges());
    story.alice.wait(Span::hours(2));
    story.receive_undecryptable();
    assert!(!story.unwedges());
}

#[test]
fn a_client_that_unwedges_at_first_contact_does_so_at_once() {
    let mut story = Story::under(Unwedging::AlsoAtFirstContact);
    story.receive_undecryptable();
    assert!(story.unwedges());
    // The session that it opened is from now on the newest.
    story.alice.wait(Span::mins(59));
    story.receive_undecryptable();
    assert!(!story.unwedges());
}

#[test]
fn a_session_older_than_an_hour_is_replaced_and_a_younger_one_is_not() {
    for protocol in [Unwedging::WithEarlierSession, Unwedging::AlsoAtFirstContact] {
        let mut story = Story::under(protocol);
        story.receive_on(0);
        story.receive_undecryptable();
        assert!(!story.unwedges(), "{protocol:?}");
        story.alice.wait(Span::mins(59));
        story.receive_undecryptable();
        assert!(!story.unwedges(), "{protocol:?}");
        story.alice.wait(Span::mins(2));
        story.receive_undecryptable();
        assert!(story.unwedges(), "{protocol:?}");
        story.alice.wait(Span::mins(59));
        story.receive_undecryptable();
        assert!(!story.unwedges(), "{protocol:?}: once an hour");
    }
}

#[test]
fn a_claim_for_unwedging_that_brings_no_key_is_made_again_after_a_later_sync() {
    let mut story = Story::under(Unwedging::WithEarlierSession);
    story.receive_on(0);
    story.alice.wait(Span::hours(2));
    story.receive_undecryptable();
    let (claim, _) = story.alice.claim().unwrap();
    story.alice.claimed(claim, vec![]);
    assert!(story.alice.messages().is_none());
    story.alice.sync_counts(STOCK);
    assert!(story.alice.claim().is_none(), "not for 15 s");
    story.alice.wait(Span::secs(16));
    story.alice.sync_counts(STOCK);
    assert!(story.alice.claim().is_some());
}

#[test]
fn a_restart_forgets_whom_to_unwedge() {
    let mut story = Story::under(Unwedging::WithEarlierSession);
    story.receive_on(0);
    story.alice.wait(Span::hours(2));
    story.receive_undecryptable();
    assert!(story.alice.claim().is_some());
    story.alice.come_back();
    story.alice.sync_counts(STOCK);
    assert!(story.alice.claim().is_none());
}

#[test]
fn a_session_under_a_former_identity_of_the_sender_is_none() {
    let mut story = Story::under(Unwedging::WithEarlierSession);
    story.receive_on(0);
    story.alice.wait(Span::hours(2));
    story.alice.bob_has(&[]);
    story.bob = Peer::new(BOB);
    story.alice.bob_has(&[&story.bob]);
    story.receive_undecryptable();
    assert!(!story.unwedges());
}

#[test]
fn a_client_unwedges_a_device_once_an_hour_whatever_identity_it_has() {
    let mut story = Story::under(Unwedging::AlsoAtFirstContact);
    story.receive_undecryptable();
    assert!(story.unwedges());
    story.alice.bob_has(&[]);
    story.bob = Peer::new(BOB);
    story.alice.bob_has(&[&story.bob]);
    story.receive_undecryptable();
    assert!(!story.unwedges());
    story.alice.wait(Span::mins(61));
    story.receive_undecryptable();
    assert!(story.unwedges());
}

#[test]
fn nothing_is_done_for_a_device_that_is_not_known() {
    for unwedging in [Unwedging::WithEarlierSession, Unwedging::AlsoAtFirstContact] {
        let mut story = Story::under(unwedging);
        story.receive_on(0);
        story.alice.wait(Span::hours(2));
        story.alice.bob_has(&[]);
        story.receive_undecryptable();
        assert!(!story.unwedges(), "{unwedging:?}");
    }
}

#[test]
fn a_claim_for_unwedging_without_an_answer_is_made_again_at_once() {
    let mut story = Story::under(Unwedging::AlsoAtFirstContact);
    story.receive_undecryptable();
    let (claim, _) = story.alice.claim().unwrap();
    story.alice.time_out(claim);
    assert!(story.alice.claim().is_some());
    story.alice.input(Input::Connection(false));
    story.alice.input(Input::Connection(true));
    assert!(story.alice.claim().is_some());
}

#[test]
fn a_client_that_nobody_talks_to_tries_again_of_its_own_accord() {
    let mut story = Story::under(Unwedging::AlsoAtFirstContact);
    story.receive_undecryptable();
    let (claim, _) = story.alice.claim().unwrap();
    story.alice.claimed(claim, vec![]);
    story.alice.wait(Span::secs(31));
    assert!(story.alice.claim().is_some(), "with its next idle sync");
}

#[test]
fn an_m_dummy_without_an_answer_is_sent_again_under_the_same_transaction_id() {
    let mut story = Story::under(Unwedging::AlsoAtFirstContact);
    story.receive_undecryptable();
    story.alice.claimed_of(&mut [&mut story.bob]);
    let (id, transaction, messages) = story.alice.send_to_device().unwrap();
    story.alice.time_out(id);
    let (_, again, repeated) = story.alice.send_to_device().unwrap();
    assert_eq!((again, repeated[0].id), (transaction, messages[0].id));
    // But not after a restart, which forgets it.
    story.alice.come_back();
    assert!(story.alice.send_to_device().is_none());
}
