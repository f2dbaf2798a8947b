//! A figure in words and drawings: sentence, change, rank, trend, bars, classes of a map, parts, definition.

use super::figures::{Asked, Reading, TOLD_MIN, is_public_level, scope};
use super::query::Query;
use crate::view::figures::compare::{Change, change, classes};
use crate::view::options::Choice;
use crate::view::words::{separated, thousands};
use crate::view::{Arg, Look};
use crate::web::Web;
use ganglion_indicators::Figure;
use ganglion_indicators::When;
use ganglion_model::Frac;
use ganglion_model::pack::{Formula, Indicator, Rounding};
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;
use serde_json::{Value, json};

/// Months offered.
const MONTHS_OFFERED: usize = 24;

/// A figure as shown, with its unit.
fn shown(indicator: &Indicator, figure: &Figure, look: &Look<'_>) -> Option<String> {
    let text = separated(figure.shown.as_deref()?);
    let unit = look.text(&indicator.unit);
    Some(if unit.is_empty() { text } else { format!("{text} {unit}") })
}

/// A bar among siblings.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    code: String,
    rank: Option<usize>,
    name: String,
    href: String,
    value: Option<f64>,
    text: Option<String>,
    current: bool,
}

impl Reading<'_> {
    /// The address of this figure.
    pub fn query(&self) -> Query {
        let mut pairs = vec![
            ("indicator".to_owned(), self.asked.indicator.name.clone()),
            ("place".to_owned(), self.asked.place.to_string()),
        ];
        if !self.asked.stock {
            pairs.push(("period".to_owned(), self.asked.when.to_string()));
        }
        Query(pairs)
    }

    /// Its rank among siblings, and how many have one.
    pub fn rank(&self) -> Option<(usize, usize)> {
        let at = self.siblings.iter().position(|(code, _, _)| *code == self.asked.place)?;
        Some((self.ranks[at]?, self.ranks.iter().flatten().count()))
    }

    /// The change from the period before.
    pub fn change(&self) -> Option<Change> {
        if self.asked.stock { None } else { change(self.asked.indicator, &self.now, &self.before) }
    }

    fn period(&self, look: &Look<'_>) -> String {
        if self.asked.stock { look.t("period-now") } else { look.period(self.asked.when) }
    }

    /// The figure in one sentence.
    pub fn sentence(&self, look: &Look<'_>) -> String {
        let value = shown(self.asked.indicator, &self.now, look);
        let mut args: Vec<(&str, Arg)> = vec![
            ("place", look.place(self.asked.place).into()),
            ("period", self.period(look).into()),
            ("indicator", look.text(&self.asked.indicator.title).into()),
        ];
        let Some(value) = value else {
            return look.say("figure-sentence-none", &args);
        };
        args.push(("value", value.into()));
        let Some(change) = self.change() else {
            return look.say("figure-sentence", &args);
        };
        args.push(("change", change.text.into()));
        match self.rank() {
            Some((rank, _)) => {
                args.push(("rank", rank.into()));
                look.say("figure-sentence-rank", &args)
            }
            None => look.say("figure-sentence-change", &args),
        }
    }

    /// What stands beside the figure: both parts of a share, last year.
    pub fn extra(&self, look: &Look<'_>) -> Vec<Value> {
        let total = |name: &str| self.total(name);
        let mut extra = Vec::new();
        if self.now.value.is_none() {
            return extra;
        }
        // The public is told shares of enough rows, not the counts they are made of, which may be few.
        if let (Formula::Ratio(top, below), false) = (&self.asked.indicator.formula, self.asked.public) {
            extra.push(json!({ "label": look.t("figure-numerator"), "text": total(top), "href": self.rows_of(top) }));
            extra.push(
                json!({ "label": look.t("figure-denominator"), "text": total(below), "href": self.rows_of(below) }),
            );
        }
        if let Some(text) = shown(self.asked.indicator, &self.last_year, look) {
            extra.push(json!({ "label": look.t("figure-last-year"), "text": text }));
        }
        extra
    }

    /// The total of a measure: what its rows add up to, or how many there are.
    fn total(&self, name: &str) -> String {
        let (rows, sum) = self.got.sums.totals.get(name).copied().unwrap_or_default();
        let measure = self.model.measures.get(name).filter(|measure| measure.has_value());
        let sum = measure.and_then(|one| Frac::scaled(sum, one.digits).rounded(one.digits, Rounding::HalfUp));
        sum.map_or_else(|| thousands(rows), |sum| separated(&sum))
    }

    fn rows_of(&self, measure: &str) -> Option<String> {
        (!self.asked.public).then(|| self.query().with("measure", measure).on("/figures/rows"))
    }

    /// Siblings, best first.
    pub fn bars(&self, look: &Look<'_>) -> Vec<Bar> {
        let mut bars: Vec<Bar> = self
            .siblings
            .iter()
            .zip(&self.ranks)
            .map(|((code, name, figure), rank)| Bar {
                code: code.to_string(),
                rank: *rank,
                name: name.clone(),
                href: self.query().with("place", &code.to_string()).on("/figures"),
                value: figure.value,
                text: shown(self.asked.indicator, figure, look),
                current: *code == self.asked.place,
            })
            .collect();
        bars.sort_by_key(|bar| bar.rank.unwrap_or(usize::MAX));
        bars
    }

    /// The line of the trend.
    pub fn trend(&self, look: &Look<'_>) -> Value {
        let indicator = self.asked.indicator;
        let points: Vec<Value> = self
            .trend
            .iter()
            .map(|(when, figure)| {
                json!({
                    "label": look.period_short(*when),
                    "value": figure.value,
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

    /// Classes of the map.
    pub fn areas(&self, web: &Web, look: &Look<'_>, bars: &[Bar]) -> Value {
        let values: Vec<Option<f64>> = bars.iter().map(|bar| bar.value).collect();
        let (of, bounds) = classes(&values);
        let parent = bars.first().and_then(|bar| bar.code.parse::<PlaceCode>().ok()).and_then(PlaceCode::parent);
        let Some(parent) = parent.filter(|_| !bounds.is_empty()) else {
            return Value::Null;
        };
        let text = |value: f64| separated(&format!("{value:.*}", usize::from(self.asked.indicator.decimals)));
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
    pub fn parts(&self, look: &Look<'_>) -> Vec<Value> {
        let Some(measure) = self.asked.indicator.formula.measures().first().copied() else { return Vec::new() };
        let of = self.got.sums.by(measure, 0);
        if self.asked.public && of.values().any(|(rows, _)| (1..TOLD_MIN).contains(rows)) {
            // One small part could be worked out from the others, so none is told.
            return Vec::new();
        }
        let mut parts: Vec<(&String, i64)> = of.iter().map(|(value, (rows, _))| (value, *rows)).collect();
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

/// The selects above the figure.
pub fn pickers(web: &Web, look: &Look<'_>, asked: &Asked<'_>) -> Vec<Value> {
    let own = scope(web);
    let indicators: Vec<Choice> = web
        .world
        .model
        .indicators_in_order()
        .into_iter()
        .filter(|one| one.levels.contains(&asked.place.level()))
        .map(|one| Choice {
            selected: one.name == asked.indicator.name,
            group: web.world.model.packs.get(&one.pack).map(|pack| look.text(&pack.title)),
            ..Choice::new(&one.name, look.text(&one.title))
        })
        .collect();
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
        Formula::Sum(_) => look.t("formula-sum"),
        Formula::Ratio(..) => look.t("formula-ratio"),
        Formula::Share { .. } => look.t("formula-share"),
        Formula::Distinct(_) => look.t("formula-distinct"),
        Formula::Median(_) | Formula::MedianHours(_) => look.t("formula-median"),
        Formula::Mean(_) | Formula::MeanHours(_) => look.t("formula-mean"),
        Formula::Of(_) => look.t("formula-of"),
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
