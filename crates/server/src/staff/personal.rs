//! Personal values: opened to be masked, and shown in clear only when asked for, for a case, after a line in the access
//! log was written.

use super::card::{self, Shown};
use super::find;
use crate::error::Error;
use crate::typed::Typed;
use crate::view::facts::Opened;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_kernel::port::Access;
use ganglion_kernel::seal;
use ganglion_model::Case;
use serde_json::Value;

/// Opens every personal value of a case. One that was sealed under a key that is gone stays closed.
///
/// # Errors
/// Storage.
pub async fn opened(web: &Web, case: &Case) -> Result<Opened, Error> {
    let sealed = |value: &Value| value.as_str().is_some_and(seal::is_sealed);
    if !case.fields.values().any(sealed) {
        return Ok(Opened::default());
    }
    let wrapped = web.app.store.key(case.shard, case.id).await?;
    let erased = wrapped.is_none();
    let key = wrapped.and_then(|wrapped| web.app.ring.unwrap(&wrapped));
    let Some(key) = key else { return Ok(Opened { erased, ..Opened::default() }) };
    let values = case
        .fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), seal::open(&key, value.as_str()?)?)))
        .collect();
    Ok(Opened { values, ..Opened::default() })
}

/// `POST /cases/{number}/reveal`: the card with the values in clear that this role may see. Nothing is shown before the
/// line in the access log is kept; the address of the page stays the masked one.
pub async fn reveal(web: Web, Path(number): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let (session, post) = (web.signed_in()?, web.post()?);
    let words = web.words();
    let fields: Vec<String> =
        web.look(&words).revealable(process, &case, &post.role).into_iter().map(|field| field.name.clone()).collect();
    if fields.is_empty() {
        return Err(Error::NotAllowed);
    }
    let access = Access {
        at: web.now,
        shard: case.shard,
        case: case.id,
        post: post.id.clone(),
        account: session.account.clone(),
        fields,
        purpose: String::new(),
    };
    web.app.store.access_add(&access).await?;
    card::render(&web, &case, process, Shown { in_clear: true, ..Shown::default() }).await
}
