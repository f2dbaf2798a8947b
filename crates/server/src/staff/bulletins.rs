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
use ganglion_kernel::plans::period;
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

/// `GET /bulletins/{file}`: `<name>.pdf`, for `?period=2022-06`, or `2022-06-27` where it is made for days.
pub async fn show(web: Web, Path(file): Path<String>) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let name = file.strip_suffix(".pdf").ok_or(Error::NotFound)?;
    let bulletin = web.world.model.bulletins.get(name).filter(|one| takes(one, &post)).ok_or(Error::NotFound)?;
    let when = when(&web, bulletin).ok_or(Error::Period(Some(bulletin.period)))?;
    match made(&web, bulletin, when).await? {
        Ok(bytes) => Ok(as_pdf(bulletin, when, bytes)),
        Err(error) => Ok(web.redirect_with("/documents", "warn", &not_made(&web, &error))),
    }
}

/// Periods a bulletin is offered for: the one that is over first, since the figures of the one under way are not all in yet.
pub fn periods(bulletin: &Bulletin, today: Date) -> [When; 2] {
    let now = period(bulletin.period, today);
    [now.previous(), now]
}

/// The period that is asked for, the one under way unless said; `None` for one a bulletin is not made for, or that has not begun.
pub fn when(web: &Web, bulletin: &Bulletin) -> Option<When> {
    let now = period(bulletin.period, web.today());
    let Some(text) = web.arg("period") else { return Some(now) };
    let asked = When::parse(text)?;
    // The period of its first day is the same one only where it is of the same kind.
    let first = asked.span().from;
    (asked == period(bulletin.period, first) && first <= web.today()).then_some(asked)
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
    let days = Days::of(when, web.today());
    let doc = Datum::table([
        ("title", Datum::text(&bulletin.title.zh)),
        ("place", place(&look, post.place)),
        ("period", Datum::text(when.to_string())),
        ("from", day(days.from)),
        ("to", day(days.to)),
        ("over", Datum::Flag(days.over)),
        ("during", Datum::Text(days.said(&look))),
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

/// The days a bulletin tells of.
struct Days {
    from: Date,
    /// The last one: that on which it is made, where the period goes on.
    to: Date,
    over: bool,
}

impl Days {
    fn of(when: When, today: Date) -> Days {
        let span = when.span();
        let last = span.to.yesterday().unwrap_or(span.to);
        Days { from: span.from, to: last.min(today), over: last < today }
    }

    /// In words, which say so where the period is not over: what is counted until today is no figure of the whole.
    fn said(&self, look: &Look<'_>) -> String {
        let (from, to) = (look.full_day(self.from), look.full_day(self.to));
        let key = match (self.from == self.to, self.over) {
            (true, true) => return to,
            (true, false) => "bulletin-day-so-far",
            (false, true) => "bulletin-days",
            (false, false) => "bulletin-days-so-far",
        };
        look.say(key, &[("from", from.into()), ("to", to.into())])
    }
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
    let none = || look.t("not-available");
    for name in &bulletin.figures {
        let Some(indicator) = web.world.model.indicators.get(name) else { continue };
        let now = texts(web, indicator, (&all_places, when.span())).await?;
        // What holds now has no "before": only what happened in a period is compared.
        let before = match is_stock(&web.world.model, indicator) {
            true => Vec::new(),
            false => texts(web, indicator, (std::slice::from_ref(&own), when.previous().span())).await?,
        };
        let (own_now, own_before) = (now.first().and_then(Option::as_deref), before.first().map(Option::as_deref));
        all.insert(name.clone(), figure(look, indicator, (own_now, own_before)));
        for (row, text) in rows.iter_mut().zip(now.into_iter().skip(1)) {
            row.insert(name.clone(), Datum::Text(text.unwrap_or_else(none)));
        }
    }
    all.insert("rows".to_owned(), Datum::List(rows.into_iter().map(Datum::Table).collect()));
    Ok(Datum::Table(all))
}

/// A figure as a template reads it: words stand for a number that is not there; where nothing is compared there is no `before`.
fn figure(look: &Look<'_>, indicator: &Indicator, (now, before): (Option<&str>, Option<Option<&str>>)) -> Datum {
    let text = |number: Option<&str>| Datum::Text(number.map_or_else(|| look.t("not-available"), str::to_owned));
    let (title, unit) = (look.figure_title(indicator), look.figure_unit(indicator));
    let label = match unit.as_str() {
        "" => title.clone(),
        unit => look.say("bulletin-label", &[("title", title.as_str().into()), ("unit", unit.into())]),
    };
    Datum::table([
        ("title", Datum::Text(title)),
        ("label", Datum::Text(label)),
        ("text", text(now)),
        // A unit stands behind a number, never behind the words for none.
        ("unit", now.map_or_else(|| Datum::text(""), |_| Datum::Text(unit))),
        ("before", before.map_or(Datum::Empty, text)),
    ])
}

/// Figures as screens show them, without the unit; none where there is no value.
async fn texts(
    web: &Web,
    indicator: &Indicator,
    (places, span): (&[PlaceCode], Span),
) -> Result<Vec<Option<String>>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let got =
        Reader { tally: &store, world: &web.world, today: web.today() }.read(indicator, places, &[span], false).await?;
    let text = |got: &Got| got.figure.shown.as_deref().map(separated);
    Ok(got.iter().map(|spans| spans.first().and_then(text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;
    use ganglion_model::pack::Formula;
    use jiff::civil::date;

    #[test]
    fn a_period_that_is_not_over_says_until_when_it_was_counted() {
        let (world, words) = (sample::bare_world(), sample::Words::of(Lang::Zh));
        let look = sample::look(&world, &words);
        let said = |period, today| Days::of(When::parse(period).unwrap(), today).said(&look);
        assert_eq!(said("2022-05", date(2022, 6, 15)), "2022年5月1日至2022年5月31日");
        assert_eq!(said("2022-06", date(2022, 6, 15)), "2022年6月1日至2022年6月15日（本期未完，截至2022年6月15日）");
        assert_eq!(said("2022-06-14", date(2022, 6, 15)), "2022年6月14日");
        assert_eq!(said("2022-06-15", date(2022, 6, 15)), "2022年6月15日（当日未完，截至制作时）");
    }

    #[test]
    fn no_unit_stands_behind_a_figure_without_a_value() {
        let (world, words) = (sample::bare_world(), sample::Words::of(Lang::Zh));
        let look = sample::look(&world, &words);
        let formula = Formula::Ratio("a".into(), "b".into());
        let rate = Indicator { unit: sample::text("%"), ..Indicator::reading("rate", formula) };
        let parts = |figures| {
            let Datum::Table(parts) = figure(&look, &rate, figures) else { panic!("no table") };
            ["text", "unit", "before"].map(|part| parts[part].clone())
        };
        assert_eq!(parts((Some("91.2"), None)), [Datum::text("91.2"), Datum::text("%"), Datum::Empty]);
        let none = Datum::Text(look.t("not-available"));
        assert_eq!(parts((None, Some(None))), [none.clone(), Datum::text(""), none]);
    }
}
