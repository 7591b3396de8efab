use super::*;
use crate::time::Span;

/// Numbers at both ends of what there is, and between.
const BYTES: [u8; 4] = [0, 1, 254, 255];

fn devices() -> impl Iterator<Item = DeviceId> {
    BYTES.into_iter().flat_map(|server| {
        let user = UserId::new(ServerId(server), 255 - server);
        BYTES
            .into_iter()
            .map(move |index| DeviceId::new(user, index))
    })
}

fn times() -> impl Iterator<Item = Time> {
    let ticks = [0, 1, u64::MAX - 1, u64::MAX];
    ticks
        .into_iter()
        .map(|it| Time::ZERO + Span::from_ticks(it))
}

/// Asserts that names are ordered, and equal, as these fields are.
fn ordered_by<N: Copy + Ord + fmt::Debug, F: Ord>(names: &[N], fields: impl Fn(N) -> F) {
    for a in names.iter().copied() {
        for b in names.iter().copied() {
            let expected = fields(a).cmp(&fields(b));
            assert_eq!(a.cmp(&b), expected, "{a:?} {b:?}");
            assert_eq!(a == b, expected.is_eq(), "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_device_says_whose_it_is() {
    for device in devices() {
        let (user, server) = (device.user(), device.server());
        assert_eq!(DeviceId::new(user, device.index()), device);
        assert_eq!(UserId::new(server, user.index()), user);
    }
    let all: Vec<DeviceId> = devices().collect();
    ordered_by(&all, |it| (it.server().0, it.user().index(), it.index()));
}

#[test]
fn nodes_are_ordered_servers_first() {
    let servers = BYTES.map(ServerId).map(NodeId::Server);
    let nodes: Vec<NodeId> = servers
        .into_iter()
        .chain(devices().map(NodeId::Device))
        .collect();
    ordered_by(&nodes, |it| match it {
        NodeId::Server(server) => (0, u32::from(server.0)),
        NodeId::Device(device) => (1, device.0),
    });
}

#[test]
fn names_are_ordered_by_their_fields() {
    let mut keys = vec![];
    for owner in devices().step_by(3) {
        for kind in [KeyKind::OneTime, KeyKind::Fallback] {
            for id in [0, 1, u64::MAX].map(KeyId) {
                keys.extend([0, u16::MAX].map(|incarnation| KeyName {
                    owner,
                    kind,
                    id,
                    incarnation,
                }));
            }
        }
    }
    ordered_by(&keys, |it| (it.owner, it.kind, it.id, it.incarnation));
    let mut sessions = vec![];
    let mut megolm = vec![];
    let mut events = vec![];
    for device in devices().step_by(3) {
        for at in times() {
            sessions.extend(devices().step_by(5).map(|peer| SessionName {
                opener: device,
                peer,
                opened: at,
            }));
            megolm.extend(BYTES.map(RoomId).map(|room| MegolmName {
                sender: device,
                room,
                created: at,
            }));
            events.push(EventId {
                sender: device,
                sent: at,
            });
        }
    }
    ordered_by(&sessions, |it| (it.opener, it.peer, it.opened));
    ordered_by(&megolm, |it| (it.sender, it.room, it.created));
    ordered_by(&events, |it| (it.sender, it.sent));
}
