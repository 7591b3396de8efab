//! Writing a scenario as a file that a person likes to read, in the layout of
//! the bundled ones. What it writes is read back as the same scenario.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::ser::ValueSerializer;

use super::{Effort, Scenario};
use crate::cast::{Client, SyncApi};
use crate::name::DeviceId;
use crate::node::Settings;
use crate::time::Span;

impl Scenario {
    /// The scenario as a file. Its cast has to be in the order of files:
    /// devices and rooms by name, users by their first device.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut file = File::default();
        file.line("id", &self.id);
        file.line("title", &self.title);
        file.list("source", &self.source);
        file.line("story", &self.story);
        file.gap();
        self.write_cast(&mut file);
        self.write_settings(&mut file);
        self.write_effort(&mut file);
        self.write_adopt(&mut file);
        file.gap();
        let step = |it: &crate::step::TimedStep| value(&it.step.write(it.at, &self.cast));
        file.lines("steps", self.steps.iter().map(step));
        if !self.expect.is_empty() {
            file.gap();
            file.0.push_str("[expect]\n");
            let (base, others): (Vec<_>, _) = self.expect.iter().partition(|it| it.0 == "base");
            for (proposal, class) in base.into_iter().chain::<Vec<_>>(others) {
                file.line(&key(proposal), class);
            }
        }
        file.0
    }

    fn write_cast(&self, file: &mut File) {
        let cast = &self.cast;
        file.line("servers", &cast.servers);
        let named = |id: &DeviceId| cast.say(id).to_string();
        let devices = cast.devices.iter();
        let homes: BTreeMap<String, String> = devices
            .map(|it| (named(&it.id), cast.say(&it.id.server()).to_string()))
            .collect();
        file.line("devices", &homes);
        let rooms = cast.rooms.iter();
        let rooms: BTreeMap<&str, Vec<String>> = rooms
            .map(|room| {
                let members = room.members.iter();
                let members = members.map(|member| cast.say(member).to_string());
                (room.name.as_str(), members.collect())
            })
            .collect();
        file.line("rooms", &rooms);
        let others = cast.devices.iter();
        let others = others.filter(|device| device.client != Client::default());
        let clients: BTreeMap<String, Client> =
            others.map(|it| (named(&it.id), it.client)).collect();
        if !clients.is_empty() {
            file.line("clients", &clients);
        }
        let others = cast.devices.iter();
        let others = others.filter(|device| device.sync != SyncApi::default());
        let sync: BTreeMap<String, SyncApi> = others.map(|it| (named(&it.id), it.sync)).collect();
        if !sync.is_empty() {
            file.line("sync", &sync);
        }
    }

    /// What is as it is by default goes without saying.
    fn write_settings(&self, file: &mut File) {
        let (it, default) = (self.settings, Settings::default());
        if it.one_time_keys != default.one_time_keys {
            file.line("one_time_keys", &it.one_time_keys);
        }
        if it.recipients_per_request != default.recipients_per_request {
            file.line("recipients_per_request", &it.recipients_per_request);
        }
        if it.rotation_messages != default.rotation_messages {
            file.line("rotation_messages", &it.rotation_messages);
        }
        let times =
            |(shortest, longest): (Span, Span)| [shortest, longest].map(|it| it.to_string());
        if it.client_latency != default.client_latency {
            file.line("client_latency", &times(it.client_latency));
        }
        if it.federation_latency != default.federation_latency {
            file.line("federation_latency", &times(it.federation_latency));
        }
        if it.back_off != default.back_off {
            file.line("back_off", &it.back_off.to_string());
        }
        if it.longest_trace != default.longest_trace {
            file.line("longest_trace", &it.longest_trace);
        }
    }

    fn write_effort(&self, file: &mut File) {
        let (it, default) = (self.effort, Effort::default());
        if it.draws != default.draws {
            file.line("draws", &it.draws);
        }
        if it.engines != default.engines {
            file.line("engine", &it.engines);
        }
    }

    fn write_adopt(&self, file: &mut File) {
        let named = self.adopt.iter();
        let named: BTreeMap<String, &str> = named
            .map(|(node, it)| (self.cast.say(node).to_string(), it.name.as_str()))
            .collect();
        if !named.is_empty() {
            file.line("adopt", &named);
        }
    }
}

/// A file in the making.
#[derive(Default)]
struct File(String);

impl File {
    fn line(&mut self, key: &str, it: &(impl Serialize + ?Sized)) {
        self.0.push_str(&format!("{key} = {}\n", value(it)));
    }

    /// Several on a line each, one on the line of its key.
    fn list(&mut self, key: &str, all: &[String]) {
        match all {
            [] | [_] => self.line(key, all),
            [_, _, ..] => self.lines(key, all.iter().map(value)),
        }
    }

    fn lines(&mut self, key: &str, values: impl ExactSizeIterator<Item = String>) {
        if values.len() == 0 {
            self.0.push_str(&format!("{key} = []\n"));
            return;
        }
        self.0.push_str(&format!("{key} = [\n"));
        for value in values {
            self.0.push_str(&format!("    {value},\n"));
        }
        self.0.push_str("]\n");
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}

/// How TOML writes a value.
fn value(it: &(impl Serialize + ?Sized)) -> String {
    let mut text = String::new();
    it.serialize(ValueSerializer::new(&mut text))
        .expect("all that a scenario holds can be written as TOML");
    text
}

/// How TOML writes a key: bare, if it can be.
fn key(name: &str) -> String {
    let is_bare = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it);
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => value(name),
    }
}
