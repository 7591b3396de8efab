//! Scenarios fail for the reason that they give: without the step that causes
//! the failure they come out well, and the step that a verdict blames is one
//! whose absence makes the run better.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::{DRAWS, distinct_cells, judge, proposal, proposals, scenario, scenarios};
use unwedge_core::oracle::{CauseKind, Judgement, OutcomeClass, Unread};
use unwedge_core::scenario::{Engines, Scenario};

/// Each scenario, under a proposal that it fails under (a control never does
/// but under a bug), and the steps that make it fail.
#[test]
fn without_the_step_that_causes_the_failure_all_is_well() {
    use OutcomeClass::{Lost, Ok, Stuck, Wedged};
    let cases = [
        ("A01", "base", "restore", Wedged),
        ("A01-fallback", "strongest", "fork", Wedged),
        ("A03", "base", "restore", Ok),
        ("A05", "base", "restore", Lost),
        ("A06", "base", "restore", Lost),
        ("A07", "base", "restore", Lost),
        ("A08", "base", "restore", Ok),
        ("A08b", "base", "restore", Wedged),
        ("A09", "base", "restore", Lost),
        ("A11", "base", "partition", Lost),
        ("A12", "base", "restore", Ok),
        ("A13", "base", "restore", Ok),
        ("A14", "msc4081-1h", "restore", Wedged),
        ("B01", "base", "crash", Wedged),
        ("B02", "base", "crash", Ok),
        ("B03", "base", "crash", Wedged),
        ("B03-order", "msc4162-order", "duplicate", Wedged),
        ("B04", "base", "fork", Wedged),
        ("B04-locked", "base", "fork", Ok),
        ("B04-reset", "msc4162-reset-on-conflict", "fork", Wedged),
        ("B05", "base", "fork", Wedged),
        ("B06", "base", "fork", Lost),
        ("B06-stranger", "unwedge-first-contact", "fork", Lost),
        ("B07", "bug-delete-key-on-failure", "inject", Wedged),
        ("B08", "base", "restore", Wedged),
        ("B09", "base", "restore", Lost),
        ("B10", "base", "restore", Ok),
        ("B11", "old-key-id-order", "claim", Wedged),
        ("B11-short", "old-key-id-order", "claim", Wedged),
        ("B13", "base", "claim", Ok),
        ("B13-short", "base", "claim", Ok),
        ("B14", "base", "claim", Ok),
        ("B16", "base", "claim", Wedged),
        ("B17", "base", "crash", Lost),
        ("B17-later", "base", "crash", Lost),
        ("B18", "bug-token-before-messages", "crash", Lost),
        ("B19", "bug-to-device-last-first", "offline", Lost),
        (
            "B20",
            "bug-drop-keys-of-unknown-devices",
            "drop_answer",
            Lost,
        ),
        ("B21", "base", "restore", Wedged),
        ("B22", "base", "crash", Ok),
        ("B23", "base", "waste", Lost),
        ("C02", "base", "partition", Lost),
        ("C03", "base", "partition", Ok),
        ("C07", "msc4081-two-slots", "partition", Wedged),
        ("C14", "base", "claim", Ok),
        ("D01", "bug-read-then-delete-claim", "send", Wedged),
        ("D02", "bug-store-repeated-key", "drop_answer", Wedged),
        ("D03", "base", "restore", Wedged),
        ("D04", "base", "restore", Ok),
        ("D05", "base", "send", Ok),
        ("D06", "msc4162-reset-on-conflict", "crash", Wedged),
        ("D06b", "base", "partition", Wedged),
        ("B30", "otk-ttl-30d", "partition", Wedged),
        ("D17-reshare", "base", "restore", Lost),
        ("D13", "msc4162-reset-on-conflict", "reset_keys", Ok),
        ("D14", "bug-invited-from-sync", "drop_answer", Lost),
        ("D15", "base", "login", Ok),
        ("D15-early", "base", "login", Lost),
        ("D16", "bug-keep-over-shared-session", "login", Lost),
        ("D16-split", "base", "partition", Stuck),
        ("D17", "base", "join", Ok),
        ("D18", "bug-overlapping-key-queries", "slow", Stuck),
        ("D19", "base", "crash", Ok),
        ("D20", "base", "clock", Ok),
        ("D20-leak", "base", "clock", Wedged),
        ("D08", "base", "crash", Wedged),
        ("D09", "otk-digest-drop", "partition", Wedged),
        ("D10", "otk-digest-drop-monotonic", "partition", Wedged),
    ];
    assert_eq!(
        cases.len(),
        scenarios().len(),
        "every bundled scenario has a case"
    );
    for (id, name, step, worst) in cases {
        let (whole, proposal) = (scenario(id), proposal(name));
        let mut without = whole.clone();
        let is_cause = |scenario: &Scenario, place: usize| {
            // Of several people who write at once, one may stay.
            scenario.steps[place].step.name() == step && !(step == "send" && place == 0)
        };
        while let Some(place) = (0..without.steps.len()).find(|it| is_cause(&without, *it)) {
            without = Arc::new(without.without_step(place));
        }
        assert!(without.steps.len() < whole.steps.len(), "{id} has the step");
        let draws = DRAWS.start..DRAWS.end.min(whole.effort.draws);
        let outcomes = draws
            .clone()
            .map(|seed| judge(&whole, &proposal, seed).1.outcome);
        assert_eq!(outcomes.max(), Some(worst), "{id} under {name}");
        for seed in draws {
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
    for (scenario, proposal) in distinct_cells(&(0..8)) {
        for seed in DRAWS.take(8) {
            let (_, judgement) = judge(&scenario, &proposal, seed);
            if judgement.outcome <= OutcomeClass::Late {
                continue;
            }
            let at = format!("{} under {}, seed {seed}", scenario.id, proposal.name);
            assert!(!judgement.unread.is_empty(), "{at}");
            // Whose words whom, by the step that is to blame.
            let mut blamed: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for unread in &judgement.unread {
                let cause = unread.cause.unwrap_or_else(|| panic!("{at}: no cause"));
                // A change of the protocol can do harm where nothing happened.
                let Some(step) = cause.step else {
                    assert_ne!(proposal.name, "base", "{at}: {cause:?}");
                    continue;
                };
                let pair = (unread.event.sender, unread.reader);
                blamed.entry(step).or_default().insert(pair);
            }
            for (step, pairs) in blamed {
                let without = Arc::new(scenario.without_step(usize::from(step.0)));
                let (_, better) = judge(&without, &proposal, seed);
                assert!(better.outcome <= judgement.outcome, "{at}: {step:?}");
                // Of claims that race, others may come to meet instead.
                let failed = |it: &Judgement| {
                    let pair = |it: &Unread| (it.event.sender, it.reader);
                    it.unread
                        .iter()
                        .filter(|it| pairs.contains(&pair(it)))
                        .count()
                };
                assert!(failed(&better) < failed(&judgement), "{at}: {step:?}");
            }
        }
    }
}

/// A mutant makes a difference in its own scenario, for the reason that it is
/// about, and in no other.
#[test]
fn each_mutant_is_caught_by_its_scenario_and_by_nothing_else() {
    let mutants = [
        (
            "bug-delete-key-on-failure",
            "B07",
            CauseKind::OneTimeKeyDeletedOnFailure,
        ),
        ("bug-read-then-delete-claim", "D01", CauseKind::IssuedTwice),
        (
            "bug-token-before-messages",
            "B18",
            CauseKind::TokenStoredBeforeMessages,
        ),
        (
            "bug-drop-keys-of-unknown-devices",
            "B20",
            CauseKind::SenderUnknown,
        ),
        (
            "bug-absent-count-is-zero",
            "B13-short",
            CauseKind::OneTimeKeyEvicted,
        ),
        (
            "bug-keep-over-shared-session",
            "D16",
            CauseKind::IdentityChanged,
        ),
        (
            "bug-overlapping-key-queries",
            "D18",
            CauseKind::DeviceUnknown,
        ),
        (
            "bug-store-repeated-key",
            "D02",
            CauseKind::ReissuedAfterUpload,
        ),
        ("bug-to-device-last-first", "B19", CauseKind::RatchetForked),
        ("bug-invited-from-sync", "D14", CauseKind::InvitationUnheard),
    ];
    // Where a bug strikes beside its own scenario, that one says so.
    let strikes =
        |scenario: &Scenario, mutant: &str| scenario.expected(mutant) != scenario.expected("base");
    let bugs = proposals().into_iter().map(|it| it.name);
    let bugs: BTreeSet<String> = bugs.filter(|name| name.starts_with("bug-")).collect();
    let listed = mutants.map(|(name, ..)| name.to_owned());
    assert_eq!(bugs, BTreeSet::from(listed), "every mutant has a case");
    let base = proposal("base");
    // A history of months shows no more than its short form.
    let scenarios = scenarios().into_iter();
    for scenario in scenarios.filter(|it| it.effort.engines == Engines::Both) {
        // Scenarios of other mutants too are looked at in every draw.
        let is_own = mutants.iter().any(|(_, own, _)| *own == scenario.id);
        let draws = DRAWS.take(if is_own { 32 } else { 8 });
        let sound: Vec<Judgement> = draws
            .clone()
            .map(|seed| judge(&scenario, &base, seed).1)
            .collect();
        for (name, own, kind) in mutants {
            let mutant = proposal(name);
            let mut kinds = BTreeSet::new();
            let mut differs = false;
            for (seed, sound) in draws.clone().zip(&sound) {
                let (_, broken) = judge(&scenario, &mutant, seed);
                differs |= broken.outcome != sound.outcome;
                if broken.outcome > sound.outcome {
                    kinds.extend(broken.causes().into_keys().map(|cause| cause.kind));
                }
            }
            let is_own = scenario.id == own;
            assert!(differs || !is_own, "{own} under {name}");
            assert!(
                !differs || strikes(&scenario, name),
                "{} under {name}",
                scenario.id
            );
            if is_own {
                assert_eq!(kinds, BTreeSet::from([kind]), "{own} under {name}");
            }
        }
    }
}

#[test]
fn every_failure_has_the_cause_that_its_scenario_is_about() {
    let cases: [(&str, &[CauseKind]); 15] = [
        ("A01", &[CauseKind::ReissuedAfterRestore]),
        ("A05", &[CauseKind::InboxLostWithRestore]),
        ("A06", &[CauseKind::TokenOverranInbox]),
        ("B01", &[CauseKind::OneTimeKeyForgotten]),
        ("B03", &[CauseKind::ReissuedAfterUpload]),
        ("B08", &[CauseKind::OneTimeKeyLostWithDeviceRestore]),
        ("B04", &[CauseKind::OneTimeKeyOverwritten]),
        ("B05", &[CauseKind::OneTimeKeyOverwritten]),
        ("B09", &[CauseKind::RatchetForked]),
        ("B16", &[CauseKind::FallbackKeyRetired]),
        ("B17", &[CauseKind::RatchetForked]),
        ("B23", &[CauseKind::MessageGap]),
        ("D03", &[CauseKind::ReissuedAfterRestore]),
        ("D15-early", &[CauseKind::LaterIndexOnly]),
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
            let found: BTreeSet<CauseKind> = found.collect();
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
