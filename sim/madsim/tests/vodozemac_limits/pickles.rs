//! What accounts and sessions remember across a pickle in JSON.

use super::olm::{RECEIVER_CHAINS, SKIPPED_MESSAGE_KEYS};
use super::one_time_keys::PRIVATE_ONE_TIME_KEYS;
use super::{
    deliver, encrypt, has_no_key_for, is_missing, is_not_authentic, late_of_each_chain,
    one_time_keys, restored, restored_session, send, sessions, skip, through_json, unpublished,
    unpublished_fallback_key, use_key,
};
use vodozemac::megolm::{DecryptionError, GroupSession, InboundGroupSession, SessionConfig};
use vodozemac::olm::{Account, MessageType};

#[test]
fn an_account_pickle_keeps_the_private_keys_and_which_of_them_are_unpublished() {
    let mut account = Account::new();
    let published = one_time_keys(&mut account, 3);
    account.mark_keys_as_published();
    account.generate_one_time_keys(2);
    use_key(&mut account, published[0]).unwrap();

    let mut restored = restored(&account);
    assert_eq!(restored.identity_keys(), account.identity_keys());
    assert_eq!(restored.stored_one_time_key_count(), 4);
    assert_eq!(unpublished(&restored), unpublished(&account));
    assert!(is_missing(&mut restored, published[0]), "it was used");
    let unpublished = unpublished(&restored)[0].1;
    for key in [published[1], published[2], unpublished] {
        assert!(use_key(&mut restored, key).is_ok());
    }
}

#[test]
fn an_account_pickle_keeps_a_full_store_in_the_order_of_its_key_ids() {
    let mut account = Account::new();
    let keys = one_time_keys(&mut account, PRIVATE_ONE_TIME_KEYS);
    let mut restored = restored(&account);
    assert_eq!(restored.generate_one_time_keys(1).removed, keys[..1]);
    assert!(use_key(&mut restored, keys[1]).is_ok());
}

#[test]
fn an_account_pickle_keeps_both_fallback_keys_and_whether_one_was_published() {
    let mut account = Account::new();
    let [previous, current] = [0, 1].map(|_| {
        account.generate_fallback_key();
        unpublished_fallback_key(&account).unwrap()
    });
    let mut unpublished = restored(&account);
    assert_eq!(unpublished_fallback_key(&unpublished), Some(current));
    for (_, key) in [previous, current] {
        assert!(use_key(&mut unpublished, key).is_ok());
    }

    account.mark_keys_as_published();
    let mut published = restored(&account);
    assert_eq!(unpublished_fallback_key(&published), None);
    assert_eq!(published.generate_fallback_key(), Some(previous.1));
}

#[test]
fn a_session_pickle_keeps_the_skipped_message_keys() {
    let (mut opener, mut acceptor) = sessions();
    let mut late = skip(&mut opener, &mut acceptor, SKIPPED_MESSAGE_KEYS + 1);
    let replayed = late[1].clone();
    acceptor.decrypt(&replayed).unwrap();

    let mut acceptor = restored_session(&acceptor);
    for lost in late.drain(..2) {
        assert!(has_no_key_for(&mut acceptor, &lost));
    }
    for message in &late {
        acceptor.decrypt(message).unwrap();
    }
}

#[test]
fn a_session_pickle_keeps_the_receiver_chains() {
    let (mut opener, mut acceptor) = sessions();
    let mut late = late_of_each_chain(&mut acceptor, &mut opener, RECEIVER_CHAINS + 1);

    let (mut opener, mut acceptor) = (restored_session(&opener), restored_session(&acceptor));
    let oldest = late.remove(0);
    assert!(is_not_authentic(&mut opener, &oldest));
    for message in &late {
        opener.decrypt(message).unwrap();
    }
    deliver(&mut opener, &mut acceptor);
    deliver(&mut acceptor, &mut opener);
}

#[test]
fn a_session_pickle_keeps_whether_an_answer_was_decrypted() {
    let (mut opener, mut acceptor) = sessions();
    let message = encrypt(&mut restored_session(&opener));
    assert_eq!(message.message_type(), MessageType::PreKey);

    deliver(&mut acceptor, &mut opener);
    let message = encrypt(&mut restored_session(&opener));
    assert_eq!(message.message_type(), MessageType::Normal);
    let message = encrypt(&mut restored_session(&acceptor));
    assert_eq!(message.message_type(), MessageType::Normal);
}

#[test]
fn megolm_pickles_keep_the_message_index_and_the_first_known_index() {
    let mut outbound = GroupSession::new(SessionConfig::version_1());
    let unknown = send(&mut outbound, 1).remove(0);
    let inbound = InboundGroupSession::from(&outbound);
    let mut outbound = GroupSession::from_pickle(through_json(&outbound.pickle()));
    let known = send(&mut outbound, 2);
    assert_eq!([&known[0], &known[1]].map(|it| it.message_index()), [1, 2]);

    let mut inbound = InboundGroupSession::from_pickle(through_json(&inbound.pickle()));
    inbound.decrypt(&known[1]).unwrap();
    let mut inbound = InboundGroupSession::from_pickle(through_json(&inbound.pickle()));
    inbound.decrypt(&known[0]).unwrap();
    assert!(matches!(
        inbound.decrypt(&unknown),
        Err(DecryptionError::UnknownMessageIndex(1, 0))
    ));
}
