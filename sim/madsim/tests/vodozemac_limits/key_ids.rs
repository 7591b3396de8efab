//! How one-time and fallback keys are numbered.

use super::{one_time_keys, restored, unpublished, unpublished_fallback_key, use_key};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use vodozemac::olm::Account;

/// Characters of a key ID: eight bytes in base64 without padding.
const KEY_ID_LENGTH: usize = 11;
/// The first of the numbers.
const FIRST_KEY_ID: u64 = 0;

/// The numbers from 0 to 49 in the ASCII order of their IDs: the last character
/// stands for the low four bits, and digits sort before letters.
const ASCII_ORDER: [u64; 50] = [
    13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, //
    29, 30, 31, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, //
    45, 46, 47, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, //
    48, 49,
];

#[test]
fn key_ids_are_eight_big_endian_bytes_in_unpadded_base64_counted_from_zero() {
    let mut account = Account::new();
    account.generate_one_time_keys(17);

    let ids = unpublished_ids(&account);
    assert!(ids.iter().all(|id| id.len() == KEY_ID_LENGTH));
    let counted: Vec<_> = (FIRST_KEY_ID..).take(17).map(id).collect();
    assert_eq!(ids, counted);
    assert_eq!(ids[0], "AAAAAAAAAAA");
    assert_eq!(ids[1], "AAAAAAAAAAE");
    assert_eq!(ids[16], "AAAAAAAAABA");
}

#[test]
fn key_ids_are_created_in_numeric_order() {
    let mut account = Account::new();
    let created = one_time_keys(&mut account, 50);
    let by_id: Vec<_> = unpublished(&account).iter().map(|(_, key)| *key).collect();
    assert_eq!(created, by_id);
}

#[test]
fn key_ids_never_go_back() {
    let mut account = Account::new();
    let keys = one_time_keys(&mut account, 3);
    account.mark_keys_as_published();
    for key in keys {
        use_key(&mut account, key).unwrap();
    }
    account.generate_one_time_keys(1);
    assert_eq!(unpublished_ids(&account), [id(3)]);

    let mut account = restored(&account);
    account.mark_keys_as_published();
    account.generate_one_time_keys(1);
    assert_eq!(unpublished_ids(&account), [id(4)]);
}

#[test]
fn an_account_restored_from_an_older_pickle_gives_an_id_to_a_second_key() {
    let mut account = Account::new();
    let mut older = restored(&account);
    account.generate_one_time_keys(1);
    older.generate_one_time_keys(1);

    assert_eq!(unpublished_ids(&account), unpublished_ids(&older));
    assert_ne!(unpublished(&account), unpublished(&older));
}

#[test]
fn fallback_keys_are_counted_apart_from_one_time_keys_and_from_zero() {
    let mut account = Account::new();
    account.generate_one_time_keys(3);
    let mut generate = || {
        account.generate_fallback_key();
        account.generate_one_time_keys(1);
        unpublished_fallback_key(&account).map(|(id, _)| id.to_base64())
    };
    assert_eq!(generate(), Some(id(FIRST_KEY_ID)));
    assert_eq!(generate(), Some(id(FIRST_KEY_ID + 1)));
    assert_eq!(unpublished_ids(&account), [0, 1, 2, 3, 4].map(id));

    // Neither publishing nor forgetting a fallback key gives its number back.
    account.mark_keys_as_published();
    account.forget_fallback_key();
    let mut account = restored(&account);
    account.generate_fallback_key();
    let third = unpublished_fallback_key(&account);
    assert_eq!(
        third.map(|(id, _)| id.to_base64()),
        Some(id(FIRST_KEY_ID + 2))
    );
}

#[test]
fn the_ascii_order_of_key_ids_is_not_their_numeric_order() {
    let mut account = Account::new();
    account.generate_one_time_keys(ASCII_ORDER.len());
    let mut ids = unpublished_ids(&account);
    ids.sort_unstable();
    assert_eq!(ids, ASCII_ORDER.map(id));
}

/// The ID that this number should have.
fn id(number: u64) -> String {
    BASE64_STANDARD_NO_PAD.encode(number.to_be_bytes())
}

/// The IDs of the unpublished one-time keys, in numeric order.
fn unpublished_ids(account: &Account) -> Vec<String> {
    let keys = unpublished(account);
    keys.into_iter().map(|(id, _)| id.to_base64()).collect()
}
