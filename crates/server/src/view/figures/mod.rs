//! Figures: periods in words, and what follows from a figure (change, rank, classes of a map). Reading it is the kernel's
//! work.

pub mod compare;
mod when;

#[cfg(test)]
mod tests;
