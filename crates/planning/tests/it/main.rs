//! What plans promise, tried from outside.

#![expect(clippy::unwrap_used, reason = "a test that unwraps stops where the surprise is")]

mod allocation;
mod assignment;
mod coverage;
mod optimum;
