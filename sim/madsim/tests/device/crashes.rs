//! In which order a client works through an answer to `/sync` and stores what
//! it brings, and what is left if it dies in between (BS §1.12).

use super::driver::BOB;
use super::driver::peer::{Peer, PeerSession};
use super::{Client, ROOM, STOCK, Upload, counts, in_a_room_with, nothing_new};
use unwedge_core::crypto::{Content, Crypto as _, OlmError};
use unwedge_core::name::{MegolmName, Row};
use unwedge_core::node::Input;
use unwedge_core::protocol::{Protocol, TokenStorage};
use unwedge_core::time::{Span, Time};
use unwedge_core::trace::Fact;
use unwedge_core::wire::{SyncResponse, SyncToken, ToDevice};
use unwedge_madsim::Vodozemac;

/// Where the answers take the client in these tests.
const NEXT: SyncToken = SyncToken {
    events: 0,
    to_device: 7,
    device_lists: 0,
    epoch: Time::ZERO,
};

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Key,
    Failed(OlmError),
    Nothing,
}

/// A room key of Bob's, on this session.
fn room_key(bob: &Peer, session: &mut PeerSession, sent: Time) -> ToDevice<Vodozemac> {
    let name = MegolmName {
        sender: BOB,
        room: ROOM,
        created: sent,
    };
    let content = Content::RoomKey {
        room: ROOM,
        session: name,
        index: 0,
        key: Vodozemac.room_key(&Vodozemac.new_group_session()),
    };
    bob.encrypt_content(session, content, sent)
}

/// The answer that brings these messages.
fn bringing(messages: &[&ToDevice<Vodozemac>]) -> SyncResponse<Vodozemac> {
    SyncResponse {
        next: NEXT,
        to_device: messages.iter().map(|it| (*it).clone()).collect(),
        ..nothing_new()
    }
}

/// Whether the client, as it is after a restart, asks the server to take up
/// after the message.
fn has_acknowledged(alice: &mut Client) -> bool {
    alice.input(Input::Connection(true));
    let (_, since) = alice.poll().unwrap();
    alice.input(Input::Connection(false));
    since == Some(NEXT)
}

/// The server delivers a message, maybe once more.
fn deliver(alice: &mut Client, message: &ToDevice<Vodozemac>) -> Outcome {
    alice.input(Input::Connection(true));
    alice.facts();
    alice.sync(bringing(&[message]));
    let facts = alice.facts();
    let failed = facts.iter().find_map(|fact| {
        let Fact::OlmFailed { error, .. } = fact else {
            return None;
        };
        Some(Outcome::Failed(*error))
    });
    let key = |fact: &Fact| matches!(fact, Fact::RoomKeyReceived { .. });
    failed.unwrap_or(match facts.iter().any(key) {
        true => Outcome::Key,
        false => Outcome::Nothing,
    })
}

/// Alice, Bob, what Alice has published, and Bob's first message to her.
struct Story {
    alice: Client,
    bob: Peer,
    published: Upload,
    session: PeerSession,
    message: ToDevice<Vodozemac>,
}

impl Story {
    fn under(token_storage: TokenStorage) -> Self {
        let bob = Peer::new(BOB);
        let protocol = Protocol {
            token_storage,
            ..Protocol::default()
        };
        let (alice, published) = in_a_room_with(&bob, protocol);
        let own = published.device_keys.clone().unwrap();
        let mut session = bob.open(&own, &published.one_time_keys[0], alice.now());
        let message = room_key(&bob, &mut session, alice.now());
        Self {
            alice,
            bob,
            published,
            session,
            message,
        }
    }

    /// The client dies after it has stored such a row of the answer that
    /// brings Bob's message.
    fn die_after(&mut self, row: Row) {
        let answer = self.alice.sync_input(bringing(&[&self.message]));
        self.alice.die_after(row, answer);
    }

    /// Whether a stranger can still open a session on the key that Bob used.
    fn key_is_there(&mut self) -> bool {
        let stranger = Peer::new(BOB);
        let own = self.published.device_keys.clone().unwrap();
        let key = &self.published.one_time_keys[0];
        let mut session = stranger.open(&own, key, self.alice.now());
        let message = room_key(&stranger, &mut session, self.alice.now());
        deliver(&mut self.alice, &message) == Outcome::Key
    }
}

#[test]
fn a_new_session_is_stored_at_once_then_everything_with_the_token_then_the_account() {
    let mut story = Story::under(TokenStorage::WithMessages);
    story.alice.stored();
    story.alice.sync(bringing(&[&story.message]));
    assert_eq!(
        story.alice.stored(),
        [
            vec![Row::Session, Row::Note],
            vec![Row::Note, Row::RoomKey, Row::Token],
            vec![Row::Account],
            // How far room events were fetched, once they have been seen.
            vec![Row::Event],
        ]
    );

    // What moves a session on that is known waits for the rest.
    let sent = story.alice.now();
    let second = room_key(&story.bob, &mut story.session, sent);
    let third = room_key(&story.bob, &mut story.session, sent.next());
    let answer = SyncResponse {
        device_lists_changed: vec![BOB.user()],
        ..bringing(&[&second, &third])
    };
    story.alice.sync(answer);
    let messages = [Row::Session, Row::Note, Row::RoomKey];
    let rows = [&messages[..], &messages, &[Row::DeviceList, Row::Token]];
    assert_eq!(story.alice.stored(), [rows.concat(), vec![Row::Event]]);
}

#[test]
fn keys_that_the_counts_call_for_are_stored_after_the_messages() {
    let mut story = Story::under(TokenStorage::WithMessages);
    story.alice.facts();
    story.alice.stored();
    story.alice.sync(SyncResponse {
        counts: counts(STOCK - 1),
        ..bringing(&[&story.message])
    });
    let place = |facts: &[Fact], is_such: fn(&Fact) -> bool| facts.iter().position(is_such);
    let facts = story.alice.facts();
    let generated = place(&facts, |it| matches!(it, Fact::KeyGenerated { .. }));
    let received = place(&facts, |it| matches!(it, Fact::ToDeviceReceived { .. }));
    assert!(generated.unwrap() < received.unwrap(), "counts come first");
    let stored = story.alice.stored();
    let after_the_messages = &stored[stored.len() - 2..];
    assert_eq!(after_the_messages, [[Row::Account], [Row::Event]]);

    // But they are stored before anybody hears of them.
    let upload = story.alice.upload().unwrap();
    story.alice.come_back();
    let again = story.alice.upload().unwrap();
    assert_eq!(again.one_time_keys[0].key, upload.one_time_keys[0].key);
}

#[test]
fn a_client_that_dies_with_the_session_alone_takes_the_message_for_wedged() {
    let mut story = Story::under(TokenStorage::WithMessages);
    story.die_after(Row::Session);
    assert!(!has_acknowledged(&mut story.alice), "it comes once more");
    story.alice.wait(Span::hours(2));
    let spent = Outcome::Failed(OlmError::MissingMessageKey);
    let again = deliver(&mut story.alice, &story.message);
    assert_eq!(again, spent, "its key is lost, and its hash was not stored");
    assert!(story.alice.claim().is_some(), "not known for a replay");
    // The session itself is none the worse.
    let next = room_key(&story.bob, &mut story.session, story.alice.now());
    assert_eq!(deliver(&mut story.alice, &next), Outcome::Key);
}

#[test]
fn a_client_that_dies_before_it_stores_the_account_holds_a_used_key_still() {
    let mut story = Story::under(TokenStorage::WithMessages);
    story.die_after(Row::Token);
    assert!(has_acknowledged(&mut story.alice));
    let again = deliver(&mut story.alice, &story.message);
    assert_eq!(again, Outcome::Nothing, "a replay");
    assert!(story.key_is_there(), "which is harmless");
    assert!(!story.key_is_there());

    let mut story = Story::under(TokenStorage::WithMessages);
    story.die_after(Row::Account);
    assert!(!story.key_is_there());
}

#[test]
fn a_client_that_dies_in_the_midst_of_a_message_of_an_old_session_loses_nothing() {
    let mut story = Story::under(TokenStorage::WithMessages);
    assert_eq!(deliver(&mut story.alice, &story.message), Outcome::Key);
    let sent = story.alice.now();
    let on_the_old = room_key(&story.bob, &mut story.session, sent);
    let own = story.published.device_keys.clone().unwrap();
    let key = &story.published.one_time_keys[1];
    let mut new = story.bob.open(&own, key, sent);
    let on_a_new = room_key(&story.bob, &mut new, sent.next());
    // The second opens a session, which is stored while the first waits.
    let answer = bringing(&[&on_the_old, &on_a_new]);
    let answer = story.alice.sync_input(answer);
    story.alice.die_after(Row::Session, answer);
    assert_eq!(deliver(&mut story.alice, &on_the_old), Outcome::Key);
    let spent = Outcome::Failed(OlmError::MissingMessageKey);
    assert_eq!(deliver(&mut story.alice, &on_a_new), spent);
}

#[test]
fn a_client_that_stores_the_token_first_can_lose_every_message_of_the_answer() {
    let mut story = Story::under(TokenStorage::BeforeMessages);
    story.die_after(Row::Token);
    assert!(has_acknowledged(&mut story.alice), "it will not come again");
    // It could still be read, if only it came.
    assert_eq!(deliver(&mut story.alice, &story.message), Outcome::Key);

    // An answer without messages is stored as it always is.
    let mut story = Story::under(TokenStorage::BeforeMessages);
    story.alice.stored();
    story.alice.sync_changed(BOB.user());
    let stored = [vec![Row::DeviceList, Row::Token], vec![Row::Event]];
    assert_eq!(story.alice.stored(), stored);
}

#[test]
fn the_ratchet_is_stored_before_the_event_is_sent() {
    let mut bob = Peer::new(BOB);
    let (mut alice, _) = in_a_room_with(&bob, Protocol::default());
    alice.say();
    alice.claimed_of(&mut [&mut bob]);
    alice.stored();
    alice.messages().unwrap();
    let stored = alice.stored();
    let last = stored.last().unwrap();
    assert_eq!(last, &[Row::OutboundSession, Row::Queue]);
    // What was encrypted is not encrypted a second time.
    let first = alice.event().unwrap();
    alice.say();
    let lost = alice.request(|request| {
        let unwedge_core::wire::ClientRequest::SendEvent(event) = request else {
            return None;
        };
        Some(event.id)
    });
    let (_, second) = lost.unwrap();
    alice.come_back();
    let again = alice.event().unwrap();
    assert_eq!(again.id, second);
    assert_ne!(again.id, first.id);
}
