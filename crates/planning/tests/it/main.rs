//! What plans promise, tried from outside.

mod allocation;
mod assignment;
mod coverage;
