//! What is asked of a collection: how much, where, when, which, and in which coordinates. A name nobody knows is refused, as the
//! standard has it: a filter that is misspelt must not show everything.

use super::Fault;
use super::collection::{Collection, Kind};
use super::cql::{self, Compare, Expr, Literal, Side, Wrong};
use super::crs::Crs;
use super::feature::Feature;
use crate::view::Say as _;
use crate::web::Web;
use ganglion_geo::geometry::Bounds;
use ganglion_model::clocks::{local_date, midnight};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

/// Features of a page unless another number is said.
const LIMIT: usize = 100;
/// Features of a page at most.
pub const LIMIT_MAX: usize = 1_000;

/// From and until, both included; open where nothing is said.
pub type Span = (Option<Timestamp>, Option<Timestamp>);

/// A question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What has to be touched.
    pub bbox: Option<Bounds>,
    /// When.
    pub span: Span,
    /// The day as of which places and rows are told.
    pub day: Date,
    /// Features of a page.
    pub limit: usize,
    /// Where the page begins.
    pub after: Option<String>,
    /// Coordinates of the answer.
    pub crs: Crs,
    /// What has to hold.
    pub filters: Vec<Expr>,
}

impl Asked {
    /// Everything that touches a box today, up to a number of features.
    #[must_use]
    pub fn within(bbox: Option<Bounds>, day: Date, limit: usize) -> Asked {
        Asked { bbox, span: (None, None), day, limit, after: None, crs: Crs::default(), filters: Vec::new() }
    }

    /// Whether a feature is among what is asked for. One without geometry lies in no box.
    #[must_use]
    pub fn keeps(&self, feature: &Feature) -> bool {
        let geometry = feature.geometry.as_ref();
        self.bbox.is_none_or(|bbox| geometry.is_some_and(|geometry| geometry.touches(bbox)))
            && self.filters.iter().all(|filter| filter.holds(&feature.properties, geometry))
    }

    /// A box every answer touches, if there is one.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        self.bbox.or_else(|| self.filters.iter().find_map(Expr::bounds))
    }
}

/// Parameters of every list.
const NAMES: [&str; 10] =
    ["f", "limit", "after", "bbox", "bbox-crs", "datetime", "crs", "filter", "filter-lang", "filter-crs"];

/// Parameters of every page, which the links of its head set.
const OF_PAGES: [&str; 3] = ["lang", "elder", "theme"];

/// Refuses parameters that are not known.
///
/// # Errors
/// [`Fault::Bad`].
pub fn only(web: &Web, known: &[&str]) -> Result<(), Fault> {
    let is_known = |name: &str| known.contains(&name) || OF_PAGES.contains(&name);
    match web.query.iter().find(|(name, _)| !is_known(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let detail = web.words().say("ogc-bad-unknown", &[("name", name.as_str().into())]);
            Err(Fault::Bad { parameter: name.clone(), detail })
        }
    }
}

/// Whether a parameter of that name means something else than the property.
fn is_taken(name: &str) -> bool {
    NAMES.contains(&name) || OF_PAGES.contains(&name)
}

/// Reads a question to a collection.
///
/// # Errors
/// [`Fault::Bad`] with the parameter that cannot be read.
pub fn read(web: &Web, collection: &Collection<'_>) -> Result<Asked, Fault> {
    let names = collection.names();
    only(web, &NAMES.into_iter().chain(names.iter().copied()).collect::<Vec<_>>())?;
    let span = span(web)?;
    let mut filters = filter(web, &names)?;
    filters.extend(equals(web, collection)?);
    Ok(Asked {
        bbox: bbox(web)?,
        day: day(span, web.now),
        span,
        limit: limit(web)?,
        after: web.arg("after").map(str::to_owned),
        crs: crs(web, "crs")?,
        filters,
    })
}

fn bad(web: &Web, parameter: &str) -> Fault {
    Fault::Bad { parameter: parameter.to_owned(), detail: web.t(&format!("ogc-bad-{parameter}")) }
}

/// A coordinate reference system by the parameter of that name.
///
/// # Errors
/// [`Fault::Bad`] for one that is not offered.
pub fn crs(web: &Web, parameter: &str) -> Result<Crs, Fault> {
    let Some(text) = web.arg(parameter) else { return Ok(Crs::default()) };
    Crs::parse(text).ok_or_else(|| Fault::Bad { parameter: parameter.to_owned(), detail: web.t("ogc-bad-crs") })
}

fn limit(web: &Web) -> Result<usize, Fault> {
    let Some(text) = web.arg("limit") else { return Ok(LIMIT) };
    let limit = text.parse::<usize>().ok().filter(|limit| *limit >= 1).ok_or_else(|| bad(web, "limit"))?;
    Ok(limit.min(LIMIT_MAX))
}

/// West, south, east, north; heights between them are read and left out.
fn bbox(web: &Web) -> Result<Option<Bounds>, Fault> {
    let crs = crs(web, "bbox-crs")?;
    let Some(text) = web.arg("bbox") else { return Ok(None) };
    let numbers: Option<Vec<f64>> =
        text.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite())).collect();
    let four = match numbers.as_deref() {
        Some([a, b, c, d]) | Some([a, b, _, c, d, _]) => [*a, *b, *c, *d],
        _ => return Err(bad(web, "bbox")),
    };
    let bounds = crs.bounds(four);
    let [west, south, east, north] = bounds;
    let is_box = south <= north
        && [west, east].iter().all(|lon| lon.abs() <= 180.0)
        && [south, north].iter().all(|lat| lat.abs() <= 90.0);
    if is_box { Ok(Some(bounds)) } else { Err(bad(web, "bbox")) }
}

/// An instant as the two ends of what it means: a day is the whole day in Beijing.
fn ends(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at, at));
    }
    let day: Date = text.parse().ok()?;
    let last = midnight(day.tomorrow().ok()?).checked_sub(SignedDuration::from_micros(1)).ok()?;
    Some((midnight(day), last))
}

fn span(web: &Web) -> Result<Span, Fault> {
    let Some(text) = web.arg("datetime") else { return Ok((None, None)) };
    let read = |text: &str| match text {
        "" | ".." => Ok(None),
        text => ends(text).map(Some).ok_or_else(|| bad(web, "datetime")),
    };
    let Some((from, until)) = text.split_once('/') else {
        let (from, until) = read(text)?.ok_or_else(|| bad(web, "datetime"))?;
        return Ok((Some(from), Some(until)));
    };
    let (from, until) = (read(from)?.map(|ends| ends.0), read(until)?.map(|ends| ends.1));
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        Err(bad(web, "datetime"))
    } else {
        Ok((from, until))
    }
}

/// The day as of which something is told that holds from day to day: the last one asked for that is not still to come.
fn day(span: Span, now: Timestamp) -> Date {
    local_date(match span {
        (_, Some(until)) if until < now => until,
        (Some(from), _) if from > now => from,
        _ => now,
    })
}

fn filter(web: &Web, names: &[&str]) -> Result<Vec<Expr>, Fault> {
    if web.arg("filter-lang").is_some_and(|lang| lang != "cql2-text") {
        return Err(bad(web, "filter-lang"));
    }
    let crs = crs(web, "filter-crs")?;
    let Some(text) = web.arg("filter") else { return Ok(Vec::new()) };
    let words = web.words();
    let detail = |wrong: Wrong| match wrong {
        Wrong::At(at) => words.say("ogc-bad-filter-at", &[("at", at.into())]),
        Wrong::Name(name) => words.say("ogc-bad-filter-name", &[("name", name.into())]),
        Wrong::TooMuch => words.say("ogc-bad-filter-much", &[]),
    };
    let read = cql::parse(text, names, crs);
    read.map(|expr| vec![expr]).map_err(|wrong| Fault::Bad { parameter: "filter".to_owned(), detail: detail(wrong) })
}

/// `name=value` for every property that is filtered by its own name.
fn equals(web: &Web, collection: &Collection<'_>) -> Result<Vec<Expr>, Fault> {
    let mut filters = Vec::new();
    for one in collection.properties.iter().filter(|one| one.kind != Kind::Several && !is_taken(&one.name)) {
        let Some(text) = web.arg(&one.name) else { continue };
        let literal = match one.kind {
            Kind::Number | Kind::Whole => text.parse().ok().map(Literal::Number),
            Kind::Truth => text.parse().ok().map(Literal::Truth),
            Kind::Day => text.parse().ok().map(Literal::Day),
            Kind::Instant => text.parse().ok().map(Literal::Instant),
            Kind::Text | Kind::Several => Some(Literal::Text(text.to_owned())),
        };
        let literal = literal.ok_or_else(|| {
            let detail = web.words().say("ogc-bad-value", &[("name", one.name.as_str().into())]);
            Fault::Bad { parameter: one.name.clone(), detail }
        })?;
        filters.push(Expr::Compare(Side::Property(one.name.clone()), Compare::Equal, Side::Literal(literal)));
    }
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_whole_day_in_beijing_and_what_is_told_is_as_of_the_last_of_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(ends("2022-06-27"), Some((at("2022-06-26T16:00:00Z"), at("2022-06-27T15:59:59.999999Z"))));
        assert_eq!(ends("2022-06-27T01:00:00Z"), Some((at("2022-06-27T01:00:00Z"), at("2022-06-27T01:00:00Z"))));
        assert_eq!((ends(""), ends("today"), ends("2022-13-01")), (None, None, None));
        let now = at("2022-06-27T01:00:00Z");
        let told = |from: Option<&str>, until: Option<&str>| day((from.map(at), until.map(at)), now).to_string();
        assert_eq!(told(None, None), "2022-06-27");
        assert_eq!(told(None, Some("2020-01-01T00:00:00Z")), "2020-01-01");
        assert_eq!(told(Some("2020-01-01T00:00:00Z"), Some("2030-01-01T00:00:00Z")), "2022-06-27");
        assert_eq!(told(Some("2030-01-01T00:00:00Z"), None), "2030-01-01");
    }
}
