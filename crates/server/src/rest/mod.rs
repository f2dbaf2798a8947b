//! The interface for other software: REST over every command and query of the installed packs, with an OpenAPI document made
//! from them. Nothing here decides: a request becomes the same command as a form of a page, for the post of a person or of a
//! key. Errors are problem details (RFC 9457).

pub mod admin;
pub mod answer;
pub mod batches;
pub mod board;
pub mod bulk;
pub mod cases;
pub mod docs;
pub mod document;
pub mod figure_rows;
pub mod figures;
pub mod history;
pub mod index;
pub mod open;
pub mod papers;
pub mod places;
pub mod plans;
pub mod problem;
pub mod proposals;
pub mod rows;
pub mod rules;
pub mod schema;
pub mod search;
pub mod suggestions;
pub mod tables;
pub mod targets;

pub use docs::Documents;
