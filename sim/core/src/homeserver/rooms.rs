//! Rooms: members, events and their order on this server (BS §3).

use std::sync::Arc;

use std::collections::BTreeSet;

use litemap::LiteMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{Homeserver, Write};
use crate::crypto::Crypto;
use crate::name::{EventId, RoomId, ServerId, ServerSet, UserId};
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::{Membership, RoomContent, RoomEvent};

/// Room for the events of a room in a run of the usual length.
const USUAL_EVENTS: usize = 56;

/// The rooms that this server is, or was, in.
#[derive(Clone, Debug)]
pub(super) struct Rooms<C: Crypto> {
    /// The newest place given; one sequence for all rooms of the server.
    pub(super) position: u64,
    pub(super) rooms: LiteMap<RoomId, Room<C>>,
    /// Events that other servers have to be sent, by place.
    pub(super) unsent: LiteMap<ServerId, LiteMap<u64, Arc<RoomEvent<C>>>>,
}

#[derive(Clone, Debug)]
pub(super) struct Room<C: Crypto> {
    /// Everybody who is or was in the room, and since when, the last time.
    members: LiteMap<UserId, Stay>,
    /// Stays before the last.
    earlier: LiteMap<UserId, Vec<Stay>>,
    /// Everybody who is invited and has not joined, and since which place.
    invited: LiteMap<UserId, u64>,
    /// The place of the last thing that happened in it.
    latest: u64,
    /// Every event with its place, in ascending order of place.
    pub(super) timeline: Vec<(u64, Arc<RoomEvent<C>>)>,
    pub(super) known: FxHashSet<EventId>,
    /// The events that none follows, in the order of their names.
    pub(super) extremities: Vec<EventId>,
}

/// From which place to which a user is in a room.
#[derive(Clone, Copy, Debug)]
struct Stay {
    /// From where on the user sees what happened: who was invited, from the
    /// invitation on (history visibility `invited`).
    sees_from: u64,
    from: u64,
    to: Option<u64>,
}

impl Stay {
    fn holds(self, place: u64) -> bool {
        place > self.sees_from && self.to.is_none_or(|to| place <= to)
    }

    /// After which place a client has to be told of the stay that has been told
    /// everything up to `told`: one that has just come in, of what was before too.
    fn untold_after(self, told: u64) -> u64 {
        match self.from > told {
            true => self.sees_from.min(told),
            false => told,
        }
    }
}

impl<C: Crypto> Default for Rooms<C> {
    fn default() -> Self {
        Self {
            position: 0,
            rooms: LiteMap::new(),
            unsent: LiteMap::new(),
        }
    }
}

impl<C: Crypto> Room<C> {
    /// Who is in the room.
    pub(super) fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        let here = self.members.iter().filter(|(_, stay)| stay.to.is_none());
        here.map(|(user, _)| *user)
    }

    /// Whether a user is in the room.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.members
            .get(&user)
            .is_some_and(|stay| stay.to.is_none())
    }

    /// The servers whose users are in the room.
    pub(super) fn servers(&self) -> ServerSet {
        self.members().map(UserId::server).collect()
    }

    /// Whether a user is invited, and has not joined.
    pub(super) fn has_invited(&self, user: UserId) -> bool {
        self.invited.contains_key(&user)
    }

    /// Who is in the room or invited.
    pub(super) fn members_and_invited(&self) -> Vec<UserId> {
        let invited = self.invited.keys().copied();
        let all: BTreeSet<UserId> = self.members().chain(invited).collect();
        all.into_iter().collect()
    }

    /// What the server of a user who has joined is told of before the join: the
    /// invitations that stand, and everything since the first of its own users
    /// was invited.
    pub(super) fn before_join_of(&self, user: UserId) -> Vec<Arc<RoomEvent<C>>> {
        let Some(stay) = self.members.get(&user) else {
            return vec![];
        };
        let invited = self.invited.iter();
        let own = invited.filter(|(other, _)| other.server() == user.server());
        let since = own.map(|(_, place)| *place).chain([stay.sees_from]).min();
        let is_told = |place: u64| {
            let stands = self.invited.values().any(|it| *it == place);
            place < stay.from && (stands || since.is_some_and(|since| place >= since))
        };
        let events = self.timeline.iter();
        let events = events.filter(|(place, _)| is_told(*place));
        events.map(|(_, event)| event.clone()).collect()
    }

    /// Whether a user of this server is in the room.
    pub(super) fn is_on(&self, server: ServerId) -> bool {
        self.members().any(|user| user.server() == server)
    }

    /// What happened after `place` while the user was in the room, and what
    /// happened before, since they were invited, if they have come in after it.
    pub(super) fn seen_by(
        &self,
        user: UserId,
        place: u64,
    ) -> impl Iterator<Item = &(u64, Arc<RoomEvent<C>>)> {
        let earlier = self.earlier.get(&user).map_or(&[][..], Vec::as_slice);
        let stays = earlier.iter().chain(self.members.get(&user));
        let untold = stays.clone().map(|stay| stay.untold_after(place));
        let start = untold.min().unwrap_or(place);
        // What is new is at the end, and little.
        let new = self.timeline.iter().rev().take_while(|(at, _)| *at > start);
        let events = self.timeline[self.timeline.len() - new.count()..].iter();
        let shows = move |stay: &Stay, at| stay.holds(at) && at > stay.untold_after(place);
        events.filter(move |(at, _)| stays.clone().any(|stay| shows(stay, *at)))
    }

    /// A user comes in. What they saw before is theirs still.
    fn let_in(&mut self, user: UserId, place: u64) {
        let stay = Stay {
            sees_from: self.invited.remove(&user).unwrap_or(place),
            from: place,
            to: None,
        };
        if let Some(before) = self.members.insert(user, stay) {
            let to = before.to.or(Some(place));
            let before = Stay { to, ..before };
            self.earlier.entry(user).or_default().push(before);
        }
    }

    /// With whom the user has come to share the room after `place`, or has ceased
    /// to: whether they share it now.
    pub(super) fn companions_after(
        &self,
        user: UserId,
        place: u64,
    ) -> impl Iterator<Item = (UserId, bool)> {
        let own = self.members.get(&user);
        self.members.iter().filter_map(move |(other, stay)| {
            let own = own?;
            let (since, share) = match (own.to, stay.to) {
                (None, None) => (own.from.max(stay.from), true),
                (Some(to), None) | (None, Some(to)) => (to, false),
                (Some(_), Some(_)) => return None,
            };
            (since > place).then_some((*other, share))
        })
    }

    /// Whether the user came into the room after `place`, and is there.
    pub(super) fn is_new_to(&self, user: UserId, place: u64) -> bool {
        self.members
            .get(&user)
            .is_some_and(|stay| stay.to.is_none() && stay.from > place)
    }
}

impl<C: Crypto> Rooms<C> {
    /// The rooms that a user is in.
    pub(super) fn of(&self, user: UserId) -> impl Iterator<Item = &Room<C>> {
        self.rooms.values().filter(move |room| room.has(user))
    }

    /// The rooms in which something has happened after `place`.
    pub(super) fn changed_after(&self, place: u64) -> impl Iterator<Item = (RoomId, &Room<C>)> {
        let rooms = self.rooms.iter().map(|(id, room)| (*id, room));
        rooms.filter(move |(_, room)| room.latest > place)
    }

    /// Whether two users share a room.
    pub(super) fn share_room(&self, a: UserId, b: UserId) -> bool {
        self.of(a).any(|room| room.has(b))
    }

    /// The other servers with a member in a room that `user` is in.
    pub(super) fn servers_with(&self, user: UserId) -> ServerSet {
        let servers = self.of(user).flat_map(Room::servers);
        servers.filter(|server| *server != user.server()).collect()
    }

    /// The other servers that share a room, or have still to be sent an event.
    pub(super) fn peers(&self, own: ServerId) -> ServerSet {
        let members = self.rooms.values().flat_map(Room::servers);
        let unsent = self.unsent.iter().filter(|(_, events)| !events.is_empty());
        let all = members.chain(unsent.map(|(server, _)| *server));
        all.filter(|server| *server != own).collect()
    }

    pub(super) fn create(&mut self, room: RoomId, members: Vec<UserId>) {
        self.position += 1;
        let place = self.position;
        let row = self.rooms.entry(room).or_insert_with(|| Room {
            members: LiteMap::new(),
            earlier: LiteMap::new(),
            invited: LiteMap::new(),
            latest: 0,
            timeline: vec![],
            known: FxHashSet::with_capacity_and_hasher(USUAL_EVENTS, FxBuildHasher),
            extremities: vec![],
        });
        row.latest = place;
        row.invited = LiteMap::new(); // Those that stand are told as events.
        // Who is not named has left without this server's hearing of it.
        for (user, stay) in &mut row.members {
            if !members.contains(user) {
                stay.to = stay.to.or(Some(place));
            }
        }
        for user in members {
            row.let_in(user, place);
        }
    }

    pub(super) fn append(&mut self, event: Arc<RoomEvent<C>>, to: ServerSet) {
        self.position += 1;
        let place = self.position;
        let Some(room) = self.rooms.get_mut(&event.room) else {
            return;
        };
        room.latest = place;
        let extremities = &mut room.extremities;
        extremities.retain(|it| !event.previous.contains(it));
        if let Err(place) = extremities.binary_search(&event.id) {
            extremities.insert(place, event.id);
        }
        room.known.insert(event.id);
        match event.content {
            RoomContent::Encrypted { .. } => {}
            RoomContent::Member(user, Membership::Join) => room.let_in(user, place),
            RoomContent::Member(user, Membership::Leave) => {
                if let Some(stay) = room.members.get_mut(&user) {
                    stay.to = Some(place);
                }
            }
            RoomContent::Member(user, Membership::Invite) => {
                if !room.has(user) {
                    room.invited.insert(user, place);
                }
            }
        }
        for server in to {
            let queue = self.unsent.entry(server).or_default();
            queue.insert(place, event.clone());
        }
        room.timeline.push((place, event));
    }

    pub(super) fn sent(&mut self, server: ServerId, places: &[u64]) {
        if let Some(queue) = self.unsent.get_mut(&server) {
            for place in places {
                queue.remove(place);
            }
        }
    }
}

impl<C: Crypto> Homeserver<C> {
    /// A client's event: placed after everything the server knows of, then
    /// sent to the other servers in the room. An event seen before is ignored.
    pub(super) fn send_event(&mut self, event: Arc<RoomEvent<C>>, cx: &mut Cx<'_, Self>) {
        let Some(room) = self.tables.rooms.rooms.get(&event.room) else {
            return;
        };
        if room.has(event.user()) && !room.known.contains(&event.id) {
            self.originate(event, &[], cx);
        }
    }

    /// Places an event that this server is the first to have after everything
    /// it knows of, and sends it to every server in the room but `except`.
    pub(super) fn originate(
        &mut self,
        mut event: Arc<RoomEvent<C>>,
        except: &[ServerId],
        cx: &mut Cx<'_, Self>,
    ) -> Arc<RoomEvent<C>> {
        let room = self.tables.rooms.rooms.get(&event.room);
        let mut to = ServerSet::default();
        if let Some(room) = room {
            Arc::make_mut(&mut event).previous = room.extremities.as_slice().into();
            to = room.servers();
        }
        to.remove(self.id);
        for server in except {
            to.remove(*server);
        }
        self.append(event.clone(), to, cx);
        for peer in to {
            self.flush(peer, cx);
        }
        event
    }

    /// Appends an event whose predecessors are known.
    pub(super) fn append(
        &mut self,
        event: Arc<RoomEvent<C>>,
        to: ServerSet,
        cx: &mut Cx<'_, Self>,
    ) {
        let mut rows = vec![];
        match event.content {
            RoomContent::Encrypted { .. } => cx.observe(Fact::EventStored {
                server: self.id,
                event: event.id,
            }),
            RoomContent::Member(user, membership) => {
                rows = self.membership_changes(event.room, user, membership, cx);
            }
        }
        let speaker = match event.content {
            RoomContent::Encrypted { .. } => Some(event.id.sender),
            RoomContent::Member(..) => None,
        };
        let event = Write::Event(event, to);
        self.write(rows.into_iter().chain([event]), cx);
        self.notify_all(cx);
        if let Some(speaker) = speaker {
            self.heard(speaker, cx);
        }
    }

    /// Whether the server has an event.
    pub(super) fn has_event(&self, room: RoomId, event: EventId) -> bool {
        self.tables
            .rooms
            .rooms
            .get(&room)
            .is_some_and(|it| it.known.contains(&event))
    }

    /// The events before `latest` that do not come before or with `earliest`,
    /// oldest first.
    pub(super) fn events_between(
        &self,
        room: RoomId,
        earliest: &[EventId],
        latest: EventId,
    ) -> Vec<Arc<RoomEvent<C>>> {
        let Some(room) = self.tables.rooms.rooms.get(&room) else {
            return vec![];
        };
        let known = |id: EventId| room.timeline.iter().find(|(_, event)| event.id == id);
        let mut wanted = BTreeSet::new();
        let mut to_visit = vec![latest];
        while let Some((_, event)) = to_visit.pop().and_then(known) {
            for previous in event.previous.iter() {
                if !earliest.contains(previous) && wanted.insert(*previous) {
                    to_visit.push(*previous);
                }
            }
        }
        let events = room.timeline.iter().map(|(_, event)| event);
        events
            .filter(|event| wanted.contains(&event.id))
            .cloned()
            .collect()
    }
}
