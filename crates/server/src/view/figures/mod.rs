//! Figures: what is asked for ([`When`]), how it is read from counters and facts ([`read`]), and what follows from it
//! (change, rank, classes of a map).

pub mod compare;
pub mod read;
pub mod when;

#[cfg(test)]
mod tests;

pub use read::Reader;
pub use when::When;
