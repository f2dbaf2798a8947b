//! `decide` against tables: who may, what is refused in which order, what a form may hold, what stays sealed, numbers,
//! clocks, effects and routing, over a small pack of the tests' own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps stops where the surprise is")]

mod clocks;
mod documents;
mod effects;
mod fixture;
mod forms;
mod fuzz;
mod glass;
mod hand_over;
mod numbers;
mod order;
mod pack;
mod permission;
mod policy;
mod queue;
mod replay;
mod routing;
mod rows;
mod sealing;
mod workload;
