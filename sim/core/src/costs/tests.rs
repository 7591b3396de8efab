//! What facts cost, told as short traces.

use super::*;
use crate::name::{
    DeviceId, EventId, KeyId, KeyName, NodeId, ServerId, SessionName, Table, UserId,
};
use crate::trace::Discard;

const SERVER: ServerId = ServerId(0);
const BOB: DeviceId = DeviceId::new(UserId::new(SERVER, 1), 1);

const fn key(kind: KeyKind, id: u64) -> KeyName {
    KeyName {
        owner: BOB,
        kind,
        id: KeyId(id),
        incarnation: 0,
    }
}

const ONE: KeyName = key(KeyKind::OneTime, 0);
const TWO: KeyName = key(KeyKind::OneTime, 1);
const FALLBACK: KeyName = key(KeyKind::Fallback, 0);

/// What happens, at whole seconds.
#[derive(Default)]
struct Story(Trace);

impl Story {
    fn at(mut self, secs: u64, fact: Fact) -> Self {
        self.0.note(Time::ZERO + Span::secs(secs), fact);
        self
    }

    fn generates(self, secs: u64, key: KeyName) -> Self {
        self.at(secs, Fact::KeyGenerated { key })
    }

    fn stores(self, secs: u64, key: KeyName) -> Self {
        let server = SERVER;
        self.at(secs, Fact::KeyStored { server, key })
    }

    fn issues(self, secs: u64, key: KeyName) -> Self {
        let (server, to) = (SERVER, None);
        self.at(secs, Fact::KeyIssued { server, key, to })
    }

    fn opens(self, secs: u64, key: KeyName) -> Self {
        let session = session(secs);
        self.at(secs, Fact::SessionOpened { session, key })
    }

    fn accepts(self, secs: u64, key: KeyName) -> Self {
        let (by, session) = (BOB, session(secs));
        self.at(secs, Fact::SessionAccepted { by, session, key })
    }

    fn puts_bob_back(self, secs: u64, taken: u64) -> Self {
        let restored = Fact::DeviceRestored {
            device: BOB,
            taken: Time::ZERO + Span::secs(taken),
            step: None,
        };
        self.at(secs, restored)
    }

    /// Nothing of interest.
    fn ends(self, secs: u64) -> Costs {
        let end = self.at(secs, Fact::Phase(Phase::SecondProbe));
        Costs::of(&end.0, Traffic::default())
    }
}

fn session(secs: u64) -> SessionName {
    SessionName {
        opener: BOB,
        peer: BOB,
        opened: Time::ZERO + Span::secs(secs),
    }
}

#[test]
fn sessions_are_counted_by_the_kind_of_their_key() {
    let story = Story::default().opens(1, ONE).opens(2, FALLBACK);
    let costs = story.opens(3, FALLBACK).ends(9);
    assert_eq!((costs.sessions, costs.on_fallback_keys), (3, 2));
}

#[test]
fn a_key_lies_open_from_the_first_time_it_is_handed_out() {
    let story = || {
        let story = Story::default().generates(1, FALLBACK).stores(2, FALLBACK);
        story.issues(10, FALLBACK).issues(20, FALLBACK)
    };
    assert_eq!(story().ends(100).exposure, Span::secs(90));
    let (key, why) = (FALLBACK, Discard::Replaced);
    let replaced = story().at(50, Fact::KeyDiscarded { key, why });
    assert_eq!(replaced.ends(100).exposure, Span::secs(40));
    // A fallback key is not used up, a one-time key is.
    assert_eq!(
        story().accepts(30, FALLBACK).ends(100).exposure,
        Span::secs(90)
    );
    let story = Story::default().generates(1, ONE).issues(10, ONE);
    assert_eq!(story.accepts(15, ONE).ends(100).exposure, Span::secs(5));
}

#[test]
fn a_key_that_comes_back_lies_open_again_and_one_that_is_forgotten_does_not() {
    let story = Story::default().generates(1, ONE).issues(10, ONE);
    let back = story.accepts(15, ONE).puts_bob_back(40, 12).ends(100);
    assert_eq!(back.exposure, Span::secs(90));

    let story = Story::default().generates(8, ONE).issues(10, ONE);
    let forgotten = story.puts_bob_back(40, 7).ends(100);
    assert_eq!(forgotten.exposure, Span::secs(30));

    // Put back to when it had been put back already.
    let story = Story::default().generates(1, ONE).issues(10, ONE);
    let story = story.accepts(15, ONE).puts_bob_back(20, 12);
    let twice = story.accepts(30, ONE).puts_bob_back(40, 25).ends(100);
    assert_eq!(twice.exposure, Span::secs(90));
}

#[test]
fn a_key_that_is_kept_after_use_lies_open_on() {
    let story = || {
        let story = Story::default().generates(1, ONE).issues(10, ONE);
        let story = story.accepts(15, ONE).at(15, Fact::KeyKept { key: ONE });
        story.generates(20, TWO)
    };
    for costs in [story().ends(100), story().puts_bob_back(40, 30).ends(100)] {
        assert_eq!((costs.exposure, costs.most_on_device), (Span::secs(90), 2));
    }
}

#[test]
fn private_keys_are_counted_as_they_come_and_go() {
    let story = || Story::default().generates(1, ONE).generates(2, TWO);
    assert_eq!(story().ends(9).most_on_device, 2);
    let third = key(KeyKind::OneTime, 2);
    assert_eq!(
        story()
            .accepts(3, ONE)
            .generates(4, third)
            .ends(9)
            .most_on_device,
        2
    );
    // What was used up is there again.
    let story = story().accepts(3, ONE).puts_bob_back(4, 2);
    assert_eq!(story.generates(5, third).ends(9).most_on_device, 3);
    assert_eq!(
        Story::default()
            .generates(1, FALLBACK)
            .ends(9)
            .most_on_device,
        0
    );
}

#[test]
fn keys_on_a_server_are_counted_as_they_come_and_go() {
    let third = key(KeyKind::OneTime, 2);
    let story = || {
        Story::default()
            .stores(1, ONE)
            .stores(2, TWO)
            .issues(4, ONE)
    };
    assert_eq!(story().stores(6, third).ends(9).most_on_server, 2);
    // The restore brings back what had been handed out.
    let restored = |taken| Fact::TableRestored {
        server: SERVER,
        table: Table::OneTimeKeys,
        taken: Time::ZERO + Span::secs(taken),
        step: None,
    };
    let back = story().at(5, restored(3)).stores(6, third);
    assert_eq!(back.ends(9).most_on_server, 3);
    let nothing = story().at(5, restored(0)).stores(6, third);
    assert_eq!(nothing.ends(9).most_on_server, 2);
    let lost = Fact::WritesLost {
        node: NodeId::Server(SERVER),
        count: 1,
        since: Time::ZERO + Span::secs(4),
        step: None,
    };
    assert_eq!(
        story().at(5, lost).stores(6, third).ends(9).most_on_server,
        3
    );
}

#[test]
fn a_key_that_is_handed_out_twice_leaves_its_server_once() {
    let (server, key) = (SERVER, ONE);
    let story = Story::default()
        .stores(1, ONE)
        .stores(1, TWO)
        .issues(2, ONE);
    let raced = story.at(3, Fact::ClaimRaced { server, key }).issues(3, ONE);
    let third = self::key(KeyKind::OneTime, 2);
    assert_eq!(
        raced.stores(4, third).stores(5, ONE).ends(9).most_on_server,
        3
    );
}

#[test]
fn healing_lasts_until_the_last_message_that_is_read_without_a_probe() {
    let read = |story: Story, secs| {
        let event = EventId {
            sender: BOB,
            sent: Time::ZERO,
        };
        story.at(secs, Fact::EventRead { by: BOB, event })
    };
    let story = read(Story::default(), 1).at(10, Fact::Phase(Phase::Heal));
    let story = read(read(story, 12), 17).at(50, Fact::Phase(Phase::Probe));
    assert_eq!(read(story, 60).ends(99).healing, Some(Span::secs(7)));
    let story = read(Story::default(), 1).at(10, Fact::Phase(Phase::Heal));
    let story = story.at(50, Fact::Phase(Phase::Probe));
    assert_eq!(read(story, 60).ends(99).healing, None);
}

#[test]
fn totals_of_runs_do_not_depend_on_their_order() {
    let run = |sessions, secs| Costs {
        sessions,
        exposure: Span::secs(secs),
        healing: (secs > 5).then(|| Span::secs(secs)),
        most_on_server: secs,
        ..Costs::default()
    };
    let total = |runs: [Costs; 3]| {
        let mut total = Total::default();
        runs.iter().for_each(|run| total.count(run));
        total
    };
    let [a, b, c] = [run(1, 9), run(2, 3), run(4, 7)];
    assert_eq!(total([a, b, c]), total([c, a, b]));
    let Total {
        runs,
        sessions,
        exposure_ms,
        longest_exposure_ms,
        healed,
        healing_ms,
        most_on_server,
        ..
    } = total([a, b, c]);
    assert_eq!((runs, sessions, most_on_server), (3, 7, 9));
    assert_eq!((exposure_ms, longest_exposure_ms), (19_000, 9000));
    assert_eq!((healed, healing_ms), (2, 16_000));
}
