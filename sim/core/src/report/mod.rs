//! Reports: what many runs say together. Reads judgements, never the world.

mod campaign;
mod cell;
mod claims;
mod costs;
mod counterexample;
mod matrix;
mod remarks;
mod remedies;
mod silence;
mod story;
mod unread;
mod unrest;
mod violations;

pub use campaign::{
    AgainstBase, Baseline, Bound, Bounds, Campaign, Change, Finding as CampaignFinding, Gaps,
    Record, Witness, Witnessed,
};
pub use cell::{Cell, Draw, worth_confirming};
pub use claims::{FailedClaims, failed_claims};
pub use costs::{Cost, cost_table};
pub use counterexample::{Counterexample, Proof};
pub use matrix::{Matrix, Why, costs_of};
pub use remarks::{excuses, thrown_out};
pub use remedies::remedies;
pub use silence::Silence;
pub use story::{Finding, findings};
pub use unread::unread;
pub use unrest::unrest;
pub use violations::violations;
