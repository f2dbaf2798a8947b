//! A figure in words and drawings: sentence, change, rank, trend, bars, classes of a map, parts, what it is made of.

use super::figures::{Asked, Reading, TOLD_MIN};
use super::query::Query;
use super::worked_out::{dim_title, measure_words, part_words};
use crate::view::figures::compare::{Change, change, classes};
use crate::view::figures::drawing::Drawing;
use crate::view::words::{separated, thousands};
use crate::view::{Arg, Look};
use crate::web::Web;
use ganglion_indicators::Figure;
use ganglion_kernel::figures::Got;
use ganglion_model::Frac;
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Dim, Formula, Indicator, Measure, Rounding};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A figure as shown, with its unit.
fn shown(indicator: &Indicator, figure: &Figure, look: &Look<'_>) -> Option<String> {
    let text = separated(figure.shown.as_deref()?);
    let unit = look.figure_unit(indicator);
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

/// The place whose children the bars are.
pub fn parent_of(bars: &[Bar]) -> Option<PlaceCode> {
    bars.first().and_then(|bar| bar.code.parse::<PlaceCode>().ok()).and_then(PlaceCode::parent)
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

    /// The change as the page shows it.
    pub fn change_view(&self, look: &Look<'_>) -> Option<Value> {
        let change = self.change()?;
        Some(json!({ "text": look.change_text(self.asked.indicator, &change), "tone": change.tone }))
    }

    /// Whether the places it is compared with lie inside its own, and not beside it.
    pub fn compares_below(&self) -> bool {
        self.siblings.iter().all(|(code, _, _)| code.parent() == Some(self.asked.place))
    }

    /// Which side of a share the rows of a measure are, and how many both have: by themselves they are not what it was worked out
    /// from.
    pub fn side_sentence(&self, look: &Look<'_>, (measure, rows): (&Measure, i64)) -> Option<String> {
        let Formula::Ratio(top, below) = &self.asked.indicator.formula else { return None };
        let mut args: Vec<(&str, Arg)> =
            vec![("count", thousands(rows).into()), ("words", self.measure_title(look, measure).into())];
        if self.asked.indicator.latest_days.is_some() {
            return Some(look.say("rows-side", &args));
        }
        args.extend([("top", Arg::from(self.total(look, top))), ("below", Arg::from(self.total(look, below)))]);
        Some(look.say("rows-side-of", &args))
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
            ("indicator", look.figure_title(self.asked.indicator).into()),
        ];
        let Some(value) = value else {
            return look.say("figure-sentence-none", &args);
        };
        args.push(("value", value.into()));
        let Some(change) = self.change() else {
            return look.say("figure-sentence", &args);
        };
        let same = change.text.bytes().all(|b| matches!(b, b'0' | b'.'));
        let moved = if same {
            look.t("figure-change-none")
        } else {
            let by = look.change_text(self.asked.indicator, &change);
            look.say("figure-change-by", &[("change", by.into())])
        };
        args.push(("change", moved.into()));
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
        let total = |name: &str| self.total(look, name);
        let mut extra = Vec::new();
        if self.now.value.is_none() {
            return extra;
        }
        // The public is told shares of enough rows, not the counts they are made of, which may be few.
        // What is read from the latest row of each member is made of other sums than those that are kept.
        let told = !self.asked.public && self.asked.indicator.latest_days.is_none();
        if let (Formula::Ratio(top, below), true) = (&self.asked.indicator.formula, told) {
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
    fn total(&self, look: &Look<'_>, name: &str) -> String {
        let (rows, sum) = self.got.sums.totals.get(name).copied().unwrap_or_default();
        let measure = self.model.measures.get(name).filter(|measure| measure.has_value());
        let sum = measure.and_then(|one| Frac::scaled(sum, one.digits).rounded(one.digits, Rounding::HalfUp));
        let unit = measure.and_then(|one| one.unit.as_deref()).map(|unit| look.unit_title(unit));
        match (sum, unit) {
            (Some(sum), Some(unit)) => format!("{} {unit}", separated(&sum)),
            (Some(sum), None) => separated(&sum),
            (None, _) => thousands(rows),
        }
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
        // Places that are not ranked stand by size; those without a value last.
        let key = |bar: &Bar| (bar.rank.unwrap_or(usize::MAX), bar.value.unwrap_or(f64::NEG_INFINITY));
        bars.sort_by(|a, b| key(a).0.cmp(&key(b).0).then(key(b).1.total_cmp(&key(a).1)));
        bars
    }

    /// The line of the trend.
    pub fn trend(&self, look: &Look<'_>) -> Value {
        let indicator = self.asked.indicator;
        let points: Vec<Value> = self
            .trend
            .iter()
            .map(|(when, figure, before)| {
                json!({
                    "label": look.period_short(*when),
                    "value": figure.value,
                    "text": shown(indicator, figure, look),
                    "before": before.value,
                    "before_text": shown(indicator, before, look),
                })
            })
            .collect();
        if self.trend.iter().filter(|(_, figure, _)| figure.value.is_some()).count() < 2 {
            return Value::Null;
        }
        // Zeros of a time before anything was counted are no line worth drawing.
        let has_before = self.trend.iter().any(|(_, _, before)| before.rows > 0);
        let drawn = self.trend.iter().flat_map(|(_, now, before)| [Some(now), has_before.then_some(before)]);
        let drawn: Vec<&Figure> = drawn.flatten().filter(|figure| figure.value.is_some()).collect();
        let by = |a: &&&Figure, b: &&&Figure| a.exact.cmp(&b.exact);
        let of = |one: Option<&&Figure>| one.and_then(|figure| shown(indicator, figure, look));
        let (lo, hi) = (of(drawn.iter().min_by(by)), of(drawn.iter().max_by(by)));
        json!({ "points": points, "lo_text": lo, "hi_text": hi, "has_before": has_before })
    }

    /// Classes of the map.
    pub fn areas(&self, web: &Web, look: &Look<'_>, (bars, drawing): (&[Bar], Option<&Drawing>)) -> Value {
        let values: Vec<Option<f64>> = bars.iter().map(|bar| bar.value).collect();
        let (of, bounds) = classes(&values);
        let Some(parent) = parent_of(bars).filter(|_| !bounds.is_empty()) else {
            return Value::Null;
        };
        let text = |value: f64| separated(&format!("{value:.*}", usize::from(self.asked.indicator.decimals)));
        let unit = look.figure_unit(self.asked.indicator);
        let legend: Vec<Value> = bounds
            .iter()
            .map(|(class, low, high)| {
                let (low, high) = (text(*low), text(*high));
                let range = if low == high { low } else { format!("{low}–{high}") };
                json!({ "class": format!("q{}", class + 1), "text": format!("{range} {unit}") })
            })
            .chain(values.contains(&None).then(|| json!({ "class": "q0", "text": look.t("figures-legend-none") })))
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
        let shapes = drawing.map(|drawing| {
            let shapes = list.iter().filter_map(|area| {
                let code = area["code"].as_str()?;
                let (_, path) = drawing.paths.iter().find(|(one, _)| one.to_string() == code)?;
                Some(json!({ "d": path, "area": area }))
            });
            json!({ "width": drawing.width, "height": drawing.height, "shapes": shapes.collect::<Vec<Value>>() })
        });
        json!({
            "outlines_href": format!("/map/outlines?parent={parent}"),
            "synthetic": synthetic,
            "legend": legend,
            "all_equal": matches!(bounds.as_slice(), [(_, low, high)] if low.total_cmp(high).is_eq()),
            "list": list,
            "drawing": shapes,
        })
    }

    /// Parts of the figure by each dimension of its first measure, largest first.
    pub fn dims(&self, look: &Look<'_>) -> Vec<Value> {
        let dims = parts(look, &self.asked, &self.got).into_iter().map(|dim| {
            let bar =
                |part: Part| json!({ "name": part.name, "value": part.exact.to_f64(), "text": separated(&part.text) });
            let title = match &self.asked.indicator.formula {
                Formula::Count(_) | Formula::Sum(_) | Formula::Broken(_) => dim.title,
                // Rows of one side do not add up to a share, nor rows to hours: what they are is said.
                Formula::Ratio(..) => look.say("figure-parts-top", &[("title", dim.title.into())]),
                _ => look.say("figure-parts-rows", &[("title", dim.title.into())]),
            };
            json!({ "title": title, "parts": dim.parts.into_iter().map(bar).collect::<Vec<_>>() })
        });
        dims.collect()
    }

    /// What the figure is made of: its measures with their rows, or the figures it calculates with.
    pub fn tree(&self, look: &Look<'_>) -> Vec<Value> {
        if self.asked.public {
            return Vec::new();
        }
        let formula = &self.asked.indicator.formula;
        let figures = formula.figures().into_iter().filter_map(|name| self.model.indicators.get(name)).map(|one| {
            json!({ "text": look.figure_title(one), "href": self.query().with("indicator", &one.name).on("/figures") })
        });
        let whole = self.asked.indicator.latest_days.is_none();
        let measures = formula.measures().into_iter().filter_map(|name| self.model.measures.get(name)).map(|one| {
            let value = whole.then(|| self.total(look, &one.name));
            json!({ "text": self.measure_title(look, one), "value": value, "href": self.rows_of(&one.name) })
        });
        figures.chain(measures).collect()
    }

    /// What a measure is called, which has no title: by another figure that is nothing but it, else by what it counts; the
    /// two sides of a ratio say which they are.
    fn measure_title(&self, look: &Look<'_>, measure: &Measure) -> String {
        let own = self.asked.indicator;
        let only = |one: &&Indicator| {
            let is_it = matches!(&one.formula, Formula::Count(name) | Formula::Sum(name) if *name == measure.name);
            is_it && one.name != own.name && one.latest_days.is_none() && one.compared.is_none()
        };
        let figure = self.model.indicators.values().find(only).map(|figure| look.figure_title(figure));
        let words = figure.unwrap_or_else(|| measure_words(look, self.model, measure));
        let side = match &own.formula {
            Formula::Ratio(top, _) if *top == measure.name => "figure-numerator",
            Formula::Ratio(..) => "figure-denominator",
            _ => return words,
        };
        look.say("figure-side", &[("side", look.t(side).into()), ("words", words.into())])
    }
}

/// A part of a figure.
pub struct Part {
    /// The value that makes it one.
    pub value: String,
    /// What that is called.
    pub name: String,
    /// How much it is.
    pub exact: Frac,
    /// The same with the digits it is shown with.
    pub text: String,
}

/// The parts of a figure by one dimension.
pub struct PartsBy {
    /// What they differ in.
    pub title: String,
    /// The parts, largest first.
    pub parts: Vec<Part>,
}

/// Parts of a figure by each dimension of its first measure, as whoever asks may be told them.
pub fn parts(look: &Look<'_>, asked: &Asked<'_>, got: &Got) -> Vec<PartsBy> {
    let model = &look.world.model;
    let Some(measure) = asked.indicator.formula.measures().first().and_then(|name| model.measures.get(*name)) else {
        return Vec::new();
    };
    let by_dim = measure.by.iter().enumerate().map(|(at, dim)| (dim, got.sums.by(&measure.name, at)));
    let shown = by_dim.filter(|(_, parts)| {
        // One small part could be worked out from the others, so none is told.
        !(asked.public && parts.values().any(|(rows, _)| (1..TOLD_MIN).contains(rows)))
    });
    let dims = shown.map(|(dim, parts)| PartsBy {
        title: dim_title(look, model, (measure, dim)).unwrap_or_else(|| look.t("figures-parts")),
        parts: parts_by(look, asked.indicator, (measure, dim), &parts),
    });
    dims.filter(|dim| !dim.parts.is_empty()).collect()
}

fn parts_by(
    look: &Look<'_>,
    indicator: &Indicator,
    (measure, dim): (&Measure, &Dim),
    parts: &BTreeMap<String, (i64, i64)>,
) -> Vec<Part> {
    let adds_up = measure.has_value() && matches!(indicator.formula, Formula::Sum(_));
    let amount = |(rows, sum): (i64, i64)| if adds_up { sum } else { rows };
    let mut sorted: Vec<(&String, i64)> = parts.iter().map(|(value, of)| (value, amount(*of))).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let part = |(value, amount): (&String, i64)| {
        let exact = if adds_up { Frac::scaled(amount, measure.digits) } else { Frac::whole(amount) };
        let factor = indicator.factor.filter(|_| adds_up).unwrap_or(Frac::whole(1));
        let exact = exact.times(factor).unwrap_or(exact);
        let decimals = if adds_up { indicator.decimals } else { 0 };
        let named = part_words(look, &look.world.model, (measure, dim), value);
        Part {
            name: named.unwrap_or_else(|| code_label(look, value)),
            text: exact.rounded(decimals, indicator.rounding).unwrap_or_default(),
            value: value.clone(),
            exact,
        }
    };
    sorted.into_iter().filter(|(_, amount)| *amount != 0).map(part).collect()
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
