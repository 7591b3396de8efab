//! Reports: what many runs say together. Reads judgements, never the world.

mod campaign;
mod cell;
mod claims;
mod counterexample;
mod matrix;
mod remarks;
mod silence;
mod story;
mod unread;

pub use campaign::{
    AgainstBase, Baseline, Bound, Bounds, Campaign, Change, Finding as CampaignFinding, Gaps,
    Witness, Witnessed,
};
pub use cell::{Cell, Draw};
pub use claims::{FailedClaims, failed_claims};
pub use counterexample::{Counterexample, Proof};
pub use matrix::{Matrix, Why};
pub use remarks::{excuses, thrown_out};
pub use silence::Silence;
pub use story::{Finding, findings};
pub use unread::unread;
