//! Any indicator at any place over any period, down to its rows. Staff see their own subtree; the public sees counties
//! and townships, with counts too small to be told suppressed, and no rows.

use super::query::Query;
use crate::error::Error;
use crate::view::case::Crumb;
use crate::view::figures::compare::{Change, change, classes, ranks};
use crate::view::figures::read::{Got, is_stock};
use crate::view::figures::{Reader, When};
use crate::view::options::Choice;
use crate::view::words::{separated, thousands};
use crate::view::{Arg, Look};
use crate::web::Web;
use axum::response::Response;
use ganglion_indicators::{Figure, Span, figure};
use ganglion_kernel::Store;
use ganglion_model::pack::{Formula, Indicator, Rounding};
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;
use serde_json::{Value, json};

/// Counts below this are not told to the public (handbook `16`, section 4).
const TOLD_MIN: i64 = 5;
/// Siblings of a level without counters: each costs a sum of facts.
const SUMMED_SIBLINGS_MAX: usize = 60;
/// Months offered.
const MONTHS_OFFERED: usize = 24;

/// What is asked for.
pub struct Asked<'w> {
    /// Indicator.
    pub indicator: &'w Indicator,
    /// Place.
    pub place: PlaceCode,
    /// Period.
    pub when: When,
    /// Whether it counts what holds now.
    pub stock: bool,
    /// Whether whoever asks is not signed in.
    pub public: bool,
}

/// The highest place the caller sees figures of.
pub fn scope(web: &Web) -> PlaceCode {
    web.post().map_or(web.world.places.root, |post| post.place)
}

/// Levels of which the public sees figures.
fn is_public_level(level: Level) -> bool {
    matches!(level, Level::City | Level::County | Level::Township)
}

/// Reads what is asked for; what is missing gets a sensible value.
///
/// # Errors
/// [`Error::NotFound`] for a place outside the caller's scope or an indicator not offered at its level.
pub fn asked(web: &Web) -> Result<Asked<'_>, Error> {
    let public = web.post().is_err();
    let own = scope(web);
    let place = match web.arg("place") {
        Some(code) => code.parse::<PlaceCode>().map_err(|_| Error::NotFound)?,
        None => own,
    };
    let known = web.world.places.tree.known(place, web.today()).is_some();
    if !own.holds(place) || !known || (public && !is_public_level(place.level())) {
        return Err(Error::NotFound);
    }
    let offered = |one: &&Indicator| one.levels.contains(&place.level());
    let all = &web.world.model.indicators;
    let indicator = match web.arg("indicator") {
        Some(name) => all.get(name).ok_or(Error::NotFound)?,
        // The share of the work done in time says most; any figure beats none.
        None => all
            .values()
            .filter(offered)
            .find(|one| one.percent && one.more_is_better == Some(true))
            .or_else(|| all.values().find(offered))
            .ok_or(Error::NotFound)?,
    };
    let when = web.arg("period").and_then(When::parse).unwrap_or_else(|| When::month_of(web.today()));
    Ok(Asked { indicator, place, when, stock: is_stock(&web.world, indicator), public })
}

/// A figure as shown, with its unit.
fn shown(indicator: &Indicator, figure: &Figure, look: &Look<'_>) -> Option<String> {
    let text = separated(figure.shown.as_deref()?);
    let unit = look.text(&indicator.unit);
    Some(if unit.is_empty() { text } else { format!("{text} {unit}") })
}

/// The number a chart draws: as shown, so that a share of 0.964 stands at 96.4.
fn drawn(indicator: &Indicator, figure: &Figure) -> Option<f64> {
    figure.value.map(|value| if indicator.percent { value * 100.0 } else { value })
}

/// A figure the public may not be told, because few rows stand behind it.
fn is_untold(asked: &Asked<'_>, figure: &Figure) -> bool {
    asked.public && (1..TOLD_MIN).contains(&figure.rows)
}

fn told(asked: &Asked<'_>, got: &Got) -> Figure {
    let figure = figure(asked.indicator, &got.sums);
    if is_untold(asked, &figure) { Figure { value: None, shown: None, rows: 0 } } else { figure }
}

/// A bar among siblings.
#[derive(Clone, Debug, Serialize)]
struct Bar {
    code: String,
    rank: Option<usize>,
    name: String,
    href: String,
    value: Option<f64>,
    text: Option<String>,
    current: bool,
}

/// Everything read for one page.
struct Reading<'w> {
    asked: Asked<'w>,
    now: Figure,
    got: Got,
    before: Figure,
    last_year: Figure,
    trend: Vec<(When, Figure)>,
    siblings: Vec<(PlaceCode, String, Figure)>,
    ranks: Vec<Option<usize>>,
}

/// Places compared: the children of the same parent, or the place's own children where the caller sees no siblings.
fn compared(web: &Web, asked: &Asked<'_>) -> Vec<(PlaceCode, String)> {
    let own = scope(web);
    let parent = asked.place.parent().filter(|parent| own.holds(*parent)).unwrap_or(asked.place);
    let level = parent.level().down();
    if level.is_some_and(|level| !asked.indicator.levels.contains(&level) || (asked.public && !is_public_level(level))) {
        return Vec::new();
    }
    let day = if asked.stock { web.today() } else { asked.when.span().from.max(jiff::civil::date(1970, 1, 1)) };
    let children = web.world.places.tree.children(parent, day.min(web.today()));
    children.map(|place| (place.code, place.name.clone())).collect()
}

async fn read<'w>(web: &'w Web, asked: Asked<'w>) -> Result<Reading<'w>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world };
    let trend = if asked.stock { Vec::new() } else { asked.when.trend() };
    let mut whens = vec![asked.when, asked.when.previous(), asked.when.last_year()];
    if asked.stock {
        whens.truncate(1);
    }
    whens.extend(&trend);
    let spans: Vec<Span> = whens.iter().map(|when| when.span()).collect();
    let mut own = reader.read(asked.indicator, &[asked.place], &spans, true).await?;
    let mut own = own.pop().unwrap_or_default().into_iter();
    let got = own.next().unwrap_or_default();
    let now = told(&asked, &got);
    let none = Figure { value: None, shown: None, rows: 0 };
    let (before, last_year) = if asked.stock {
        (none.clone(), none)
    } else {
        (told(&asked, &own.next().unwrap_or_default()), told(&asked, &own.next().unwrap_or_default()))
    };
    let trend = trend.into_iter().zip(own).map(|(when, got)| (when, told(&asked, &got))).collect();
    let mut places = compared(web, &asked);
    let is_summed = places.first().is_some_and(|(code, _)| code.level() > Level::Township);
    if is_summed && places.len() > SUMMED_SIBLINGS_MAX {
        places.clear();
    }
    let codes: Vec<PlaceCode> = places.iter().map(|(code, _)| *code).collect();
    let all = reader.read(asked.indicator, &codes, &[asked.when.span()], false).await?;
    let siblings: Vec<(PlaceCode, String, Figure)> = places
        .into_iter()
        .zip(all)
        .map(|((code, name), mut got)| (code, name, told(&asked, &got.pop().unwrap_or_default())))
        .collect();
    let values: Vec<Option<f64>> = siblings.iter().map(|(_, _, figure)| figure.value).collect();
    let ranks = ranks(asked.indicator, &values);
    Ok(Reading { now, got, before, last_year, trend, siblings, ranks, asked })
}

impl Reading<'_> {
    fn query(&self) -> Query {
        let mut pairs = vec![
            ("indicator".to_owned(), self.asked.indicator.name.clone()),
            ("place".to_owned(), self.asked.place.to_string()),
        ];
        if !self.asked.stock {
            pairs.push(("period".to_owned(), self.asked.when.to_string()));
        }
        Query(pairs)
    }

    fn rank(&self) -> Option<(usize, usize)> {
        let at = self.siblings.iter().position(|(code, _, _)| *code == self.asked.place)?;
        Some((self.ranks[at]?, self.ranks.iter().flatten().count()))
    }

    fn change(&self) -> Option<Change> {
        if self.asked.stock { None } else { change(self.asked.indicator, &self.now, &self.before) }
    }

    fn period(&self, look: &Look<'_>) -> String {
        if self.asked.stock { look.t("period-now") } else { look.period(self.asked.when) }
    }

    /// The figure in one sentence.
    fn sentence(&self, look: &Look<'_>) -> String {
        let value = shown(self.asked.indicator, &self.now, look);
        let mut args: Vec<(&str, Arg)> = vec![
            ("place", look.place(self.asked.place).into()),
            ("period", self.period(look).into()),
            ("indicator", look.text(&self.asked.indicator.title).into()),
        ];
        let Some(value) = value else { return look.say("figure-sentence-none", &args) };
        args.push(("value", value.into()));
        let Some(change) = self.change() else { return look.say("figure-sentence", &args) };
        args.push(("change", change.text.into()));
        match self.rank() {
            Some((rank, _)) => {
                args.push(("rank", rank.into()));
                look.say("figure-sentence-rank", &args)
            }
            None => look.say("figure-sentence-change", &args),
        }
    }

    fn extra(&self, look: &Look<'_>) -> Vec<Value> {
        let total = |name: &str| thousands(self.got.sums.totals.get(name).map_or(0, |total| total.0));
        let mut extra = Vec::new();
        if self.now.value.is_none() {
            return extra;
        }
        if let Formula::Ratio(top, below) = &self.asked.indicator.formula {
            extra.push(json!({ "label": look.t("figure-numerator"), "text": total(top), "href": self.rows_of(top) }));
            extra.push(json!({ "label": look.t("figure-denominator"), "text": total(below), "href": self.rows_of(below) }));
        }
        if let Some(text) = shown(self.asked.indicator, &self.last_year, look) {
            extra.push(json!({ "label": look.t("figure-last-year"), "text": text }));
        }
        extra
    }

    fn rows_of(&self, measure: &str) -> Option<String> {
        (!self.asked.public).then(|| self.query().with("measure", measure).on("/figures/rows"))
    }

    fn bars(&self, look: &Look<'_>) -> Vec<Bar> {
        let mut bars: Vec<Bar> = self
            .siblings
            .iter()
            .zip(&self.ranks)
            .map(|((code, name, figure), rank)| Bar {
                code: code.to_string(),
                rank: *rank,
                name: name.clone(),
                href: self.query().with("place", &code.to_string()).on("/figures"),
                value: drawn(self.asked.indicator, figure),
                text: shown(self.asked.indicator, figure, look),
                current: *code == self.asked.place,
            })
            .collect();
        bars.sort_by_key(|bar| bar.rank.unwrap_or(usize::MAX));
        bars
    }

    fn trend(&self, look: &Look<'_>) -> Value {
        let indicator = self.asked.indicator;
        let points: Vec<Value> = self
            .trend
            .iter()
            .map(|(when, figure)| {
                json!({
                    "label": look.period_short(*when),
                    "value": drawn(indicator, figure),
                    "text": shown(indicator, figure, look),
                })
            })
            .collect();
        let with_value = || self.trend.iter().filter(|(_, figure)| figure.value.is_some());
        let of = |one: Option<&(When, Figure)>| one.and_then(|(_, figure)| shown(indicator, figure, look));
        let by = |a: &&(When, Figure), b: &&(When, Figure)| {
            a.1.value.unwrap_or(f64::NAN).total_cmp(&b.1.value.unwrap_or(f64::NAN))
        };
        if with_value().count() < 2 {
            return Value::Null;
        }
        json!({ "points": points, "lo_text": of(with_value().min_by(by)), "hi_text": of(with_value().max_by(by)) })
    }

    fn areas(&self, web: &Web, look: &Look<'_>, bars: &[Bar]) -> Value {
        let values: Vec<Option<f64>> = bars.iter().map(|bar| bar.value).collect();
        let (of, bounds) = classes(&values);
        let parent = bars.first().and_then(|bar| bar.code.parse::<PlaceCode>().ok()).and_then(PlaceCode::parent);
        let Some(parent) = parent.filter(|_| !bounds.is_empty()) else { return Value::Null };
        let text = |value: f64| {
            let value = ganglion_indicators::read::round(value, self.asked.indicator.decimals, Rounding::HalfUp);
            separated(&value)
        };
        let unit = look.text(&self.asked.indicator.unit);
        let legend: Vec<Value> = bounds
            .iter()
            .map(|(class, low, high)| {
                json!({ "class": format!("q{}", class + 1), "text": format!("{}–{} {unit}", text(*low), text(*high)) })
            })
            .collect();
        let list: Vec<Value> = bars
            .iter()
            .zip(of)
            .map(|(bar, class)| {
                json!({
                    "code": bar.code,
                    "name": bar.name,
                    "text": bar.text,
                    "class": class.map_or_else(|| "q0".to_owned(), |class| format!("q{}", class + 1)),
                    "href": bar.href,
                })
            })
            .collect();
        let synthetic = bars.iter().any(|bar| {
            let code = bar.code.parse::<PlaceCode>().ok();
            code.and_then(|code| web.world.places.tree.known(code, web.today())).is_some_and(|place| place.synthetic)
        });
        json!({ "outlines_href": format!("/map/outlines?parent={parent}"), "synthetic": synthetic, "legend": legend, "list": list })
    }

    /// Parts of the figure by its dimension, largest first.
    fn parts(&self, look: &Look<'_>) -> Vec<Value> {
        if self.asked.public && self.got.parts.values().any(|rows| (1..TOLD_MIN).contains(rows)) {
            // One small part could be worked out from the others, so none is told.
            return Vec::new();
        }
        let mut parts: Vec<(&String, i64)> = self.got.parts.iter().map(|(value, rows)| (value, *rows)).collect();
        parts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        parts
            .into_iter()
            .filter(|(_, rows)| *rows > 0)
            .enumerate()
            .map(|(at, (value, rows))| {
                let label = code_label(look, value);
                #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
                let drawn = rows as f64;
                json!({ "name": label, "value": drawn, "text": thousands(rows), "rank": at + 1 })
            })
            .collect()
    }
}

/// The words of a part: the title of that code in whichever list has it, the name of a register row, or yes and no.
fn code_label(look: &Look<'_>, value: &str) -> String {
    let list = look.world.model.lists.values().find_map(|list| list.code(value));
    if let Some(code) = list {
        return look.text(&code.title);
    }
    let rows = look.world.model.registers.values().find_map(|register| {
        let record = look.world.latest(&register.name, value)?;
        look.label_of(register, record)
    });
    rows.unwrap_or_else(|| match value {
        "true" => look.t("yes"),
        "false" => look.t("no"),
        other => other.to_owned(),
    })
}

fn pickers(web: &Web, look: &Look<'_>, asked: &Asked<'_>) -> Vec<Value> {
    let own = scope(web);
    let mut indicators: Vec<Choice> = web
        .world
        .model
        .indicators
        .values()
        .filter(|one| one.levels.contains(&asked.place.level()))
        .map(|one| Choice {
            selected: one.name == asked.indicator.name,
            group: web.world.model.packs.get(&one.pack).map(|pack| look.text(&pack.title)),
            ..Choice::new(&one.name, look.text(&one.title))
        })
        .collect();
    indicators.sort_by(|a, b| a.group.cmp(&b.group));
    let mut codes: Vec<PlaceCode> = asked.place.ancestors().filter(|code| own.holds(*code)).collect();
    codes.reverse();
    codes.push(asked.place);
    let mut places: Vec<Choice> = codes
        .iter()
        .map(|code| Choice { selected: *code == asked.place, ..Choice::new(code.to_string(), look.place(*code)) })
        .collect();
    let children = web.world.places.tree.children(asked.place, web.today());
    let shown = |level: Level| asked.indicator.levels.contains(&level) && (!asked.public || is_public_level(level));
    places.extend(children.filter(|place| shown(place.code.level())).map(|place| Choice {
        group: Some(look.place(asked.place)),
        ..Choice::new(place.code.to_string(), place.name.clone())
    }));
    let mut views = vec![
        json!({ "name": "indicator", "label": look.t("filter-indicator"), "options": indicators }),
        json!({ "name": "place", "label": look.t("filter-place"), "options": places }),
    ];
    if !asked.stock {
        views.push(json!({ "name": "period", "label": look.t("filter-period"), "options": periods(look, asked.when) }));
    }
    views
}

fn periods(look: &Look<'_>, chosen: When) -> Vec<Choice> {
    let this_month = When::month_of(look.today());
    let year = |when: When| When::parse(&when.to_string()[..4]);
    let months = std::iter::successors(Some(this_month), |when| Some(when.previous())).take(MONTHS_OFFERED);
    let mut all: Vec<When> = vec![When::Day(look.today())];
    all.extend(months);
    all.extend(year(this_month));
    all.extend(year(this_month).map(When::previous));
    if !all.contains(&chosen) {
        all.insert(0, chosen);
    }
    all.into_iter()
        .map(|when| Choice { selected: when == chosen, ..Choice::new(when.to_string(), look.period(when)) })
        .collect()
}

/// How an indicator is worked out, in words.
pub fn definition(look: &Look<'_>, indicator: &Indicator) -> Value {
    let formula = match &indicator.formula {
        Formula::Count(_) => look.t("formula-count"),
        Formula::Ratio(..) => look.t("formula-ratio"),
        Formula::MedianHours(_) => look.t("formula-median"),
        Formula::MeanHours(_) => look.t("formula-mean"),
    };
    let rounding = match indicator.rounding {
        Rounding::HalfUp => "rounding-half-up",
        Rounding::HalfEven => "rounding-half-even",
        Rounding::Truncate => "rounding-truncate",
    };
    let pack = look.world.model.packs.get(&indicator.pack);
    json!({
        "text": look.text(&indicator.definition),
        "formula": formula,
        "source": pack.map(|pack| format!("{} {}", look.text(&pack.title), pack.version)),
        "rounding": look.say(rounding, &[("decimals", u32::from(indicator.decimals).into())]),
        "reference": look.world.places.edition,
        "updated": look.date_time(look.now),
    })
}

/// `GET /figures`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let asked = asked(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let pickers = pickers(&web, &look, &asked);
    let reading = read(&web, asked).await?;
    let asked = &reading.asked;
    let own = scope(&web);
    let crumbs: Vec<Crumb> = look.crumbs(asked.place, &|code| {
        own.holds(code).then(|| reading.query().with("place", &code.to_string()).on("/figures"))
    });
    let bars = reading.bars(&look);
    let untold = asked.public && reading.now.value.is_none();
    let value = match reading.now.shown.as_deref() {
        Some(text) => json!({ "text": separated(text), "unit": look.text(&asked.indicator.unit), "na": false }),
        None => json!({ "text": look.t("not-available"), "unit": "", "na": true }),
    };
    let rank = reading.rank().map(|(rank, of)| look.say("figure-rank", &[("rank", rank.into()), ("of", of.into())]));
    let rows_href = (!asked.public && reading.now.rows > 0).then(|| reading.query().on("/figures/rows"));
    let live = web.post().ok().map(|post| format!("/live?place={}", post.place));
    let context = json!({
        "page": crate::page::Page { live_href: live, ..web.page("title-figures") },
        "pickers": pickers,
        "crumbs_list": crumbs,
        "sentence": reading.sentence(&look),
        "value": value,
        "change": reading.change().map(|change| json!({ "text": change.text, "tone": change.tone })),
        "rank": rank,
        "extra": reading.extra(&look),
        "rows_href": rows_href,
        "rows_count": thousands(reading.now.rows),
        "export_href": (!asked.public).then(|| reading.query().on("/figures.csv")),
        "trend": reading.trend(&look),
        "siblings": if untold { Vec::new() } else { bars.clone() },
        "areas": reading.areas(&web, &look, &bars),
        "parts": reading.parts(&look),
        "definition": definition(&look, asked.indicator),
    });
    web.render("pages/figures.html", context)
}

/// The sentence of a figure, for the page of its rows.
///
/// # Errors
/// Storage.
pub async fn sentence(web: &Web, asked: Asked<'_>, look: &Look<'_>) -> Result<String, Error> {
    Ok(read(web, asked).await?.sentence(look))
}

/// The figure of the page as lines: itself, its trend, its siblings.
///
/// # Errors
/// Storage; what may not be seen.
pub async fn as_rows(web: &Web) -> Result<Vec<Vec<String>>, Error> {
    web.post()?;
    let words = web.words();
    let look = web.look(&words);
    let reading = read(web, asked(web)?).await?;
    let indicator = reading.asked.indicator;
    let exact = |figure: &Figure| figure.shown.clone().unwrap_or_else(|| look.t("not-available"));
    let line = |place: PlaceCode, name: &str, period: &str, figure: &Figure| {
        vec![place.to_string(), name.to_owned(), period.to_owned(), exact(figure), figure.rows.to_string()]
    };
    let (place, name) = (reading.asked.place, look.place(reading.asked.place));
    let period = if reading.asked.stock { look.t("period-now") } else { reading.asked.when.to_string() };
    let mut rows = vec![
        vec![look.text(&indicator.title), look.text(&indicator.definition)],
        ["places-code", "filter-place", "filter-period", "value", "figure-rows-behind"].map(|key| look.t(key)).to_vec(),
    ];
    rows.push(line(place, &name, &period, &reading.now));
    rows.extend(reading.trend.iter().map(|(when, figure)| line(place, &name, &when.to_string(), figure)));
    let others = reading.siblings.iter().filter(|(code, _, _)| *code != place);
    rows.extend(others.map(|(code, name, figure)| line(*code, name, &period, figure)));
    Ok(rows)
}
