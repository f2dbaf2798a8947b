//! What those who keep the server running can see of it: whether it lives, whether it is ready, and figures in the text
//! Prometheus reads. Nothing here names a person, an address or a value of a query; routes are named by their template.

mod meter;
mod probe;
mod routes;

pub(crate) use meter::{Meter, Seen};
pub use probe::free_bytes;
pub(crate) use routes::{figures, live, ready};
