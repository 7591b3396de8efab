//! What an inbound Megolm session reads, and how two of them compare.

use super::send;
use vodozemac::megolm::{
    DecryptionError, ExportedSessionKey, GroupSession, InboundGroupSession, SessionConfig,
    SessionOrdering,
};

/// How many messages were sent before the session key was taken.
const FIRST_KNOWN_INDEX: u32 = 3;

#[test]
fn an_inbound_session_reads_from_its_first_known_index_on() {
    let mut outbound = GroupSession::new(SessionConfig::version_1());
    let mut sent = send(&mut outbound, FIRST_KNOWN_INDEX);
    let mut inbound = InboundGroupSession::from(&outbound);
    sent.extend(send(&mut outbound, 2));
    assert_eq!(inbound.first_known_index(), FIRST_KNOWN_INDEX);

    // Later messages first: reading one does not lose those before it.
    for message in sent.iter().rev() {
        let index = message.message_index();
        if index >= FIRST_KNOWN_INDEX {
            assert_eq!(inbound.decrypt(message).unwrap().message_index, index);
        } else {
            assert!(matches!(
                inbound.decrypt(message),
                Err(DecryptionError::UnknownMessageIndex(FIRST_KNOWN_INDEX, unknown))
                    if unknown == index
            ));
        }
    }
}

#[test]
fn a_message_is_read_again_because_replays_are_left_to_the_caller() {
    let mut outbound = GroupSession::new(SessionConfig::version_1());
    let mut inbound = InboundGroupSession::from(&outbound);
    let message = send(&mut outbound, 2).remove(1);

    let first = inbound.decrypt(&message).unwrap();
    assert_eq!(first.message_index, 1);
    assert_eq!(inbound.decrypt(&message).unwrap(), first);
}

#[test]
fn of_two_inbound_sessions_the_one_with_the_lower_first_known_index_is_better() {
    let (mut early, mut late) = early_and_late();
    let mut the_same = exported_at(&mut late, FIRST_KNOWN_INDEX);
    assert_eq!(early.compare(&mut late), SessionOrdering::Better);
    assert_eq!(late.compare(&mut early), SessionOrdering::Worse);
    assert_eq!(late.compare(&mut the_same), SessionOrdering::Equal);
}

#[test]
fn inbound_sessions_with_other_ratchets_are_unconnected_even_under_one_session_id() {
    let (mut session, _) = early_and_late();
    let (mut other, _) = early_and_late();
    let mut forged = with_another_ratchet(&session);
    assert_ne!(other.session_id(), session.session_id());
    assert_eq!(forged.session_id(), session.session_id());

    for unconnected in [&mut other, &mut forged] {
        let ordering = session.compare(unconnected);
        assert_eq!(ordering, SessionOrdering::Unconnected);
        assert!(session.merge(unconnected).is_none());
    }
}

#[test]
fn a_merged_inbound_session_reads_from_the_lower_first_known_index_on() {
    let (mut early, mut late) = early_and_late();
    for mut merged in [early.merge(&mut late), late.merge(&mut early)].map(Option::unwrap) {
        assert_eq!(merged.compare(&mut early), SessionOrdering::Equal);
        assert_eq!(merged.compare(&mut late), SessionOrdering::Better);
    }
    let same = late.export_at_first_known_index();
    let mut same = InboundGroupSession::import(&same, SessionConfig::version_1());
    let merged = late.merge(&mut same).unwrap();
    assert_eq!(merged.first_known_index(), FIRST_KNOWN_INDEX);
}

/// One session, known from its start and from a later index on.
fn early_and_late() -> (InboundGroupSession, InboundGroupSession) {
    let mut outbound = GroupSession::new(SessionConfig::version_1());
    let early = InboundGroupSession::from(&outbound);
    send(&mut outbound, FIRST_KNOWN_INDEX);
    (early, InboundGroupSession::from(&outbound))
}

fn exported_at(session: &mut InboundGroupSession, index: u32) -> InboundGroupSession {
    let key = session.export_at(index).unwrap();
    InboundGroupSession::import(&key, SessionConfig::version_1())
}

/// A session under the same ID with which nothing can be read.
fn with_another_ratchet(session: &InboundGroupSession) -> InboundGroupSession {
    let mut bytes = session.export_at_first_known_index().to_bytes();
    // A version of one byte and an index of four come before the ratchet.
    bytes[5] ^= 0xff;
    let key = ExportedSessionKey::from_bytes(&bytes).unwrap();
    InboundGroupSession::import(&key, SessionConfig::version_1())
}
