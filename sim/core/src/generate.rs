//! The generator: a seed becomes a scenario.

use crate::cast::{Cast, Client, Device, Room, User};
use crate::name::{DeviceId, RoomId, ServerId, UserId};
use crate::node::Settings;
use crate::scenario::Scenario;

/// What the scenarios are drawn from, in words: every figure of a campaign
/// holds for this and for nothing else.
#[must_use]
pub fn distribution() -> Vec<String> {
    // To be replaced with the generator.
    vec!["two users on two servers share a room, and nothing happens (placeholder)".to_owned()]
}

/// The scenario of this seed.
#[must_use]
pub fn scenario(seed: u64) -> Scenario {
    let servers: Vec<String> = (1..=2).map(|n| format!("hs{n}")).collect();
    let id = |index: u8| UserId {
        server: ServerId(index),
        index,
    };
    let cast = Cast {
        servers,
        users: (0..2)
            .map(|index| User {
                id: id(index),
                name: format!("u{index}"),
            })
            .collect(),
        devices: (0..2)
            .map(|index| Device {
                id: DeviceId {
                    user: id(index),
                    index,
                },
                name: format!("u{index}"),
                client: Client::default(),
            })
            .collect(),
        rooms: vec![Room {
            id: RoomId(0),
            name: "r1".to_owned(),
            members: vec![id(0), id(1)],
        }],
    };
    Scenario {
        id: format!("random-{seed}"),
        title: format!("The random scenario of seed {seed}"),
        source: vec![],
        story: String::new(),
        cast,
        settings: Settings::default(),
        steps: vec![],
        expect: std::collections::BTreeMap::new(),
    }
}
