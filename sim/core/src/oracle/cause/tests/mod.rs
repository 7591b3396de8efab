//! Each branch of the tree has a story that ends in it. A story names the
//! step and the fact that the tree must blame, and often a step beside it
//! that the tree must not.

mod another_process;
mod invitation;
mod key_gone;
mod lost_on_the_way;
mod never_given;
mod not_decrypted;
mod undelivered;

use crate::crypto::{Body, OlmError};
use crate::name::KeyName;
use crate::oracle::testing::{ONE_TIME, Story};
use crate::trace::{Discard, Fact, FactId};

/// Bob's device discards the private half of its one-time key.
fn discards(story: &mut Story, why: Discard) -> FactId {
    let key = ONE_TIME;
    story.note(Fact::KeyDiscarded { key, why })
}

/// The private half of `key` is gone when Alice's message comes.
fn is_gone(story: &mut Story, key: KeyName) -> FactId {
    fails(story, key, OlmError::MissingOneTimeKey)
}

/// Alice gives Bob a key in a message that he cannot decrypt, and says
/// something that he cannot read.
fn fails(story: &mut Story, key: KeyName, error: OlmError) -> FactId {
    let (message, _) = story.shares_key(0);
    story.stores(message);
    let failed = story.cannot_decrypt(message, key, error);
    story.is_seen(Body::Timeline);
    failed
}
