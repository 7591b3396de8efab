//! What a person asks of a client that is not a message: to log in and out,
//! to join and leave rooms and invite others, to give a device no keys. What needs
//! the server waits until it can be asked.

use super::failures::Failures;
use super::outgoing::Request;
use super::{Device, Write, keys};
use crate::crypto::Crypto;
use crate::name::{DeviceId, RoomId, ServerId, UserId};
use crate::node::Cx;
use crate::trace::{Fact, LogoutReason};
use crate::wire::{AccessToken, ClientRequest};

/// Something that a person wants and the server has not confirmed. In memory
/// only: a person who sees the client die asks again or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Login,
    Logout,
    Join { room: RoomId, via: Vec<ServerId> },
    Leave { room: RoomId },
    Invite { room: RoomId, user: UserId },
}

impl<C: Crypto> Device<C> {
    /// Whether a person can use the client, or will be able to in a moment:
    /// once what is wished has come true.
    pub(super) fn is_in_use(&self) -> bool {
        let last = self.wishes.iter().rev().find_map(|wish| match wish {
            Wish::Login => Some(true),
            Wish::Logout => Some(false),
            Wish::Join { .. } | Wish::Leave { .. } | Wish::Invite { .. } => None,
        });
        last.unwrap_or(self.store.access.is_some())
    }

    /// A person wants something of the server.
    pub(super) fn wish(&mut self, wish: Wish, cx: &mut Cx<'_, Self>) {
        if wish == Wish::Logout && self.store.access.is_none() && self.wishes.len() <= 1 {
            // Somebody thinks better of logging in.
            self.write([Write::Wiped], cx);
            self.wishes.clear();
            self.forget(cx);
            return;
        }
        let makes_sense = match wish {
            Wish::Login => !self.is_in_use(),
            Wish::Logout | Wish::Join { .. } | Wish::Leave { .. } | Wish::Invite { .. } => {
                self.is_in_use()
            }
        };
        if makes_sense {
            self.wishes.push(wish);
            self.ask_wishes(cx);
        }
    }

    /// Asks for what is wished first: one thing at a time.
    pub(super) fn ask_wishes(&mut self, cx: &mut Cx<'_, Self>) {
        let mut asked = self.requests.values();
        if asked.any(|request| matches!(request, Request::Wish)) {
            return;
        }
        let Some(wish) = self.wishes.first() else {
            return;
        };
        let request = match wish {
            Wish::Login => ClientRequest::Login,
            Wish::Logout => ClientRequest::Logout,
            Wish::Join { room, via } => ClientRequest::Join {
                room: *room,
                via: via.clone(),
            },
            Wish::Leave { room } => ClientRequest::Leave { room: *room },
            Wish::Invite { room, user } => ClientRequest::Invite {
                room: *room,
                user: *user,
            },
        };
        self.ask(Request::Wish, request, cx);
    }

    /// The server has changed a membership as was wished, or refused to. What is
    /// to be known of it `/sync` tells, but for invitations.
    pub(super) fn membership_answered(&mut self, done: bool, cx: &mut Cx<'_, Self>) {
        if let Some(Wish::Invite { room, user }) = self.wishes.first()
            && done
        {
            self.user_invited(*room, *user, cx);
            self.do_outgoing(cx);
        }
        self.wish_answered(cx);
    }

    /// The server answered a wish, one way or the other.
    pub(super) fn wish_answered(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.wishes.is_empty() {
            self.wishes.remove(0);
        }
        self.ask_wishes(cx);
    }

    /// The server let the device in: it makes its keys and uploads them.
    pub(super) fn logged_in(&mut self, token: AccessToken, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::LoggedIn { device: self.id });
        self.write([Write::Login(token)], cx);
        self.make_first_keys(cx);
        self.wish_answered(cx);
        self.do_outgoing(cx);
    }

    /// The device is logged out, by a person or by the server: everything
    /// that it has stored is wiped.
    pub(super) fn logged_out(&mut self, why: LogoutReason, cx: &mut Cx<'_, Self>) {
        if self.store.access.is_none() {
            return;
        }
        // Other requests can be refused before the answer to the logout comes.
        let why = match self.wishes.first() {
            Some(Wish::Logout) => LogoutReason::Asked,
            _ => why,
        };
        cx.observe(Fact::LoggedOut {
            device: self.id,
            why,
        });
        self.write([Write::Wiped], cx);
        self.logouts += 1;
        // What was wished after it still is; of a client that was thrown out,
        // only to be logged in again.
        match why {
            LogoutReason::Asked => drop(self.wishes.drain(..1)),
            LogoutReason::UnknownToken => self.wishes.retain(|wish| *wish == Wish::Login),
        }
        self.forget(cx);
        self.ask_wishes(cx);
    }

    /// A person does not want another device to have room keys from this one.
    pub(super) fn block(&mut self, device: DeviceId, cx: &mut Cx<'_, Self>) {
        if self.store.access.is_some() {
            cx.observe(Fact::Blocked {
                by: self.id,
                device,
            });
            self.write([Write::Blocked(device)], cx);
        }
    }

    /// Forgets what a logged-out client has no use for: everything but its
    /// connection.
    fn forget(&mut self, cx: &mut Cx<'_, Self>) {
        self.account = keys::Account::load(&self.store, cx);
        self.sessions.clear();
        self.room_keys.clear();
        self.outbound.clear();
        self.requests.clear();
        self.told = None;
        self.sending = None;
        self.server_failures = Failures::default();
        self.device_failures = Failures::default();
        self.query_failures = Failures::default();
        self.to_unwedge.clear();
        self.unwedged.clear();
        self.dummies.clear();
        self.retry_at = None;
    }
}
