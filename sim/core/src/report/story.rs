//! Says in words why a run came out as it did.

use std::fmt::Write as _;

use crate::cast::{Cast, Said};
use crate::oracle::{Cause, CauseKind, Judgement};
use crate::scenario::Scenario;
use crate::step::{About, Step};
use crate::trace::{Fact, StepIndex, Trace};

/// One cause of a run, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// The step that made it so, as the scenario's reader would say it.
    pub step: String,
    /// The fact that decided it.
    pub decisive: String,
    /// How many readings failed for it.
    pub count: usize,
}

/// The causes of everything unread in a run, in words. Those of one kind that
/// the same step made so are one finding.
#[must_use]
pub fn findings(scenario: &Scenario, trace: &Trace, judgement: &Judgement) -> Vec<Finding> {
    let cast = &scenario.cast;
    let mut findings: Vec<(Cause, Finding)> = vec![];
    for (cause, count) in judgement.causes() {
        let same = |it: &&mut (Cause, Finding)| it.0.kind == cause.kind && it.0.step == cause.step;
        if let Some((_, finding)) = findings.iter_mut().find(same) {
            finding.count += count;
            continue;
        }
        let record = trace.at(cause.decisive);
        let decisive = format!("{} {}", record.at, cast.say(&record.fact));
        let step = cause
            .step
            .or_else(|| reader_came(scenario, trace, judgement, cause));
        let step = step.map_or_else(String::new, |index| say_step(scenario, index));
        findings.push((
            cause,
            Finding {
                kind: cause.kind,
                step,
                decisive,
                count,
            },
        ));
    }
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// The step by which the reader came or went that makes their device another
/// than the sender knew, or one that was not known yet: no judge sees that in
/// the trace, where steps are only numbers.
fn reader_came(
    scenario: &Scenario,
    trace: &Trace,
    judgement: &Judgement,
    cause: Cause,
) -> Option<StepIndex> {
    if !matches!(
        cause.kind,
        CauseKind::IdentityChanged | CauseKind::LaterIndexOnly
    ) {
        return None;
    }
    let mut unread = judgement.unread.iter();
    let reader = unread.find(|it| it.cause == Some(cause))?.reader;
    let mut facts = trace.before(cause.decisive).rev();
    facts.find_map(|(_, record)| {
        let Fact::Step(index) = record.fact else {
            return None;
        };
        let step = &scenario.steps[usize::from(index.0)].step;
        let is_it = matches!(step, Step::Login(it) if it.subject() == reader)
            || matches!(step, Step::Logout(it) if it.subject() == reader);
        is_it.then_some(index)
    })
}

/// `step 3, at 3h: hs2 is restored from its backup`
fn say_step(scenario: &Scenario, index: StepIndex) -> String {
    let timed = &scenario.steps[usize::from(index.0)];
    let said: Said<'_, Step> = Cast::say(&scenario.cast, &timed.step);
    format!("step {}, at {}: {said}", index.0 + 1, timed.at)
}

impl Finding {
    /// The finding in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut sentence = format!("{} ({}): ", self.kind.name(), readings(self.count));
        if !self.step.is_empty() {
            let _ = write!(sentence, "{}; ", self.step);
        }
        let _ = write!(sentence, "{}", self.decisive);
        sentence
    }
}

fn readings(count: usize) -> String {
    match count {
        1 => "1 reading failed".to_owned(),
        _ => format!("{count} readings failed"),
    }
}

/// With a capital at its beginning.
pub(super) fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A table in Markdown; the first row is that of the heads.
pub(super) fn write_table(text: &mut String, rows: &[Vec<String>]) {
    for (place, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if place == 0 {
            let _ = writeln!(text, "|{}", " --- |".repeat(row.len()));
        }
    }
}
