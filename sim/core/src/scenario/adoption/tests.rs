use std::collections::BTreeSet;
use std::sync::Arc;

use crate::generate;
use crate::name::NodeId;
use crate::protocol::{Proposal, parse};
use crate::scenario::Scenario;

fn base() -> Arc<Proposal> {
    let text = "title = ''\nstatus = ''\nsource = []\nidea = ''\nclaims = []\n[switches]\n";
    Arc::new(parse("base", "base.toml", text).unwrap())
}

/// Who has adopted what the run is about.
fn adopters(scenario: &Scenario, percent: u8, seed: u64) -> BTreeSet<NodeId> {
    let mixed = scenario.adopted_by(percent, seed, &base());
    let nodes = scenario.cast.nodes();
    nodes.filter(|it| !mixed.adopt.contains_key(it)).collect()
}

#[test]
fn whoever_has_adopted_something_has_it_at_any_higher_share() {
    let (mut half, mut all) = (0, 0);
    for seed in 0..200 {
        let scenario = generate::scenario(seed);
        let at = |percent| adopters(&scenario, percent, seed);
        assert!(at(0).is_empty());
        assert!(at(10).is_subset(&at(50)) && at(50).is_subset(&at(90)));
        assert_eq!(at(100), scenario.cast.nodes().collect());
        half += at(50).len();
        all += at(100).len();
    }
    // Of about 1500 nodes, each with an even chance.
    assert!(
        (all * 2 / 5..all * 3 / 5).contains(&half),
        "{half} of {all}"
    );
}

#[test]
fn who_has_adopted_something_is_a_matter_of_the_seed() {
    let scenario = generate::scenario(1);
    let draws: BTreeSet<_> = (0..50).map(|seed| adopters(&scenario, 50, seed)).collect();
    assert!(draws.len() > 10, "{}", draws.len());
}

#[test]
fn whoever_follows_something_of_their_own_goes_on_with_it() {
    let mut scenario = generate::scenario(1);
    let node = scenario.cast.nodes().next().unwrap();
    let own = Proposal {
        name: "own".to_owned(),
        ..Proposal::clone(&base())
    };
    scenario.adopt.insert(node, Arc::new(own));
    for percent in [0, 100] {
        let mixed = scenario.adopted_by(percent, 1, &base());
        assert_eq!(mixed.adopt[&node].name, "own");
    }
}

#[test]
fn who_follows_what_is_read_back_as_it_was_written() {
    let base = base();
    let other = Proposal {
        name: "other".to_owned(),
        switches: parse(
            "other",
            "other",
            "title = ''\nstatus = ''\nsource = []\nidea = ''\nclaims = []\n\
             [switches]\nclaim-order = 'random'\n",
        )
        .unwrap()
        .switches,
        ..Proposal::clone(&base)
    };
    for seed in 0..50 {
        let mut scenario = generate::scenario(seed).adopted_by(50, seed, &base);
        if let Some(own) = scenario.adopt.values_mut().next() {
            *own = Arc::new(crate::protocol::combine(&[&base, &other]).unwrap());
        }
        let text = scenario.to_toml();
        let mut read = crate::scenario::parse("it.toml", &text, &[&base, &other]).unwrap();
        assert_eq!(read.adopt, scenario.adopt, "{text}");
        read.adopt.clone_from(&scenario.adopt);
        assert!(read == scenario, "{text}");
    }
}
