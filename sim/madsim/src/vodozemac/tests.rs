//! Every object goes on as it was after it went through the database.

use super::*;
use unwedge_core::crypto::{Body, Content};
use unwedge_core::name::{DeviceId, EventId, ServerId, UserId};
use unwedge_core::time::Time;

/// An account with a one-time key and a fallback key.
fn account() -> (Account, Curve25519PublicKey) {
    let mut account = Vodozemac.new_account(Client::Vodozemac);
    Vodozemac.generate_one_time_keys(&mut account, 1, 5000);
    Vodozemac.generate_fallback_key(&mut account, 1);
    let key = Vodozemac.unpublished_one_time_keys(&account)[0].1;
    (account, key)
}

fn device(index: u8) -> DeviceId {
    let server = ServerId(0);
    DeviceId::new(UserId::new(server, index), index)
}

fn dummy(from: &Account, to: &Account) -> Payload<Vodozemac> {
    Payload {
        sender: device(0),
        sender_identity: Vodozemac.identity(from),
        recipient: device(1),
        recipient_identity: Vodozemac.identity(to),
        content: Content::Dummy,
    }
}

/// Puts a session through the database.
fn reload(session: &Session) -> Session {
    Vodozemac.unpickle_session(&Vodozemac.pickle_session(session))
}

#[test]
fn an_olm_conversation_goes_on_after_every_object_was_reloaded() {
    let ((alice, _), (bob, key)) = (account(), account());
    let alice = Vodozemac.unpickle_account(&Vodozemac.pickle_account(&alice));
    let mut bob = Vodozemac.unpickle_account(&Vodozemac.pickle_account(&bob));
    let (alices, bobs) = (Vodozemac.identity(&alice), Vodozemac.identity(&bob));

    // Before, in the middle of and after the first exchange: each is
    // another state of the ratchet.
    let mut hers = reload(&Vodozemac.open_session(&alice, &bobs, &key));
    let first = Vodozemac.encrypt(&mut hers, &dummy(&alice, &bob));
    let accepted = Vodozemac.accept_session(&mut bob, &alices, &first);
    let mut his = reload(&accepted.unwrap().0);
    hers = reload(&hers);
    for _ in 0..3 {
        let answer = Vodozemac.encrypt(&mut his, &dummy(&bob, &alice));
        (hers, his) = (reload(&hers), reload(&his));
        Vodozemac.decrypt(&mut hers, &answer).unwrap();
        let message = Vodozemac.encrypt(&mut hers, &dummy(&alice, &bob));
        (hers, his) = (reload(&hers), reload(&his));
        Vodozemac.decrypt(&mut his, &message).unwrap();
    }
}

#[test]
fn a_megolm_session_goes_on_after_both_ends_were_reloaded() {
    let mut group = Vodozemac.new_group_session();
    let key = Vodozemac.room_key(&group);
    let mut inbound = Vodozemac.import_room_key(&key).unwrap();
    for index in 0..3 {
        let sent = Time::ZERO;
        let event = EventId {
            sender: device(0),
            sent,
        };
        let said = RoomMessage {
            event,
            body: Body::Timeline,
        };
        let message = Vodozemac.encrypt_event(&mut group, &said);
        group = Vodozemac.unpickle_group_session(&Vodozemac.pickle_group_session(&group));
        let pickle = Vodozemac.pickle_inbound_group_session(&inbound);
        inbound = Vodozemac.unpickle_inbound_group_session(&pickle);
        let read = Vodozemac.decrypt_event(&mut inbound, &message);
        assert_eq!(read, Ok((said, index)));
    }
}
