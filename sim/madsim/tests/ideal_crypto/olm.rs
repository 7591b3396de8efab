//! Olm sessions in both implementations, and the messages between them.

use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::crypto::{Crypto, OlmError};
use unwedge_core::name::KeyKind;
use vodozemac::olm::OlmMessage;

use crate::heard::{Heard, place};
use crate::lab::{Checked, Lab, Pickles, Plain, Two, V, same};
use crate::operation::{Order, Pick};
use crate::reached::What;

/// Two devices with a session, and all copies of its ends.
pub(crate) struct Link {
    /// The opener and who was meant; it may have been mistaken.
    devices: [usize; 2],
    /// The key that it was opened on.
    key: usize,
    accepted: bool,
    refused: bool,
}

/// One end of a session.
pub(crate) struct Session {
    two: Two<<V as Crypto>::Session, <Ideal as Crypto>::Session>,
    facts: Facts,
}

#[derive(Clone)]
struct Facts {
    link: usize,
    /// 0 for the opener, 1 for the acceptor.
    side: usize,
    /// The messages that it was given.
    given: Vec<usize>,
    heard: Heard,
}

/// An end of a session as it was once.
pub(crate) struct KeptSession {
    facts: Facts,
    pickle: Pickles,
}

/// A message that anybody can be given, any number of times.
pub(crate) struct Message {
    two: Two<<V as Crypto>::OlmMessage, <Ideal as Crypto>::OlmMessage>,
    link: usize,
    side: usize,
    plain: Plain,
    damaged: bool,
}

impl Lab {
    /// Opens a session on a key, whoever had it before, and says something.
    pub(crate) fn open(&mut self, who: Pick, key: Pick, mistaken: bool) -> Checked {
        let places = who.of(self.accounts.len()).zip(key.of(self.keys.len()));
        let Some((who, key)) = places else {
            return self.generate(who, 2);
        };
        let owner = self.keys[key].device;
        let theirs = (owner + usize::from(mistaken)) % self.devices.len();
        self.open_on(who, key, theirs)
    }

    pub(crate) fn open_on(&mut self, who: usize, key: usize, theirs: usize) -> Checked {
        let account = &self.accounts[who];
        let (identity, claimed) = (&self.devices[theirs], &self.keys[key].two);
        let two = Two {
            real: V.open_session(&account.two.real, &identity.real, &claimed.real),
            ideal: self
                .ideal
                .open_session(&account.two.ideal, &identity.ideal, &claimed.ideal),
        };
        let link = self.links.len();
        self.links.push(Link {
            devices: [account.facts.device, theirs],
            key,
            accepted: false,
            refused: false,
        });
        self.add_session(two, link, 0)?;
        self.say(Pick::NEWEST, 1)
    }

    /// Gives a pre-key message to an account: that of the device that it is
    /// for, or any; with the sender's identity, or another one.
    pub(crate) fn accept(&mut self, message: Pick, who: Option<Pick>, mistaken: bool) -> Checked {
        let waits = |message: &usize| {
            let message = &self.messages[*message];
            matches!(message.two.real, OlmMessage::PreKey(_))
        };
        let waiting: Vec<_> = (0..self.messages.len()).filter(waits).collect();
        let Some(message) = message.of(waiting.len()).map(|place| waiting[place]) else {
            return self.misdeliver(Pick::NEWEST, message);
        };
        let key = self.links[self.messages[message].link].key;
        let meant = self.keys[key].device;
        let of_device = |who: &usize| self.accounts[*who].facts.device == meant;
        let who = match who {
            Some(who) => who.of(self.accounts.len()),
            None => (0..self.accounts.len()).rev().find(of_device),
        };
        who.map_or(Ok(()), |who| self.accept_by(who, message, mistaken))
    }

    /// Gives the newest message of all to an account.
    pub(crate) fn accept_newest(&mut self, who: usize) -> Checked {
        self.accept_by(who, self.messages.len() - 1, false)
    }

    fn accept_by(&mut self, who: usize, message: usize, mistaken: bool) -> Checked {
        let Message {
            two,
            link,
            plain,
            damaged,
            ..
        } = &self.messages[message];
        let (link, key) = (*link, self.links[*link].key);
        let sender = (plain.sender + usize::from(mistaken)) % self.devices.len();
        let theirs = &self.devices[sender];
        let account = &mut self.accounts[who].two;
        let real = V.accept_session(&mut account.real, &theirs.real, &two.real);
        let accept = Ideal::accept_session;
        let ideal = accept(
            &mut self.ideal,
            &mut account.ideal,
            &theirs.ideal,
            &two.ideal,
        );
        let (real, real_payload) = apart(real);
        let (ideal, ideal_payload) = apart(ideal);
        let outcome = self.same_payload(&plain.clone(), &real_payload, &ideal_payload)?;
        let (damaged, index) = (*damaged, place(&two.real).1);
        match outcome {
            Some(OlmError::MissingOneTimeKey) => self.reached.note(What::AcceptMissingOneTimeKey),
            Some(OlmError::Invalid) => {
                self.reached.note(What::AcceptInvalid);
                self.links[link].refused |= damaged;
            }
            Some(OlmError::TooBigMessageGap) => self.reached.note(What::AcceptTooBigMessageGap),
            Some(OlmError::MissingMessageKey) => {}
            None => self.note_accepted(who, link, key, index),
        }
        if let Some((real, ideal)) = real.zip(ideal) {
            let session = self.add_session(Two { real, ideal }, link, 1)?;
            let real = &self.messages[message].two.real;
            let facts = &mut self.sessions[session].facts;
            facts.given.push(message);
            facts.heard.note(real, None, false, &mut self.reached);
        }
        self.check_account(who)
    }

    fn note_accepted(&mut self, who: usize, link: usize, key: usize, index: u64) {
        self.reached.note_if(index > 0, What::AcceptedLateMessage);
        let after_failure = self.links[link].refused && !self.links[link].accepted;
        self.reached
            .note_if(after_failure, What::AcceptedAfterFailure);
        self.links[link].accepted = true;
        let facts = &mut self.accounts[who].facts;
        self.reached.note(match self.keys[key].kind {
            KeyKind::OneTime => What::AcceptedOneTimeKey,
            KeyKind::Fallback if facts.fallback[1] == Some(key) => {
                What::AcceptedPreviousFallbackKey
            }
            KeyKind::Fallback => What::AcceptedFallbackKey,
        });
        if self.keys[key].kind == KeyKind::Fallback {
            let again = facts.used.contains(&key);
            self.reached.note_if(again, What::AcceptedFallbackKeyAgain);
            facts.used.push(key);
        }
    }

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

    pub(crate) fn keep_session(&mut self, session: Pick) -> Checked {
        if let Some(place) = session.of(self.sessions.len()) {
            let kept = self.kept(place);
            self.kept_sessions.push(kept);
        }
        Ok(())
    }

    /// Puts an older end of a session in the place of a newer one, or beside.
    pub(crate) fn restore_session(&mut self, kept: Pick, as_well: bool) -> Checked {
        let Some(kept) = kept.of(self.kept_sessions.len()) else {
            return Ok(());
        };
        let KeptSession { facts, pickle } = &self.kept_sessions[kept];
        let real = V.unpickle_session(&pickle.real);
        let ideal = self.ideal.unpickle_session(&pickle.ideal);
        let facts = facts.clone();
        let newest = |session: &Session| {
            session.facts.link == facts.link && session.facts.side == facts.side
        };
        if !as_well && let Some(newest) = self.sessions.iter().rposition(newest) {
            self.sessions.remove(newest);
        }
        let place = self.add_session(Two { real, ideal }, facts.link, facts.side)?;
        self.sessions[place].facts = facts;
        Ok(())
    }

    /// Lets each session say something and hear everything of its link, and
    /// something that is none of its business.
    pub(crate) fn examine_sessions(&mut self) -> Checked {
        let from = self.sessions.len().saturating_sub(12);
        for session in from..self.sessions.len() {
            self.say_one(session)?;
        }
        for session in from..self.sessions.len() {
            let link = self.sessions[session].facts.link;
            let of_link = |message: &usize| self.messages[*message].link == link;
            let messages: Vec<_> = (0..self.messages.len()).rev().filter(of_link).collect();
            for message in messages.into_iter().take(50) {
                self.give(session, message)?;
            }
        }
        Ok(())
    }

    /// Gives a message to a session, and compares what it makes of it.
    fn give(&mut self, session: usize, message: usize) -> Checked {
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
        if facts.link == given.link {
            let reached = &mut self.reached;
            let real = &given.two.real;
            facts.heard.note(real, outcome, given.damaged, reached);
        }
        Ok(())
    }

    fn say_one(&mut self, session: usize) -> Checked {
        let plain = self.next_words(session);
        let payload = self.payload(&plain);
        let Session { two, facts } = &mut self.sessions[session];
        let two = Two {
            real: V.encrypt(&mut two.real, &payload.real),
            ideal: self.ideal.encrypt(&mut two.ideal, &payload.ideal),
        };
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
    fn next_words(&self, session: usize) -> Plain {
        let Facts { link, side, .. } = self.sessions[session].facts;
        let devices = self.links[link].devices;
        let number = self.messages.len() / 4;
        let content = (number % 3 != 0 && !self.room_keys.is_empty()).then(|| {
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

    /// Files a session, puts it through the database and asks whether each
    /// message opens it.
    fn add_session(
        &mut self,
        two: Two<<V as Crypto>::Session, <Ideal as Crypto>::Session>,
        link: usize,
        side: usize,
    ) -> Checked<usize> {
        let facts = Facts {
            link,
            side,
            given: vec![],
            heard: Heard::default(),
        };
        self.sessions.push(Session { two, facts });
        let session = self.sessions.len() - 1;
        for message in 0..self.messages.len() {
            self.check_opens(session, message)?;
        }
        Ok(session)
    }

    fn check_opens(&mut self, session: usize, message: usize) -> Checked {
        let (session, message) = (&self.sessions[session].two, &self.messages[message].two);
        let real = V.opens(&session.real, &message.real);
        let ideal = self.ideal.opens(&session.ideal, &message.ideal);
        self.reached
            .note(match same("what a message opens", real, ideal)? {
                Some(true) => What::PreKeyOfThisSession,
                Some(false) => What::PreKeyOfAnotherSession,
                None => What::NormalMessage,
            });
        Ok(())
    }

    fn kept(&mut self, place: usize) -> KeptSession {
        let Session { two, facts } = &self.sessions[place];
        let pickle = Two {
            real: V.pickle_session(&two.real),
            ideal: self.ideal.pickle_session(&two.ideal),
        };
        let facts = facts.clone();
        KeptSession { facts, pickle }
    }
}

/// A session and what its first message said, or why there is none.
fn apart<S, P>(accepted: Result<(S, P), OlmError>) -> (Option<S>, Result<P, OlmError>) {
    match accepted {
        Ok((session, payload)) => (Some(session), Ok(payload)),
        Err(error) => (None, Err(error)),
    }
}
