//! `POST /keys/claim`, local and federated (BS §2.2, §8.1).
//!
//! A claim on a server's own devices takes two statements: one finds the
//! keys, the other deletes them. Between the two, another claim can come.

use litemap::LiteMap;

use super::federation::Asked;
use super::{FallbackKeyRow, Homeserver, Strangers, Timer, Write, respond, respond_to_server};
use crate::crypto::Crypto;
use crate::draws::Purpose;
use crate::name::{DeviceId, ServerId};
use crate::node::Cx;
use crate::protocol::{ClaimOrder, ConcurrentClaims};
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{
    ClientResponse, FederationRequest, FederationResponse, MessageKind, RequestId, SignedKey,
};

/// How long a database may take between the two statements of a claim.
const BETWEEN_STATEMENTS: (Span, Span) = (Span::millis(1), Span::millis(20));

/// A claim between its two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(u32);

/// The claims that a server is working on.
#[derive(Debug)]
pub(super) struct Claims<C: Crypto> {
    next: u32,
    /// Claims on the server's own devices, between their two statements.
    found: LiteMap<ClaimId, Found<C>>,
    /// Requests of clients, until every server asked has answered.
    gathering: LiteMap<(DeviceId, RequestId), Gathering<C>>,
}

/// What the first statement of a claim found.
#[derive(Debug)]
struct Found<C: Crypto> {
    claimant: Option<DeviceId>,
    keys: Vec<(DeviceId, Option<SignedKey<C>>)>,
    reply: Reply,
}

/// Who waits for a claim on the server's own devices.
#[derive(Clone, Copy, Debug)]
enum Reply {
    Client(DeviceId, RequestId),
    Server(ServerId, RequestId),
    /// The first of these strangers.
    Stranger(Strangers),
}

#[derive(Debug)]
struct Gathering<C: Crypto> {
    waiting_for: usize,
    keys: Vec<SignedKey<C>>,
    failures: Vec<ServerId>,
}

impl<C: Crypto> Default for Claims<C> {
    fn default() -> Self {
        Self {
            next: 0,
            found: LiteMap::new(),
            gathering: LiteMap::new(),
        }
    }
}

impl<C: Crypto> Claims<C> {
    /// How many claims have not been answered.
    pub(super) fn open(&self) -> usize {
        self.found.len() + self.gathering.len()
    }
}

impl<C: Crypto> Homeserver<C> {
    /// A client's claim: split by server, gathered, answered at once when all
    /// servers have answered or failed. A server in back-off fails at once.
    pub(super) fn claim(
        &mut self,
        claimant: DeviceId,
        id: RequestId,
        devices: Vec<DeviceId>,
        timeout: Span,
        cx: &mut Cx<'_, Self>,
    ) {
        let mut by_server: LiteMap<ServerId, Vec<DeviceId>> = LiteMap::new();
        for device in devices {
            by_server.entry(device.server()).or_default().push(device);
        }
        let gathering = Gathering {
            waiting_for: by_server.len(),
            keys: vec![],
            failures: vec![],
        };
        self.claims.gathering.insert((claimant, id), gathering);
        for (server, devices) in by_server {
            if server == self.id {
                self.find_keys(Some(claimant), devices, Reply::Client(claimant, id), cx);
            } else {
                let asked = Asked::Claim {
                    claimant,
                    id,
                    devices: devices.clone(),
                };
                let request = FederationRequest::Claim { devices, claimant };
                self.ask(server, request, asked, timeout, cx);
            }
        }
        self.answer_claim_if_complete(claimant, id, cx);
    }

    /// Another server's claim on this server's devices.
    pub(super) fn federated_claim(
        &mut self,
        peer: ServerId,
        id: RequestId,
        devices: Vec<DeviceId>,
        claimant: DeviceId,
        cx: &mut Cx<'_, Self>,
    ) {
        self.find_keys(Some(claimant), devices, Reply::Server(peer, id), cx);
    }

    /// The first of these strangers claims a key; nobody in particular does if
    /// it is not going to be used.
    pub(super) fn find_keys_for_strangers(
        &mut self,
        claimant: Option<DeviceId>,
        strangers: Strangers,
        cx: &mut Cx<'_, Self>,
    ) {
        let devices = vec![strangers.device];
        self.find_keys(claimant, devices, Reply::Stranger(strangers), cx);
    }

    /// A server's part of a client's claim, and the server if it failed.
    pub(super) fn claim_answered(
        &mut self,
        (claimant, id): (DeviceId, RequestId),
        (keys, failure): (Vec<SignedKey<C>>, Option<ServerId>),
        cx: &mut Cx<'_, Self>,
    ) {
        if let Some(gathering) = self.claims.gathering.get_mut(&(claimant, id)) {
            gathering.waiting_for -= 1;
            gathering.keys.extend(keys);
            gathering.failures.extend(failure);
        }
        self.answer_claim_if_complete(claimant, id, cx);
    }

    /// The first statement: which key each device's claim would take.
    fn find_keys(
        &mut self,
        claimant: Option<DeviceId>,
        devices: Vec<DeviceId>,
        reply: Reply,
        cx: &mut Cx<'_, Self>,
    ) {
        let keys = devices
            .into_iter()
            .map(|device| (device, self.first_key(device, cx)))
            .collect();
        let claim = ClaimId(self.claims.next);
        self.claims.next += 1;
        self.claims.found.insert(
            claim,
            Found {
                claimant,
                keys,
                reply,
            },
        );
        let (from, to) = BETWEEN_STATEMENTS;
        let subject = (self.id, claimant, claim);
        let delay = cx.draws.span(Purpose::Database, subject, from, to);
        cx.wake(delay, Timer::FinishClaim(claim));
    }

    /// The second statement: deletes the keys and answers with them.
    pub(super) fn finish_claim(&mut self, claim: ClaimId, cx: &mut Cx<'_, Self>) {
        let Some(Found {
            claimant,
            keys,
            reply,
        }) = self.claims.found.remove(&claim)
        else {
            return;
        };
        let mut issued = vec![];
        for (device, found) in keys {
            if let Some(key) = self.take_key(device, found, cx) {
                cx.observe(Fact::KeyIssued {
                    server: self.id,
                    key: key.name,
                    to: claimant,
                });
                issued.push(key);
            }
            self.counts_changed(device, cx);
        }
        match reply {
            Reply::Client(claimant, id) => self.claim_answered((claimant, id), (issued, None), cx),
            Reply::Server(peer, id) => {
                let response = FederationResponse::Claim(issued);
                respond_to_server(peer, id, MessageKind::FederationClaim, response, cx);
            }
            Reply::Stranger(strangers) => {
                self.claimed_by_stranger(claimant, strangers, issued.pop(), cx);
            }
        }
    }

    /// Deletes the key that was found and hands it out; a device without a
    /// one-time key gives its fallback key.
    fn take_key(
        &mut self,
        device: DeviceId,
        found: Option<SignedKey<C>>,
        cx: &mut Cx<'_, Self>,
    ) -> Option<SignedKey<C>> {
        let Some(key) = found else {
            return self.take_fallback_key(device, cx);
        };
        if self.holds(&key) {
            let id = key.name.id;
            let issued = Write::Issued(device, id, key.key.clone());
            self.write([Write::OneTimeKeyGone(device, id), issued], cx);
            return Some(key);
        }
        cx.observe(Fact::ClaimRaced {
            server: self.id,
            key: key.name,
        });
        match cx.protocol.concurrent_claims() {
            ConcurrentClaims::LoserMisses => self.take_fallback_key(device, cx),
            ConcurrentClaims::Serialised => {
                let again = self.first_key(device, cx);
                self.take_key(device, again, cx)
            }
            ConcurrentClaims::ReadThenDelete => Some(key),
        }
    }

    /// Hands out the fallback key, which stays and is marked as used.
    fn take_fallback_key(
        &mut self,
        device: DeviceId,
        cx: &mut Cx<'_, Self>,
    ) -> Option<SignedKey<C>> {
        let fallback = self.tables.fallback_keys.get(device)?;
        let (row, key) = (fallback.clone(), fallback.key.clone());
        if !row.used {
            self.write(
                [Write::FallbackKey(FallbackKeyRow { used: true, ..row })],
                cx,
            );
        }
        Some(key)
    }

    /// The key that is next to be issued.
    fn first_key(&self, device: DeviceId, cx: &Cx<'_, Self>) -> Option<SignedKey<C>> {
        let rows = self.tables.one_time_keys.get(device)?.values();
        if rows.len() < 2 {
            return rows.last().map(|row| row.key.clone());
        }
        let first = match cx.protocol.claim_order() {
            // The stored permutation decides inside one upload.
            ClaimOrder::UploadOrder => rows.min_by_key(|row| (row.uploaded, row.tie)),
            ClaimOrder::KeyIdOrder => rows.min_by_key(|row| row.key.id()),
            ClaimOrder::KeyNumberOrder => rows.min_by_key(|row| row.key.name.id),
            ClaimOrder::Random => rows.min_by_key(|row| {
                let subject = (row.key.name, row.uploaded, cx.now);
                cx.draws.below(Purpose::ClaimOrder, subject, u64::MAX)
            }),
        };
        first.map(|row| row.key.clone())
    }

    fn holds(&self, key: &SignedKey<C>) -> bool {
        let keys = self.tables.one_time_keys.get(key.name.owner);
        keys.is_some_and(|keys| keys.contains_key(&key.name.id))
    }

    fn answer_claim_if_complete(
        &mut self,
        claimant: DeviceId,
        id: RequestId,
        cx: &mut Cx<'_, Self>,
    ) {
        let complete = self
            .claims
            .gathering
            .get(&(claimant, id))
            .is_some_and(|it| it.waiting_for == 0);
        if complete && let Some(done) = self.claims.gathering.remove(&(claimant, id)) {
            let (keys, failures) = (done.keys, done.failures);
            let response = ClientResponse::KeysClaim { keys, failures };
            respond(claimant, id, MessageKind::KeysClaim, response, cx);
        }
    }
}
