//! Draws what happens when. Steps come in episodes: something that breaks,
//! aimed at something that is being done, what goes on meanwhile, what mends
//! it, and somebody who says something afterwards and so shows the harm.

use super::plan::Plan;
use crate::luck::Luck;
use crate::name::NodeId;
use crate::step::{DRAWN, Step, TimedStep};
use crate::time::Span;

/// How close a step is to what it is aimed at.
const CLOSE: (Span, Span) = (Span::millis(1), Span::secs(3));
/// The place of `send` in the registry.
const SEND: usize = 0;

/// A timeline in the making.
struct Timeline<'l, 'a> {
    plan: &'l Plan,
    luck: &'l mut Luck<'a>,
    steps: Vec<TimedStep>,
    /// What sets off claims, uploads and messages: when, and at whom.
    targets: Vec<(Span, Option<NodeId>)>,
}

/// Draws a timeline, in the order of time.
pub(super) fn steps(plan: &Plan, luck: &mut Luck<'_>) -> Vec<TimedStep> {
    let mut timeline = Timeline {
        plan,
        luck,
        steps: Vec::with_capacity(plan.steps + 4),
        targets: Vec::with_capacity(plan.steps + 4),
    };
    // Not every episode comes about, whatever the source of luck.
    for _ in 0..plan.steps * 4 {
        if timeline.steps.len() >= plan.steps {
            break;
        }
        timeline.episode();
    }
    let says = |it: &TimedStep| matches!(it.step, Step::Send(_));
    if !timeline.steps.iter().any(says) {
        timeline.say_something(plan.horizon);
    }
    let mut steps = timeline.steps;
    steps.sort_by_key(|step| step.at);
    steps
}

impl Timeline<'_, '_> {
    fn episode(&mut self) {
        let kind = self.plan.kind(&mut self.luck.dice);
        let target = match self.luck.dice.percent(self.plan.aimed) {
            true => self.luck.of(&self.targets),
            false => None,
        };
        if let Some((_, whom)) = target {
            self.luck.come_back(whom);
        }
        let Some(step) = DRAWN[kind](self.luck) else {
            return;
        };
        let at = self.when(target, step.awaits());
        let about = self.luck.last();
        let sequel = step.sequel(self.luck);
        let (awaits, is_target) = (step.awaits(), sets_something_off(&step));
        self.put(at, step);
        if awaits && target.is_none() {
            let soon = self.luck.span(CLOSE.0, CLOSE.1);
            self.say_something(at + soon);
        }
        match sequel.filter(|_| self.luck.dice.percent(self.plan.paired)) {
            Some(sequel) => {
                let lasts = self.luck.span(Span::millis(100), self.rest(at));
                if self.luck.dice.percent(75) {
                    let meanwhile = self.luck.span(Span::millis(1), lasts);
                    self.say_something(at + meanwhile);
                }
                self.luck.come_back(about);
                self.put(at + lasts, sequel);
                self.show_harm(at + lasts, 60);
            }
            None if is_target => {}
            None => self.show_harm(at, 50),
        }
    }

    /// Just before or just after what it is aimed at; or else at any time, or
    /// around a moment when others are.
    fn when(&mut self, target: Option<(Span, Option<NodeId>)>, awaits: bool) -> Span {
        if let Some((at, _)) = target {
            let close = self.luck.span(CLOSE.0, CLOSE.1);
            return match awaits || self.luck.one_in(3) {
                true => Span::from_ticks(at.ticks().saturating_sub(close.ticks())),
                false => at + close,
            };
        }
        if self.luck.one_in(2) {
            return self.luck.dice.moment(self.plan.horizon);
        }
        let moment = self.luck.of(&self.plan.moments).unwrap_or(Span::ZERO);
        moment + self.luck.span(CLOSE.0, self.rest(moment))
    }

    /// As a rule somebody who is concerned says something later.
    fn show_harm(&mut self, after: Span, chance: usize) {
        if self.luck.dice.percent(chance) {
            let later = self.luck.span(CLOSE.0, self.rest(after));
            self.say_something(after + later);
        }
    }

    fn say_something(&mut self, at: Span) {
        if let Some(step) = DRAWN[SEND](self.luck) {
            self.put(at, step);
        }
    }

    fn put(&mut self, at: Span, step: Step) {
        if sets_something_off(&step) {
            self.targets.push((at, self.luck.last()));
        }
        self.steps.push(TimedStep { at, step });
    }

    /// How much of the run is left.
    fn rest(&self, at: Span) -> Span {
        let left = self.plan.horizon.ticks().saturating_sub(at.ticks());
        Span::from_ticks(left).max(Span::mins(1))
    }
}

/// Whether a step sets off claims, uploads or messages by itself.
fn sets_something_off(step: &Step) -> bool {
    matches!(
        step,
        Step::Send(_) | Step::Login(_) | Step::Join(_) | Step::Claim(_) | Step::Restart(_)
    )
}
