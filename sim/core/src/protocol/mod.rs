//! The decisions that a spec author could change, one enum each, and
//! [`Protocol`], which holds one value of every decision for one node.
//!
//! Nodes read decisions through [`Reading`], which records what was consulted
//! and is asked only where the arms differ. A deterministic run that never
//! consulted a decision is the same run under every value of it.

mod proposal;
mod reading;

pub use decisions::*;
pub use proposal::{Conflict, Proposal, combine, parse};
pub use reading::{Consulted, Reading};

/// What `list decisions` tells about one decision.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInfo {
    /// As the decision is called in a proposal file.
    pub name: &'static str,
    /// What is decided.
    pub about: &'static [&'static str],
    /// The values as a proposal file spells them, today's first, and what each means.
    pub values: &'static [(&'static str, &'static [&'static str])],
}

macro_rules! decisions {
    ($(
        $(#[doc = $about:literal])+
        $field:ident, $file_name:literal: $name:ident {
            $(#[doc = $today_about:literal])+
            $today:ident = $today_name:literal,
            $($(#[doc = $arm_about:literal])+ $arm:ident = $arm_name:literal,)+
        }
    )+) => {
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            #[derive(serde::Serialize, serde::Deserialize)]
            pub enum $name {
                $(#[doc = $today_about])+
                #[default]
                #[serde(rename = $today_name)]
                $today,
                $($(#[doc = $arm_about])+ #[serde(rename = $arm_name)] $arm,)+
            }
        )+

        /// One value of every decision: how one node behaves. The default is
        /// today's specification as Synapse and matrix-rust-sdk implement it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Protocol {
            $($(#[doc = $about])+ pub $field: $name,)+
        }

        impl Protocol {
            /// Which decisions two protocols make differently.
            #[must_use]
            pub fn difference(&self, other: &Protocol) -> Consulted {
                let mut difference = Consulted::default();
                $(
                    if self.$field != other.$field {
                        difference.add(Decision::$name);
                    }
                )+
                difference
            }
        }

        /// A patch over a [`Protocol`]: only the decisions that it changes.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Switches {
            $(
                $(#[doc = $about])+
                #[serde(rename = $file_name, default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$name>,
            )+
        }

        impl Switches {
            /// Today's protocol with these switches thrown.
            #[must_use]
            pub fn over_today(&self) -> Protocol {
                Protocol { $($field: self.$field.unwrap_or_default(),)+ }
            }

            /// Both patches at once.
            ///
            /// # Errors
            /// Names the first switch that the two set differently.
            pub fn and(&self, other: &Switches) -> Result<Switches, &'static str> {
                $(
                    let $field = match (self.$field, other.$field) {
                        (Some(ours), Some(theirs)) if ours != theirs => return Err($file_name),
                        (ours, theirs) => ours.or(theirs),
                    };
                )+
                Ok(Switches { $($field,)+ })
            }

            /// Which decisions these switches set to something other than today's value.
            #[must_use]
            pub fn changed(&self) -> Consulted {
                self.over_today().difference(&Protocol::default())
            }
        }

        /// The decisions themselves, in the order in which they are listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Decision {
            $($(#[doc = $about])+ $name,)+
        }

        /// Every decision and its values.
        pub const DECISIONS: &[DecisionInfo] = &[$(
            DecisionInfo {
                name: $file_name,
                about: &[$($about),+],
                values: &[
                    ($today_name, &[$($today_about),+]),
                    $(($arm_name, &[$($arm_about),+]),)+
                ],
            },
        )+];

        impl Reading<'_> {
            $(
                $(#[doc = $about])+
                #[must_use]
                pub fn $field(&self) -> $name {
                    self.consulted(Decision::$name);
                    self.protocol().$field
                }
            )+
        }
    };
}

// Below the macro that it is written with.
mod decisions;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_patches_combine_unless_they_set_a_switch_differently() {
        let drop = Switches {
            restored_tables: Some(RestoredTables::AllButOneTimeKeys),
            ..Switches::default()
        };
        let unwedge = Switches {
            unwedging: Some(Unwedging::AlsoAtFirstContact),
            ..Switches::default()
        };
        let both = drop.and(&unwedge).unwrap().over_today();
        assert_eq!(both.restored_tables, RestoredTables::AllButOneTimeKeys);
        assert_eq!(both.unwedging, Unwedging::AlsoAtFirstContact);

        let keep = Switches {
            restored_tables: Some(RestoredTables::Everything),
            ..Switches::default()
        };
        assert_eq!(drop.and(&keep), Err("restored-tables"));
    }

    #[test]
    fn saying_todays_value_changes_nothing() {
        let keep = Switches {
            restored_tables: Some(RestoredTables::Everything),
            ..Switches::default()
        };
        assert_eq!(keep.changed(), Consulted::default());
    }
}
