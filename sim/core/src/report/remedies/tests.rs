use super::*;
use crate::costs::Costs;
use crate::protocol::parse;
use crate::report::{Draw, Finding};
use crate::time::Span;
use crate::trace::hash::StableHash;

fn proposal(name: &str, claims: &str, switches: &str) -> Proposal {
    let text = format!(
        "title = 'What {name} is'\nstatus = 'an idea'\nsource = ['https://example.org/{name}']\n\
         idea = ''\nclaims = [{claims}]\n[switches]\n{switches}"
    );
    parse(name, name, &text).unwrap()
}

fn remedy() -> Proposal {
    let claims = "'one-time-key-forgotten', 'one-time-key-evicted'";
    proposal("mine", claims, "claim-order = 'random'")
}

/// Draws that come out like this, those that are worse than late for a cause.
fn draws(outcomes: &[OutcomeClass], kind: CauseKind) -> Vec<Draw> {
    let draw = |(outcome, seed): (&OutcomeClass, u64)| Draw {
        seed,
        outcome: *outcome,
        violated: BTreeSet::new(),
        trace_hash: StableHash::of(&seed),
        consulted: Consulted::default(),
        findings: (*outcome > OutcomeClass::Late)
            .then(|| Finding {
                kind,
                step: String::new(),
                decisive: String::new(),
                count: 1,
            })
            .into_iter()
            .collect(),
        costs: Costs::default(),
        lateness: Span::ZERO,
        only_by_probe: false,
        until_rotation: false,
        cut_off: false,
        unexplained: 0,
        claims: vec![],
    };
    outcomes.iter().zip(0..).map(draw).collect()
}

/// A matrix of scenarios that come out so today, and so under the remedy.
fn matrix(rows: &[(&str, [&[OutcomeClass]; 2], CauseKind)]) -> Matrix {
    let (base, mine) = (proposal("base", "", ""), remedy());
    let mut cells = vec![];
    for (id, [today, here], kind) in rows {
        let (today, here) = (draws(today, *kind), draws(here, *kind));
        let today: Vec<&Draw> = today.iter().collect();
        let here: Vec<&Draw> = here.iter().collect();
        let fixed = today.len();
        cells.push(Cell::new(id, &base, None, &today, Some(&today), fixed));
        cells.push(Cell::new(id, &mine, None, &here, Some(&today), fixed));
    }
    Matrix {
        schema: "unwedge/eval/1",
        version: "1",
        engine: "fast",
        adopt: BTreeMap::new(),
        seed: 0,
        costs: vec![],
        cells,
    }
}

fn said(matrix: &Matrix, campaign: Option<&Record>) -> String {
    let (base, mine) = (proposal("base", "", ""), remedy());
    remedies(matrix, &[&base, &mine], campaign).unwrap()
}

use CauseKind::{OneTimeKeyEvicted as Evicted, OneTimeKeyForgotten as Forgotten};
use OutcomeClass::{Late, Lost, Ok as Fine, Wedged};

#[test]
fn every_scenario_is_named_for_what_the_remedy_does_in_it() {
    let text = said(
        &matrix(&[
            ("ended", [&[Wedged, Wedged], &[Fine, Late]], Forgotten),
            ("partly", [&[Lost, Fine], &[Fine, Fine]], Forgotten),
            ("eased", [&[Wedged, Wedged], &[Lost, Wedged]], Forgotten),
            (
                "as-ever",
                [&[Lost, Fine], &[Lost, Fine]],
                CauseKind::ClaimEmpty,
            ),
            ("worse", [&[Fine, Fine], &[Fine, Lost]], Evicted),
            ("late", [&[Late, Fine], &[Fine, Fine]], Forgotten),
            ("fine", [&[Fine, Fine], &[Fine, Fine]], Forgotten),
        ]),
        None,
    );
    let paragraph = text.lines().last().unwrap();
    for sentence in [
        "`mine` ends 2 of the 4 failures that are replayed here: ended (wedged becomes late) and \
         partly (lost becomes ok; better in 1 of 2 draws).",
        "better without ending them: eased (still wedged at worst; better in 1 of 2 draws).",
        "What is late today is in time in late.",
        "It does not help in as-ever.",
        "scenarios still fail for them: one-time-key-evicted (worse) and one-time-key-forgotten \
         (eased).",
        "causes that it does not claim to end: claim-empty (as-ever).",
        "It makes one scenario worse: worse (ok becomes lost; worse in 1 of 2 draws).",
    ] {
        assert!(paragraph.contains(sentence), "no {sentence:?} in\n{text}");
    }
    assert!(text.contains("## mine\n\nWhat mine is (an idea, <https://example.org/mine>).\n\n"));
}

#[test]
fn a_remedy_that_does_nothing_says_so() {
    let same: [&[OutcomeClass]; 2] = [&[Lost, Lost], &[Lost, Lost]];
    let text = said(&matrix(&[("one", same, CauseKind::ClaimEmpty)]), None);
    for sentence in [
        "`mine` ends none of the 1 failures",
        "It does not help in one.",
        "No scenario fails under it for a cause that it claims to end.",
        "It makes none of the 1 scenarios worse.",
    ] {
        assert!(text.contains(sentence), "no {sentence:?} in\n{text}");
    }
}

#[test]
fn what_is_unsafe_only_with_the_remedy_is_said() {
    let mut matrix = matrix(&[("one", [&[Fine], &[Fine]], Forgotten)]);
    assert!(!said(&matrix, None).contains("unsafe"));
    matrix.cells[1].violated = ["some-oracle"].into();
    assert!(said(&matrix, None).contains("not so today: some-oracle (one)."));
    // It is today.
    matrix.cells[0].violated = ["some-oracle"].into();
    assert!(!said(&matrix, None).contains("unsafe"));
}

#[test]
fn without_todays_protocol_there_is_nothing_to_compare_with() {
    let matrix = matrix(&[("one", [&[Fine], &[Fine]], Forgotten)]);
    assert_eq!(remedies(&matrix, &[&remedy()], None), None);
}

#[test]
fn a_campaign_gives_its_bounds_and_what_is_left() {
    let matrix = matrix(&[("one", [&[Fine], &[Fine]], Forgotten)]);
    let proposal = |adoption: u8, count: u64| {
        serde_json::json!({
            "proposal": "mine", "adoption": adoption, "verdict": "violated",
            "bounds": {
                "confidence": 0.95,
                "worse_than_late": { "count": 40, "of": 1000, "upper": 0.052 },
                "claimed": { "count": count, "of": 200, "upper": 0.0382 },
            },
            "against_base": { "better": 150, "worse": 2, "same": 848, "p": 0.0, "p_holm": 0.0 },
            "causes": [
                { "kind": "claim-empty", "runs": 30, "readings": 40, "first_seed": 1 },
                { "kind": "one-time-key-evicted", "runs": 3, "readings": 4, "first_seed": 8 },
            ],
            "regression": { "seed": 8, "command": "unwedge run random-8" },
        })
    };
    let campaign = serde_json::json!({
        "schema": "unwedge/campaign/1", "version": "1", "seed": 5, "runs": 1000,
        "proposals": [proposal(100, 3), proposal(50, 120), proposal(0, 200)],
    });
    let record = Record::parse(&campaign.to_string()).unwrap();
    let text = said(&matrix, Some(&record));
    for sentence in [
        "a campaign of 1000 random runs from seed 5",
        "Of 1000 random runs, 200 fail today with a cause that it claims to end, and 3 of these \
         still do under it (at most 3.82 %, with 95 % confidence).",
        "Of all 1000, 150 come out better than today and 2 worse, the first `unwedge run random-8`; \
         40 are worse than late under it (at most 5.20 %). The verdict is violated.",
        "the most frequent first: claim-empty (in 3.00 % of the runs).",
        "While 50 % of the servers and devices follow it, 120 of the 200 still fail",
    ] {
        assert!(text.contains(sentence), "no {sentence:?} in\n{text}");
    }
    assert!(Record::parse("{}").is_err());
}
