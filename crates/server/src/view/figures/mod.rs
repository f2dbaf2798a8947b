//! Figures: periods in words, targets, and what follows from a figure (change, classes of a map). Reading it is the kernel's
//! work.

pub mod compare;
pub mod drawing;
pub mod targets;
mod when;

#[cfg(test)]
mod tests;
