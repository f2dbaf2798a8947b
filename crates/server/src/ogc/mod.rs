//! OGC API – Features under `/ogc`: places, cases the public may see, and registers whose rows stand somewhere, as GeoJSON and as
//! pages. What is told is what the product shows elsewhere: Open311 for cases, public fields for rows, outlines for places; who
//! may see more sends a key. Leaves out writing, stored queries and every geometry of CQL2 but boxes and points.

mod about;
mod answer;
pub mod asked;
mod cases;
pub mod collection;
mod cql;
mod crs;
mod feature;
mod items;
mod pages;
mod places;
mod rows;
mod shapes;

pub use about::{api, collection as one_collection, collections, conformance, landing, queryables};
pub use answer::{absolute, extent, keep};
pub use cases::feature as case_feature;
pub use feature::{Feature, Page};
pub use items::{item, items};
pub use places::{kind_key, of_level, properties as place_properties, told as place_told};
pub use rows::page as row_page;
pub use shapes::Shapes;

use crate::error::Error;
use crate::rest::problem;
use crate::web::Web;
use axum::response::Response;

/// Rows and cases read at a time.
pub const READ_AT_ONCE: u32 = 500;
/// Rows and cases looked at for one answer.
const READ_MAX: usize = 5_000;

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// A parameter cannot be read: 400, as the standard has it.
    Bad {
        /// Its name.
        parameter: String,
        /// What is wrong with it, in words.
        detail: String,
    },
    /// Anything else.
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Unreadable(parameter) => Fault::Bad { parameter: parameter.to_owned(), detail: String::new() },
            // Signing in would not help software on its way; what it may not see is not there.
            Error::SignIn => Fault::Other(Error::NotFound),
            other => Fault::Other(other),
        }
    }
}

/// An answer, or what was wrong with the question as a problem.
///
/// # Errors
/// What is not the asker's fault.
pub fn settled(web: &Web, answer: Result<Response, Fault>) -> Result<Response, Error> {
    match answer {
        Ok(response) => Ok(response),
        Err(Fault::Bad { parameter, detail }) => Ok(problem::bad_parameter(web, &parameter, &detail)),
        Err(Fault::Other(error)) => Err(error),
    }
}
