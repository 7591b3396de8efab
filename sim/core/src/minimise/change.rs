//! A change of the cast: who goes, and who takes over from whom. Everything
//! that has to follow does: numbers stay without gaps, users without a device
//! go, and so do the steps of those who are gone.

use crate::cast::{Cast, Device, Room, User};
use crate::name::{DeviceId, NodeId, RoomId, ServerId, UserId};
use crate::roles::Roles;
use crate::scenario::Scenario;
use crate::step::{Step, TimedStep};

/// Who takes over from whom, by the numbers that everybody has. Whoever takes
/// over from themselves stays; from whom nobody takes over goes, as does
/// everything that is said of them.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) servers: Vec<Option<usize>>,
    /// On which server each user lives.
    pub(super) homes: Vec<Option<usize>>,
    pub(super) devices: Vec<Option<usize>>,
    pub(super) rooms: Vec<Option<usize>>,
    /// Who is no longer in which room: a room and a user.
    pub(super) left: Option<(usize, usize)>,
}

impl Change {
    /// No change at all.
    pub(super) fn none(cast: &Cast) -> Self {
        let all = |count: usize| (0..count).map(Some).collect();
        let homes = cast.users.iter();
        Self {
            servers: all(cast.servers.len()),
            homes: homes
                .map(|user| Some(usize::from(user.id.server().0)))
                .collect(),
            devices: all(cast.devices.len()),
            rooms: all(cast.rooms.len()),
            left: None,
        }
    }

    /// The scenario with another cast.
    pub(super) fn apply(&self, scenario: &Scenario) -> Scenario {
        let (cast, roles) = self.cast(&scenario.cast);
        let steps = scenario.steps.iter().filter_map(|it| {
            let step = it.step.recast(&roles)?;
            Some(TimedStep { at: it.at, step })
        });
        // Whoever takes over from somebody goes on as before.
        let adopt = scenario.adopt.iter().filter(|(node, _)| self.keeps(**node));
        let adopt = adopt.filter_map(|(node, own)| Some((roles.node(*node)?, own.clone())));
        let mut changed = Scenario {
            adopt: adopt.collect(),
            steps: steps.collect(),
            cast,
            ..scenario.clone()
        };
        only_members_speak(&mut changed);
        changed
    }

    /// Whether a server or a device stays.
    fn keeps(&self, node: NodeId) -> bool {
        let (all, place) = match node {
            NodeId::Server(id) => (&self.servers, usize::from(id.0)),
            NodeId::Device(id) => (&self.devices, usize::from(id.index())),
        };
        all[place] == Some(place)
    }

    fn cast(&self, old: &Cast) -> (Cast, Roles) {
        let mut cast = Cast::default();
        let mut servers: Vec<Option<ServerId>> = vec![None; old.servers.len()];
        for (place, name) in old.servers.iter().enumerate() {
            if self.servers[place] == Some(place) {
                servers[place] = Some(ServerId(small(cast.servers.len())));
                cast.servers.push(name.clone());
            }
        }
        let (users, devices) = self.users_and_devices(old, &servers, &mut cast);
        let mut rooms: Vec<Option<RoomId>> = vec![None; old.rooms.len()];
        for (place, room) in old.rooms.iter().enumerate() {
            if self.rooms[place] == Some(place) {
                let id = RoomId(small(cast.rooms.len()));
                rooms[place] = Some(id);
                cast.rooms.push(Room {
                    id,
                    name: room.name.clone(),
                    members: self.members(old, place, &users),
                });
            }
        }
        let follow = |into: &[Option<usize>], place: usize| into[place];
        let roles = Roles {
            servers: (0..old.servers.len())
                .map(|it| servers[follow(&self.servers, it)?])
                .collect(),
            devices: (0..old.devices.len())
                .map(|it| devices[follow(&self.devices, it)?])
                .collect(),
            rooms: (0..old.rooms.len())
                .map(|it| rooms[follow(&self.rooms, it)?])
                .collect(),
        };
        (cast, roles)
    }

    /// Who each user and each device is now, if they have not gone. Users are
    /// numbered by their first devices, as in a file.
    fn users_and_devices(
        &self,
        old: &Cast,
        servers: &[Option<ServerId>],
        cast: &mut Cast,
    ) -> (Vec<Option<UserId>>, Vec<Option<DeviceId>>) {
        let mut users: Vec<Option<UserId>> = vec![None; old.users.len()];
        let mut devices: Vec<Option<DeviceId>> = vec![None; old.devices.len()];
        for (place, device) in old.devices.iter().enumerate() {
            let owner = usize::from(device.id.user().index());
            let home = self.homes[owner].and_then(|home| servers[home]);
            let Some(server) = home.filter(|_| self.devices[place] == Some(place)) else {
                continue;
            };
            let user = *users[owner].get_or_insert_with(|| {
                let index = small(cast.users.len());
                let id = UserId::new(server, index);
                let name = old.users[owner].name.clone();
                cast.users.push(User { id, name });
                id
            });
            let index = small(cast.devices.len());
            let id = DeviceId::new(user, index);
            devices[place] = Some(id);
            cast.devices.push(Device {
                id,
                ..device.clone()
            });
        }
        // Whoever takes over the last device of a user is in their rooms.
        for (place, device) in old.devices.iter().enumerate() {
            let owner = usize::from(device.id.user().index());
            let heir = self.devices[place].and_then(|heir| devices[heir]);
            if let (None, Some(heir)) = (users[owner], heir) {
                users[owner] = Some(heir.user());
            }
        }
        (users, devices)
    }

    /// Who is in a room: everybody who was in one of the rooms that it is now.
    fn members(&self, old: &Cast, room: usize, users: &[Option<UserId>]) -> Vec<UserId> {
        let mut members = vec![];
        for (place, other) in old.rooms.iter().enumerate() {
            if self.rooms[place] != Some(room) {
                continue;
            }
            for user in &other.members {
                let number = usize::from(user.index());
                let stays = self.left != Some((place, number));
                if let Some(user) = users[number].filter(|_| stays)
                    && !members.contains(&user)
                {
                    members.push(user);
                }
            }
        }
        members
    }
}

/// Takes away what nobody can do who is not in a room at any time.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about a few steps"
)]
pub(super) fn only_members_speak(scenario: &mut Scenario) {
    let joins = scenario.steps.iter().filter_map(|it| match &it.step {
        Step::Join(join) => Some(join.user_and_room()),
        _ => None,
    });
    let joins: Vec<(UserId, RoomId)> = joins.collect();
    let rooms = &scenario.cast.rooms;
    scenario.steps.retain(|it| {
        let (user, room) = match &it.step {
            Step::Send(send) => send.user_and_room(),
            Step::Leave(leave) => leave.user_and_room(),
            Step::Invite(invite) => invite.user_and_room(),
            _ => return true,
        };
        let is_member = rooms[usize::from(room.0)].members.contains(&user);
        is_member || joins.contains(&(user, room))
    });
}

fn small(count: usize) -> u8 {
    u8::try_from(count).expect("a cast does not grow by a change")
}
