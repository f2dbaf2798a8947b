//! From checked nodes to the compiled model, one module a part of the language.

pub mod action;
pub mod bulletin;
pub mod clock;
pub mod document;
pub mod effect;
pub mod extension;
pub mod field;
pub mod hall;
pub mod header;
pub mod indicator;
pub mod measure;
pub mod notice;
pub mod number;
pub mod open311;
pub mod plan;
pub mod process;
mod queue;
pub mod register;
mod register_people;
mod routing;
pub mod rule;
pub mod seed;
mod seed_values;
pub mod tables;
pub mod target;
pub mod value;
pub mod who;
