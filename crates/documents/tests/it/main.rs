//! Documents and tables from outside.

#![expect(clippy::unwrap_used, reason = "a test that unwraps stops where the surprise is")]

mod letters;
mod tables;
