//! Somebody between two devices: sends damaged copies of their messages ahead
//! of them, and keeps what could be delivered once more. And requests that
//! arrive twice.

use super::World;
use crate::crypto::Crypto;
use crate::name::{MessageId, NodeId};
use crate::time::Span;
use crate::trace::Fact;
use crate::wire::{ClientRequest, Encrypted, Message, ToDevice, ToDeviceContent};

impl<C: Crypto> World<C> {
    /// Does to a message what was planned for it.
    pub(super) fn tamper(&mut self, body: &mut Message<C>) {
        let Message::ClientRequest(_, _, ClientRequest::SendToDevice { messages, .. }) = body
        else {
            return;
        };
        if self.injections.is_empty() && !self.replays {
            return;
        }
        let mut sent = Vec::with_capacity(messages.len());
        for message in std::mem::take(messages) {
            if let ToDeviceContent::Encrypted(outside) = &message.content {
                sent.extend(self.damaged_copy(message.id, outside));
                if self.replays {
                    let MessageId { sender, to, .. } = message.id;
                    self.recorded.insert((sender, to), message.clone());
                }
            }
            sent.push(message);
        }
        *messages = sent;
    }

    /// How much later a message arrives once more, if it does.
    pub(super) fn duplicated(&mut self, from: NodeId, body: &Message<C>) -> Option<Span> {
        let NodeId::Device(from) = from else {
            return None;
        };
        let is_meant = |it: &(_, _, _, _)| (it.0, it.1) == (from, body.kind());
        let place = self.duplicates.iter().position(is_meant)?;
        let (device, kind, after, step) = self.duplicates.remove(place);
        self.note(Fact::Duplicated { device, kind, step });
        Some(after)
    }

    fn damaged_copy(&mut self, of: MessageId, outside: &Encrypted<C>) -> Option<ToDevice<C>> {
        let is_meant = |it: &(_, _, _)| (it.0, it.1) == (of.sender, of.to);
        let place = self.injections.iter().position(is_meant)?;
        let (_, _, step) = self.injections.remove(place);
        // No client counts that far, so the copy has a name of its own.
        let copy = MessageId {
            number: u32::MAX - of.number,
            ..of
        };
        self.note(Fact::Injected { copy, of, step });
        let outside = Encrypted {
            ciphertext: self.crypto.damage(&outside.ciphertext),
            ..Encrypted::clone(outside)
        };
        Some(ToDevice {
            id: copy,
            content: ToDeviceContent::Encrypted(outside.into()),
        })
    }
}
