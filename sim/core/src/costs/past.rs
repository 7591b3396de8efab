//! Which keys were where at an earlier time: asked only where a device or a
//! server is put back to how it was.

use std::collections::BTreeSet;

use crate::name::{DeviceId, KeyKind, KeyName, NodeId, ServerId, Table};
use crate::time::{Span, Time};
use crate::trace::{Fact, FactId, Trace};

/// Who has keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A device: private keys of both kinds.
    Device(DeviceId),
    /// A server: public one-time keys that have not been handed out.
    Server(ServerId),
}

/// What a fact does to what somebody has.
enum Change {
    Gain(KeyName),
    Lose(KeyName),
    /// Everything of a device.
    LoseAll(DeviceId),
    /// It is as it was then.
    Back(Time),
}

/// If a fact puts somebody back to how they were: who, and to when.
#[expect(clippy::wildcard_enum_match_arm, reason = "few facts put anybody back")]
pub(super) fn put_back(fact: Fact) -> Option<(Holder, Time)> {
    let holder = match fact {
        Fact::DeviceRestored { device, .. }
        | Fact::WritesLost {
            node: NodeId::Device(device),
            ..
        } => Holder::Device(device),
        Fact::TableRestored { server, .. }
        | Fact::TableEmptied { server, .. }
        | Fact::WritesLost {
            node: NodeId::Server(server),
            ..
        } => Holder::Server(server),
        _ => return None,
    };
    match change(fact, holder)? {
        Change::Back(to) => Some((holder, to)),
        Change::Gain(_) | Change::Lose(_) | Change::LoseAll(_) => None,
    }
}

/// What somebody had at a time, as far as the facts before a place tell.
pub(super) fn keys_at(trace: &Trace, place: FactId, holder: Holder, at: Time) -> BTreeSet<KeyName> {
    let mut keys = BTreeSet::new();
    for (id, record) in trace.before(place) {
        if record.at > at {
            break;
        }
        match change(record.fact, holder) {
            None => {}
            Some(Change::Gain(key)) => {
                keys.insert(key);
            }
            Some(Change::Lose(key)) => {
                keys.remove(&key);
            }
            Some(Change::LoseAll(device)) => keys.retain(|key: &KeyName| key.owner != device),
            Some(Change::Back(to)) => keys = keys_at(trace, id, holder, to),
        }
    }
    keys
}

fn change(fact: Fact, holder: Holder) -> Option<Change> {
    match (holder, fact) {
        (Holder::Device(device), Fact::KeyGenerated { key } | Fact::KeyKept { key }) => {
            (key.owner == device).then_some(Change::Gain(key))
        }
        (Holder::Device(device), Fact::SessionAccepted { by, key, .. }) => {
            (by == device && key.kind == KeyKind::OneTime).then_some(Change::Lose(key))
        }
        (Holder::Device(device), Fact::KeyDiscarded { key, .. }) => {
            (key.owner == device).then_some(Change::Lose(key))
        }
        (Holder::Device(device), Fact::LoggedOut { device: out, .. }) => {
            (out == device).then_some(Change::LoseAll(device))
        }
        (
            Holder::Device(device),
            Fact::DeviceRestored {
                device: it, taken, ..
            },
        ) => (it == device).then_some(Change::Back(taken)),
        (Holder::Server(server), Fact::KeyStored { server: at, key }) => {
            (at == server && key.kind == KeyKind::OneTime).then_some(Change::Gain(key))
        }
        (
            Holder::Server(server),
            Fact::KeyIssued {
                server: at, key, ..
            },
        ) => (at == server).then_some(Change::Lose(key)),
        (Holder::Server(server), Fact::KeyReset { server: at, key }) => {
            (at == server).then_some(Change::Lose(key))
        }
        (
            Holder::Server(server),
            Fact::KeysReset { server: at, device } | Fact::DeviceRemoved { server: at, device },
        ) => (at == server).then_some(Change::LoseAll(device)),
        (
            Holder::Server(server),
            Fact::TableRestored {
                server: at,
                table: Table::OneTimeKeys,
                taken,
                ..
            },
        ) => (at == server).then_some(Change::Back(taken)),
        (
            Holder::Server(server),
            Fact::TableEmptied {
                server: at,
                table: Table::OneTimeKeys,
                ..
            },
        ) => (at == server).then_some(Change::Back(Time::ZERO)),
        (holder, Fact::WritesLost { node, since, .. }) => {
            let it = match node {
                NodeId::Device(device) => Holder::Device(device),
                NodeId::Server(server) => Holder::Server(server),
            };
            let before = since - Span::from_ticks(1);
            (it == holder).then_some(Change::Back(before))
        }
        _ => None,
    }
}
