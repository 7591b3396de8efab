//! How many fallback keys an account holds, and what ends one.

use super::{is_missing, unpublished_fallback_key, use_key};
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::Account;

/// How many fallback keys are accepted: the current and the previous one.
const FALLBACK_KEYS: usize = 2;
/// More than the public maximum of keys, so that no other key explains them.
const MANY_SESSIONS: usize = 60;

#[test]
fn two_fallback_keys_are_held_and_one_more_destroys_the_oldest() {
    let mut account = Account::new();
    let mut keys: Vec<_> = (0..FALLBACK_KEYS).map(|_| rotate(&mut account)).collect();
    for key in &keys {
        assert!(use_key(&mut account, *key).is_ok());
    }

    keys.push(rotate(&mut account));
    let destroyed = keys.remove(0);
    assert!(is_missing(&mut account, destroyed));
    for key in keys {
        assert!(use_key(&mut account, key).is_ok());
    }
}

#[test]
fn generating_a_fallback_key_reports_the_one_that_it_destroyed() {
    let mut account = Account::new();
    for _ in 0..FALLBACK_KEYS - 1 {
        assert_eq!(account.generate_fallback_key(), None);
    }
    // This is the previous key for one more generation, and not destroyed yet.
    let (_, previous) = unpublished_fallback_key(&account).unwrap();
    assert_eq!(account.generate_fallback_key(), None);
    assert_eq!(account.generate_fallback_key(), Some(previous));
}

#[test]
fn only_the_current_fallback_key_is_offered_for_publishing() {
    let mut account = Account::new();
    let never_published = rotate(&mut account);
    let current = rotate(&mut account);
    assert_eq!(
        unpublished_fallback_key(&account).map(|(_, key)| key),
        Some(current)
    );
    assert!(use_key(&mut account, never_published).is_ok());
}

#[test]
fn forgetting_drops_the_previous_fallback_key_and_keeps_the_current_one() {
    let mut account = Account::new();
    assert!(!account.forget_fallback_key(), "there is none at all");
    let previous = rotate(&mut account);
    assert!(!account.forget_fallback_key(), "the current one stays");
    let current = rotate(&mut account);

    assert!(account.forget_fallback_key());
    assert!(!account.forget_fallback_key(), "it is gone already");
    assert!(is_missing(&mut account, previous));
    assert!(use_key(&mut account, current).is_ok());
    assert_eq!(account.generate_fallback_key(), None, "nothing to destroy");
}

#[test]
fn a_fallback_key_opens_many_sessions_and_use_does_not_delete_it() {
    let mut account = Account::new();
    let previous = rotate(&mut account);
    let current = rotate(&mut account);
    for _ in 0..MANY_SESSIONS {
        assert!(use_key(&mut account, current).is_ok());
        assert!(use_key(&mut account, previous).is_ok());
    }
    assert_eq!(account.stored_one_time_key_count(), 0, "it counts as none");
}

/// A new current fallback key.
fn rotate(account: &mut Account) -> Curve25519PublicKey {
    account.generate_fallback_key();
    unpublished_fallback_key(account).unwrap().1
}
