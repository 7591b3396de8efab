//! A fault of unwedge itself. Whatever panics, in whatever thread, ends the command
//! with status 70, after it has been said in which run it was, if it was in one.
//! Nothing is unwound: a release build has no code for that, which makes runs faster.

use std::panic;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::Status;
use crate::output;

/// Says the command that makes a run again.
type Command = Box<dyn Fn() -> String + Send>;

/// The run that each thread is making.
static UNDERWAY: Mutex<Vec<(ThreadId, Command)>> = Mutex::new(vec![]);

/// From now on a panic ends the command.
pub(crate) fn ends_the_command() {
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        say(panic);
        let commands = commands();
        if !commands.is_empty() {
            let which = match commands.len() {
                1 => "this run",
                _ => "one of these runs",
            };
            output::mention(&format!("a fault of unwedge; it is in {which}:"));
        }
        for command in commands {
            output::mention(&format!("  {command}"));
        }
        process::exit(Status::Fault as i32)
    }));
}

/// Makes a run, or something of it, or judges it; the command that repeats it is
/// known meanwhile. What is done within it can be of a run that is known better.
pub(crate) fn in_run<T>(
    command: impl Fn() -> String + Send + 'static,
    make: impl FnOnce() -> T,
) -> T {
    let this = thread::current().id();
    underway().push((this, Box::new(command)));
    let made = make();
    let mut underway = underway();
    let own = underway.iter().rposition(|(thread, _)| *thread == this);
    drop(underway.remove(own.expect("it was put in above")));
    made
}

/// What is being made: by the thread that panics, or if that is of the real engine,
/// which has a thread for each run, by any.
fn commands() -> Vec<String> {
    let underway = underway();
    let this = thread::current();
    let own = |(thread, _): &&(ThreadId, Command)| *thread == this.id();
    match underway.iter().rev().find(own) {
        Some((_, command)) => vec![command()],
        None if this.name() == Some(unwedge_madsim::THREAD) => {
            underway.iter().map(|(_, command)| command()).collect()
        }
        None => vec![],
    }
}

fn underway() -> MutexGuard<'static, Vec<(ThreadId, Command)>> {
    UNDERWAY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the threads below is to panic; set in the process that does.
    const WHO: &str = "UNWEDGE_TEST_WHO_PANICS";

    /// Not a test by itself: the next one has it done in a process of its own.
    #[test]
    fn somebody_panics() {
        let Ok(who) = std::env::var(WHO) else { return };
        ends_the_command();
        let panics = |it: &str| assert!(it != who, "a broken invariant");
        in_run(|| "before".to_owned(), || ());
        let make = || {
            in_run(|| "unwedge run part".to_owned(), || panics("part"));
            thread::scope(|scope| {
                let engine = thread::Builder::new().name(unwedge_madsim::THREAD.to_owned());
                let engine = engine.spawn_scoped(scope, || panics("engine")).unwrap();
                engine.join().unwrap();
                let other = scope.spawn(|| panics("other"));
                other.join().unwrap();
            });
            panics("run");
        };
        in_run(|| "unwedge run this".to_owned(), make);
        panics("nobody");
    }

    #[test]
    fn a_panic_ends_the_command_and_says_in_which_run_it_was() {
        let says = |who: &str| {
            let output = process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "fault::tests::somebody_panics", "--nocapture"])
                .env(WHO, who)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(70), "{who}");
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("a broken invariant"), "{said}");
            said
        };
        for (who, run) in [("run", "this"), ("engine", "this"), ("part", "part")] {
            let named = format!("it is in this run:\n  unwedge run {run}\n");
            assert!(says(who).contains(&named), "{who}");
        }
        for who in ["other", "nobody"] {
            assert!(!says(who).contains("unwedge run"), "{who}");
        }
    }
}
