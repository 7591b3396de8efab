//! Sending: one message at a time goes through device lists, claims, sharing
//! and the event itself. The event leaves only after every share was taken
//! (BS §1.9); what fails is tried again once the server can be reached.

use std::sync::Arc;

use super::outgoing::Request;
use super::share::live;
use super::store::Queued;
use super::{Device, Timer, Write};
use crate::crypto::{Body, Crypto, RoomMessage};
use crate::name::{EventId, RoomId, UserId};
use crate::node::{Brought, Cx};
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{ClientRequest, RoomContent, RoomEvent};

/// How long a send waits for users of whom no device is known.
const DEVICES_TIMEOUT: Span = Span::secs(5);

/// The message that is being sent, and how far it has got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    number: u64,
    room: RoomId,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    WaitingForDevices,
    DevicesKnown,
    Claiming,
    Claimed,
    Sharing,
    Shared,
    SendingEvent,
}

impl<C: Crypto> Device<C> {
    /// A person says something: it waits its turn.
    pub(super) fn enqueue(&mut self, room: RoomId, body: Body, cx: &mut Cx<'_, Self>) {
        let user = self.id.user();
        let is_in = |members: &Vec<UserId>| members.contains(&user);
        // Before its first sync a client knows no rooms and takes the
        // person's word for it.
        let may = self.is_in_use()
            && (self.store.token.is_none() || self.store.rooms.get(&room).is_some_and(is_in));
        if !may {
            return;
        }
        cx.observe(Fact::SendAsked {
            by: self.id,
            room,
            body,
        });
        let number = self.store.queued;
        self.write(
            [Write::Queue(
                number,
                Arc::new(Queued {
                    room,
                    body,
                    event: None,
                }),
            )],
            cx,
        );
        self.advance(cx);
    }

    /// Moves the message that is being sent as far as it goes without waiting.
    pub(super) fn advance(&mut self, cx: &mut Cx<'_, Self>) {
        // Nobody types in a process that runs beside the app.
        let can_send = self.connected && self.store.access.is_some() && !self.is_second;
        if !can_send || self.store.token.is_none() {
            return;
        }
        loop {
            let Some(sending) = self.current() else {
                return;
            };
            if !self.store.rooms.contains_key(&sending.room) {
                // The user has left the room: nothing can be said there.
                self.sending = None;
                self.write([Write::Sent(sending.number)], cx);
                continue;
            }
            let next = match sending.stage {
                Stage::Start => self.find_devices(sending, cx),
                // There is one claim at a time: one for unwedging goes first.
                Stage::DevicesKnown if self.is_claiming() => return,
                Stage::DevicesKnown => self.claim_missing(sending, cx),
                Stage::Claimed => self.share(sending, cx),
                Stage::Shared => self.send_the_event(sending, cx),
                Stage::WaitingForDevices => match self.waits_for_devices(sending.room, cx) {
                    true => return,
                    false => Stage::DevicesKnown,
                },
                Stage::Claiming | Stage::Sharing | Stage::SendingEvent => return,
            };
            self.sending = Some(Sending {
                stage: next,
                ..sending
            });
        }
    }

    /// A send has waited long enough for device lists and goes on without.
    pub(super) fn stop_waiting_for_devices(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        self.move_on(
            Some(number),
            Stage::WaitingForDevices,
            Stage::DevicesKnown,
            cx,
        );
    }

    /// A claim was answered, for this send or for none.
    pub(super) fn claim_finished(&mut self, send: Option<u64>, cx: &mut Cx<'_, Self>) {
        self.move_on(send, Stage::Claiming, Stage::Claimed, cx);
    }

    /// A request that shares a room key was taken.
    pub(super) fn share_sent(&mut self, room: RoomId, transaction: u64, cx: &mut Cx<'_, Self>) {
        if self.share_taken(room, transaction, cx) {
            self.send_next_share(room, cx);
        } else {
            let number = self.sending.map(|sending| sending.number);
            self.move_on(number, Stage::Sharing, Stage::Shared, cx);
        }
    }

    /// The server took the event.
    pub(super) fn event_sent(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        self.sending = None;
        self.write([Write::Sent(number)], cx);
        self.advance(cx);
    }

    fn move_on(&mut self, number: Option<u64>, from: Stage, to: Stage, cx: &mut Cx<'_, Self>) {
        if let Some(sending) = &mut self.sending
            && Some(sending.number) == number
            && sending.stage == from
        {
            sending.stage = to;
        }
        self.advance(cx);
    }

    /// What is being sent: the oldest of the queue.
    fn current(&mut self) -> Option<Sending> {
        if self.sending.is_none() {
            let (number, queued) = self.store.queue.first()?;
            // An event that is encrypted has been shared for.
            let stage = if queued.event.is_some() {
                Stage::Shared
            } else {
                Stage::Start
            };
            self.sending = Some(Sending {
                number: *number,
                room: queued.room,
                stage,
            });
        }
        self.sending
    }

    /// Asks for the devices of members of whom none is known. Members with
    /// known devices are not waited for, however stale their list (BS §1.14).
    fn find_devices(&mut self, sending: Sending, cx: &mut Cx<'_, Self>) -> Stage {
        if !self.waits_for_devices(sending.room, cx) {
            return Stage::DevicesKnown;
        }
        cx.wake(
            DEVICES_TIMEOUT,
            Timer::StopWaitingForDevices(sending.number),
        );
        Stage::WaitingForDevices
    }

    fn waits_for_devices(&mut self, room: RoomId, cx: &mut Cx<'_, Self>) -> bool {
        let members = self.store.rooms.get(&room);
        let mut unknown = members.into_iter().flatten().filter(|user| {
            self.store.outdated.contains_key(user)
                && self
                    .store
                    .devices
                    .get(**user)
                    .is_none_or(|devices| devices.is_empty())
                && !self.query_failures.cooling_down(&user.server(), cx.now)
        });
        unknown.next().is_some() && self.query_if_needed(cx)
    }

    fn claim_missing(&mut self, sending: Sending, cx: &mut Cx<'_, Self>) -> Stage {
        let members = self.members(sending.room);
        for user in members {
            if self
                .store
                .devices
                .get(*user)
                .is_none_or(|devices| devices.is_empty())
            {
                cx.observe(Fact::DevicesUnknown {
                    by: self.id,
                    of: *user,
                });
            }
        }
        let devices = self.devices_to_claim(members, cx);
        if devices.is_empty() {
            return Stage::Claimed;
        }
        self.claim(devices, Some(sending.number), cx);
        Stage::Claiming
    }

    fn share(&mut self, sending: Sending, cx: &mut Cx<'_, Self>) -> Stage {
        if self.share_room_key(sending.room, cx) {
            self.send_next_share(sending.room, cx);
            Stage::Sharing
        } else {
            Stage::Shared
        }
    }

    /// Encrypts the event, unless an earlier attempt did, and sends it.
    fn send_the_event(&mut self, sending: Sending, cx: &mut Cx<'_, Self>) -> Stage {
        let queued = &self.store.queue[&sending.number];
        let event = match &queued.event {
            Some(event) => event.clone(),
            None => match self.encrypt_event(sending, cx) {
                Some(event) => event,
                None => return Stage::Claimed, // The session was discarded meanwhile.
            },
        };
        self.ask(
            Request::Event(sending.number),
            ClientRequest::SendEvent(event),
            cx,
        );
        Stage::SendingEvent
    }

    /// The session's index moves on and is stored before the event is sent.
    fn encrypt_event(
        &mut self,
        sending: Sending,
        cx: &mut Cx<'_, Self>,
    ) -> Option<Arc<RoomEvent<C>>> {
        let Sending { number, room, .. } = sending;
        let stored = self.store.outbound.get_mut(&room)?;
        let queued = self.store.queue.get_mut(&number);
        let queued = queued.expect("what is being sent is in the queue");
        let id = EventId {
            sender: self.id,
            sent: cx.now,
        };
        let session = live(&mut self.outbound, stored, cx);
        let index = cx.crypto.message_index(session);
        let body = queued.body;
        let ciphertext = cx
            .crypto
            .encrypt_event(session, &RoomMessage { event: id, body });
        let row = Arc::make_mut(stored);
        row.messages += 1;
        if cx.is_stored() {
            row.pickle = cx.crypto.pickle_group_session(session);
        }
        let session = row.name;
        let event = Arc::new(RoomEvent {
            id,
            room,
            previous: Arc::default(),
            content: RoomContent::Encrypted {
                session,
                ciphertext,
            },
        });
        Arc::make_mut(queued).event = Some(event.clone());
        cx.observe(Fact::EventSent {
            event: id,
            room,
            session,
            index,
            body,
        });
        let mut both = Brought::default();
        both.add(|| Write::Outbound(room, stored.clone()), cx);
        both.add(|| Write::Queue(number, queued.clone()), cx);
        cx.persist_with(both, &mut self.store, []);
        Some(event)
    }
}
