//! Reading a scenario file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::settings::{self, Latency};
use super::{Effort, Engines, Scenario};
use crate::cast::{Cast, Client, Device, Room, SyncApi, User};
use crate::name::{DeviceId, MOST_SERVERS, NodeId, RoomId, ServerId, UserId};
use crate::node::Settings;
use crate::oracle::OutcomeClass;
use crate::problem::{Fault, Problem};
use crate::protocol::{self, Proposal};
use crate::step::WrittenStep;
use crate::words::Names;

/// Bounds of what a scenario may hold, so that names fit into small numbers
/// and a run stays a run.
const MAX_DEVICES: usize = 250;
const MAX_ROOMS: usize = 250;
const MAX_STEPS: usize = 20_000;
const MAX_ONE_TIME_KEYS: usize = 100;
const MAX_RECIPIENTS: usize = 1000;
/// Of facts, which take about ten gigabytes.
const MAX_TRACE: usize = 100_000_000;
const MAX_ROTATION: usize = 10_000;
const MAX_DRAWS: usize = 256;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Spanned<String>,
    title: String,
    source: Vec<String>,
    story: String,
    servers: Spanned<Vec<Spanned<String>>>,
    devices: Spanned<BTreeMap<Spanned<String>, Spanned<String>>>,
    rooms: Spanned<BTreeMap<Spanned<String>, Vec<Spanned<String>>>>,
    /// Devices that run another client than most.
    #[serde(default)]
    clients: BTreeMap<Spanned<String>, Client>,
    /// Devices that sync in another way than most.
    #[serde(default)]
    sync: BTreeMap<Spanned<String>, SyncApi>,
    one_time_keys: Option<Spanned<i64>>,
    recipients_per_request: Option<Spanned<i64>>,
    rotation_messages: Option<Spanned<i64>>,
    client_latency: Option<Latency>,
    federation_latency: Option<Latency>,
    back_off: Option<Spanned<String>>,
    longest_trace: Option<Spanned<i64>>,
    /// How many draws judge it.
    draws: Option<Spanned<i64>>,
    /// Which engines make its runs.
    #[serde(default)]
    engine: Engines,
    /// Servers and devices that follow a proposal of their own.
    #[serde(default)]
    adopt: BTreeMap<Spanned<String>, Spanned<String>>,
    steps: Spanned<Vec<WrittenStep>>,
    #[serde(default)]
    expect: BTreeMap<Spanned<String>, OutcomeClass>,
}

/// Reads a scenario from the text of a file. What it expects and what its nodes
/// adopt may name only `proposals`.
///
/// # Errors
/// Says what is wrong with the text, and where.
pub fn parse(
    file_name: &str,
    text: &str,
    proposals: &[&Proposal],
) -> Result<Scenario, Box<Problem>> {
    read(text, proposals).map_err(|fault| Box::new(fault.within(file_name, text)))
}

fn read(text: &str, proposals: &[&Proposal]) -> Result<Scenario, Fault> {
    let written: Written = toml::from_str(text)?;
    let id = written.id.get_ref();
    if id.is_empty()
        || !id
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
    {
        let help = "use letters, digits, `-`, `_` and `.`";
        let fault = Fault::new(written.id.span(), "this identifier cannot be used", "here");
        return Err(fault.with_help(help));
    }
    let cast = read_cast(&written)?;
    let settings = read_settings(&written)?;
    let effort = read_effort(&written)?;
    let adopt = read_adopt(&written, &cast, proposals)?;
    let place = written.steps.span();
    let steps = written.steps.into_inner();
    bounded("steps", steps.len(), MAX_STEPS, &place)?;
    let names = Names::new(&cast);
    let joins: Vec<_> = steps.iter().filter_map(|step| step.joins(&names)).collect();
    let names = names.with_joins(&joins);
    let steps = steps
        .into_iter()
        .map(|step| step.read(&names))
        .collect::<Result<_, _>>()?;
    for name in written.expect.keys() {
        let known = || proposals.iter().map(|it| it.name.as_str());
        if !known().any(|it| it == name.get_ref()) {
            return Err(Fault::unknown(
                "proposal",
                name.get_ref(),
                name.span(),
                known(),
            ));
        }
    }
    let expect = written
        .expect
        .into_iter()
        .map(|(name, class)| (name.into_inner(), class));
    Ok(Scenario {
        id: written.id.into_inner(),
        title: written.title,
        source: written.source,
        story: written.story,
        cast,
        settings,
        effort,
        adopt,
        steps,
        expect: expect.collect(),
    })
}

fn read_settings(written: &Written) -> Result<Settings, Fault> {
    let mut settings = Settings::default();
    if let Some(number) = &written.one_time_keys {
        settings.one_time_keys = in_range(number, 1, MAX_ONE_TIME_KEYS)?;
    }
    if let Some(number) = &written.recipients_per_request {
        settings.recipients_per_request = in_range(number, 1, MAX_RECIPIENTS)?;
    }
    if let Some(number) = &written.rotation_messages {
        let messages = in_range(number, 1, MAX_ROTATION)?;
        settings.rotation_messages = u32::try_from(messages).expect("it is within the bounds");
    }
    if let Some(latency) = &written.client_latency {
        settings.client_latency = settings::latency(latency)?;
    }
    if let Some(latency) = &written.federation_latency {
        settings.federation_latency = settings::latency(latency)?;
    }
    if let Some(back_off) = &written.back_off {
        settings.back_off = settings::back_off(back_off)?;
    }
    if let Some(number) = &written.longest_trace {
        settings.longest_trace = in_range(number, 1, MAX_TRACE)?;
    }
    Ok(settings)
}

fn read_effort(written: &Written) -> Result<Effort, Fault> {
    let mut effort = Effort {
        engines: written.engine,
        ..Effort::default()
    };
    if let Some(number) = &written.draws {
        effort.draws = in_range(number, 1, MAX_DRAWS)? as u64;
    }
    Ok(effort)
}

fn read_adopt(
    written: &Written,
    cast: &Cast,
    proposals: &[&Proposal],
) -> Result<BTreeMap<NodeId, Arc<Proposal>>, Fault> {
    let mut adopt = BTreeMap::new();
    for (name, word) in &written.adopt {
        let node = Names::new(cast).node(name)?;
        adopt.insert(node, Arc::new(read_proposal(word, proposals)?));
    }
    Ok(adopt)
}

/// One proposal, or several joined by `+`.
fn read_proposal(word: &Spanned<String>, proposals: &[&Proposal]) -> Result<Proposal, Fault> {
    if let Some(whole) = proposals.iter().find(|it| it.name == *word.get_ref()) {
        return Ok(Proposal::clone(whole));
    }
    let mut parts = vec![];
    for part in word.get_ref().split('+') {
        let found = proposals.iter().find(|it| it.name == part);
        let known = proposals.iter().map(|it| it.name.as_str());
        parts.push(*found.ok_or_else(|| Fault::unknown("proposal", part, word.span(), known))?);
    }
    let combined = protocol::combine(&parts);
    combined
        .map_err(|conflict| Fault::new(word.span(), conflict.to_string(), "in this combination"))
}

fn read_cast(written: &Written) -> Result<Cast, Fault> {
    bounded(
        "servers",
        written.servers.get_ref().len(),
        MOST_SERVERS,
        &written.servers.span(),
    )?;
    bounded(
        "devices",
        written.devices.get_ref().len(),
        MAX_DEVICES,
        &written.devices.span(),
    )?;
    bounded(
        "rooms",
        written.rooms.get_ref().len(),
        MAX_ROOMS,
        &written.rooms.span(),
    )?;
    let mut cast = Cast::default();
    for name in written.servers.get_ref() {
        check_name("server", name)?;
        if cast.servers.contains(name.get_ref()) {
            let message = format!("there are two servers called `{}`", name.get_ref());
            return Err(Fault::new(name.span(), message, "the second"));
        }
        cast.servers.push(name.get_ref().clone());
    }
    for (name, server) in written.devices.get_ref() {
        add_device(&mut cast, name, server)?;
    }
    for (name, client) in &written.clients {
        let id = Names::new(&cast).device(name)?;
        cast.devices[usize::from(id.index())].client = *client;
    }
    for (name, api) in &written.sync {
        let id = Names::new(&cast).device(name)?;
        cast.devices[usize::from(id.index())].sync = *api;
    }
    for (name, members) in written.rooms.get_ref() {
        check_name("room", name)?;
        let names = Names::new(&cast);
        let mut joined = vec![];
        for member in members {
            let user = names.user(member)?;
            if joined.contains(&user) {
                let message = format!("`{}` is in this room twice", member.get_ref());
                return Err(Fault::new(member.span(), message, "the second time"));
            }
            joined.push(user);
        }
        let id = RoomId(small(cast.rooms.len()));
        cast.rooms.push(Room {
            id,
            name: name.get_ref().clone(),
            members: joined,
        });
    }
    Ok(cast)
}

/// `bob` is a device of the user bob, `bob.laptop` another.
fn add_device(
    cast: &mut Cast,
    name: &Spanned<String>,
    server: &Spanned<String>,
) -> Result<(), Fault> {
    check_name("device", name)?;
    if cast.servers.contains(name.get_ref()) {
        let message = format!("`{}` is the name of a server already", name.get_ref());
        return Err(Fault::new(name.span(), message, "the same name"));
    }
    let server_id: ServerId = Names::new(cast).server(server)?;
    let user_name = name.get_ref().split('.').next().unwrap_or_default();
    let user = match cast.users.iter().find(|user| user.name == user_name) {
        Some(user) if user.id.server() != server_id => {
            let message = format!("the devices of `{user_name}` are on different servers");
            let help = "a user lives on one homeserver";
            return Err(Fault::new(server.span(), message, "another server").with_help(help));
        }
        Some(user) => user.id,
        None => {
            let id = UserId::new(server_id, small(cast.users.len()));
            cast.users.push(User {
                id,
                name: user_name.to_owned(),
            });
            id
        }
    };
    let id = DeviceId::new(user, small(cast.devices.len()));
    cast.devices.push(Device {
        id,
        name: name.get_ref().clone(),
        client: Client::default(),
        sync: SyncApi::default(),
    });
    Ok(())
}

fn check_name(what: &str, name: &Spanned<String>) -> Result<(), Fault> {
    let word = name.get_ref();
    let may = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it);
    let parts: Vec<&str> = word.split('.').collect();
    let good = parts
        .iter()
        .all(|part| !part.is_empty() && part.chars().all(may));
    if good && (parts.len() == 1 || (what == "device" && parts.len() == 2)) {
        return Ok(());
    }
    let fault = Fault::new(
        name.span(),
        format!("`{word}` cannot be the name of a {what}"),
        "here",
    );
    Err(fault.with_help("use letters, digits, `-` and `_`; `bob.laptop` names a device of bob"))
}

fn bounded(
    what: &str,
    count: usize,
    most: usize,
    place: &std::ops::Range<usize>,
) -> Result<(), Fault> {
    if count <= most {
        return Ok(());
    }
    let message = format!("{count} {what} are too many: there may be {most}");
    Err(Fault::new(place.clone(), message, "too many"))
}

fn in_range(number: &Spanned<i64>, least: usize, most: usize) -> Result<usize, Fault> {
    let within = usize::try_from(*number.get_ref())
        .ok()
        .filter(|it| (least..=most).contains(it));
    within.ok_or_else(|| {
        let message = format!("this number is out of range: it may be {least} to {most}");
        Fault::new(number.span(), message, "out of range")
    })
}

fn small(count: usize) -> u8 {
    u8::try_from(count).expect("the bounds of a scenario fit into a byte")
}
