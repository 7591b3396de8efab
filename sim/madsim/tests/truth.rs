//! Scenarios fail for the reason that they give: without the step that causes
//! the failure they come out well, and the step that a verdict blames is one
//! whose absence makes the run better.

mod common;

use std::sync::Arc;

use common::{DRAWS, judge, proposal, proposals, scenario, scenarios};
use unwedge_core::oracle::{CauseKind, OutcomeClass};

/// Each scenario, under a proposal that it fails under (a control never does
/// but under a bug), and the steps that make it fail.
#[test]
fn without_the_step_that_causes_the_failure_all_is_well() {
    let cases = [
        ("A01", "base", "restore", OutcomeClass::Wedged),
        ("A05", "base", "restore", OutcomeClass::Lost),
        ("B02", "base", "crash", OutcomeClass::Ok),
        ("C02", "base", "partition", OutcomeClass::Lost),
        (
            "D01",
            "bug-read-then-delete-claim",
            "send",
            OutcomeClass::Wedged,
        ),
    ];
    assert_eq!(
        cases.len(),
        scenarios().len(),
        "every bundled scenario has a case"
    );
    for (id, name, step, worst) in cases {
        let (whole, proposal) = (scenario(id), proposal(name));
        let mut without = whole.clone();
        let is_cause = |scenario: &unwedge_core::scenario::Scenario, place: usize| {
            // Of several people who write at once, one may stay.
            scenario.steps[place].step.name() == step && !(step == "send" && place == 0)
        };
        while let Some(place) = (0..without.steps.len()).find(|it| is_cause(&without, *it)) {
            without = Arc::new(without.without_step(place));
        }
        assert!(without.steps.len() < whole.steps.len(), "{id} has the step");
        let outcomes = DRAWS.map(|seed| judge(&whole, &proposal, seed).1.outcome);
        assert_eq!(outcomes.max(), Some(worst), "{id} under {name}");
        for seed in DRAWS {
            let outcome = judge(&without, &proposal, seed).1.outcome;
            assert_eq!(
                outcome,
                OutcomeClass::Ok,
                "{id} without {step}, seed {seed}"
            );
        }
    }
}

#[test]
fn the_step_that_is_blamed_is_one_whose_absence_is_better() {
    for scenario in scenarios() {
        for proposal in proposals() {
            for seed in DRAWS.take(8) {
                let (_, judgement) = judge(&scenario, &proposal, seed);
                if judgement.outcome <= OutcomeClass::Late {
                    continue;
                }
                let at = format!("{} under {}, seed {seed}", scenario.id, proposal.name);
                assert!(!judgement.unread.is_empty(), "{at}");
                for unread in &judgement.unread {
                    let cause = unread.cause.unwrap_or_else(|| panic!("{at}: no cause"));
                    let step = cause.step.unwrap_or_else(|| panic!("{at}: {cause:?}"));
                    let without = Arc::new(scenario.without_step(usize::from(step.0)));
                    let (_, better) = judge(&without, &proposal, seed);
                    let measure =
                        |it: &unwedge_core::oracle::Judgement| (it.outcome, it.unread.len());
                    assert!(measure(&better) < measure(&judgement), "{at}: {cause:?}");
                }
            }
        }
    }
}

#[test]
fn every_failure_has_the_cause_that_its_scenario_is_about() {
    let cases: [(&str, &[CauseKind]); 3] = [
        ("A01", &[CauseKind::ReissuedAfterRestore]),
        ("A05", &[CauseKind::InboxLostWithRestore]),
        (
            "C02",
            &[CauseKind::ClaimUnreachable, CauseKind::ClaimBackedOff],
        ),
    ];
    for (id, kinds) in cases {
        let scenario = scenario(id);
        for seed in DRAWS {
            let (_, judgement) = judge(&scenario, &proposal("base"), seed);
            let found = judgement.causes().into_keys().map(|cause| cause.kind);
            let found: std::collections::BTreeSet<CauseKind> = found.collect();
            assert_eq!(found, kinds.iter().copied().collect(), "{id}, seed {seed}");
        }
    }
}

/// A01 with a second restore and a third first contact: each restore is to
/// blame for what came after it.
#[test]
fn of_two_restores_each_is_blamed_for_its_own() {
    let text = r#"
        id = "two-restores"
        title = ""
        source = []
        story = ""
        servers = ["hs1", "hs2"]
        devices = { alice = "hs1", carol = "hs1", dave = "hs1", bob = "hs2" }
        rooms = { r1 = ["alice", "bob"], r2 = ["carol", "bob"], r3 = ["dave", "bob"] }
        steps = [
            { backup = { at = "1h", server = "hs2" } },
            { send = { at = "2h", from = "alice", room = "r1" } },
            { restore = { at = "3h", server = "hs2" } },
            { send = { at = "4h", from = "carol", room = "r2" } },
            { restore = { at = "5h", server = "hs2" } },
            { send = { at = "6h", from = "dave", room = "r3" } },
        ]
    "#;
    let scenario = unwedge_core::scenario::parse("two-restores.toml", text, &[]).unwrap();
    let (_, judgement) = judge(&Arc::new(scenario), &proposal("base"), 0);
    assert_eq!(judgement.outcome, OutcomeClass::Wedged);
    let steps = judgement
        .causes()
        .into_keys()
        .map(|cause| cause.step.map(|step| step.0));
    assert_eq!(steps.collect::<Vec<_>>(), [Some(2), Some(4)]);
}

/// Bob unwedges Carol and has something to say to her in the same moment: two
/// messages for one device at one time are two messages.
#[test]
fn an_announcement_and_a_room_key_for_the_same_device_both_arrive() {
    let text = r#"
        id = "both"
        title = ""
        source = []
        story = ""
        servers = ["hs1", "hs2"]
        devices = { alice = "hs1", carol = "hs1", bob = "hs2" }
        rooms = { r1 = ["alice", "bob"], r2 = ["carol", "bob"] }
        steps = [
            { backup = { at = "1h", server = "hs2" } },
            { send = { at = "2h", from = "alice", room = "r1" } },
            { restore = { at = "3h", server = "hs2" } },
            { offline = { at = "3h30m", device = "bob" } },
            { send = { at = "4h", from = "carol", room = "r2" } },
            { send = { at = "4h30m", from = "bob", room = "r2" } },
            { online = { at = "5h", device = "bob" } },
        ]
    "#;
    let scenario = Arc::new(unwedge_core::scenario::parse("both.toml", text, &[]).unwrap());
    for seed in DRAWS {
        let (_, judgement) = judge(&scenario, &proposal("unwedge-first-contact"), seed);
        assert_eq!(judgement.outcome, OutcomeClass::Lost, "seed {seed}");
        assert_eq!(
            judgement.unread.len(),
            1,
            "only what Carol had said, seed {seed}"
        );
    }
}
