//! How much goes over the wire: requests, and bytes by a model of sizes.
//!
//! Messages of the model have no bytes, so their sizes are those of typical
//! JSON: a constant for each kind of request and answer, and one for each thing
//! that it lists. They are good for comparing one run with another, and for the
//! order of magnitude; nothing is compressed. Polls that tell nothing new are
//! not in the model, so they are not counted either.

use super::{
    ClientRequest, ClientResponse, Edu, FederationRequest, FederationResponse, Message,
    SyncResponse,
};
use crate::crypto::Crypto;

/// The headers of a client's request, its access token among them.
const CLIENT_REQUEST: usize = 400;
/// The headers of a federation request, with its signature.
const FEDERATION_REQUEST: usize = 600;
/// The headers of an answer, and what is around its content.
const ANSWER: usize = 300;
/// An identifier of a user, device, room or event, with its place in JSON.
const NAME: usize = 60;
/// A device's signed identity keys.
const DEVICE_KEYS: usize = 700;
/// A signed one-time or fallback key.
const SIGNED_KEY: usize = 230;
/// A to-device message: nearly always a room key under Olm.
const TO_DEVICE: usize = 1600;
/// What a client puts into a room: an encrypted event, or a membership.
const CONTENT: usize = 600;
/// The same event with what servers add: hashes, signatures, what it follows.
const PDU: usize = 1500;
/// What is around an EDU.
const EDU: usize = 150;
/// What `/sync` says of counts and positions.
const SYNC: usize = 200;

/// What went over the wire in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Between devices and their homeservers.
    pub client: Flow,
    /// Between homeservers.
    pub federation: Flow,
}

/// What went over the wire between two kinds of node, whether or not it
/// arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Requests.
    pub requests: u64,
    /// Bytes of requests and answers.
    pub bytes: u64,
}

impl Traffic {
    /// Counts a message.
    pub(crate) fn count<C: Crypto>(&mut self, message: &Message<C>) {
        let (flow, bytes) = match message {
            Message::ClientRequest(_, _, it) => (&mut self.client, CLIENT_REQUEST + asked(it)),
            Message::ClientResponse(_, _, it) => (&mut self.client, ANSWER + answered(it)),
            Message::FederationRequest(_, it) => {
                (&mut self.federation, FEDERATION_REQUEST + server_asked(it))
            }
            Message::FederationResponse(_, _, it) => {
                (&mut self.federation, ANSWER + server_answered(it))
            }
        };
        flow.requests += u64::from(!message.is_answer());
        flow.bytes += bytes as u64;
    }
}

fn asked<C: Crypto>(request: &ClientRequest<C>) -> usize {
    match request {
        ClientRequest::KeysUpload {
            device_keys,
            one_time_keys,
            fallback_key,
            eager_share_fallback_keys: _,
        } => {
            let keys = one_time_keys.len() + usize::from(fallback_key.is_some());
            keys * SIGNED_KEY + usize::from(device_keys.is_some()) * DEVICE_KEYS
        }
        ClientRequest::KeysQuery { users } => users.len() * NAME,
        ClientRequest::KeysClaim { devices, .. } => devices.len() * NAME,
        ClientRequest::KeysReset { keys } => keys.as_ref().map_or(0, Vec::len) * NAME,
        ClientRequest::SendToDevice { messages, .. } => messages.len() * TO_DEVICE,
        ClientRequest::SendEvent(_) => CONTENT,
        ClientRequest::Join { via, .. } => via.len() * NAME,
        ClientRequest::Login
        | ClientRequest::Logout
        | ClientRequest::Leave { .. }
        | ClientRequest::Invite { .. }
        | ClientRequest::Sync { .. } => 0,
    }
}

fn answered<C: Crypto>(response: &ClientResponse<C>) -> usize {
    match response {
        ClientResponse::KeysQuery { devices, failures } => {
            let lists = devices
                .iter()
                .map(|(_, list)| NAME + list.len() * DEVICE_KEYS);
            lists.sum::<usize>() + failures.len() * NAME
        }
        ClientResponse::KeysClaim { keys, failures } => {
            keys.len() * SIGNED_KEY + failures.len() * NAME
        }
        ClientResponse::KeysReset(left) => {
            let deleted = left.as_ref().and_then(|left| left.deleted.as_ref());
            deleted.map_or(0, Vec::len) * NAME
        }
        ClientResponse::Sync(it) => synced(it),
        ClientResponse::UnknownToken
        | ClientResponse::Login(_)
        | ClientResponse::Logout
        | ClientResponse::KeysUpload(_)
        | ClientResponse::SendToDevice
        | ClientResponse::SendEvent
        | ClientResponse::Membership(_) => 0,
    }
}

fn synced<C: Crypto>(sync: &SyncResponse<C>) -> usize {
    let members = sync.joined.iter().map(|(_, members)| 1 + members.len());
    let names = sync.device_lists_changed.len() + sync.device_lists_left.len();
    let summary =
        usize::from(sync.counts.digest.is_some()) + usize::from(sync.counts.highest.is_some());
    SYNC + (names + members.sum::<usize>() + summary) * NAME
        + sync.to_device.len() * TO_DEVICE
        + sync.events.len() * (CONTENT + 2 * NAME)
}

fn server_asked<C: Crypto>(request: &FederationRequest<C>) -> usize {
    match request {
        FederationRequest::Send(transaction) => {
            let edus = transaction.edus.iter().map(|edu| match edu {
                Edu::DirectToDevice(..) => EDU + TO_DEVICE,
                Edu::DeviceListUpdate(update) => {
                    EDU + usize::from(update.keys.is_some()) * DEVICE_KEYS
                        + usize::from(update.fallback_key.is_some()) * SIGNED_KEY
                }
            });
            transaction.pdus.len() * PDU + edus.sum::<usize>()
        }
        FederationRequest::Claim { devices, .. } => devices.len() * NAME,
        FederationRequest::Query { users } => users.len() * NAME,
        FederationRequest::MissingEvents { earliest, .. } => (1 + earliest.len()) * NAME,
        FederationRequest::Join { .. } | FederationRequest::Invite(_) => PDU,
        FederationRequest::Version => 0,
    }
}

fn server_answered<C: Crypto>(response: &FederationResponse<C>) -> usize {
    match response {
        FederationResponse::Claim(keys) => keys.len() * SIGNED_KEY,
        FederationResponse::Query(_, lists) => {
            let lists = lists
                .iter()
                .map(|(_, list)| NAME + list.len() * DEVICE_KEYS);
            lists.sum()
        }
        FederationResponse::MissingEvents(_, events) => events.len() * PDU,
        FederationResponse::Join(joined) => {
            let joined = joined.iter();
            let joined = joined.map(|it| PDU + (it.members.len() + it.before.len()) * PDU);
            joined.sum()
        }
        FederationResponse::Invite => PDU,
        FederationResponse::Send | FederationResponse::Version => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ideal::Ideal;
    use crate::name::{DeviceId, ServerId, UserId};
    use crate::time::Span;
    use crate::wire::{MessageKind, RequestId};

    #[test]
    fn requests_and_answers_are_counted_where_they_travel() {
        let server = ServerId(0);
        let device = DeviceId::new(UserId::new(server, 0), 0);
        let mut traffic = Traffic::default();
        let mut count = |message: Message<Ideal>| traffic.count(&message);
        let (id, timeout) = (RequestId(0), Span::secs(10));
        for devices in [vec![device], vec![device; 3]] {
            let request = ClientRequest::KeysClaim { devices, timeout };
            count(Message::ClientRequest(id, None, request));
        }
        let (keys, failures) = (vec![], vec![server]);
        let answer = ClientResponse::KeysClaim { keys, failures };
        count(Message::ClientResponse(id, MessageKind::KeysClaim, answer));
        count(Message::FederationRequest(id, FederationRequest::Version));
        let Flow { requests, bytes } = traffic.client;
        let names = 4 + 1;
        let expected = 2 * CLIENT_REQUEST + ANSWER + names * NAME;
        assert_eq!((requests, bytes), (2, expected as u64));
        let Flow { requests, bytes } = traffic.federation;
        assert_eq!((requests, bytes), (1, FEDERATION_REQUEST as u64));
    }
}
