//! How many one-time keys an account holds, which ones it drops, and when a
//! used one goes.

use super::{
    accept, encrypt, is_missing, one_time_keys, opener, pre_key, unpublished,
    unpublished_fallback_key, use_key, with_damaged_ciphertext, with_damaged_mac,
};
use vodozemac::olm::{Account, DecryptionError, SessionConfig, SessionCreationError};

/// How many keys a client is told to keep on the server.
const PUBLIC_ONE_TIME_KEYS: usize = 50;
/// How many private halves an account holds.
pub(super) const PRIVATE_ONE_TIME_KEYS: usize = 100 * PUBLIC_ONE_TIME_KEYS;

#[test]
fn fifty_one_time_keys_are_the_public_maximum() {
    let account = Account::new();
    assert_eq!(account.max_number_of_one_time_keys(), PUBLIC_ONE_TIME_KEYS);
}

#[test]
fn five_thousand_private_one_time_keys_are_held() {
    let mut account = Account::new();
    let filled = account.generate_one_time_keys(PRIVATE_ONE_TIME_KEYS);
    assert_eq!(filled.removed, [], "all of them fit");
    assert_eq!(account.stored_one_time_key_count(), PRIVATE_ONE_TIME_KEYS);

    let one_too_many = account.generate_one_time_keys(1);
    assert_eq!(one_too_many.removed.len(), 1);
    assert_eq!(account.stored_one_time_key_count(), PRIVATE_ONE_TIME_KEYS);
}

#[test]
fn a_key_too_many_removes_the_key_with_the_lowest_id() {
    let mut account = Account::new();
    let keys = one_time_keys(&mut account, PRIVATE_ONE_TIME_KEYS);
    account.mark_keys_as_published();
    // A used key makes room, so that the lowest ID that is left is not the
    // lowest that there ever was.
    use_key(&mut account, keys[0]).unwrap();
    assert_eq!(account.generate_one_time_keys(1).removed, []);

    assert_eq!(account.generate_one_time_keys(1).removed, [keys[1]]);
    assert!(is_missing(&mut account, keys[1]));
    assert!(use_key(&mut account, keys[2]).is_ok());
}

#[test]
fn a_generation_reports_the_public_halves_that_it_created_and_removed() {
    let mut account = Account::new();
    let old = one_time_keys(&mut account, PRIVATE_ONE_TIME_KEYS);
    account.mark_keys_as_published();

    let generated = account.generate_one_time_keys(3);
    let new: Vec<_> = unpublished(&account).iter().map(|(_, key)| *key).collect();
    assert_eq!(generated.created, new, "in the order of their IDs");
    assert_eq!(generated.removed, old[..3], "in the order of their IDs");
}

#[test]
fn a_generation_can_remove_a_key_that_it_created_itself() {
    let mut account = Account::new();
    let generated = account.generate_one_time_keys(PRIVATE_ONE_TIME_KEYS + 1);
    assert_eq!(generated.created.len(), PRIVATE_ONE_TIME_KEYS + 1);
    assert_eq!(generated.removed, generated.created[..1]);
}

#[test]
fn a_removed_key_that_was_not_yet_published_is_not_offered_any_more() {
    let mut account = Account::new();
    account.generate_one_time_keys(PRIVATE_ONE_TIME_KEYS);
    let before = unpublished(&account);
    assert_eq!(before.len(), PRIVATE_ONE_TIME_KEYS);

    assert_eq!(
        account.generate_one_time_keys(1).removed,
        [before[0].1],
        "an unpublished key is not spared"
    );
    let after = unpublished(&account);
    assert_eq!(after[..PRIVATE_ONE_TIME_KEYS - 1], before[1..]);
}

#[test]
fn marking_as_published_names_no_keys_and_clears_them_all() {
    let mut account = Account::new();
    account.generate_one_time_keys(2);
    let in_the_request = unpublished(&account);
    // These come after the request was built, so no server ever sees them.
    let too_late = one_time_keys(&mut account, 1)[0];
    account.generate_fallback_key();
    assert_eq!(unpublished(&account)[..2], in_the_request);
    assert!(unpublished_fallback_key(&account).is_some());

    account.mark_keys_as_published();
    assert_eq!(unpublished(&account), []);
    assert_eq!(unpublished_fallback_key(&account), None);
    assert_eq!(account.stored_one_time_key_count(), 3);
    assert!(use_key(&mut account, too_late).is_ok());
}

#[test]
fn a_one_time_key_outlives_a_message_that_cannot_be_decrypted() {
    let mut account = Account::new();
    let key = one_time_keys(&mut account, 1)[0];
    let message = encrypt(&mut opener(&account, key));

    for damaged in [
        with_damaged_ciphertext(&message),
        with_damaged_mac(&message),
    ] {
        assert!(matches!(
            accept(&mut account, &damaged),
            Err(SessionCreationError::Decryption(
                DecryptionError::InvalidMAC(_)
            ))
        ));
        assert_eq!(unpublished(&account).len(), 1);
    }
    assert!(accept(&mut account, &message).is_ok());
}

#[test]
fn a_one_time_key_outlives_a_message_under_another_identity_than_expected() {
    let mut account = Account::new();
    let key = one_time_keys(&mut account, 1)[0];
    let message = encrypt(&mut opener(&account, key));

    let somebody_else = Account::new().curve25519_key();
    let config = SessionConfig::version_1();
    assert!(matches!(
        account.create_inbound_session(config, somebody_else, pre_key(&message)),
        Err(SessionCreationError::MismatchedIdentityKey(expected, _)) if expected == somebody_else
    ));
    assert!(accept(&mut account, &message).is_ok());
}

#[test]
fn a_one_time_key_opens_one_session_only() {
    let mut account = Account::new();
    let key = one_time_keys(&mut account, 1)[0];
    let mut opener = opener(&account, key);
    accept(&mut account, &encrypt(&mut opener)).unwrap();

    assert_eq!(account.stored_one_time_key_count(), 0);
    assert_eq!(unpublished(&account), [], "even if it was never published");
    assert!(is_missing(&mut account, key), "for somebody else");
    // The account does not know its sessions: whoever holds them must see by
    // the session ID that this message is for one of them.
    assert!(matches!(
        accept(&mut account, &encrypt(&mut opener)),
        Err(SessionCreationError::MissingOneTimeKey(missing)) if missing == key
    ));
}
