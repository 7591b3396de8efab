//! Everything that could be taken away from a scenario, one at a time. Goes by
//! the file, as a person would who deletes something and all that mentions it,
//! and not by anything that the passes do: it is what they are tested with.

use std::sync::Arc;

use toml::{Table, Value};

use crate::protocol::Proposal;
use crate::scenario::{self, Scenario};

/// The scenario without each of its steps, devices, rooms, members, servers and
/// proposals that somebody follows, as far as that leaves a scenario.
#[must_use]
pub fn removable(scenario: &Scenario) -> Vec<Scenario> {
    let text = scenario.to_toml();
    let Ok(file) = text.parse::<Table>() else {
        return vec![];
    };
    let mut fewer = vec![];
    for place in 0..list(&file, "steps").len() {
        let mut file = file.clone();
        list_mut(&mut file, "steps").remove(place);
        fewer.push(file);
    }
    for device in keys(&file, "devices") {
        fewer.push(without_devices(&file, &[device]));
    }
    for room in keys(&file, "rooms") {
        let mut file = file.clone();
        table_mut(&mut file, "rooms").remove(&room);
        without_steps_about(&mut file, &room);
        fewer.push(file);
    }
    for room in keys(&file, "rooms") {
        fewer.extend(without_a_member(&file, &room));
    }
    for server in list(&file, "servers") {
        fewer.push(without_server(&file, server));
    }
    for node in keys(&file, "adopt") {
        let mut file = file.clone();
        without_own(&mut file, "adopt", &node);
        fewer.push(file);
    }
    let adopted: Vec<&Proposal> = scenario.adopt.values().map(Arc::as_ref).collect();
    let scenarios = fewer.into_iter().filter_map(|mut file| {
        file.remove("expect");
        let text = toml::to_string(&file).ok()?;
        let fewer = scenario::parse("fewer.toml", &text, &adopted).ok()?;
        let expect = scenario.expect.clone();
        Some(Scenario { expect, ..fewer })
    });
    scenarios.collect()
}

/// Without these devices, and users who have no other.
fn without_devices(file: &Table, names: &[String]) -> Table {
    let mut file = file.clone();
    for name in names {
        table_mut(&mut file, "devices").remove(name);
        for others in ["clients", "sync", "adopt"] {
            without_own(&mut file, others, name);
        }
        without_steps_about(&mut file, name);
    }
    let left = keys(&file, "devices");
    let users: Vec<&str> = left.iter().filter_map(|it| it.split('.').next()).collect();
    let mut rooms = file["rooms"].clone();
    for (_, members) in rooms.as_table_mut().into_iter().flatten() {
        if let Some(members) = members.as_array_mut() {
            members.retain(|it| it.as_str().is_some_and(|it| users.contains(&it)));
        }
    }
    file["rooms"] = rooms;
    file
}

/// Without each member of a room, but for the last.
fn without_a_member(file: &Table, room: &str) -> Vec<Table> {
    let members = file["rooms"][room]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if members.len() < 2 {
        return vec![];
    }
    let fewer = (0..members.len()).map(|place| {
        let (mut file, user) = (file.clone(), members[place].clone());
        if let Some(members) = file["rooms"][room].as_array_mut() {
            members.remove(place);
        }
        // What they say there they no longer can, unless they join.
        let room = Value::from(room);
        let says = |step: &Table| {
            // Whoever is invited by somebody need not be there.
            let mut by = ["from", "by", "device"].iter();
            let by = by.find_map(|it| step.get(*it)?.as_str()).into_iter();
            let mut by = by.filter_map(|it| it.split('.').next());
            step.get("room") == Some(&room) && by.any(|it| user.as_str() == Some(it))
        };
        let joins = list(&file, "steps").iter().filter_map(|it| it.get("join"));
        let joins = joins.filter_map(Value::as_table).any(says);
        if !joins {
            list_mut(&mut file, "steps").retain(|step| !content(step).is_some_and(says));
        }
        file
    });
    fewer.collect()
}

/// Without a server and everybody on it.
fn without_server(file: &Table, server: &Value) -> Table {
    let homes = file["devices"].as_table().into_iter().flatten();
    let local = homes.filter(|(_, home)| *home == server);
    let local: Vec<String> = local.map(|(device, _)| device.clone()).collect();
    let mut file = without_devices(file, &local);
    list_mut(&mut file, "servers").retain(|it| it != server);
    let name = server.as_str().unwrap_or_default();
    without_own(&mut file, "adopt", name);
    without_steps_about(&mut file, name);
    file
}

/// Without what a table that need not be there says of somebody.
fn without_own(file: &mut Table, table: &str, name: &str) {
    if file.contains_key(table) {
        table_mut(file, table).remove(name);
    }
}

fn without_steps_about(file: &mut Table, name: &str) {
    let is_word = |word: &Value| word.as_str() == Some(name);
    let is_it = |words: &Value| match words.as_array() {
        Some(words) => words.iter().any(is_word),
        None => is_word(words),
    };
    // Of all that a step says, only these are names of the cast.
    let names = [
        "from", "to", "by", "device", "server", "node", "room", "between",
    ];
    let mentions = |step: &Table| names.iter().filter_map(|it| step.get(*it)).any(is_it);
    list_mut(file, "steps").retain(|step| !content(step).is_some_and(mentions));
}

/// What a step says, without its name.
fn content(step: &Value) -> Option<&Table> {
    step.as_table()?.values().next()?.as_table()
}

fn keys(file: &Table, name: &str) -> Vec<String> {
    let table = file.get(name).and_then(Value::as_table);
    let table = table.into_iter().flatten();
    table.map(|(key, _)| key.clone()).collect()
}

fn list<'a>(file: &'a Table, name: &str) -> &'a [Value] {
    file[name].as_array().map_or(&[], Vec::as_slice)
}

fn list_mut<'a>(file: &'a mut Table, name: &str) -> &'a mut Vec<Value> {
    let list = file[name].as_array_mut();
    list.expect("a written scenario has this list")
}

fn table_mut<'a>(file: &'a mut Table, name: &str) -> &'a mut Table {
    let table = file[name].as_table_mut();
    table.expect("a written scenario has this table")
}
