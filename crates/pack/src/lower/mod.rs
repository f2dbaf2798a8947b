//! From checked nodes to the compiled model, one module a part of the language.

pub mod action;
pub mod clock;
pub mod effect;
pub mod extension;
pub mod field;
pub mod header;
pub mod indicator;
pub mod notice;
pub mod number;
pub mod process;
mod queue;
pub mod register;
mod routing;
pub mod seed;
pub mod value;
pub mod who;
