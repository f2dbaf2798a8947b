//! What the square code of a document leads to: whether it stands, and no more than what is printed for everybody to see (kind,
//! number, office, day). Never a name. A code that was made up gets the same calm answer as one that never was.

use crate::error::Error;
use crate::staff::standing;
use crate::view::case::StateTag;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::clocks::local_date;
use ganglion_model::units::half_width;
use ganglion_model::{Change, Erasable, Issued, Shard, Standing};
use serde::Serialize;

/// Longest code looked for.
const CODE_CHARS_MAX: usize = 40;

#[derive(Serialize)]
struct Found {
    title: String,
    number: String,
    issuer: String,
    day: String,
    state: StateTag,
    text: String,
}

#[derive(Serialize)]
struct VerifyContext {
    page: crate::page::Page,
    code: String,
    asked: bool,
    found: Option<Found>,
}

/// A code as somebody may type it: blanks and dashes left out, wide letters read as plain ones, and letters that look like figures as
/// figures.
fn tidied(code: &str) -> String {
    let plain = half_width(code);
    let kept = plain.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    kept.map(|c| match c {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    })
    .take(CODE_CHARS_MAX)
    .collect()
}

/// `GET /v`: the page with a field for the code.
pub async fn ask(web: Web) -> Result<Response, Error> {
    match web.arg("code").map(tidied).filter(|code| !code.is_empty()) {
        Some(code) => Ok(web.redirect(&format!("/v/{code}"))),
        None => page(&web, (String::new(), false), None, StatusCode::OK),
    }
}

/// `GET /v/{code}`.
pub async fn show(web: Web, Path(code): Path<String>) -> Result<Response, Error> {
    let code = tidied(&code);
    let issued = issued(&web, &code).await?;
    let status = if issued.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let found = issued.and_then(|issued| view(&web, &issued));
    page(&web, (code, true), found, status)
}

/// The document of a code as somebody may type it; none that was made up. Who guesses is slowed down.
///
/// # Errors
/// [`Error::TooMany`]; storage.
pub(crate) async fn issued(web: &Web, code: &str) -> Result<Option<Issued>, Error> {
    let code = tidied(code);
    let (key, rate) = (web.network(), &web.app.rates.verify);
    if let Some(seconds) = rate.wait(&key, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let issued = find(web, &code).await?;
    if issued.is_none() {
        // Only codes that lead nowhere count: whoever checks a pile of real cards is not stopped.
        rate.count(&key, web.now);
    }
    Ok(issued)
}

async fn find(web: &Web, code: &str) -> Result<Option<Issued>, Error> {
    let Some((shard, id)) = web.app.store.document(code).await? else {
        return Ok(None);
    };
    let found = |documents: Vec<Issued>| documents.into_iter().find(|one| one.code == code);
    if let Some(case) = web.app.store.case(shard, id).await? {
        return Ok(found(case.documents));
    }
    // A row goes by an id that only its journal leads back from.
    let line = web.app.store.entries_of_case(shard, id, 1).await?.into_iter().next();
    let row = line.and_then(|entry| match entry.change {
        Change::Record { record } => Some(record.row_key()),
        Change::RecordGone { register, key, .. } => Some((shard, register, key)),
        Change::Proposal { proposal } => Some((shard, proposal.wish.register.clone(), proposal.key.clone())),
        Change::Erased { what: Erasable::Row { register, key }, .. } => Some((shard, register, key)),
        Change::Opened { .. } | Change::Case { .. } | Change::Erased { .. } => None,
    });
    let Some(row) = row else { return Ok(None) };
    let versions = match shard {
        Shard::DEPLOYMENT => web.world.versions(&row.1, &row.2).to_vec(),
        _ => web.app.store.row_versions(&row).await?,
    };
    Ok(versions.into_iter().find_map(|version| found(version.documents)))
}

fn view(web: &Web, issued: &Issued) -> Option<Found> {
    let document = web.world.model.documents.get(&issued.document)?;
    let words = web.words();
    let look = web.look(&words);
    let text = match &issued.standing {
        Standing::Valid => look.t("verify-valid"),
        Standing::Withdrawn { at, .. } => {
            look.say("verify-withdrawn", &[("at", look.full_day(local_date(*at)).into())])
        }
        Standing::Superseded { at, .. } => {
            look.say("verify-superseded", &[("at", look.full_day(local_date(*at)).into())])
        }
    };
    Some(Found {
        title: look.text(&document.title),
        number: issued.number.clone(),
        issuer: issued.issuer.clone(),
        day: local_date(issued.at).to_string(),
        state: standing(&look, &issued.standing),
        text,
    })
}

fn page(web: &Web, (code, asked): (String, bool), found: Option<Found>, status: StatusCode) -> Result<Response, Error> {
    let context = VerifyContext { page: web.page("title-verify"), code, asked, found };
    web.render_status(status, "pages/verify.html", context)
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(super::tidied(" 7K3O-\u{ff11}\u{ff41}L "), "7k301a1");
    }
}
