//! `unwedge run`: one run, how it came out, and why.

use unwedge_core::oracle::OutcomeClass;
use unwedge_core::report::{excuses, thrown_out, unread, unrest, violations};
use unwedge_core::scenario::Engines;
use unwedge_core::trace::idle_steps;

use crate::adopt::{self, Adopt};
use crate::args::{Engine, RunArgs};
use crate::library::Library;
use crate::output::{self, Reserved, say};
use crate::runner::{self, Judged};
use crate::{Outcome, Status};

/// So many readings that failed are named one by one.
const MOST_UNREAD: usize = 10;

pub(crate) fn run(args: &RunArgs) -> Outcome {
    let named = Adopt::proposals_of(&args.adopt, std::slice::from_ref(&args.proposal));
    let mut library = Library::open(&args.common, &named)?;
    let scenario = library.scenario(&args.scenario)?;
    let proposal = library.proposal(&args.proposal)?;
    let adopt = Adopt::read(&args.adopt, &library)?;
    let scenario = adopt.apply(&scenario)?;
    let base = library.proposal("base")?;
    let scenario = adopt::drawn(&scenario, args.adoption, args.seed, &base);
    let engine = args.engine.unwrap_or(match scenario.effort.engines {
        Engines::Both => Engine::Real,
        Engines::Fast => Engine::Fast,
    });
    let trace_file = args.trace.as_deref().map(Reserved::new).transpose()?;

    let mut words = adopt.words().to_owned();
    if let Some(percent) = args.adoption {
        words.push_str(&format!(" --adoption {percent}"));
    }
    let command = library.command(&scenario.id, &proposal.name, args.seed, &words);
    let repeat = command.clone();
    let made = runner::make(
        engine,
        &scenario,
        &proposal.protocol(),
        args.seed,
        args.common.crypto_seed,
        move || repeat.clone(),
    );
    let Judged {
        run,
        judgement,
        draw,
        disagreement,
    } = made;
    if let Some(file) = trace_file {
        let mut text: String = run
            .trace
            .lines(&scenario.cast)
            .map(|line| line + "\n")
            .collect();
        text.shrink_to_fit();
        file.write(&text)?;
    }

    say(&format!(
        "{} under {}, seed {}",
        scenario.id, proposal.name, args.seed
    ));
    for (node, own) in &scenario.adopt {
        say(&format!("{} follows {}", scenario.cast.say(node), own.name));
    }
    say(&format!("outcome: {}", judgement.outcome.name()));
    if judgement.outcome == OutcomeClass::Late {
        let by = if judgement.only_by_probe {
            ", and only because of a probe"
        } else {
            ""
        };
        say(&format!("  read up to {} late{by}", judgement.lateness));
    }
    if judgement.outcome == OutcomeClass::Unsettled {
        if let Some(last) = run.trace.last() {
            let last = run.trace.at(last);
            say(&format!(
                "  at {}: {}",
                last.at,
                scenario.cast.say(&last.fact)
            ));
        }
        if judgement.cut_off {
            say(&format!(
                "  given up after {} facts (`longest_trace`): nobody can tell what would have been read",
                scenario.settings.longest_trace
            ));
        }
        for line in unrest(&scenario.cast, &run.trace) {
            say(&format!("  {line}"));
        }
    }
    if judgement.until_rotation {
        say("  and so is what follows, until the sender's Megolm session is replaced");
    }
    for line in unread(&scenario.cast, &judgement, MOST_UNREAD) {
        say(&format!("  {line}"));
    }
    for line in &draw.claims {
        say(&format!("  {line}"));
    }
    for finding in &draw.findings {
        say(&format!("cause: {}", finding.sentence()));
    }
    for line in violations(&scenario.cast, &run.trace, &judgement) {
        say(&line);
    }
    for (at, device) in thrown_out(&run.trace) {
        let device = scenario.cast.say(&device);
        say(&format!(
            "logged out by its homeserver, and not expected to read anything since: {device} at {at}"
        ));
    }
    for step in idle_steps(&run.trace) {
        let timed = &scenario.steps[usize::from(step.0)];
        let said = scenario.cast.say(&timed.step);
        say(&format!("step {} had no effect: {said}", step.0 + 1));
    }
    if let Some(expected) = scenario.expected(&proposal.name) {
        let of = "the worst of all draws";
        say(&format!("expected as {of}: {}", expected.name()));
    }
    say(&format!("hash of the trace: {}", draw.trace_hash));
    for (excuse, count) in excuses(&judgement) {
        say(&format!("excused: {excuse} ({count})"));
    }
    for unread in judgement.unread.iter().filter(|it| it.cause.is_none()) {
        let (event, reader) = (&unread.event, &unread.reader);
        let (event, reader) = (scenario.cast.say(event), scenario.cast.say(reader));
        say(&format!("no cause: {event}, not read by {reader}"));
    }
    if let Some([real, fast]) = disagreement {
        output::mention(&format!(
            "a fault of unwedge: the engines differ\n  real: {real}\n  fast: {fast}\n  {command} --engine both"
        ));
        return Ok(Status::Fault);
    }
    if draw.unexplained > 0 {
        say(&format!(
            "{} readings failed for no known cause: a fault of unwedge",
            draw.unexplained
        ));
        return Ok(Status::Fault);
    }
    let worst = scenario
        .expected(&proposal.name)
        .unwrap_or(OutcomeClass::Late);
    Ok(if judgement.outcome > worst {
        Status::Differs
    } else {
        Status::Expected
    })
}
