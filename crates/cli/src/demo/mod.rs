//! Simulated residents and staff for the demonstration and the benchmarks: they act through the same commands as people.
//!
//! What they do is data (`data/demo/behaviour/`, one file a process): how often, what they type, which action follows in
//! which state after how long. Rows of registers are data too (`data/demo/rows.yaml`, `data/demo/tables`). Nothing here knows a pack.

pub mod actors;
mod agenda;
pub mod behaviour;
pub mod history;
pub mod live;
mod named;
pub mod rows;
mod spots;
pub mod tables;
