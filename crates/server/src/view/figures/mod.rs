//! Figures: periods in words, targets, and what follows from a figure (change, classes of a map). Reading it is the kernel's
//! work.

pub mod compare;
pub mod drawing;
mod published;
pub mod targets;
mod when;

/// Counts below this are not told to the public (handbook `16`, section 4).
pub const TOLD_MIN: i64 = 5;

#[cfg(test)]
mod tests;
