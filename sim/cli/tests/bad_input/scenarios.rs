//! Scenario files that cannot be used.

use std::fs;

use tempfile::TempDir;

use super::common::unwedge;
use super::{A01, Refusal};

/// Evaluates a changed A01 and expects a refusal; nothing may be written.
pub(super) fn refuse_scenario(change: impl Fn(&str) -> String) -> Refusal {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("mine.toml");
    let text = change(A01).replace("\"A01\"", "\"mine\"");
    assert_ne!(
        text,
        A01.replace("\"A01\"", "\"mine\""),
        "the change changes something"
    );
    fs::write(&file, text).unwrap();
    let out = dir.path().join("out");
    let output = unwedge()
        .arg("eval")
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(!out.exists(), "nothing was written");
    Refusal::of(&output)
}

#[test]
fn text_that_is_not_toml() {
    let refusal =
        refuse_scenario(|text| text.replace("servers = [\"hs1\",", "servers = [\"hs1\" ="));
    refusal.says("array", "=", "");
}

#[test]
fn a_missing_field() {
    let refusal = refuse_scenario(|text| text.replace(", room = \"r1\"", ""));
    refusal.says("missing field `room`", "", "");
}

#[test]
fn an_unknown_field() {
    let refusal = refuse_scenario(|text| text.replace("from = \"alice\"", "form = \"alice\""));
    refusal.says("unknown field `form`", "form", "did you mean `from`?");
}

#[test]
fn an_unknown_step() {
    let refusal = refuse_scenario(|text| text.replace("{ restore =", "{ restor ="));
    refusal.says("unknown word `restor`", "restor", "did you mean `restore`?");
}

#[test]
fn an_unknown_device() {
    let refusal = refuse_scenario(|text| text.replace("from = \"carol\"", "from = \"carrol\""));
    refusal.says(
        "unknown device `carrol`",
        "\"carrol\"",
        "did you mean `carol`?",
    );
}

#[test]
fn an_unknown_server() {
    let refusal = refuse_scenario(|text| text.replace("server = \"hs2\"", "server = \"hs3\""));
    refusal.says("unknown server `hs3`", "\"hs3\"", "did you mean `hs");
}

#[test]
fn an_unknown_room() {
    let refusal = refuse_scenario(|text| text.replace("room = \"r2\"", "room = \"kitchen\""));
    refusal.says("unknown room `kitchen`", "\"kitchen\"", "there are: r1, r2");
}

#[test]
fn an_unknown_user_in_a_room() {
    let refusal =
        refuse_scenario(|text| text.replace("[\"carol\", \"bob\"]", "[\"carl\", \"bob\"]"));
    refusal.says("unknown user `carl`", "\"carl\"", "did you mean `carol`?");
}

#[test]
fn an_unknown_table() {
    let change = "server = \"hs2\", tables = [\"inboxes\"] } },";
    let refusal = refuse_scenario(|text| {
        text.replace(
            "\"3h\", server = \"hs2\" } },",
            &format!("\"3h\", {change}"),
        )
    });
    refusal.says(
        "unknown table `inboxes`",
        "\"inboxes\"",
        "did you mean `inbox`?",
    );
}

#[test]
fn an_expectation_of_an_unknown_proposal() {
    let refusal =
        refuse_scenario(|text| text.replace("unwedge-and-reshare =", "unwedge-reshare ="));
    refusal.says(
        "unknown proposal `unwedge-reshare`",
        "unwedge-reshare",
        "did you mean `unwedge-and-reshare`?",
    );
}

#[test]
fn an_unknown_outcome() {
    let refusal = refuse_scenario(|text| text.replace("base = \"wedged\"", "base = \"wegded\""));
    refusal.says(
        "unknown word `wegded`",
        "\"wegded\"",
        "did you mean `wedged`?",
    );
}

#[test]
fn a_speaker_who_is_not_in_the_room() {
    let refusal = refuse_scenario(|text| text.replace("from = \"carol\"", "from = \"alice\""));
    refusal.says("alice is not in room r2", "\"alice\"", "not a member");
}

#[test]
fn a_link_that_does_not_exist() {
    let step = "{ partition = { at = \"3h\", between = [\"alice\", \"hs2\"] } },";
    let refusal = refuse_scenario(|text| {
        text.replace("{ restore = { at = \"3h\", server = \"hs2\" } },", step)
    });
    refusal.says(
        "there is no link between these two",
        "[\"alice\", \"hs2\"]",
        "a device and its own server",
    );
}

#[test]
fn a_latency_that_is_none() {
    let refuse = |words: &str| {
        refuse_scenario(|text| text.replace("servers =", &format!("{words}\nservers =")))
    };
    refuse("client_latency = [\"10ms\", \"2m\"]").says(
        "this time is out of range: it may be 1ms to 1m",
        "\"2m\"",
        "out of range",
    );
    refuse("federation_latency = [\"2s\", \"1s\"]").says(
        "the shortest latency comes first, then the longest",
        "[\"2s\", \"1s\"]",
        "from long to short",
    );
    refuse("back_off = \"0s\"").says(
        "this time is out of range: it may be 1s to 7d",
        "\"0s\"",
        "out of range",
    );
}

#[test]
fn a_time_that_is_none() {
    let refusal = refuse_scenario(|text| text.replace("\"2h\"", "\"noon\""));
    refusal.says(
        "this is not a time",
        "\"noon\"",
        "write a number and a unit",
    );
}

#[test]
fn a_time_out_of_range() {
    let refusal = refuse_scenario(|text| text.replace("\"4h\"", "\"900days\""));
    refusal.says(
        "this time is out of range: no step is later than 400d",
        "\"900days\"",
        "too late",
    );
}

#[test]
fn a_number_out_of_range() {
    let refusal = refuse_scenario(|text| text.replace("servers =", "one_time_keys = 0\nservers ="));
    refusal.says(
        "this number is out of range: it may be 1 to 100",
        "0",
        "out of range",
    );
}

#[test]
fn two_servers_of_one_name() {
    let refusal =
        refuse_scenario(|text| text.replace("[\"hs1\", \"hs2\"]", "[\"hs1\", \"hs2\", \"hs1\"]"));
    refusal.says(
        "there are two servers called `hs1`",
        "\"hs1\"",
        "the second",
    );
}

#[test]
fn a_user_on_two_servers() {
    let refusal = refuse_scenario(|text| {
        text.replace("bob = \"hs2\" }", "bob = \"hs2\", \"bob.two\" = \"hs1\" }")
    });
    refusal.says(
        "the devices of `bob` are on different servers",
        "\"hs1\"",
        "one homeserver",
    );
}

#[test]
fn a_name_that_cannot_be_one() {
    let refusal = refuse_scenario(|text| text.replace("r1 = [", "\"r 1\" = ["));
    refusal.says(
        "`r 1` cannot be the name of a room",
        "\"r 1\"",
        "use letters, digits",
    );
}

#[test]
fn an_identifier_that_cannot_be_one() {
    let refusal = refuse_scenario(|text| text.replace("\"A01\"", "\"../A01\""));
    refusal.says(
        "this identifier cannot be used",
        "\"../A01\"",
        "use letters, digits",
    );
}
