//! Which rooms the user is in, with whom, and whose devices are followed
//! because of that (BS §1.14). Who is invited counts among the members: they are
//! given the room key like the others (BS §1.9).

use std::collections::BTreeSet;

use super::{Device, Write};
use crate::crypto::Crypto;
use crate::name::{RoomId, UserId};
use crate::node::Cx;
use crate::protocol::InvitedMembers;
use crate::trace::Fact;
use crate::wire::Membership;

impl<C: Crypto> Device<C> {
    /// The rows that follow from what a sync answer says of rooms and device
    /// lists. Users in newly joined rooms are followed from now on, and users
    /// whose devices changed have to be asked for again. Of users with whom no
    /// room is shared any more matrix-rust-sdk takes no notice: what it knows
    /// of their devices it goes on knowing.
    pub(super) fn changed_lists(
        &self,
        joined: &[(RoomId, Vec<UserId>)],
        changed: &[UserId],
    ) -> Vec<Write<C>> {
        let mut rows = vec![];
        for (room, members) in joined {
            let new = members
                .iter()
                .filter(|user| !self.store.devices.contains(**user));
            rows.extend(new.map(|user| Write::Outdated(*user)));
            rows.push(Write::Room(*room, members.clone()));
        }
        rows.extend(changed.iter().copied().map(Write::Outdated));
        rows
    }

    /// The server has answered that a user is invited. The member event may come
    /// down the timeline later than something is said.
    pub(super) fn user_invited(&mut self, room: RoomId, user: UserId, cx: &mut Cx<'_, Self>) {
        match cx.protocol.invited_members() {
            InvitedMembers::AtAnswer => {
                self.membership_changed(room, user, Membership::Invite, cx);
            }
            InvitedMembers::FromSync => {}
        }
    }

    /// A member event came in with the timeline. Who comes in again is asked
    /// for again: nobody has followed their devices meanwhile.
    pub(super) fn membership_changed(
        &mut self,
        room: RoomId,
        user: UserId,
        membership: Membership,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(members) = self.store.rooms.get(&room) else {
            return;
        };
        cx.observe(Fact::MembershipSeen {
            by: self.id,
            room,
            user,
            membership,
        });
        let mut members: BTreeSet<UserId> = members.iter().copied().collect();
        let rows = match membership {
            Membership::Join | Membership::Invite if members.insert(user) => {
                let row = Write::Room(room, members.into_iter().collect());
                match self.store.devices.contains(user) {
                    true => vec![row],
                    false => vec![row, Write::Outdated(user)],
                }
            }
            Membership::Leave if user == self.id.user() => vec![Write::RoomGone(room)],
            Membership::Leave if members.remove(&user) => {
                vec![Write::Room(room, members.into_iter().collect())]
            }
            Membership::Join | Membership::Leave | Membership::Invite => return,
        };
        self.write(rows, cx);
        if !self.store.rooms.contains_key(&room) {
            self.discard_session(room, cx);
        }
    }
}
