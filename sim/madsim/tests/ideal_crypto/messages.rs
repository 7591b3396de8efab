//! Olm messages in both implementations: said, lost, late, heard, repeated and
//! damaged.

use unwedge_core::crypto::Crypto;
use unwedge_core::crypto::ideal::Ideal;
use vodozemac::olm::OlmMessage;

use crate::lab::{Checked, Lab, Plain, Two, V, same};
use crate::operation::{Order, Pick};
use crate::reached::What;
use crate::sessions::{Facts, Session};

/// A message that anybody can be given, any number of times.
pub(crate) struct Message {
    pub(crate) two: Two<<V as Crypto>::OlmMessage, <Ideal as Crypto>::OlmMessage>,
    pub(crate) link: usize,
    side: usize,
    pub(crate) plain: Plain,
    pub(crate) damaged: bool,
}

impl Lab {
    /// Encrypts messages, all of which can be heard.
    pub(crate) fn say(&mut self, session: Pick, count: usize) -> Checked {
        let Some(session) = session.of(self.sessions.len()) else {
            return Ok(());
        };
        for _ in 0..count {
            self.say_one(session)?;
        }
        Ok(())
    }

    /// Encrypts messages that nobody gets, and then two that can be heard.
    pub(crate) fn lose(&mut self, session: Pick, count: u16) -> Checked {
        let Some(place) = session.of(self.sessions.len()) else {
            return Ok(());
        };
        let payload = self.payload(&self.next_words(place));
        let two = &mut self.sessions[place].two;
        for _ in 0..count {
            V.encrypt(&mut two.real, &payload.real);
            self.ideal.encrypt(&mut two.ideal, &payload.ideal);
        }
        self.say_one(place)?;
        self.say_one(place)
    }

    /// Gives a session a message of its other end.
    pub(crate) fn hear(&mut self, session: Pick, message: Pick, order: Order) -> Checked {
        let Some(session) = session.of(self.sessions.len()) else {
            return Ok(());
        };
        let facts = &self.sessions[session].facts;
        let fits = |place: &usize| {
            let message = &self.messages[*place];
            message.link == facts.link && message.side != facts.side
        };
        let unheard = |place: &usize| !facts.given.contains(place);
        let mut for_it = (0..self.messages.len()).filter(fits);
        let chosen = match order {
            Order::Next => for_it.find(unheard),
            Order::Last => for_it.rfind(unheard),
            Order::Any => {
                let for_it: Vec<_> = for_it.collect();
                message.of(for_it.len()).map(|place| for_it[place])
            }
        };
        chosen.map_or(Ok(()), |message| self.give(session, message))
    }

    /// Lets the ends of a session answer each other; before each message that
    /// arrives, one may be late.
    pub(crate) fn talk(&mut self, session: Pick, turns: u8, late: bool) -> Checked {
        let Some(mut speaker) = session.of(self.sessions.len()) else {
            return Ok(());
        };
        let Facts { link, side, .. } = self.sessions[speaker].facts;
        let other = |session: &Session| session.facts.link == link && session.facts.side != side;
        let Some(mut listener) = self.sessions.iter().rposition(other) else {
            return Ok(());
        };
        for _ in 0..turns {
            if late {
                self.say_one(speaker)?;
            }
            self.say_one(speaker)?;
            self.give(listener, self.messages.len() - 1)?;
            (speaker, listener) = (listener, speaker);
        }
        Ok(())
    }

    /// Gives any message to any session.
    pub(crate) fn misdeliver(&mut self, session: Pick, message: Pick) -> Checked {
        let session = session.of(self.sessions.len());
        let message = message.of(self.messages.len());
        let places = session.zip(message);
        places.map_or(Ok(()), |(session, message)| self.give(session, message))
    }

    /// Adds a damaged copy of a message, or a repaired one of a damaged one.
    pub(crate) fn damage(&mut self, message: Pick) -> Checked {
        let Some(place) = message.of(self.messages.len()) else {
            return Ok(());
        };
        let message = &self.messages[place];
        let two = Two {
            real: V.damage(&message.two.real),
            ideal: self.ideal.damage(&message.two.ideal),
        };
        self.add_message(Message {
            two,
            link: message.link,
            side: message.side,
            plain: message.plain.clone(),
            damaged: !message.damaged,
        })
    }

    /// Gives a message to a session, and compares what it makes of it.
    pub(crate) fn give(&mut self, session: usize, message: usize) -> Checked {
        let Session { two, facts } = &mut self.sessions[session];
        let given = &self.messages[message];
        let real = V.decrypt(&mut two.real, &given.two.real);
        let ideal = self.ideal.decrypt(&mut two.ideal, &given.two.ideal);
        facts.given.push(message);
        let known = match (&given.two.real, real.is_ok()) {
            (OlmMessage::PreKey(_), true) => What::PreKeyMessageToKnownSession,
            (OlmMessage::PreKey(_), false) | (OlmMessage::Normal(_), _) => What::NormalMessage,
        };
        self.reached.note(known);
        let outcome = self.same_payload(&given.plain, &real, &ideal)?;
        let facts = &mut self.sessions[session].facts;
        if outcome.is_some() {
            facts.heard.note_failure(&given.two.real);
        }
        if facts.link == given.link {
            let reached = &mut self.reached;
            let real = &given.two.real;
            facts.heard.note(real, outcome, given.damaged, reached);
        }
        Ok(())
    }

    pub(crate) fn say_one(&mut self, session: usize) -> Checked {
        let words = self.next_words(session);
        self.say_words(session, words)
    }

    /// Encrypts these words, whatever would be next.
    pub(crate) fn say_words(&mut self, session: usize, plain: Plain) -> Checked {
        let payload = self.payload(&plain);
        let Session { two, facts } = &mut self.sessions[session];
        let two = Two {
            real: V.encrypt(&mut two.real, &payload.real),
            ideal: self.ideal.encrypt(&mut two.ideal, &payload.ideal),
        };
        facts.heard.note_said();
        let (link, side) = (facts.link, facts.side);
        self.add_message(Message {
            two,
            link,
            side,
            plain,
            damaged: false,
        })
    }

    /// What this end says next: often the same as before, as a client would
    /// that does not remember it.
    pub(crate) fn next_words(&self, session: usize) -> Plain {
        let Facts { link, side, .. } = self.sessions[session].facts;
        let devices = self.links[link].devices;
        let number = self.messages.len() / 4;
        let content = (!number.is_multiple_of(3) && !self.room_keys.is_empty()).then(|| {
            let index = u32::try_from(number % 2).expect("that is 0 or 1");
            (index, number % self.room_keys.len())
        });
        Plain {
            sender: devices[side],
            recipient: devices[1 - side],
            content,
        }
    }

    /// Files a message, and asks every session whether it opens it.
    fn add_message(&mut self, message: Message) -> Checked {
        let real = V.chain_index(&message.two.real);
        let ideal = self.ideal.chain_index(&message.two.ideal);
        same("where in its chain it is", real, ideal)?;
        let real = V.digest(&message.two.real);
        let ideal = self.ideal.digest(&message.two.ideal);
        let new = self.digests.0.len();
        let of_real = *self.digests.0.entry(real).or_insert(new);
        let of_ideal = *self.digests.1.entry(ideal).or_insert(new);
        let digest = same("which ciphertext it is", of_real, of_ideal)?;
        self.reached.note_if(digest != new, What::EqualDigests);
        self.messages.push(message);
        let message = self.messages.len() - 1;
        for session in 0..self.sessions.len() {
            self.check_opens(session, message)?;
        }
        Ok(())
    }
}
