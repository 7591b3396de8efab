//! Claiming one-time keys: of whom, when, and what a failure does (BS §1.5).

use std::collections::BTreeSet;

use super::outgoing::Request;
use super::{Device, Write};
use crate::crypto::Crypto;
use crate::name::{DeviceId, ServerId, SessionName, UserId};
use crate::node::Cx;
use crate::time::Span;
use crate::trace::{ClaimMiss, Fact};
use crate::wire::{ClientRequest, DeviceKeys, SignedKey};

use super::store::SessionRow;

/// How long the homeserver may wait for other servers.
const CLAIM_TIMEOUT: Span = Span::secs(10);

impl<C: Crypto> Device<C> {
    /// The devices of these users that have to be claimed from: those without
    /// a session, and those to be unwedged. A device with a session, dead or
    /// alive, is never claimed from again on the sender's own account.
    pub(super) fn devices_to_claim(
        &self,
        users: &[UserId],
        cx: &mut Cx<'_, Self>,
    ) -> Vec<DeviceId> {
        let known = users
            .iter()
            .filter_map(|user| self.store.devices.get(*user));
        let without = known
            .flat_map(|devices| devices.keys().copied())
            .filter(|device| *device != self.id && !self.has_session(*device));
        let wanted: BTreeSet<DeviceId> = without.chain(self.to_unwedge.iter().copied()).collect();
        let mut to_claim = vec![];
        for device in wanted {
            if let Some(why) = self.cooling_down(device, cx) {
                cx.observe(Fact::ClaimMissed {
                    by: self.id,
                    of: device,
                    why,
                });
            } else {
                to_claim.push(device);
            }
        }
        to_claim
    }

    /// Claims a key of each of these devices, for a send or for unwedging.
    pub(super) fn claim(
        &mut self,
        devices: Vec<DeviceId>,
        send: Option<u64>,
        cx: &mut Cx<'_, Self>,
    ) {
        let request = ClientRequest::KeysClaim {
            devices: devices.clone(),
            timeout: CLAIM_TIMEOUT,
        };
        self.ask(Request::Claim { devices, send }, request, cx);
    }

    /// Whether a claim is on its way. There is only one at a time.
    pub(super) fn is_claiming(&self) -> bool {
        self.requests
            .values()
            .any(|request| matches!(request, Request::Claim { .. }))
    }

    /// The server answered a claim: opens a session on every good key, and
    /// notes every other device or server as failed.
    pub(super) fn claimed(
        &mut self,
        devices: &[DeviceId],
        keys: Vec<SignedKey<C>>,
        failures: &[ServerId],
        cx: &mut Cx<'_, Self>,
    ) {
        let failures = self.others(failures);
        for server in &failures {
            self.server_failures.failed(*server, cx.now);
        }
        let mut missing: BTreeSet<DeviceId> = devices.iter().copied().collect();
        let mut to_greet = vec![];
        for key in keys {
            let device = key.name.owner;
            let Some(theirs) = self
                .known_device(device)
                .filter(|_| missing.remove(&device))
            else {
                continue; // Not asked for, or of a device that is not known.
            };
            let theirs = theirs.clone();
            if !cx
                .crypto
                .verify_key(&theirs.identity, key.name.kind, &key.key, &key.signature)
            {
                self.missed(device, ClaimMiss::BadSignature, cx);
                continue;
            }
            self.open_session(&theirs, &key, cx);
            self.device_failures.succeeded(&device);
            self.server_failures.succeeded(&device.server());
            if self.is_unwedged(device, cx) {
                to_greet.push(device);
            }
        }
        for device in missing {
            let failed = failures.contains(&device.server());
            let why = if failed {
                ClaimMiss::ServerFailed
            } else {
                ClaimMiss::NoKey
            };
            self.missed(device, why, cx);
        }
        self.send_dummies(&to_greet, cx);
    }

    /// What is published of a device, as far as this one knows.
    pub(super) fn known_device(&self, device: DeviceId) -> Option<&DeviceKeys<C>> {
        self.store.devices.get(device.user())?.get(&device)
    }

    fn open_session(&mut self, theirs: &DeviceKeys<C>, key: &SignedKey<C>, cx: &mut Cx<'_, Self>) {
        let session = cx
            .crypto
            .open_session(&self.account.olm, &theirs.identity, &key.key);
        let peer = theirs.device;
        let name = SessionName {
            opener: self.id,
            peer,
            opened: cx.now,
        };
        cx.observe(Fact::SessionOpened {
            session: name,
            key: key.name,
        });
        let pickle = cx.crypto.pickle_session(&session);
        let row = SessionRow {
            name,
            peer,
            theirs: theirs.identity.clone(),
            key: key.name,
            created: cx.now,
            chain: cx.now,
            pickle,
        };
        self.sessions.insert(name, session);
        self.write([Write::Session(row.into())], cx);
    }

    fn missed(&mut self, device: DeviceId, why: ClaimMiss, cx: &mut Cx<'_, Self>) {
        cx.observe(Fact::ClaimMissed {
            by: self.id,
            of: device,
            why,
        });
        match why {
            ClaimMiss::NoKey | ClaimMiss::BadSignature => {
                self.device_failures.failed(device, cx.now);
            }
            ClaimMiss::ServerFailed
            | ClaimMiss::ServerCoolingDown
            | ClaimMiss::DeviceCoolingDown => {}
        }
    }

    fn cooling_down(&self, device: DeviceId, cx: &Cx<'_, Self>) -> Option<ClaimMiss> {
        if self.server_failures.cooling_down(&device.server(), cx.now) {
            Some(ClaimMiss::ServerCoolingDown)
        } else if self.device_failures.cooling_down(&device, cx.now) {
            Some(ClaimMiss::DeviceCoolingDown)
        } else {
            None
        }
    }
}
