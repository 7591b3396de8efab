//! Draws a cast: from one server and two people to as many as a room where
//! everything can still be looked through.

use crate::cast::{Cast, Client, Device, Room, SyncApi, User, friendly};
use crate::luck::Dice;
use crate::name::{DeviceId, RoomId, ServerId, UserId};

/// How many servers, each as often as it is here.
const SERVERS: &[u8] = &[1, 1, 2, 2, 2, 2, 2, 3, 3, 4];
/// How many people.
const USERS: &[u8] = &[2, 2, 2, 3, 3, 3, 4, 4, 5, 6];
/// How many devices a person has.
const DEVICES: &[u8] = &[1, 1, 1, 1, 1, 1, 1, 2, 2, 3];
/// How many rooms.
const ROOMS: &[u8] = &[1, 1, 1, 2, 2, 2, 3, 3, 4, 4];

/// A cast, in the order of files.
pub(super) fn cast(dice: &mut Dice<'_>) -> Cast {
    let mut cast = Cast::default();
    let servers = dice.of(SERVERS).unwrap_or(1);
    cast.servers = (0..usize::from(servers)).map(friendly::server).collect();
    let users = dice.of(USERS).unwrap_or(2);
    let old_client = dice.one_in(5);
    let sliding = dice.one_in(4);
    for index in 0..users {
        // The first few live apart as a rule, so that servers have to talk.
        let server = match index < servers && dice.percent(75) {
            true => index,
            false => small(dice.below(usize::from(servers))),
        };
        let id = UserId::new(ServerId(server), index);
        let name = friendly::person(usize::from(index), usize::from(users));
        for number in 0..dice.of(DEVICES).unwrap_or(1) {
            let index = small(cast.devices.len());
            cast.devices.push(Device {
                id: DeviceId::new(id, index),
                name: friendly::device(&name, usize::from(number)),
                client: match old_client && dice.one_in(2) {
                    true => Client::Libolm,
                    false => Client::Vodozemac,
                },
                sync: match sliding && dice.one_in(2) {
                    true => SyncApi::Sliding,
                    false => SyncApi::Sync,
                },
            });
        }
        cast.users.push(User { id, name });
    }
    rooms(&mut cast, dice);
    cast
}

/// Rooms with two members or more. Everybody is in one.
fn rooms(cast: &mut Cast, dice: &mut Dice<'_>) {
    let count = dice.of(ROOMS).unwrap_or(1);
    let mut in_none: Vec<UserId> = cast.users.iter().map(|user| user.id).collect();
    for index in 0..count {
        let mut members: Vec<UserId> = cast.users.iter().map(|user| user.id).collect();
        let few = match dice.one_in(3) {
            true => members.len(),
            false => 2 + dice.below(members.len() - 1),
        };
        for place in 0..few {
            let other = place + dice.below(members.len() - place);
            members.swap(place, other);
        }
        members.truncate(few);
        in_none.retain(|user| !members.contains(user));
        cast.rooms.push(Room {
            id: RoomId(index),
            name: friendly::room(usize::from(index), usize::from(count)),
            members,
        });
    }
    for user in in_none {
        let place = dice.below(cast.rooms.len());
        cast.rooms[place].members.push(user);
    }
}

fn small(number: usize) -> u8 {
    u8::try_from(number).expect("a drawn cast is small")
}
