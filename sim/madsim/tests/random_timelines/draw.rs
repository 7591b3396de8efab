//! Draws a timeline: a number becomes the text of a scenario.

use std::fmt::Write as _;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Endpoints to which an answer can be lost or waited for.
const CLIENT_ENDPOINTS: &[&str] = &[
    "keys-upload",
    "keys-query",
    "keys-claim",
    "send-to-device",
    "send-event",
    "sync",
];
const FEDERATION_ENDPOINTS: &[&str] = &[
    "federation-send",
    "federation-claim",
    "federation-query",
    "federation-missing-events",
];
const CLIENT_ROWS: &[&str] = &[
    "account",
    "session",
    "note",
    "room-key",
    "outbound-session",
    "device-list",
    "token",
    "event",
    "queue",
];
const TABLES: &[&str] = &[
    "one-time-keys",
    "fallback-keys",
    "devices",
    "device-lists",
    "inbox",
    "outbox",
    "rooms",
    "deduplication",
];

/// Who takes part, by name.
struct Cast {
    servers: Vec<String>,
    devices: Vec<String>,
    /// The server of each device.
    homes: Vec<usize>,
    rooms: Vec<String>,
    /// Which devices' users are in each room.
    members: Vec<Vec<usize>>,
}

struct Luck(ChaCha8Rng);

impl Luck {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u32()).unwrap() % bound
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// The timeline with this number.
pub(crate) fn timeline(number: u64) -> String {
    let mut luck = Luck(ChaCha8Rng::seed_from_u64(number));
    let cast = cast(&mut luck);
    let mut text = format!("id = \"t{number}\"\ntitle = \"\"\nsource = []\nstory = \"\"\n");
    write_cast(&cast, &mut luck, &mut text);
    // From close together to far apart, so that steps fall into each other.
    let spread_ms = *luck.of(&[2_000, 60_000, 3_600_000, 40_000_000]);
    let mut at_ms = *luck.of(&[0, 20_000, 600_000]);
    text.push_str("steps = [\n");
    for _ in 0..4 + luck.below(22) {
        at_ms += luck.below(spread_ms);
        let step = step(&cast, &mut luck, at_ms);
        let _ = writeln!(text, "    {{ {step} }},");
    }
    text.push_str("]\n");
    text
}

fn cast(luck: &mut Luck) -> Cast {
    let servers: Vec<String> = (1..=1 + luck.below(3)).map(|n| format!("hs{n}")).collect();
    let (mut devices, mut homes, mut users) = (vec![], vec![], vec![]);
    for user in 0..2 + luck.below(3) {
        let home = luck.below(servers.len());
        users.push(devices.len());
        for place in 0..1 + usize::from(luck.chance(3)) {
            devices.push(match place {
                0 => format!("u{user}"),
                _ => format!("u{user}.second"),
            });
            homes.push(home);
        }
    }
    let rooms: Vec<String> = (1..=1 + luck.below(3)).map(|n| format!("r{n}")).collect();
    let members = rooms.iter().map(|_| {
        let mut members = users.clone();
        while members.len() > 2 && luck.chance(3) {
            let place = luck.below(members.len());
            members.remove(place);
        }
        members
    });
    let members = members.collect();
    Cast {
        servers,
        devices,
        homes,
        rooms,
        members,
    }
}

fn write_cast(cast: &Cast, luck: &mut Luck, text: &mut String) {
    let devices = cast.devices.iter().zip(&cast.homes);
    let devices =
        devices.map(|(device, home)| format!("\"{device}\" = \"{}\"", cast.servers[*home]));
    let rooms = cast.rooms.iter().zip(&cast.members);
    let rooms = rooms.map(|(room, members)| {
        let members: Vec<&str> = members
            .iter()
            .map(|it| cast.devices[*it].as_str())
            .collect();
        format!("{room} = {members:?}")
    });
    let _ = writeln!(text, "servers = {:?}", cast.servers);
    let _ = writeln!(
        text,
        "devices = {{ {} }}",
        devices.collect::<Vec<_>>().join(", ")
    );
    let _ = writeln!(
        text,
        "rooms = {{ {} }}",
        rooms.collect::<Vec<_>>().join(", ")
    );
    if luck.chance(4) {
        let device = luck.of(&cast.devices);
        let _ = writeln!(text, "clients = {{ \"{device}\" = \"libolm\" }}");
    }
    let _ = writeln!(text, "one_time_keys = {}", luck.of(&[1, 2, 5, 50]));
    let _ = writeln!(text, "recipients_per_request = {}", luck.of(&[1, 2, 250]));
}

fn step(cast: &Cast, luck: &mut Luck, at_ms: usize) -> String {
    let at = format!("at = \"{at_ms}ms\"");
    let place = luck.below(cast.devices.len());
    let (device, home) = (&cast.devices[place], &cast.servers[cast.homes[place]]);
    let other = luck.of(&cast.devices);
    let room = luck.below(cast.rooms.len());
    let member = cast.devices[*luck.of(&cast.members[room])].clone();
    let room = &cast.rooms[room];
    let [a, b] = link(cast, luck, device, home);
    let node = if luck.chance(2) { device } else { home };
    match luck.below(34) {
        0..10 => format!("send = {{ {at}, from = {member:?}, room = {room:?} }}"),
        10 => format!("login = {{ {at}, device = {device:?} }}"),
        11 => format!("logout = {{ {at}, device = {device:?} }}"),
        12 => format!("join = {{ {at}, device = {device:?}, room = {room:?} }}"),
        13 => format!("leave = {{ {at}, device = {member:?}, room = {room:?} }}"),
        14 => format!("block = {{ {at}, by = {device:?}, device = {other:?} }}"),
        15 => format!("offline = {{ {at}, device = {device:?} }}"),
        16 => format!("online = {{ {at}, device = {device:?} }}"),
        17 => partition(luck, &at, [&a, &b]),
        18 => format!("heal = {{ {at}, between = [{a:?}, {b:?}] }}"),
        19 => slow(cast, luck, &at)
            .unwrap_or_else(|| format!("send = {{ {at}, from = {member:?}, room = {room:?} }}")),
        20 | 21 => {
            let endpoints = match a.starts_with("hs") && b.starts_with("hs") {
                true => FEDERATION_ENDPOINTS,
                false => CLIENT_ENDPOINTS,
            };
            let endpoint = luck.of(endpoints);
            format!("drop_answer = {{ {at}, from = {b:?}, to = {a:?}, to_request = {endpoint:?} }}")
        }
        22 => format!("backup = {{ {at}, server = {home:?} }}"),
        23 => format!("backup = {{ {at}, device = {device:?} }}"),
        24 if luck.chance(2) => {
            let table = luck.of(TABLES);
            format!("restore = {{ {at}, server = {home:?}, tables = [{table:?}] }}")
        }
        24 => format!("restore = {{ {at}, server = {home:?} }}"),
        25 => format!("restore = {{ {at}, device = {device:?} }}"),
        26..29 => crash(luck, &at, node),
        29 => format!("restart = {{ {at}, node = {node:?} }}"),
        30 if luck.chance(4) => format!("gone = {{ {at}, node = {node:?} }}"),
        30 | 31 => {
            let count = 1 + luck.below(60);
            format!("claim = {{ {at}, device = {device:?}, count = {count} }}")
        }
        32 => format!("inject = {{ {at}, from = {device:?}, to = {other:?} }}"),
        _ => format!("replay = {{ {at}, from = {device:?}, to = {other:?} }}"),
    }
}

/// Two servers, or a device and its own.
fn link(cast: &Cast, luck: &mut Luck, device: &str, home: &str) -> [String; 2] {
    let servers = &cast.servers;
    if servers.len() == 1 || luck.chance(3) {
        return [device.to_owned(), home.to_owned()];
    }
    let a = luck.below(servers.len());
    let b = (a + 1 + luck.below(servers.len() - 1)) % servers.len();
    [servers[a].clone(), servers[b].clone()]
}

fn partition(luck: &mut Luck, at: &str, [a, b]: [&str; 2]) -> String {
    let in_flight = luck.of(&["", ", in_flight = \"arrives\"", ", in_flight = \"lost\""]);
    match luck.chance(3) {
        true => format!("partition = {{ {at}, from = {a:?}, to = {b:?}{in_flight} }}"),
        false => format!("partition = {{ {at}, between = [{a:?}, {b:?}]{in_flight} }}"),
    }
}

fn slow(cast: &Cast, luck: &mut Luck, at: &str) -> Option<String> {
    let [a, b, ..] = cast.servers.as_slice() else {
        return None;
    };
    let by = luck.of(&["500ms", "4s", "12s", "2m"]);
    Some(format!(
        "slow = {{ {at}, between = [{a:?}, {b:?}], by = {by:?} }}"
    ))
}

fn crash(luck: &mut Luck, at: &str, node: &str) -> String {
    let is_server = node.starts_with("hs");
    let (rows, endpoints) = match is_server {
        true => (TABLES, FEDERATION_ENDPOINTS),
        false => (CLIENT_ROWS, CLIENT_ENDPOINTS),
    };
    let point = match luck.below(6) {
        0 => format!(", before_write = {:?}", luck.of(rows)),
        1 => format!(", after_write = {:?}", luck.of(rows)),
        2 => format!(", before_answer = {:?}", luck.of(endpoints)),
        3 => format!(", after_sending = {:?}", luck.of(endpoints)),
        _ => String::new(),
    };
    let lost = match luck.chance(2) {
        true => format!(", lost_writes = {}", 1 + luck.below(6)),
        false => String::new(),
    };
    format!("crash = {{ {at}, node = {node:?}{point}{lost} }}")
}
