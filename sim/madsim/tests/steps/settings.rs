//! What a scenario sets for links and servers is so.

use unwedge_core::time::Span;

use super::Story;

const CAST: &str =
    "devices = { alice = \"hs1\", bob = \"hs2\" }\nrooms = { r = [\"alice\", \"bob\"] }";
const SEND: &str = "{ send = { at = \"1h\", from = \"alice\", room = \"r\" } },";

/// How long after Alice was told to say it Bob sees what she says.
fn takes(settings: &str) -> Span {
    let story = Story::among(&format!("{CAST}\n{settings}"), SEND);
    let said = story.first("alice is to say something");
    story.first("bob sees event:alice").since(said)
}

#[test]
fn messages_take_as_long_as_their_link_says() {
    assert!(takes("") < Span::secs(2));
    // She claims, shares and sends, each with an answer but the last, and then
    // Bob's poll is answered.
    let client = takes("client_latency = [\"2s\", \"2s\"]");
    assert!(
        (Span::secs(12)..Span::secs(13)).contains(&client),
        "{client}"
    );
    // The claim goes there and back; so does the transaction with her room
    // key, and the event follows in the next.
    let federation = takes("federation_latency = [\"2s\", \"2s\"]");
    assert!(
        (Span::secs(10)..Span::secs(11)).contains(&federation),
        "{federation}"
    );
}

#[test]
fn a_server_leaves_another_alone_for_as_long_as_it_says() {
    let steps = "
        { send = { at = \"1h\", from = \"alice\", room = \"r\" } },
        { partition = { at = \"2h\", between = [\"hs1\", \"hs2\"] } },
        { send = { at = \"2h1m\", from = \"alice\", room = \"r\" } },
        { heal = { at = \"2h5m\", between = [\"hs1\", \"hs2\"] } },
        { send = { at = \"9h\", from = \"alice\", room = \"r\" } },";
    let seen = |settings: &str| {
        let story = Story::among(&format!("{CAST}\n{settings}"), steps);
        let gave_up = story.first("hs1 gets no federation-send from hs2");
        let seen = story.when("bob sees event:alice");
        seen[1].since(gave_up)
    };
    let default = seen("");
    assert!(
        (Span::mins(10)..Span::mins(12)).contains(&default),
        "{default}"
    );
    let longer = seen("back_off = \"3h\"");
    assert!(
        (Span::hours(3)..Span::mins(182)).contains(&longer),
        "{longer}"
    );
}
