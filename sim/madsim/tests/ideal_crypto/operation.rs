//! The operations that both implementations are put to, and how they are
//! drawn. An operation names what it is about by picks, so that every list of
//! operations can be carried out, also one that lost some in shrinking.

use proptest::prelude::*;

/// One of however many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick(pub(crate) u16);

impl Pick {
    /// The newest of all.
    pub(crate) const NEWEST: Self = Self(1);

    /// Half of the picks are of the newest few and a quarter of the first two,
    /// so that something becomes of those.
    pub(crate) fn of(self, count: usize) -> Option<usize> {
        let number = usize::from(self.0 / 4);
        match (count, self.0 % 4) {
            (0, _) => None,
            (_, 0) => Some(number % count),
            (_, 3) => Some(number % count.min(2)),
            _ => Some(count - 1 - number % count.min(4)),
        }
    }
}

/// Something that is done to both implementations.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Generate {
        who: Pick,
        count: u16,
    },
    /// Generates and publishes nearly as many keys as the client can hold.
    Fill {
        who: Pick,
    },
    /// Generates a fallback key, with room for so many replaced ones.
    GenerateFallback {
        who: Pick,
        room: u8,
    },
    ForgetFallback {
        who: Pick,
    },
    Publish {
        who: Pick,
    },
    Discard {
        who: Pick,
        key: Pick,
    },
    Sign {
        who: Pick,
        key: Pick,
        looks: Pick,
    },
    KeepAccount {
        who: Pick,
    },
    RestoreAccount {
        kept: Pick,
        as_well: bool,
    },

    Open {
        who: Pick,
        key: Pick,
        mistaken: bool,
    },
    Accept {
        message: Pick,
        who: Option<Pick>,
        mistaken: bool,
    },
    Say {
        session: Pick,
        count: u16,
    },
    Lose {
        session: Pick,
        count: u16,
    },
    Hear {
        session: Pick,
        message: Pick,
        order: Order,
    },
    Talk {
        session: Pick,
        turns: u8,
        late: bool,
    },
    Misdeliver {
        session: Pick,
        message: Pick,
    },
    Damage {
        message: Pick,
    },
    /// Lets a session and a copy of it say the same.
    Copy {
        session: Pick,
    },
    KeepSession {
        session: Pick,
    },
    RestoreSession {
        kept: Pick,
        as_well: bool,
    },

    NewGroup,
    Announce {
        group: Pick,
        count: u8,
    },
    Share {
        group: Pick,
    },
    Import {
        key: Pick,
    },
    Read {
        inbound: Pick,
        event: Pick,
        foreign: bool,
    },
    Merge {
        into: Pick,
        from: Pick,
        foreign: bool,
    },
    KeepGroup {
        group: Pick,
    },
    RestoreGroup {
        kept: Pick,
        as_well: bool,
    },
    KeepInbound {
        inbound: Pick,
    },
    RestoreInbound {
        kept: Pick,
    },
}

/// Which of the messages for a session it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// The first that it has not heard.
    Next,
    /// The last that it has not heard.
    Last,
    /// Any, heard or not.
    Any,
}

/// A list of operations, of which most keep a few conversations going.
pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let any = prop_oneof![
        3 => account(),
        2 => meeting(),
        7 => conversation(),
        4 => room(),
    ];
    prop::collection::vec(any, 40..160)
}

fn pick() -> impl Strategy<Value = Pick> + Clone {
    any::<u16>().prop_map(Pick)
}

/// True in one of `n` draws.
fn one_in(n: u32) -> impl Strategy<Value = bool> {
    (0..n).prop_map(|draw| draw == 1)
}

fn account() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let count = prop_oneof![12 => 0..6u16, 3 => 40..60u16, 2 => 90..110u16];
    let looks = (pick(), pick(), pick());
    let kept = prop_oneof![2 => Just(1u8), 3 => 1..6u8];
    prop_oneof![
        60 => (pick(), count).prop_map(|(who, count)| Generate { who, count }),
        4 => pick().prop_map(|who| Fill { who }),
        40 => (pick(), kept).prop_map(|(who, room)| GenerateFallback { who, room }),
        20 => pick().prop_map(|who| ForgetFallback { who }),
        40 => pick().prop_map(|who| Publish { who }),
        20 => (pick(), pick()).prop_map(|(who, key)| Discard { who, key }),
        20 => looks.prop_map(|(who, key, looks)| Sign { who, key, looks }),
        30 => pick().prop_map(|who| KeepAccount { who }),
        20 => (pick(), one_in(2)).prop_map(|(kept, as_well)| RestoreAccount { kept, as_well }),
    ]
}

fn meeting() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let open = (pick(), pick(), one_in(12));
    let accept = (pick(), prop::option::weighted(0.15, pick()), one_in(12));
    prop_oneof![
        2 => open.prop_map(|(who, key, mistaken)| Open { who, key, mistaken }),
        3 => accept.prop_map(|(message, who, mistaken)| Accept { message, who, mistaken }),
    ]
}

fn conversation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let few = prop_oneof![8 => 1..4u16, 1 => 36..46u16];
    let many = prop_oneof![6 => 1..45u16, 1 => 1990..2010u16, 1 => Just(2000)];
    let order = prop_oneof![
        4 => Just(Order::Next),
        4 => Just(Order::Last),
        3 => Just(Order::Any),
    ];
    let hear = (pick(), pick(), order);
    let talk = (pick(), 1..9u8, one_in(2));
    prop_oneof![
        8 => (pick(), few).prop_map(|(session, count)| Say { session, count }),
        2 => (pick(), many).prop_map(|(session, count)| Lose { session, count }),
        24 => hear.prop_map(|(session, message, order)| Hear { session, message, order }),
        6 => talk.prop_map(|(session, turns, late)| Talk { session, turns, late }),
        2 => (pick(), pick()).prop_map(|(session, message)| Misdeliver { session, message }),
        3 => pick().prop_map(|message| Damage { message }),
        2 => pick().prop_map(|session| Copy { session }),
        3 => pick().prop_map(|session| KeepSession { session }),
        3 => (pick(), one_in(2)).prop_map(|(kept, as_well)| RestoreSession { kept, as_well }),
    ]
}

fn room() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let read = (pick(), pick(), one_in(6));
    let merge = (pick(), pick(), one_in(4));
    prop_oneof![
        2 => Just(NewGroup),
        4 => (pick(), 1..5u8).prop_map(|(group, count)| Announce { group, count }),
        4 => pick().prop_map(|group| Share { group }),
        4 => pick().prop_map(|key| Import { key }),
        8 => read.prop_map(|(inbound, event, foreign)| Read { inbound, event, foreign }),
        8 => merge.prop_map(|(into, from, foreign)| Merge { into, from, foreign }),
        2 => pick().prop_map(|group| KeepGroup { group }),
        2 => (pick(), one_in(2)).prop_map(|(kept, as_well)| RestoreGroup { kept, as_well }),
        1 => pick().prop_map(|inbound| KeepInbound { inbound }),
        1 => pick().prop_map(|kept| RestoreInbound { kept }),
    ]
}
