//! `unwedge minimise`: a scenario, made as small as it goes while it comes out
//! as it does.

use std::collections::BTreeSet;

use unwedge_core::hunt::{Hunt, Objective};

use crate::adopt;
use crate::args::MinimiseArgs;
use crate::library::Library;
use crate::output::say;
use crate::quarry::{self, Ground, Quarry, Target};
use crate::{Outcome, Status};

pub(crate) fn minimise(args: &MinimiseArgs) -> Outcome {
    let mut library = Library::open(&args.common, std::slice::from_ref(&args.proposal))?;
    let scenario = library.scenario(&args.scenario)?;
    let proposal = library.proposal(&args.proposal)?;
    let base = library.proposal("base")?;
    let scenario = adopt::drawn(&scenario, args.adoption, args.seed.unwrap_or(0), &base);
    let id = quarry::identifier(&[&scenario.id, "minimal"]);
    let target = Target::reserve(args.out.as_deref(), &library.root, &id)?;
    let ground = Ground {
        hunt: Hunt::new(&proposal, Objective::Any, BTreeSet::new(), BTreeSet::new()),
        word: library.word(&proposal.name),
        is_bundled: library.is_bundled_name(&proposal.name),
        proposal,
        base,
    };

    let seeds: Vec<u64> = match args.seed {
        Some(seed) => vec![seed],
        None => (0..scenario.effort.draws).collect(),
    };
    let finds = seeds
        .into_iter()
        .filter_map(|seed| Some((seed, ground.look(&scenario, seed).2?)));
    // The first of those that come out worst.
    let worst = finds.reduce(|best, next| match next.1.outcome > best.1.outcome {
        true => next,
        false => best,
    });
    let Some((seed, find)) = worst else {
        say(&format!(
            "{} comes out no worse than late under {}: there is nothing to keep while it gets smaller",
            scenario.id, ground.proposal.name
        ));
        return Ok(Status::Expected);
    };
    let title = scenario.title.clone();
    let quarry = Quarry {
        scenario,
        seed,
        find,
    };
    ground.bring_home(quarry, &id, |_| title, &target)
}
