//! Steps that say what cannot be done, or not how.

use super::Refusal;
use super::scenarios::refuse_scenario;

/// A01 with another step in the place of its restore.
fn refuse_step(step: &str) -> Refusal {
    let restore = "{ restore = { at = \"3h\", server = \"hs2\" } },";
    refuse_scenario(|text| text.replace(restore, &format!("{{ {step} }},")))
}

#[test]
fn a_link_from_one_side_that_does_not_exist() {
    let step =
        "drop_answer = { at = \"3h\", from = \"hs2\", to = \"alice\", to_request = \"sync\" }";
    let message = "there is no link between these two";
    refuse_step(step).says(message, "\"alice\"", "a device and its own server");
}

#[test]
fn an_unknown_endpoint() {
    let step =
        "drop_answer = { at = \"3h\", from = \"hs2\", to = \"hs1\", to_request = \"key-claim\" }";
    let message = "unknown endpoint `key-claim`";
    refuse_step(step).says(message, "\"key-claim\"", "did you mean `keys-claim`?");
}

#[test]
fn a_partition_between_nobody() {
    let step = "partition = { at = \"3h\", from = \"hs1\" }";
    let message = "a partition is `between` two nodes, or goes `from` one `to` another";
    refuse_step(step).says(message, "\"3h\"", "write either");
}

#[test]
fn an_unknown_fate_of_what_is_on_its_way() {
    let step = "partition = { at = \"3h\", between = [\"hs1\", \"hs2\"], in_flight = \"arrive\" }";
    let hint = "did you mean `arrives`?";
    refuse_step(step).says("unknown fate `arrive`", "\"arrive\"", hint);
}

#[test]
fn a_slow_link_to_a_device_and_one_that_is_too_slow() {
    let step = "slow = { at = \"3h\", between = [\"bob\", \"hs2\"], by = \"2s\" }";
    let message = "only the link between two servers can be slow";
    refuse_step(step).says(message, "[\"bob\", \"hs2\"]", "not two servers");
    let step = "slow = { at = \"3h\", between = [\"hs1\", \"hs2\"], by = \"2days\" }";
    refuse_step(step).says("this is out of range", "\"2days\"", "too long");
}

#[test]
fn a_crash_at_two_points_or_at_none_that_is_known() {
    let crash = |rest: &str| refuse_step(&format!("crash = {{ at = \"3h\", {rest} }}"));
    crash("node = \"bob\", before_write = \"token\", after_write = \"account\"").says(
        "a crash happens at one point",
        "\"account\"",
        "write two steps",
    );
    crash("node = \"bob\", before_write = \"tokens\"").says(
        "unknown kind of row `tokens`",
        "\"tokens\"",
        "did you mean `token`?",
    );
    // A server stores tables, and no account.
    crash("node = \"hs2\", after_write = \"account\"").says(
        "unknown table `account`",
        "\"account\"",
        "",
    );
    crash("node = \"bob\", lost_writes = 0").says(
        "this number is out of range: it may be 1 to 100",
        "0",
        "out of range",
    );
}

#[test]
fn a_copy_of_nothing_or_of_two_things() {
    let message = "this step is about one `server` or one `device`";
    refuse_step("backup = { at = \"3h\" }").says(message, "\"3h\"", "in this step");
    let both = "restore = { at = \"3h\", server = \"hs2\", device = \"bob\" }";
    refuse_step(both).says(message, "\"3h\"", "in this step");
    let tables = "restore = { at = \"3h\", device = \"bob\", tables = [\"inbox\"] }";
    let message = "a device's store has no tables to choose from";
    refuse_step(tables).says(message, "[\"inbox\"]", "only a server has tables");
}

#[test]
fn a_second_process_beside_an_app_in_an_unknown_state_or_without_an_end() {
    let fork =
        |rest: &str| refuse_step(&format!("fork = {{ at = \"3h\", device = \"bob\"{rest} }}"));
    fork(", for = \"30s\", app = \"runing\"").says(
        "unknown state of an app `runing`",
        "\"runing\"",
        "did you mean `running`?",
    );
    fork("").says("missing field `for`", "", "");
}

#[test]
fn claims_of_no_key_at_all() {
    let step = "claim = { at = \"3h\", device = \"bob\", count = 0 }";
    let message = "this number is out of range: it may be 1 to 100000";
    refuse_step(step).says(message, "0", "out of range");
}

#[test]
fn a_user_who_invites_to_a_room_that_they_are_never_in() {
    let step = "invite = { at = \"3h\", by = \"carol\", device = \"bob\", room = \"r1\" }";
    refuse_step(step).says("carol is not in room r1", "\"carol\"", "not a member");
}

#[test]
fn a_user_who_leaves_a_room_they_are_never_in() {
    let step = "leave = { at = \"3h\", device = \"carol\", room = \"r1\" }";
    refuse_step(step).says("carol is not in room r1", "\"carol\"", "not a member");
}

#[test]
fn a_client_that_nobody_runs_or_that_is_unknown() {
    let clients = |written: &str| {
        refuse_scenario(|text| {
            text.replace("\nsteps =", &format!("\nclients = {written}\nsteps ="))
        })
    };
    let hint = "did you mean `libolm`?";
    clients("{ bob = \"libom\" }").says("unknown word `libom`", "\"libom\"", hint);
    let hint = "did you mean `bob`?";
    clients("{ bobb = \"libolm\" }").says("unknown device `bobb`", "bobb", hint);
}
