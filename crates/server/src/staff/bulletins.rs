//! Bulletins: a report for the post's own place and a period. Every figure in it is counted when it is made.

use super::documents::not_made;
use super::tables::places;
use crate::error::Error;
use crate::papers::{day, place};
use crate::view::Look;
use crate::view::words::separated;
use crate::web::Web;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_documents::{Datum, RenderError};
use ganglion_indicators::{Span, When};
use ganglion_kernel::figures::{Got, Reader, is_stock};
use ganglion_kernel::port::Store;
use ganglion_model::pack::{Bulletin, Indicator, Who};
use ganglion_model::{Lang, PlaceCode, Post};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Whether a post takes this bulletin.
pub fn takes(bulletin: &Bulletin, post: &Post) -> bool {
    let is = |who: &Who| matches!(who, Who::Role { role, level } if post.role == *role && post.place.level() == *level);
    bulletin.by.iter().any(is)
}

/// `GET /bulletins/{file}`: `<name>.pdf`, for `?period=2022-06`.
pub async fn show(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let name = file.strip_suffix(".pdf").ok_or(Error::NotFound)?;
    let bulletin = web.world.model.bulletins.get(name).filter(|one| takes(one, &post)).ok_or(Error::NotFound)?;
    let when = web.arg("period").and_then(When::parse).unwrap_or_else(|| When::month_of(web.today()));
    match made(&web, bulletin, when).await? {
        Ok(bytes) => Ok(as_pdf(bulletin, when, bytes)),
        Err(error) => Ok(web.redirect_with("/documents", "warn", &not_made(&web, &error))),
    }
}

/// Months a bulletin is offered for: the one that is over first, since this month's figures are not all in yet.
pub fn periods(today: Date) -> [When; 2] {
    let this_month = When::month_of(today);
    [this_month.previous(), this_month]
}

/// Makes the PDF of a bulletin for the post's own place; gives why not where its template cannot be laid out.
///
/// # Errors
/// Storage.
pub async fn made(web: &Web, bulletin: &Bulletin, when: When) -> Result<Result<Vec<u8>, RenderError>, Error> {
    let post = web.post()?;
    let words = web.app.words(Lang::Zh);
    let look = Look { world: &web.world, say: &words, now: web.now };
    let data = data(web, &look, bulletin, (post.place, when)).await?;
    let span = when.span();
    let last = span.to.yesterday().unwrap_or(span.to);
    let doc = Datum::table([
        ("title", Datum::text(&bulletin.title.zh)),
        ("place", place(&look, post.place)),
        ("period", Datum::text(when.to_string())),
        ("from", day(span.from)),
        ("to", day(last)),
        ("day", day(web.today())),
    ]);
    let ident = format!("{}/{}/{when}", bulletin.name, post.place);
    let sheet = web.app.press.bulletin(&web.world.model, bulletin, (data, doc), (web.today(), ident))?;
    let made = web.app.press.print(sheet).await?;
    if let Err(error) = &made {
        tracing::warn!(%error, bulletin = bulletin.name, "a bulletin was not made");
    }
    Ok(made)
}

/// A bulletin as an answer.
pub fn as_pdf(bulletin: &Bulletin, when: When, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{}-{when}.pdf\"", bulletin.name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// The figures of the place with those of the period before, and of each place inside.
async fn data(web: &Web, look: &Look<'_>, bulletin: &Bulletin, (own, when): (PlaceCode, When)) -> Result<Datum, Error> {
    let mut inside = bulletin.rows.map(|level| places(web, own, level)).unwrap_or_default();
    inside.retain(|place| *place != own);
    let mut rows: Vec<BTreeMap<String, Datum>> =
        inside.iter().map(|place| BTreeMap::from([("place".to_owned(), Datum::text(look.place(*place)))])).collect();
    let all_places = [std::slice::from_ref(&own), inside.as_slice()].concat();
    let mut all = BTreeMap::new();
    for name in &bulletin.figures {
        let Some(indicator) = web.world.model.indicators.get(name) else { continue };
        let now = texts(web, look, indicator, (&all_places, when.span())).await?;
        // What holds now has no "before": only what happened in a period is compared.
        let before = match is_stock(&web.world.model, indicator) {
            true => Vec::new(),
            false => texts(web, look, indicator, (std::slice::from_ref(&own), when.previous().span())).await?,
        };
        let first = |texts: &[String]| texts.first().map_or(Datum::Empty, Datum::text);
        let one = Datum::table([
            ("title", Datum::Text(look.figure_title(indicator))),
            ("text", first(&now)),
            ("unit", Datum::Text(look.figure_unit(indicator))),
            ("before", first(&before)),
        ]);
        all.insert(name.clone(), one);
        for (row, text) in rows.iter_mut().zip(now.into_iter().skip(1)) {
            row.insert(name.clone(), Datum::Text(text));
        }
    }
    all.insert("rows".to_owned(), Datum::List(rows.into_iter().map(Datum::Table).collect()));
    Ok(Datum::Table(all))
}

/// Figures as screens show them, without the unit.
async fn texts(
    web: &Web,
    look: &Look<'_>,
    indicator: &Indicator,
    (places, span): (&[PlaceCode], Span),
) -> Result<Vec<String>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let got =
        Reader { tally: &store, world: &web.world, today: web.today() }.read(indicator, places, &[span], false).await?;
    let text = |got: &Got| got.figure.shown.as_deref().map_or_else(|| look.t("not-available"), separated);
    Ok(got.iter().map(|spans| spans.first().map(text).unwrap_or_default()).collect())
}
