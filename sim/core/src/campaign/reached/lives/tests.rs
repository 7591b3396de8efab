//! What the life of one key came to, told as short stories.

use super::*;
use crate::name::{KeyId, MessageId, SessionName, UserId};
use crate::time::Span;
use crate::trace::StepIndex;

const SERVER: ServerId = ServerId(0);
const STEP: Option<StepIndex> = None;

const fn device(index: u8) -> DeviceId {
    let server = SERVER;
    let user = UserId::new(server, index);
    DeviceId::new(user, index)
}

const fn key(kind: KeyKind, id: u64, incarnation: u16) -> KeyName {
    KeyName {
        owner: device(0),
        kind,
        id: KeyId(id),
        incarnation,
    }
}

const ONE: KeyName = key(KeyKind::OneTime, 1, 0);
const FALLBACK: KeyName = key(KeyKind::Fallback, 1, 0);
const NEXT: KeyName = key(KeyKind::Fallback, 2, 0);

fn session(opened: u64) -> SessionName {
    SessionName {
        opener: device(1),
        peer: device(0),
        opened: second(opened),
    }
}

fn second(number: u64) -> Time {
    Time::ZERO + Span::secs(number)
}

fn generated(key: KeyName) -> Fact {
    Fact::KeyGenerated { key }
}

fn stored(key: KeyName) -> Fact {
    let server = SERVER;
    Fact::KeyStored { server, key }
}

fn issued(key: KeyName) -> Fact {
    let (server, to) = (SERVER, Some(device(1)));
    Fact::KeyIssued { server, key, to }
}

fn accepted(key: KeyName) -> Fact {
    let (by, session) = (device(0), session(0));
    Fact::SessionAccepted { by, session, key }
}

fn failed(key: KeyName, error: OlmError) -> Fact {
    let (by, session) = (device(0), session(1));
    let message = MessageId {
        sender: device(1),
        to: by,
        sent: second(1),
        number: 0,
    };
    Fact::OlmFailed {
        by,
        message,
        session,
        key,
        error,
    }
}

fn missing(key: KeyName) -> Fact {
    failed(key, OlmError::MissingOneTimeKey)
}

fn discarded(key: KeyName, why: Discard) -> Fact {
    Fact::KeyDiscarded { key, why }
}

fn put_back(taken: u64) -> Fact {
    let (device, taken) = (device(0), second(taken));
    Fact::DeviceRestored {
        device,
        taken,
        step: STEP,
    }
}

fn restored(table: Table, taken: u64) -> Fact {
    let (server, taken) = (SERVER, second(taken));
    Fact::TableRestored {
        server,
        table,
        taken,
        step: STEP,
    }
}

/// One fact a second, from second 1 on.
fn of(facts: &[Fact]) -> BTreeSet<Reached> {
    let timed = facts.iter().enumerate();
    let trace = timed.map(|(place, fact)| (second(place as u64 + 1), *fact));
    reached(&trace.collect())
}

/// What the last fact of a story adds to what came before it.
#[track_caller]
fn last_adds(facts: &[Fact], expected: &[Reached]) {
    let (before, all) = (of(&facts[..facts.len() - 1]), of(facts));
    let added: Vec<Reached> = all.difference(&before).copied().collect();
    assert_eq!(added, expected);
}

#[test]
fn a_one_time_key_is_made_stored_issued_and_used_once() {
    let mut facts = vec![];
    for (fact, state) in [
        (generated(ONE), Reached::OneTimeGenerated),
        (stored(ONE), Reached::OneTimeStored),
        (issued(ONE), Reached::OneTimeIssued),
        (accepted(ONE), Reached::OneTimeAccepted),
        (missing(ONE), Reached::OneTimeMetAfterUse),
    ] {
        facts.push(fact);
        last_adds(&facts, &[state]);
    }
    last_adds(&[accepted(ONE), failed(ONE, OlmError::Invalid)], &[]);
}

#[test]
fn an_upload_can_be_left_out_refused_or_come_again() {
    let (server, key) = (SERVER, ONE);
    last_adds(
        &[Fact::KeyLeftOut { server, key }],
        &[Reached::OneTimeLeftOut],
    );
    let refused = |why| Fact::UploadRefused {
        server,
        device: device(0),
        key,
        why,
    };
    last_adds(
        &[refused(UploadRefused::KeyExists)],
        &[Reached::OneTimeRefused],
    );
    last_adds(
        &[refused(UploadRefused::TooMany)],
        &[Reached::OneTimeRefusedForRoom],
    );
    last_adds(
        &[stored(ONE), issued(ONE), stored(ONE)],
        &[Reached::OneTimeStoredAgain],
    );
    last_adds(&[stored(ONE), stored(ONE)], &[]);
    let reset = Fact::KeysReset {
        server,
        device: device(0),
    };
    last_adds(&[stored(ONE), reset], &[Reached::OneTimeResetOnServer]);
    last_adds(&[stored(ONE), issued(ONE), reset], &[]);
    let one = Fact::KeyReset { server, key: ONE };
    last_adds(&[stored(ONE), one], &[Reached::OneTimeResetOnServer]);
}

#[test]
fn a_key_can_be_issued_for_nobody_or_twice() {
    let (server, key) = (SERVER, ONE);
    let nobody = Fact::KeyIssued {
        server,
        key,
        to: None,
    };
    last_adds(
        &[nobody],
        &[Reached::OneTimeIssued, Reached::OneTimeIssuedForNobody],
    );
    last_adds(&[issued(ONE), issued(ONE)], &[Reached::OneTimeIssuedTwice]);
    last_adds(
        &[Fact::ClaimRaced { server, key }],
        &[Reached::OneTimeClaimRaced],
    );
    last_adds(
        &[issued(FALLBACK), issued(FALLBACK)],
        &[Reached::FallbackIssuedAgain],
    );
}

#[test]
fn a_restore_of_the_server_brings_keys_back_or_loses_them() {
    let issued_since = [stored(ONE), issued(ONE), restored(Table::OneTimeKeys, 1)];
    last_adds(&issued_since, &[Reached::OneTimeBroughtBack]);
    let before = [stored(ONE), issued(ONE), restored(Table::OneTimeKeys, 2)];
    last_adds(&before, &[]);
    last_adds(
        &[stored(ONE), restored(Table::OneTimeKeys, 0)],
        &[Reached::OneTimeLostFromServer],
    );
    last_adds(&[stored(ONE), restored(Table::OneTimeKeys, 1)], &[]);
    last_adds(&[stored(ONE), restored(Table::Inbox, 0)], &[]);
    let emptied = Fact::TableEmptied {
        server: SERVER,
        table: Table::OneTimeKeys,
        step: STEP,
    };
    last_adds(&[stored(ONE), emptied], &[Reached::OneTimeLostFromServer]);
    last_adds(
        &[stored(FALLBACK), restored(Table::FallbackKeys, 0)],
        &[Reached::FallbackLostFromServer],
    );
}

#[test]
fn an_owner_discards_keys_and_meets_them_again() {
    for (why, state) in [
        (Discard::StoreFull, Reached::OneTimeEvicted),
        (Discard::Reset, Reached::OneTimeDiscardedWithReset),
        (Discard::Failed, Reached::OneTimeDeletedOnFailure),
        (Discard::Refused, Reached::OneTimeDiscardedAsRefused),
        (Discard::Expired, Reached::OneTimeExpired),
    ] {
        last_adds(&[discarded(ONE, why)], &[state]);
        last_adds(
            &[discarded(ONE, why), missing(ONE)],
            &[Reached::OneTimeMetAfterDiscard],
        );
    }
    let out = Fact::LoggedOut {
        device: device(0),
        why: crate::trace::LogoutReason::Asked,
    };
    last_adds(&[generated(ONE), out], &[Reached::OneTimeWiped]);
    last_adds(&[generated(ONE), accepted(ONE), out], &[]);
}

#[test]
fn an_owner_that_is_put_back_forgets_keys_or_that_it_used_them() {
    let forgotten = [generated(ONE), put_back(0)];
    last_adds(&forgotten, &[Reached::OneTimeForgottenWithRestore]);
    last_adds(
        &[generated(ONE), put_back(0), missing(ONE)],
        &[Reached::OneTimeMetAfterForgetting],
    );
    last_adds(&[generated(ONE), put_back(2)], &[]);
    last_adds(
        &[generated(ONE), accepted(ONE), put_back(2)],
        &[Reached::OneTimeUseForgotten],
    );
    let lost = Fact::WritesLost {
        node: NodeId::Device(device(0)),
        count: 1,
        since: second(1),
        step: STEP,
    };
    last_adds(
        &[generated(ONE), lost],
        &[Reached::OneTimeForgottenWithWrites],
    );
    last_adds(
        &[generated(ONE), generated(key(KeyKind::OneTime, 1, 16))],
        &[Reached::OneTimeOverwritten],
    );
    last_adds(
        &[generated(ONE), generated(key(KeyKind::OneTime, 2, 16))],
        &[],
    );
}

#[test]
fn a_fallback_key_is_replaced_used_and_retired() {
    let mut facts = vec![];
    for (fact, states) in [
        (generated(FALLBACK), &[Reached::FallbackGenerated][..]),
        (stored(FALLBACK), &[Reached::FallbackStored]),
        (issued(FALLBACK), &[Reached::FallbackIssued]),
        (accepted(FALLBACK), &[Reached::FallbackAccepted]),
        (generated(NEXT), &[Reached::FallbackReplaced]),
        (accepted(FALLBACK), &[Reached::PreviousFallbackAccepted]),
        (accepted(NEXT), &[]),
        (
            discarded(FALLBACK, Discard::Replaced),
            &[Reached::FallbackRetired],
        ),
        (missing(FALLBACK), &[Reached::FallbackMetAfterRetirement]),
    ] {
        facts.push(fact);
        last_adds(&facts, states);
    }
    last_adds(
        &[generated(FALLBACK), put_back(0)],
        &[Reached::FallbackForgotten],
    );
}

#[test]
fn sessions_are_opened_on_both_kinds() {
    let opened = |key| Fact::SessionOpened {
        session: session(0),
        key,
    };
    last_adds(&[opened(ONE)], &[Reached::OneTimeSessionOpened]);
    last_adds(&[opened(FALLBACK)], &[Reached::FallbackSessionOpened]);
}
