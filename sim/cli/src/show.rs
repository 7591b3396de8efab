//! `unwedge show`: a scenario as the text of a file.

use crate::args::ShowArgs;
use crate::library::Library;
use crate::output::{quoted, say};
use crate::{Outcome, Status};

pub(crate) fn show(args: &ShowArgs) -> Outcome {
    let mut library = Library::open(&args.common, &[])?;
    let scenario = library.scenario(&args.scenario)?;
    // What a campaign drew, it also made with the draws of the same seed.
    if let Some(seed) = args.scenario.strip_prefix("random-")
        && scenario.id == args.scenario
    {
        say(&format!(
            "# Drawn by seed {seed}. A campaign makes it with the draws of that seed:\n\
             # unwedge run FILE --proposal base --seed {}",
            quoted(seed)
        ));
    }
    say(scenario.to_toml().trim_end());
    Ok(Status::Expected)
}
