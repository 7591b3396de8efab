//! Each branch of the tree has a story that ends in it. A story names the
//! step and the fact that the tree must blame, and often a step beside it
//! that the tree must not.

mod invitation;
mod key_gone;
mod lost_on_the_way;
mod never_given;
mod not_decrypted;
mod undelivered;
