//! Takes away what cannot be judged yet: somebody who joins or leaves while
//! servers may not hear of it from each other. Conflicting memberships are not
//! modelled.

use crate::cast::Cast;
use crate::name::{NodeId, RoomId, ServerId, UserId};
use crate::step::{About, Step, TimedStep};
use crate::time::Span;

/// A request to join or leave may take so long: a server waits a minute for
/// another to let its user in, and links and clients take their time.
const MARGIN: Span = Span::mins(2);

/// What keeps servers from hearing of each other, as far as steps tell.
#[derive(Default)]
struct Split {
    cut: Vec<[NodeId; 2]>,
    down: Vec<ServerId>,
    for_good: bool,
}

/// Takes away every `join` and `leave` in a split, or so shortly before one, or
/// before a server is put back, that it may take effect in it; and what nobody
/// can do who has not joined. The steps are in the order of time.
pub(super) fn without_memberships_in_a_split(steps: &mut Vec<TimedStep>, cast: &Cast) {
    let is_membership = |it: &TimedStep| matches!(it.step, Step::Join(_) | Step::Leave(_));
    if !steps.iter().any(is_membership) {
        return;
    }
    let hurts: Vec<Span> = steps
        .iter()
        .filter(|it| hurts(&it.step))
        .map(|it| it.at)
        .collect();
    let is_close = |at: Span| {
        let next = hurts.get(hurts.partition_point(|hurt| *hurt < at));
        next.is_some_and(|next| *next <= at + MARGIN)
    };
    let mut split = Split::default();
    steps.retain(|it| {
        split.take(&it.step);
        !(is_membership(it) && (split.is_there() || is_close(it.at)))
    });
    let joins: Vec<(UserId, RoomId)> = steps.iter().filter_map(|it| joins(&it.step)).collect();
    steps.retain(|it| {
        needs(&it.step).is_none_or(|(user, room)| {
            let members = &cast.rooms[usize::from(room.0)].members;
            members.contains(&user) || joins.contains(&(user, room))
        })
    });
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about a few steps"
)]
impl Split {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Partition(partition) => self.cut.extend(of_servers(partition.between())),
            Step::Heal(heal) => {
                let mended = of_servers(heal.between());
                self.cut.retain(|link| Some(*link) != mended);
            }
            Step::Crash(crash) => match crash.node() {
                (NodeId::Server(server), false) => self.down.push(server),
                // Nobody knows when, so nothing is known to have ended it.
                (NodeId::Server(_), true) => self.for_good = true,
                (NodeId::Device(_), _) => {}
            },
            Step::Restart(restart) => {
                self.down
                    .retain(|server| NodeId::Server(*server) != restart.node());
            }
            Step::Gone(gone) => self.for_good |= matches!(gone.subject(), NodeId::Server(_)),
            _ => {}
        }
    }

    fn is_there(&self) -> bool {
        self.for_good || !self.cut.is_empty() || !self.down.is_empty()
    }
}

/// Whether a step begins a split, or takes from a server what it knew.
#[expect(clippy::wildcard_enum_match_arm, reason = "this is about a few steps")]
fn hurts(step: &Step) -> bool {
    let is_server = |node| matches!(node, NodeId::Server(_));
    match step {
        Step::Partition(partition) => of_servers(partition.between()).is_some(),
        Step::Crash(crash) => is_server(crash.node().0),
        Step::Gone(gone) => is_server(gone.subject()),
        Step::Restore(restore) => is_server(restore.node()),
        _ => false,
    }
}

/// A link between two servers, the lower first.
fn of_servers(mut link: [NodeId; 2]) -> Option<[NodeId; 2]> {
    link.sort_unstable();
    match link {
        [NodeId::Server(_), NodeId::Server(_)] => Some(link),
        [_, _] => None,
    }
}

/// Who joins which room.
fn joins(step: &Step) -> Option<(UserId, RoomId)> {
    if let Step::Join(join) = step {
        Some(join.user_and_room())
    } else {
        None
    }
}

/// Who has to be in which room, at some time.
#[expect(clippy::wildcard_enum_match_arm, reason = "this is about two steps")]
fn needs(step: &Step) -> Option<(UserId, RoomId)> {
    match step {
        Step::Send(send) => Some(send.user_and_room()),
        Step::Leave(leave) => Some(leave.user_and_room()),
        _ => None,
    }
}
