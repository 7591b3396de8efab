//! An interruption by whoever started the command: long work finishes what it
//! has begun, and a second interruption ends it at once.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Status;
use crate::output;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on the first interruption is only noted, and `message` said.
pub(crate) fn listen(message: &'static str) {
    let handler = move || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            output::mention("interrupted again: what was in the making is lost");
            end_now();
        }
        output::mention(message);
    };
    // Without it an interruption ends the command at once, as it otherwise does.
    let _ = ctrlc::set_handler(handler);
}

/// Whether there was one.
pub(crate) fn happened() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Ends the command with whatever is going on in it.
pub(crate) fn end_now() -> ! {
    process::exit(Status::Interrupted as i32)
}
