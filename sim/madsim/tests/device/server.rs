//! What a test says for the homeserver: takes the client's requests and
//! answers them.

use std::sync::Arc;

use super::driver::peer::Peer;
use super::driver::{BOB, HERE};
use super::{Client, Upload, counts, nothing_new};
use unwedge_core::name::{DeviceId, KeyId, NodeId, ServerId, UserId};
use unwedge_core::node::Input;
use unwedge_core::wire::{
    AccessToken, ClientRequest, ClientResponse, DeviceKeys, Message, MessageKind, RequestId,
    RoomEvent, SignedKey, SyncResponse, SyncToken, ToDevice, UploadRefused,
};
use unwedge_madsim::Vodozemac;

/// Some users' devices, as `/keys/query` tells them.
type Lists = Vec<(UserId, Vec<DeviceKeys<Vodozemac>>)>;

impl Client {
    /// Takes the first request that `pick` accepts.
    pub(super) fn request<R>(
        &mut self,
        pick: impl Fn(&ClientRequest<Vodozemac>) -> Option<R>,
    ) -> Option<(RequestId, R)> {
        self.take(NodeId::Server(HERE), |message| match message {
            Message::ClientRequest(id, _, request) => pick(request).map(|it| (*id, it)),
            Message::ClientResponse(..)
            | Message::FederationRequest(..)
            | Message::FederationResponse(..) => None,
        })
    }

    /// The homeserver answers.
    pub(super) fn answer(&mut self, id: RequestId, response: ClientResponse<Vodozemac>) {
        self.input(answer_to(id, response));
    }

    /// The request gets no answer.
    pub(super) fn time_out(&mut self, id: RequestId) {
        self.input(Input::TimedOut(id));
    }

    /// A token that was not given out before.
    pub(super) fn token(&self) -> AccessToken {
        AccessToken(self.now())
    }

    /// The next upload.
    pub(super) fn upload(&mut self) -> Option<Upload> {
        let picked = self.request(|request| {
            let ClientRequest::KeysUpload {
                device_keys,
                one_time_keys,
                fallback_key,
                eager_share_fallback_keys: _,
            } = request
            else {
                return None;
            };
            let keys = (device_keys.clone(), one_time_keys.clone());
            Some((keys, fallback_key.clone()))
        });
        picked.map(
            |(id, ((device_keys, one_time_keys), fallback_key))| Upload {
                id,
                device_keys,
                one_time_keys,
                fallback_key,
            },
        )
    }

    pub(super) fn uploaded(&mut self, id: RequestId, result: Result<usize, UploadRefused>) {
        self.answer(id, ClientResponse::KeysUpload(result));
    }

    /// The next request to delete all one-time keys.
    pub(super) fn reset(&mut self) -> Option<RequestId> {
        self.reset_of().map(|(id, keys)| {
            assert_eq!(keys, None, "all are to be deleted");
            id
        })
    }

    /// The next request to delete one-time keys, and which if not all.
    pub(super) fn reset_of(&mut self) -> Option<(RequestId, Option<Vec<KeyId>>)> {
        self.request(|request| {
            let ClientRequest::KeysReset { keys } = request else {
                return None;
            };
            Some(keys.clone())
        })
    }

    /// The next query: for which users.
    pub(super) fn query(&mut self) -> Option<(RequestId, Vec<UserId>)> {
        self.request(|request| {
            let ClientRequest::KeysQuery { users } = request else {
                return None;
            };
            Some(users.clone())
        })
    }

    pub(super) fn queried(&mut self, id: RequestId, devices: Lists) {
        let failures = vec![];
        self.answer(id, ClientResponse::KeysQuery { devices, failures });
    }

    pub(super) fn query_failed(&mut self, id: RequestId, failures: &[ServerId]) {
        let (devices, failures) = (vec![], failures.to_vec());
        self.answer(id, ClientResponse::KeysQuery { devices, failures });
    }

    /// The poll that the client holds, if it holds one, and where it is to
    /// take up. A poll that is asked again gives up the last.
    pub(super) fn poll(&mut self) -> Option<(RequestId, Option<SyncToken>)> {
        let mut poll = None;
        let since = |request: &_| match request {
            ClientRequest::Sync { since, .. } => Some(*since),
            ClientRequest::Login
            | ClientRequest::Logout
            | ClientRequest::KeysUpload { .. }
            | ClientRequest::KeysReset { .. }
            | ClientRequest::KeysQuery { .. }
            | ClientRequest::KeysClaim { .. }
            | ClientRequest::SendToDevice { .. }
            | ClientRequest::SendEvent(_)
            | ClientRequest::Join { .. }
            | ClientRequest::Leave { .. }
            | ClientRequest::Invite { .. } => None,
        };
        while let Some(next) = self.request(since) {
            poll = Some(next);
        }
        poll
    }

    /// The answer to the poll that the client holds, which is yet to arrive.
    pub(super) fn sync_input(
        &mut self,
        response: SyncResponse<Vodozemac>,
    ) -> Input<unwedge_core::device::Device<Vodozemac>> {
        let (poll, _) = self.poll().expect("a client always holds a poll");
        answer_to(poll, ClientResponse::Sync(response.into()))
    }

    /// Answers the poll that the client holds.
    pub(super) fn sync(&mut self, response: SyncResponse<Vodozemac>) {
        let answer = self.sync_input(response);
        self.input(answer);
    }

    /// A sync answer that tells how many one-time keys are left.
    pub(super) fn sync_counts(&mut self, one_time_keys: usize) {
        self.sync(SyncResponse {
            counts: counts(one_time_keys),
            ..nothing_new()
        });
    }

    /// A sync answer that brings a message.
    pub(super) fn sync_message(&mut self, message: &ToDevice<Vodozemac>) {
        self.sync(SyncResponse {
            to_device: vec![message.clone()],
            ..nothing_new()
        });
    }

    /// A sync answer that brings a room event.
    pub(super) fn sync_event(&mut self, event: &Arc<RoomEvent<Vodozemac>>) {
        self.sync(SyncResponse {
            events: vec![event.clone()],
            ..nothing_new()
        });
    }

    /// A sync answer that says that a user's devices have changed.
    pub(super) fn sync_changed(&mut self, user: UserId) {
        self.sync(SyncResponse {
            device_lists_changed: vec![user],
            ..nothing_new()
        });
    }

    /// Bob's devices change to these, and the client asks and is told.
    pub(super) fn bob_has(&mut self, peers: &[&Peer]) {
        self.sync_changed(BOB.user());
        let (query, users) = self.query().expect("it asks for the new list");
        assert_eq!(users, [BOB.user()]);
        self.queried(query, vec![super::list(BOB.user(), peers)]);
    }

    /// The next claim: of which devices.
    pub(super) fn claim(&mut self) -> Option<(RequestId, Vec<DeviceId>)> {
        self.request(|request| {
            let ClientRequest::KeysClaim { devices, .. } = request else {
                return None;
            };
            Some(devices.clone())
        })
    }

    pub(super) fn claimed(&mut self, id: RequestId, keys: Vec<SignedKey<Vodozemac>>) {
        let failures = vec![];
        self.answer(id, ClientResponse::KeysClaim { keys, failures });
    }

    /// The next claim is of these devices, and brings a key of each.
    pub(super) fn claimed_of(&mut self, peers: &mut [&mut Peer]) {
        let (claim, devices) = self.claim().expect("a claim");
        let asked: Vec<DeviceId> = peers.iter().map(|peer| peer.device).collect();
        assert_eq!(devices, asked);
        let keys = peers.iter_mut().map(|peer| peer.one_time_key()).collect();
        self.claimed(claim, keys);
    }

    /// The next claim brings nothing, as these servers could not be asked.
    pub(super) fn claim_failed(&mut self, failures: &[ServerId]) {
        let (claim, _) = self.claim().expect("a claim");
        let (keys, failures) = (vec![], failures.to_vec());
        self.answer(claim, ClientResponse::KeysClaim { keys, failures });
    }

    /// The next `/sendToDevice`: its transaction ID and its messages.
    pub(super) fn send_to_device(&mut self) -> Option<(RequestId, u64, Vec<ToDevice<Vodozemac>>)> {
        let (id, (transaction, messages)) = self.request(|request| {
            let ClientRequest::SendToDevice {
                transaction,
                messages,
            } = request
            else {
                return None;
            };
            Some((*transaction, messages.clone()))
        })?;
        Some((id, transaction, messages))
    }

    /// The next `/sendToDevice`, which the server takes.
    pub(super) fn messages(&mut self) -> Option<Vec<ToDevice<Vodozemac>>> {
        let (id, _, messages) = self.send_to_device()?;
        self.answer(id, ClientResponse::SendToDevice);
        Some(messages)
    }

    /// The event that is on its way, which the server takes.
    pub(super) fn event(&mut self) -> Option<Arc<RoomEvent<Vodozemac>>> {
        let (id, event) = self.request(|request| {
            let ClientRequest::SendEvent(event) = request else {
                return None;
            };
            Some(event.clone())
        })?;
        self.answer(id, ClientResponse::SendEvent);
        Some(event)
    }
}

/// What arrives when the homeserver answers.
pub(super) fn answer_to(
    id: RequestId,
    response: ClientResponse<Vodozemac>,
) -> Input<unwedge_core::device::Device<Vodozemac>> {
    let from = NodeId::Server(HERE);
    // The kind is there for faults to pick messages by: no client looks at it.
    let body = Message::ClientResponse(id, MessageKind::Sync, response);
    let body = Box::new(body);
    Input::Message { from, body }
}
