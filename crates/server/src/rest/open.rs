//! What anybody may read without a key besides figures and places: notices that stand, and whether a document with a code was issued
//! and is valid. Never a name.

use super::answer::{listed, only, plain};
use crate::api::read::{limit, read};
use crate::error::Error;
use crate::public::{notices, verify};
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_model::clocks::local_date;
use ganglion_model::{PlaceCode, Standing};
use serde_json::json;

/// Parameters of the list of notices.
pub const NOTICES: [&str; 3] = ["place", "limit", "after"];

/// `GET /api/notices?place=&limit=&after=`: those that stand at this moment, the newest first.
pub async fn notices(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    only(&web, &NOTICES)?;
    let root = web.world.places.root;
    let place = read::<PlaceCode>(&web, "place")?.unwrap_or(root);
    if !root.holds(place) {
        return Err(Error::NotFound);
    }
    let after = web.arg("after").map(|text| notices::after_of(text).ok_or(Error::Unreadable("after"))).transpose()?;
    let (found, next) = notices::standing(&web, place, after, limit(&web)?).await?;
    Ok(listed(&web, &headers, found.iter().map(notices::NoticeView::told).collect(), next.as_deref()))
}

/// `GET /api/documents/{code}`: what is printed on it for everybody to see, and whether it stands. Codes that lead nowhere are counted,
/// and whoever guesses is slowed down.
pub async fn document(web: Web, headers: HeaderMap, Path(code): Path<String>) -> Result<Response, Error> {
    only(&web, &[])?;
    let issued = verify::issued(&web, &code).await?.ok_or(Error::NotFound)?;
    let declared = web.world.model.documents.get(&issued.document).ok_or(Error::NotFound)?;
    let ended = match &issued.standing {
        Standing::Valid => None,
        Standing::Withdrawn { at, .. } | Standing::Superseded { at, .. } => Some(local_date(*at)),
    };
    let words = web.words();
    let body = json!({
        "code": issued.code,
        "document": issued.document,
        "title": web.look(&words).text(&declared.title),
        "number": issued.number,
        "issuer": issued.issuer,
        "issued_on": local_date(issued.at),
        "standing": issued.standing.as_str(),
        "ended_on": ended,
    });
    Ok(plain(&web, &headers, body))
}
