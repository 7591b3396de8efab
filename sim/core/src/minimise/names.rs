//! Gives everybody the names of the bundled scenarios. Draws go by numbers,
//! and names sort as numbers do, so a run stays as it is, unless the devices
//! of a user were not next to each other in the order of names.

use crate::cast::{Cast, Device, friendly};
use crate::name::{DeviceId, RoomId, ServerId};
use crate::roles::Roles;
use crate::scenario::Scenario;
use crate::step::TimedStep;

/// The scenario with the names of the bundled ones.
pub(super) fn friendly(scenario: &Scenario) -> Scenario {
    let mut renamed = scenario.clone();
    let (cast, roles) = cast(&scenario.cast);
    renamed.cast = cast;
    let steps = scenario.steps.iter().filter_map(|it| {
        let step = it.step.recast(&roles)?;
        Some(TimedStep { at: it.at, step })
    });
    renamed.steps = steps.collect();
    let adopt = scenario.adopt.iter();
    let adopt = adopt.filter_map(|(node, own)| Some((roles.node(*node)?, own.clone())));
    renamed.adopt = adopt.collect();
    renamed
}

fn cast(old: &Cast) -> (Cast, Roles) {
    let mut cast = old.clone();
    cast.servers = (0..old.servers.len()).map(friendly::server).collect();
    let users = old.users.len();
    for (number, user) in cast.users.iter_mut().enumerate() {
        user.name = friendly::person(number, users);
    }
    let rooms = old.rooms.len();
    for (number, room) in cast.rooms.iter_mut().enumerate() {
        room.name = friendly::room(number, rooms);
    }
    cast.devices.clear();
    let mut devices: Vec<Option<DeviceId>> = vec![None; old.devices.len()];
    for user in &cast.users {
        let own = old.devices.iter().filter(|it| it.id.user() == user.id);
        for (number, device) in own.enumerate() {
            let index = u8::try_from(cast.devices.len()).expect("there are as many as before");
            let id = DeviceId::new(device.id.user(), index);
            devices[usize::from(device.id.index())] = Some(id);
            cast.devices.push(Device {
                id,
                name: friendly::device(&user.name, number),
                client: device.client,
                sync: device.sync,
            });
        }
    }
    let roles = Roles {
        servers: (0..=u8::MAX)
            .take(old.servers.len())
            .map(|it| Some(ServerId(it)))
            .collect(),
        devices,
        rooms: (0..=u8::MAX)
            .take(old.rooms.len())
            .map(|it| Some(RoomId(it)))
            .collect(),
    };
    (cast, roles)
}
