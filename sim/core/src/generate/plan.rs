//! Draws what kind of run it will be: which kinds of step there are and how
//! often each, how long it lasts, and how everything is set. One run is all
//! restores, another all crashes; together they find more than many runs with
//! a little of everything.

use crate::luck::Dice;
use crate::node::Settings;
use crate::step::{DRAWN, STEPS};
use crate::time::Span;

/// How many one-time keys a device means to have: few are soon used up.
const ONE_TIME_KEYS: &[usize] = &[1, 1, 2, 2, 3, 5, 8, 10, 20, 50];
/// How many facts a run may come to. One run in a thousand comes to 13,000, and
/// next to none to so many but where a device has its keys deleted for days.
pub(super) const LONGEST_TRACE: usize = 300_000;
/// How many recipients one request has.
const RECIPIENTS: &[usize] = &[1, 2, 3, 250, 250, 250];
/// How often each kind of step is drawn, compared with others.
const WEIGHTS: &[usize] = &[1, 1, 2, 4];
/// How often somebody says something, compared with that.
const SENDS: &[usize] = &[2, 4, 8];

/// What kind of run it will be.
pub(super) struct Plan {
    pub(super) settings: Settings,
    /// About when the last step is.
    pub(super) horizon: Span,
    /// About how many steps there are.
    pub(super) steps: usize,
    /// Each kind of step, as its place in the registry, and how often it is
    /// drawn.
    weights: [(usize, usize); DRAWN.len()],
    /// How often, in a hundred times, a step is about what is hot.
    pub(super) heat: usize,
    /// How often a step is aimed at something that happens.
    pub(super) aimed: usize,
    /// How often a step has its sequel.
    pub(super) paired: usize,
    /// Moments around which things happen.
    pub(super) moments: [Span; 3],
}

impl Plan {
    pub(super) fn draw(dice: &mut Dice<'_>) -> Self {
        let settings = settings(dice);
        let horizon = dice.span(Span::mins(3), Span::days(40));
        let steps = 3 + dice.below(10) + dice.below(19);
        let often = dice.of(&[25, 40, 60, 80]).unwrap_or(50);
        let mut weights = [(0, 0); DRAWN.len()];
        for (place, step) in STEPS.iter().enumerate() {
            let choices = match step.name {
                "send" => SENDS,
                _ if !step.is_drawn => continue,
                _ if dice.percent(often) => WEIGHTS,
                _ => &[],
            };
            weights[place] = (place, dice.of(choices).unwrap_or(0));
        }
        Self {
            settings,
            horizon,
            steps,
            weights,
            heat: dice.of(&[0, 0, 60, 90]).unwrap_or(0),
            aimed: dice.of(&[20, 50, 80]).unwrap_or(50),
            paired: dice.of(&[40, 70, 95]).unwrap_or(70),
            moments: [(); 3].map(|()| dice.moment(horizon)),
        }
    }

    /// A kind of step, as its place in the registry.
    pub(super) fn kind(&self, dice: &mut Dice<'_>) -> usize {
        dice.weighted(&self.weights).unwrap_or(0)
    }
}

/// Every other run has everything as it is by default but for a few things.
/// None of it does harm by itself: what is always so cannot be mended, so a
/// claim has to get through a link that is only slow, and a back-off to end
/// before a phase is given up.
fn settings(dice: &mut Dice<'_>) -> Settings {
    let mut settings = Settings {
        longest_trace: LONGEST_TRACE,
        ..Settings::default()
    };
    if dice.percent(80) {
        settings.one_time_keys = match dice.one_in(4) {
            true => 1 + dice.below(50),
            false => dice.of(ONE_TIME_KEYS).unwrap_or(1),
        };
    }
    if dice.percent(50) {
        settings.recipients_per_request = dice.of(RECIPIENTS).unwrap_or(1);
    }
    if dice.percent(40) {
        settings.client_latency = latency(dice, Span::secs(5));
    }
    if dice.percent(40) {
        // There and back within the time that a claim waits: otherwise servers
        // would leave each other alone for days without anything having broken.
        settings.federation_latency = latency(dice, Span::secs(4));
    }
    if dice.percent(40) {
        settings.back_off = dice.span(Span::secs(1), Span::hours(6));
    }
    settings
}

/// How long messages take: always the same time, or one that varies much.
fn latency(dice: &mut Dice<'_>, most: Span) -> (Span, Span) {
    let (a, b) = (
        dice.span(Span::millis(1), most),
        dice.span(Span::millis(1), most),
    );
    (a.min(b), a.max(b))
}
