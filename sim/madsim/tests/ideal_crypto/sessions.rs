//! Olm sessions in both implementations: opened, accepted, kept and restored.
//! What travels between their ends is in `messages`.

use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::crypto::{Crypto, OlmError};
use unwedge_core::name::KeyKind;
use vodozemac::olm::OlmMessage;

use crate::heard::{Heard, Voice, place};
use crate::lab::{Checked, Lab, Pickles, Two, V, same};
use crate::messages::Message;
use crate::operation::Pick;
use crate::reached::What;

/// Two devices with a session, and all copies of its ends.
pub(crate) struct Link {
    /// The opener and who was meant; it may have been mistaken.
    pub(crate) devices: [usize; 2],
    /// The key that it was opened on.
    key: usize,
    accepted: bool,
    refused: bool,
}

/// One end of a session.
pub(crate) struct Session {
    pub(crate) two: Two<<V as Crypto>::Session, <Ideal as Crypto>::Session>,
    pub(crate) facts: Facts,
}

/// What the lab remembers of an end of a session.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) link: usize,
    /// 0 for the opener, 1 for the acceptor.
    pub(crate) side: usize,
    /// The messages that it was given.
    pub(crate) given: Vec<usize>,
    pub(crate) heard: Heard,
}

/// An end of a session as it was once.
#[derive(Clone)]
pub(crate) struct KeptSession {
    facts: Facts,
    pickle: Pickles,
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
            KeyKind::Fallback => match &facts.fallback[..] {
                [.., previous, _] if *previous == key => What::AcceptedPreviousFallbackKey,
                [.., current] if *current == key => What::AcceptedFallbackKey,
                _ => What::AcceptedOlderFallbackKey,
            },
        });
        if self.keys[key].kind == KeyKind::Fallback {
            let again = facts.used.contains(&key);
            self.reached.note_if(again, What::AcceptedFallbackKeyAgain);
            facts.used.push(key);
        }
    }

    pub(crate) fn keep_session(&mut self, session: Pick) -> Checked {
        if let Some(place) = session.of(self.sessions.len()) {
            let kept = self.kept(place);
            self.kept_sessions.push(kept);
        }
        Ok(())
    }

    /// Lets a session and a copy of it say the same. The copy stays.
    pub(crate) fn copy(&mut self, session: Pick) -> Checked {
        let place = session.of(self.sessions.len());
        place.map_or(Ok(()), |place| self.copy_of(place))
    }

    fn copy_of(&mut self, place: usize) -> Checked {
        let voice = self.sessions[place].facts.heard.voice();
        let words = self.next_words(place);
        let kept = self.kept(place);
        let copy = self.restored(&kept)?;
        for session in [place, copy] {
            self.say_words(session, words.clone())?;
        }
        let [.., one, other] = &self.messages[..] else {
            return Ok(());
        };
        let (one, other) = (V.digest(&one.two.real), V.digest(&other.two.real));
        self.reached.note(match (one == other, voice) {
            (true, Voice::Trial) => What::CopiesOnChainOfFailure,
            (true, Voice::Own | Voice::None) => What::CopiesOnOneChain,
            (false, Voice::Own | Voice::None | Voice::Trial) => What::CopiesOnTheirOwn,
        });
        Ok(())
    }

    /// Puts an older end of a session in the place of a newer one, or beside.
    pub(crate) fn restore_session(&mut self, kept: Pick, as_well: bool) -> Checked {
        let Some(kept) = kept.of(self.kept_sessions.len()) else {
            return Ok(());
        };
        let kept = self.kept_sessions[kept].clone();
        let facts = &kept.facts;
        let newest = |session: &Session| {
            session.facts.link == facts.link && session.facts.side == facts.side
        };
        if !as_well && let Some(newest) = self.sessions.iter().rposition(newest) {
            self.sessions.remove(newest);
        }
        self.restored(&kept)?;
        Ok(())
    }

    fn restored(&mut self, kept: &KeptSession) -> Checked<usize> {
        let KeptSession { facts, pickle } = kept;
        let real = V.unpickle_session(&pickle.real);
        let ideal = self.ideal.unpickle_session(&pickle.ideal);
        let place = self.add_session(Two { real, ideal }, facts.link, facts.side)?;
        self.sessions[place].facts = facts.clone();
        Ok(place)
    }

    /// Copies each session, and lets both hear everything of their link.
    pub(crate) fn examine_sessions(&mut self) -> Checked {
        let from = self.sessions.len().saturating_sub(12);
        for session in from..self.sessions.len() {
            self.copy_of(session)?;
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

    /// Files a session, and asks whether each message opens it.
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

    pub(crate) fn check_opens(&mut self, session: usize, message: usize) -> Checked {
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
