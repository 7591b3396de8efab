//! Says a fact as one line of text, in the words of a cast.

use std::fmt;

use super::Fact;
use crate::cast::{Cast, Named};
use crate::crypto::Body;
use crate::wire::Membership;

impl Named for Fact {
    #[rustfmt::skip]
    fn write(&self, cast: &Cast, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        macro_rules! say { ($name:expr) => { cast.say($name) }; }
        match self {
            Fact::Phase(phase) => write!(f, "phase {phase:?}"),
            Fact::Settled(phase) => write!(f, "settled {phase:?}"),
            Fact::Unsettled(phase) => write!(f, "unsettled {phase:?}"),
            Fact::CutOff(phase) => write!(f, "cut off {phase:?}: the trace is too long"),
            Fact::Step(step) => write!(f, "step {}", step.0 + 1),
            Fact::StepIdle { step } => write!(f, "step {} has had no effect", step.0 + 1),
            Fact::ToldToSend { by, room, .. } => write!(f, "{} is to say something in {}", say!(by), say!(room)),
            Fact::ToldToInvite { by, user, room, .. } => write!(f, "{} is to invite {} to {}", say!(by), say!(user), say!(room)),
            Fact::Joined { room, user } => write!(f, "{} is in {}", say!(user), say!(room)),
            Fact::MembershipStored { server, room, user, membership } => {
                let does = match membership { Membership::Join => "joins", Membership::Leave => "leaves", Membership::Invite => "is invited to" };
                write!(f, "{} has that {} {does} {}", say!(server), say!(user), say!(room))
            }
            Fact::LinkCut { between: [a, b], one_way, .. } => write!(f, "link cut {}{}{}", say!(a), if *one_way { "->" } else { "|" }, say!(b)),
            Fact::LinkMended { between: [a, b], .. } => write!(f, "link mended {}-{}", say!(a), say!(b)),
            Fact::LinkSlowed { between: [a, b], by, .. } => write!(f, "link {}-{} slower by {by}", say!(a), say!(b)),
            Fact::Crashed { node, .. } => write!(f, "{} crashes", say!(node)),
            Fact::Gone { node, .. } => write!(f, "{} is gone for good", say!(node)),
            Fact::WritesLost { node, count, since, .. } => write!(f, "{} loses its last writes ({count}, since {since})", say!(node)),
            Fact::ProcessStarted { device, incarnation, locked, .. } => {
                let lock = if *locked { "with" } else { "without" };
                write!(f, "a second process of {} starts {lock} an effective lock (incarnation {incarnation})", say!(device))
            }
            Fact::ProcessEnded { device, incarnation } => {
                write!(f, "the second process of {} ends (incarnation {incarnation})", say!(device))
            }
            Fact::Booted { node, incarnation } => write!(f, "{} starts (incarnation {incarnation})", say!(node)),
            Fact::BackedUp { node, .. } => write!(f, "{} is backed up", say!(node)),
            Fact::DeviceRestored { device, taken, .. } => write!(f, "{} is put back to {taken}", say!(device)),
            Fact::TableRestored { server, table, taken, .. } => write!(f, "{} restores {} of {taken}", say!(server), table.name()),
            Fact::TableEmptied { server, table, .. } => write!(f, "{} empties {}", say!(server), table.name()),
            Fact::MessageDropped { from, to, kind, answer, .. } => {
                let what = if *answer { "answer" } else { "request" };
                write!(f, "dropped {kind} {what} {}->{}", say!(from), say!(to))
            }
            Fact::Injected { copy, of, .. } => write!(f, "a damaged copy {} of {} goes ahead of it", say!(copy), say!(of)),
            Fact::OlmMessagesWasted { from, to, count, .. } => write!(f, "{count} Olm messages of {} for {} are lost", say!(from), say!(to)),
            Fact::Replayed { message, .. } => write!(f, "{} is put into the inbox again", say!(message)),
            Fact::Duplicated { device, kind, .. } => write!(f, "a {kind} request of {} will arrive once more", say!(device)),
            Fact::ResetByOther { device, .. } => write!(f, "somebody deletes all one-time keys of {}", say!(device)),
            Fact::ClaimedByStrangers { device, count, .. } => write!(f, "somebody claims {count} keys of {}", say!(device)),
            Fact::ClockSetBack { server, by, .. } => write!(f, "the clock of {} is set back by {by}", say!(server)),
            Fact::LoggedIn { device } => write!(f, "{} logs in", say!(device)),
            Fact::LoggedOut { device, why } => write!(f, "{} is logged out: {why:?}", say!(device)),
            Fact::DevicePublished { server, device } => write!(f, "{} knows {}", say!(server), say!(device)),
            Fact::DeviceRemoved { server, device } => write!(f, "{} deletes {}", say!(server), say!(device)),
            Fact::Blocked { by, device } => write!(f, "{} blocks {}", say!(by), say!(device)),
            Fact::KeyGenerated { key } => write!(f, "generated {}", say!(key)),
            Fact::KeyDiscarded { key, why } => write!(f, "discarded {}: {why:?}", say!(key)),
            Fact::KeyStored { server, key } => write!(f, "{} stores {}", say!(server), say!(key)),
            Fact::KeyLeftOut { server, key } => write!(f, "{} leaves out {}", say!(server), say!(key)),
            Fact::UploadRefused { server, device, key, why } => write!(f, "{} refuses {} from {}: {why:?}", say!(server), say!(key), say!(device)),
            Fact::KeysReset { server, device } => write!(f, "{} deletes all one-time keys of {}", say!(server), say!(device)),
            Fact::KeyReset { server, key } => write!(f, "{} deletes {} for its owner", say!(server), say!(key)),
            Fact::KeysContradicted { device } => write!(f, "{} has other keys than its server says", say!(device)),
            Fact::KeyIssued { server, key, to: Some(to) } => write!(f, "{} issues {} to {}", say!(server), say!(key), say!(to)),
            Fact::KeyIssued { server, key, to: None } => write!(f, "{} issues {} to somebody", say!(server), say!(key)),
            Fact::FallbackKeyShared { server, key } => write!(f, "{} is given {} to keep", say!(server), say!(key)),
            Fact::ClaimRaced { server, key } => write!(f, "{} finds {} taken by another claim", say!(server), say!(key)),
            Fact::RemoteFailed { server, peer, kind, why } => write!(f, "{} gets no {kind} from {}: {why:?}", say!(server), say!(peer)),
            Fact::ClaimMissed { by, of, why } => write!(f, "{} gets no key of {}: {why:?}", say!(by), say!(of)),
            Fact::DevicesUnknown { by, of } => write!(f, "{} knows no device of {}", say!(by), say!(of)),
            Fact::SessionOpened { session, key } => write!(f, "opened {} on {}", say!(session), say!(key)),
            Fact::SessionAccepted { by, session, key } => write!(f, "{} accepts {} on {}", say!(by), say!(session), say!(key)),
            Fact::OlmEncrypted { message, session, chain, index } => {
                write!(f, "encrypted {} with {}, chain of {chain}:{index}", say!(message), say!(session))
            }
            Fact::KeyKept { key } => write!(f, "kept {}, which was used", say!(key)),
            Fact::OlmDecrypted { by, message } => write!(f, "{} decrypts {}", say!(by), say!(message)),
            Fact::OlmFailed { by, message, session, key, error } => {
                write!(f, "{} cannot decrypt {} of {} on {}: {error:?}", say!(by), say!(message), say!(session), say!(key))
            }
            Fact::OlmReplayed { by, message } => write!(f, "{} meets {} again", say!(by), say!(message)),
            Fact::Unwedging { by, peer } => write!(f, "{} will open a new session with {}", say!(by), say!(peer)),
            Fact::ToDeviceStored { server, message } => write!(f, "{} stores {}", say!(server), say!(message)),
            Fact::ToDeviceQueued { server, message } => write!(f, "{} queues {}", say!(server), say!(message)),
            Fact::ToDeviceDeleted { server, message } => write!(f, "{} deletes {}", say!(server), say!(message)),
            Fact::ToDeviceReceived { by, message } => write!(f, "{} receives {}", say!(by), say!(message)),
            Fact::RoomKeyShared { session, index, message } => write!(f, "shared {} from {index} in {}", say!(session), say!(message)),
            Fact::RoomKeyWithheld { session, message, why } => write!(f, "withheld {} with {}: {why:?}", say!(session), say!(message)),
            Fact::RoomKeyDropped { by, session, .. } => write!(f, "{} drops {}: it does not know the sender's device", say!(by), say!(session)),
            Fact::RoomKeyReceived { by, session, index, .. } => write!(f, "{} learns {} from {index}", say!(by), say!(session)),
            Fact::GroupSessionDiscarded { session } => write!(f, "discarded {}", say!(session)),
            Fact::SendAsked { by, room, body } => write!(f, "{} wants to say {} in {}", say!(by), body.name(), say!(room)),
            Fact::EventSent { event, room, session, index, body } => {
                write!(f, "sent {} ({}) in {} with {}:{index}", say!(event), body.name(), say!(room), say!(session))
            }
            Fact::MembershipSeen { by, room, user, membership } => {
                let does = match membership { Membership::Join => "joined", Membership::Leave => "left", Membership::Invite => "been invited to" };
                write!(f, "{} is told that {} has {does} {}", say!(by), say!(user), say!(room))
            }
            Fact::EventStored { server, event } => write!(f, "{} has {}", say!(server), say!(event)),
            Fact::EventSeen { by, event } => write!(f, "{} sees {}", say!(by), say!(event)),
            Fact::EventRead { by, event } => write!(f, "{} reads {}", say!(by), say!(event)),
            Fact::EventUnreadable { by, event, why } => write!(f, "{} cannot read {}: {why:?}", say!(by), say!(event)),
        }
    }
}

impl Body {
    /// What traces and reports call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Body::Timeline => "a message",
            Body::ProbeOld => "p",
            Body::ProbeFresh => "q",
            Body::ProbeAgain => "r",
        }
    }
}
