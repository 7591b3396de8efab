//! The minimiser: makes a scenario as small as it goes.

mod roles;

pub(crate) use roles::Roles;
