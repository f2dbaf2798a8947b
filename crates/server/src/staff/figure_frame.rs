//! What stands around a figure: the selects above it, and how it is worked out, in words.

use super::figures::{Asked, is_public_level, scope};
use super::worked_out::formula_words;
use crate::view::Look;
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_indicators::When;
use ganglion_model::pack::{Against, Formula, Indicator, Measure, Rounding};
use ganglion_model::{Level, PlaceCode};
use serde_json::{Value, json};

/// Months offered.
const MONTHS_OFFERED: usize = 24;

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
            ..Choice::new(&one.name, look.figure_title(one))
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
        Formula::Ratio(top, _) => {
            let sums = look.world.model.measures.get(top).is_some_and(Measure::has_value);
            look.t(if sums { "formula-ratio-of-sums" } else { "formula-ratio" })
        }
        Formula::Share { .. } => look.t("formula-share"),
        Formula::Distinct(_) => look.t("formula-distinct"),
        Formula::Places { .. } => look.t("formula-places"),
        Formula::Broken(_) => look.t("formula-broken"),
        Formula::Median(_) | Formula::MedianHours(_) => look.t("formula-median"),
        Formula::Percentile { percent, .. } => {
            look.say("formula-percentile", &[("percent", u32::from(*percent).into())])
        }
        Formula::Mean(_) | Formula::MeanHours(_) => look.t("formula-mean"),
        Formula::Of(expr) => formula_words(look, &look.world.model, expr).unwrap_or_else(|| look.t("formula-of")),
    };
    let latest = indicator.latest_days.map(|_| look.t("formula-latest"));
    let compared = indicator.compared.map(|compared| {
        look.t(match compared.against {
            Against::LastYear => "formula-less-last-year",
            Against::Previous => "formula-less-previous",
        })
    });
    let formula: Vec<String> = std::iter::once(formula).chain(latest).chain(compared).collect();
    let formula = formula.join(&look.t("list-clause"));
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
