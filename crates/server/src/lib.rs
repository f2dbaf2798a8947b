//! Pages, API, live events and jobs over the kernel.
//!
//! A handler turns a request into a command or a read and the answer into HTML or JSON; what may happen is decided in
//! the kernel. Leaves out reading arguments and environment (the binary does) and every word of a screen (`ui/texts`).

mod api;
mod app;
mod assets;
mod base_map;
mod context;
mod demo_picture;
mod error;
mod events;
mod files;
mod halls;
mod handbook;
pub mod identity;
mod intake;
pub mod jobs;
mod keys;
mod limits;
mod live;
mod log;
mod looked;
mod map;
mod monitor;
mod numbers;
mod ogc;
mod open311;
pub mod open_data;
mod own;
mod own_folder;
pub mod packs;
mod page;
mod papers;
mod place_names;
mod public;
mod queue;
mod rate;
mod readings;
mod rest;
mod routes;
mod samples;
mod session;
mod sign;
mod staff;
mod templates;
mod texts;
mod tiles;
mod typed;
mod view;
mod web;

pub use app::{App, AppParts, AppState, Settings, StartError, serve};
pub use base_map::{BaseMap, BaseMapError};
pub use demo_picture::KINDS as DEMO_PICTURES;
pub use error::Error;
pub use files::file_parts;
pub use handbook::handbook;
pub use log::LogSettings;
pub use monitor::free_bytes;
pub use ogc::place_properties;
pub use papers::{Press, Sheet, TemplateFinding, check as check_templates, sample_sheet};
pub use readings::{Feed, Mqtt};
pub use routes::router;
pub use session::hash_password;
pub use staff::ADMIN_ROLE;
pub use tiles::place_zooms;
