//! What an Olm session can still read, and what its messages look like.

use super::{
    accept, deliver, encrypt, has_no_key_for, is_not_authentic, late_of_each_chain, one_time_keys,
    opener, sessions, skip, with_damaged_ciphertext, with_damaged_mac,
};
use vodozemac::olm::{Account, DecryptionError, MessageType, Session, SessionCreationError};

/// How many keys of unread messages a receiver chain keeps.
pub(super) const SKIPPED_MESSAGE_KEYS: usize = 40;
/// How many messages of a chain may go unread in one go.
const MESSAGE_GAP: u64 = 2000;
/// How many of the other end's chains a session can read.
pub(super) const RECEIVER_CHAINS: usize = 5;

#[test]
fn forty_skipped_message_keys_are_kept_for_each_chain() {
    let (mut opener, mut acceptor) = sessions();
    // A second chain does not take from what the first one keeps.
    let first_chain = skip(&mut opener, &mut acceptor, SKIPPED_MESSAGE_KEYS + 1);
    deliver(&mut acceptor, &mut opener);
    let second_chain = skip(&mut opener, &mut acceptor, SKIPPED_MESSAGE_KEYS + 1);

    for mut late in [first_chain, second_chain] {
        let oldest = late.remove(0);
        assert!(has_no_key_for(&mut acceptor, &oldest));
        for message in &late {
            acceptor.decrypt(message).unwrap();
        }
    }
}

#[test]
fn forty_skipped_message_keys_are_kept_from_several_gaps_of_a_chain() {
    let (mut opener, mut acceptor) = sessions();
    let half = SKIPPED_MESSAGE_KEYS / 2;
    let mut late = skip(&mut opener, &mut acceptor, half + 1);
    late.extend(skip(
        &mut opener,
        &mut acceptor,
        SKIPPED_MESSAGE_KEYS - half,
    ));

    let oldest = late.remove(0);
    assert!(has_no_key_for(&mut acceptor, &oldest));
    for message in &late {
        acceptor.decrypt(message).unwrap();
    }
}

#[test]
fn two_thousand_messages_of_a_chain_can_be_skipped_in_one_go() {
    let (mut opener, mut acceptor) = sessions();
    skip_unread(&mut opener, MESSAGE_GAP);
    let at_the_limit = encrypt(&mut opener);
    let beyond_it = encrypt(&mut opener);

    assert!(matches!(
        acceptor.decrypt(&beyond_it),
        Err(DecryptionError::TooBigMessageGap(gap, MESSAGE_GAP)) if gap == MESSAGE_GAP + 1
    ));
    acceptor.decrypt(&at_the_limit).unwrap();
    // The gap is counted from the newest message that was read.
    acceptor.decrypt(&beyond_it).unwrap();
}

#[test]
fn two_thousand_messages_can_be_skipped_before_the_one_that_opens_a_session() {
    let mut account = Account::new();
    let key = one_time_keys(&mut account, 1)[0];
    let mut opener = opener(&account, key);
    skip_unread(&mut opener, MESSAGE_GAP);
    let at_the_limit = encrypt(&mut opener);
    let beyond_it = encrypt(&mut opener);

    assert!(matches!(
        accept(&mut account, &beyond_it),
        Err(SessionCreationError::Decryption(
            DecryptionError::TooBigMessageGap(gap, MESSAGE_GAP)
        )) if gap == MESSAGE_GAP + 1
    ));
    assert!(accept(&mut account, &at_the_limit).is_ok());
}

#[test]
fn five_receiver_chains_are_kept_and_a_message_of_an_older_one_fails_its_mac() {
    let (mut opener, mut acceptor) = sessions();
    let mut late = late_of_each_chain(&mut acceptor, &mut opener, RECEIVER_CHAINS + 1);

    // A chain that was dropped looks like a new one, whose keys do not fit.
    let oldest = late.remove(0);
    assert!(is_not_authentic(&mut opener, &oldest));
    for message in &late {
        opener.decrypt(message).unwrap();
    }
}

#[test]
fn the_openers_messages_are_pre_key_messages_until_it_has_decrypted_an_answer() {
    let (mut opener, mut acceptor) = sessions();
    let answer = encrypt(&mut acceptor);
    for _ in 0..3 {
        assert_eq!(encrypt(&mut opener).message_type(), MessageType::PreKey);
    }
    assert!(is_not_authentic(&mut opener, &with_damaged_mac(&answer)));
    assert!(!opener.has_received_message());
    assert_eq!(encrypt(&mut opener).message_type(), MessageType::PreKey);

    opener.decrypt(&answer).unwrap();
    assert!(opener.has_received_message());
    assert_eq!(encrypt(&mut opener).message_type(), MessageType::Normal);
}

#[test]
fn the_acceptors_messages_are_normal_from_the_start() {
    let (_, mut acceptor) = sessions();
    assert_eq!(encrypt(&mut acceptor).message_type(), MessageType::Normal);
}

#[test]
fn a_replayed_message_has_no_key_any_more() {
    let (mut opener, mut acceptor) = sessions();
    let late = skip(&mut opener, &mut acceptor, 1).remove(0);
    let answer = encrypt(&mut acceptor);

    for (reader, message) in [(&mut acceptor, &late), (&mut opener, &answer)] {
        reader.decrypt(message).unwrap();
        assert!(has_no_key_for(reader, message));
    }
}

#[test]
fn a_failed_decryption_leaves_the_session_as_it_was() {
    let (mut opener, mut acceptor) = sessions();
    let read = encrypt(&mut opener);
    acceptor.decrypt(&read).unwrap();
    let late = skip(&mut opener, &mut acceptor, 1).remove(0);
    let next = encrypt(&mut opener);

    let before = state(&acceptor);
    for message in [&late, &next] {
        assert!(is_not_authentic(&mut acceptor, &with_damaged_mac(message)));
        let damaged = with_damaged_ciphertext(message);
        assert!(is_not_authentic(&mut acceptor, &damaged));
    }
    assert!(has_no_key_for(&mut acceptor, &read));
    assert_eq!(state(&acceptor), before);

    // The opener sent last: a chain that is new to it, and damaged, fails too.
    let before = state(&opener);
    let answer = with_damaged_mac(&encrypt(&mut acceptor));
    assert!(is_not_authentic(&mut opener, &answer));
    assert_eq!(state(&opener), before);
}

#[test]
fn a_failed_message_of_an_unknown_chain_starts_a_sending_chain_after_a_read_message() {
    // This session read last. To try an unknown chain it needs a sending chain,
    // and keeps the one that it made for that; nothing else comes of it.
    let (mut opener, mut acceptor) = sessions();
    let (_, mut somebody) = sessions();
    let before = state(&acceptor);
    assert!(is_not_authentic(&mut acceptor, &encrypt(&mut somebody)));
    let after = state(&acceptor);
    assert_ne!(after, before);

    assert!(is_not_authentic(&mut acceptor, &encrypt(&mut somebody)));
    assert_eq!(state(&acceptor), after, "it needs no other chain");
    deliver(&mut acceptor, &mut opener);
    deliver(&mut opener, &mut acceptor);
}

/// Messages that nobody ever sees.
fn skip_unread(session: &mut Session, count: u64) {
    for _ in 0..count {
        encrypt(session);
    }
}

/// Everything that a session remembers.
fn state(session: &Session) -> serde_json::Value {
    serde_json::to_value(session.pickle()).unwrap()
}
