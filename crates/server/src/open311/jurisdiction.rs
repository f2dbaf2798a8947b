//! Jurisdictions: one a county, named by its code. Where an installation serves several, a call has to say which.

use super::out::Fault;
use crate::context::Spoken;
use crate::error::Error;
use crate::staff::find::counties;
use crate::web::Web;
use axum::http::StatusCode;
use ganglion_model::{Level, PlaceCode};

/// The place a call is about.
///
/// # Errors
/// 400 when it has to be named and is not, 404 for one that is not served.
pub fn of(web: &Web, said: Option<&str>) -> Result<PlaceCode, Fault> {
    let root = web.world.places.root;
    let counties = counties(web, root);
    let Some(said) = said else {
        return match counties.as_slice() {
            [] | [_] => Ok(root),
            _ => Err(Fault::new(StatusCode::BAD_REQUEST, web.t("open311-jurisdiction-needed"))),
        };
    };
    let unknown = || Fault::new(StatusCode::NOT_FOUND, web.t("open311-jurisdiction-unknown"));
    let code: PlaceCode = said.trim().parse().map_err(|_| unknown())?;
    let is_county = code.level() == Level::County && counties.contains(&code.shard());
    if code == root || is_county { Ok(code) } else { Err(unknown()) }
}

/// A fault of ours or a refusal as the specification orders faults: what was wrongly given is 400.
#[must_use]
pub fn fault(web: &Web, error: &Error) -> Fault {
    error.log();
    let status = match error.status() {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            StatusCode::BAD_REQUEST
        }
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        other => other,
    };
    let spoken = Spoken::of(web, error);
    let fields = spoken.fields.iter().filter_map(|field| {
        let (name, message) = (field["field"].as_str()?, field["message"].as_str()?);
        Some(if message.contains(name) { message.to_owned() } else { format!("{name}: {message}") })
    });
    let mut said: Vec<String> = fields.collect();
    if said.is_empty() {
        said.push(spoken.message);
    }
    // A point that would lie inside if it came from a map in GCJ-02 most likely does.
    let shifted = |error: &Error| match error {
        Error::Refused(refusal) => refusal.fields.iter().any(|finding| finding.args.contains_key("gcj02")),
        _ => false,
    };
    if let (true, Some(first)) = (shifted(error), said.first_mut()) {
        first.push(' ');
        first.push_str(&web.t("open311-bad-point"));
    }
    Fault { status, said }
}

impl From<Error> for Fault {
    /// A fault of ours, without words of a page.
    fn from(error: Error) -> Fault {
        error.log();
        Fault::new(error.status(), error.code())
    }
}
