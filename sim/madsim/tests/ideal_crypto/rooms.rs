//! Megolm sessions in both implementations.

use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::crypto::{Body, Crypto, GroupError, Merge, RoomMessage};
use unwedge_core::name::EventId;
use unwedge_core::time::{Span, Time};

use crate::lab::{Checked, Lab, Two, V, device, same};
use crate::operation::Pick;
use crate::reached::What;

/// A sending end; copies are of one origin.
pub(crate) struct Group {
    two: Two<<V as Crypto>::GroupSession, <Ideal as Crypto>::GroupSession>,
    origin: usize,
}

/// A receiving end.
pub(crate) struct Inbound {
    two: Two<<V as Crypto>::InboundGroupSession, <Ideal as Crypto>::InboundGroupSession>,
    origin: usize,
}

/// A session as it is shared. Copies of a sending end share the same keys.
pub(crate) struct RoomKey {
    pub(crate) two: Two<<V as Crypto>::RoomKey, <Ideal as Crypto>::RoomKey>,
    origin: usize,
}

/// A message, and what it says.
pub(crate) struct Event {
    two: Two<<V as Crypto>::GroupMessage, <Ideal as Crypto>::GroupMessage>,
    said: RoomMessage,
    index: u32,
    origin: usize,
}

impl Lab {
    pub(crate) fn new_group(&mut self) -> Checked {
        let origin = self.groups.iter().map(|group| group.origin + 1).max();
        let two = Two {
            real: V.new_group_session(),
            ideal: self.ideal.new_group_session(),
        };
        let origin = origin.unwrap_or_default();
        self.groups.push(Group { two, origin });
        self.share(Pick::NEWEST)
    }

    /// Says something in a room, each time with the index that comes next.
    pub(crate) fn announce(&mut self, group: Pick, count: u8) -> Checked {
        let Some(place) = group.of(self.groups.len()) else {
            return self.new_group();
        };
        for _ in 0..count {
            let Group { two, origin } = &mut self.groups[place];
            let real = V.message_index(&two.real);
            let ideal = self.ideal.message_index(&two.ideal);
            let index = same("the next message index", real, ideal)?;
            let said = said(self.events.len());
            let real = V.encrypt_event(&mut two.real, &said);
            let ideal = self.ideal.encrypt_event(&mut two.ideal, &said);
            let origin = *origin;
            let again = |event: &Event| event.origin == origin && event.index == index;
            let forked = self.events.iter().any(again);
            self.reached.note_if(forked, What::GroupForked);
            let two = Two { real, ideal };
            self.events.push(Event {
                two,
                said,
                index,
                origin,
            });
        }
        Ok(())
    }

    /// Shares a session from where it is; the key may be one of before.
    pub(crate) fn share(&mut self, group: Pick) -> Checked {
        let Some(place) = group.of(self.groups.len()) else {
            return self.new_group();
        };
        let Group { two, origin } = &self.groups[place];
        let origin = *origin;
        let real = V.room_key(&two.real);
        let ideal = self.ideal.room_key(&two.ideal);
        let known = self.room_keys.iter();
        let of_real = known.clone().position(|key| key.two.real == real);
        let of_ideal = known.clone().position(|key| key.two.ideal == ideal);
        if same("which room key it is", of_real, of_ideal)?.is_none() {
            let two = Two { real, ideal };
            self.room_keys.push(RoomKey { two, origin });
        } else {
            self.reached.note(What::SameRoomKey);
        }
        Ok(())
    }

    pub(crate) fn import(&mut self, key: Pick) -> Checked {
        let Some(key) = key.of(self.room_keys.len()) else {
            return Ok(());
        };
        let RoomKey { two: key, origin } = &self.room_keys[key];
        let (key, origin) = (key, *origin);
        let real = V.import_room_key(&key.real);
        let ideal = self.ideal.import_room_key(&key.ideal);
        same("whether it is a key", real.is_some(), ideal.is_some())?;
        if let Some((real, ideal)) = real.zip(ideal) {
            let two = Two { real, ideal };
            self.inbounds.push(Inbound { two, origin });
            self.check_inbound(self.inbounds.len() - 1)?;
        }
        Ok(())
    }

    /// Reads an event, mostly with an end of the same session.
    pub(crate) fn read(&mut self, inbound: Pick, event: Pick, foreign: bool) -> Checked {
        let Some(place) = inbound.of(self.inbounds.len()) else {
            return Ok(());
        };
        let origin = self.inbounds[place].origin;
        let fits = |event: &usize| foreign || self.events[*event].origin == origin;
        let fitting: Vec<_> = (0..self.events.len()).filter(fits).collect();
        match event.of(fitting.len()) {
            Some(event) => self.read_event(place, fitting[event]),
            None => Ok(()),
        }
    }

    fn read_event(&mut self, place: usize, event: usize) -> Checked {
        let (inbound, event) = (&mut self.inbounds[place].two, &self.events[event]);
        let real = V.decrypt_event(&mut inbound.real, &event.two.real);
        let ideal = self
            .ideal
            .decrypt_event(&mut inbound.ideal, &event.two.ideal);
        let read = same("what reading an event comes to", real, ideal)?;
        self.reached.note(match read {
            Ok(_) => What::EventRead,
            Err(GroupError::UnknownMessageIndex) => What::EventUnknownIndex,
            Err(GroupError::Invalid) => What::EventInvalid,
        });
        if let Ok(read) = read {
            same(
                "what was said and what was read",
                (event.said, event.index),
                read,
            )?;
        }
        self.check_inbound(place)
    }

    /// Merges a copy of one end into another one, mostly of the same session.
    pub(crate) fn merge(&mut self, into: Pick, from: Pick, foreign: bool) -> Checked {
        let Some(into) = into.of(self.inbounds.len()) else {
            return Ok(());
        };
        let origin = self.inbounds[into].origin;
        let fits = |from: &usize| foreign || self.inbounds[*from].origin == origin;
        let fitting: Vec<_> = (0..self.inbounds.len()).filter(fits).collect();
        let Some(from) = from.of(fitting.len()) else {
            return Ok(());
        };
        let from = &self.inbounds[fitting[from]].two;
        let pickle = V.pickle_inbound_group_session(&from.real);
        let real = V.unpickle_inbound_group_session(&pickle);
        let pickle = self.ideal.pickle_inbound_group_session(&from.ideal);
        let ideal = self.ideal.unpickle_inbound_group_session(&pickle);

        let two = &mut self.inbounds[into].two;
        let real = V.merge(&mut two.real, real);
        let ideal = self.ideal.merge(&mut two.ideal, ideal);
        self.reached
            .note(match same("what a merge comes to", real, ideal)? {
                Merge::Better => What::MergeBetter,
                Merge::NothingNew => What::MergeNothingNew,
                Merge::Unconnected => What::MergeUnconnected,
            });
        self.check_inbound(into)
    }

    pub(crate) fn keep_group(&mut self, group: Pick) -> Checked {
        if let Some(place) = group.of(self.groups.len()) {
            let Group { two, origin } = &self.groups[place];
            let pickle = Two {
                real: V.pickle_group_session(&two.real),
                ideal: self.ideal.pickle_group_session(&two.ideal),
            };
            self.kept_groups.push((*origin, pickle));
        }
        Ok(())
    }

    pub(crate) fn restore_group(&mut self, kept: Pick, as_well: bool) -> Checked {
        let Some(place) = kept.of(self.kept_groups.len()) else {
            return Ok(());
        };
        let (origin, pickle) = &self.kept_groups[place];
        let two = Two {
            real: V.unpickle_group_session(&pickle.real),
            ideal: self.ideal.unpickle_group_session(&pickle.ideal),
        };
        let origin = *origin;
        let newest = self.groups.iter().rposition(|group| group.origin == origin);
        if !as_well && let Some(newest) = newest {
            self.groups.remove(newest);
        }
        self.groups.push(Group { two, origin });
        self.announce(Pick::NEWEST, 1)
    }

    pub(crate) fn keep_inbound(&mut self, inbound: Pick) -> Checked {
        if let Some(place) = inbound.of(self.inbounds.len()) {
            let Inbound { two, origin } = &self.inbounds[place];
            let pickle = Two {
                real: V.pickle_inbound_group_session(&two.real),
                ideal: self.ideal.pickle_inbound_group_session(&two.ideal),
            };
            self.kept_inbounds.push((*origin, pickle));
        }
        Ok(())
    }

    pub(crate) fn restore_inbound(&mut self, kept: Pick) -> Checked {
        let Some(place) = kept.of(self.kept_inbounds.len()) else {
            return Ok(());
        };
        let (origin, pickle) = &self.kept_inbounds[place];
        let two = Two {
            real: V.unpickle_inbound_group_session(&pickle.real),
            ideal: self.ideal.unpickle_inbound_group_session(&pickle.ideal),
        };
        let origin = *origin;
        self.inbounds.push(Inbound { two, origin });
        self.check_inbound(self.inbounds.len() - 1)
    }

    /// Reads every event with every end.
    pub(crate) fn examine_rooms(&mut self) -> Checked {
        for inbound in 0..self.inbounds.len() {
            for event in (0..self.events.len()).rev().take(20) {
                self.read_event(inbound, event)?;
            }
        }
        Ok(())
    }

    fn check_inbound(&mut self, place: usize) -> Checked {
        let two = &self.inbounds[place].two;
        let real = V.first_known_index(&two.real);
        let ideal = self.ideal.first_known_index(&two.ideal);
        same("the first known index", real, ideal)?;
        Ok(())
    }
}

/// Something that is said, unlike everything else that is.
fn said(number: usize) -> RoomMessage {
    let number = u64::try_from(number).expect("a case says little");
    RoomMessage {
        event: EventId {
            sender: device(0),
            sent: Time::ZERO + Span::from_ticks(number),
        },
        body: Body::Timeline,
    }
}
