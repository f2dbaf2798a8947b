//! Tests of the compiler as its users see it: folders in, model and findings out.

mod expressions;
mod findings;
mod hostile;
mod model;
mod packs;
