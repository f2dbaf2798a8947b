//! Targets: what places are to reach, what is done, what is expected by now. Numbers are exact and told as text.

use super::answer::{listed, only};
use crate::api::read::read;
use crate::error::Error;
use crate::staff::dashboard::standings;
use crate::view::figures::targets::leading;
use crate::web::Web;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_kernel::figures::targets::Standing;
use ganglion_model::exact::Frac;
use ganglion_model::pack::{Indicator, Rounding, Target};
use ganglion_model::{PlaceCode, PostId};
use serde_json::{Value, json};

/// Targets of one answer: more than any place has.
const TARGETS_MAX: usize = 100;
/// Digits behind the point of a percentage.
const PERCENT_DIGITS: u8 = 1;

fn percent(value: Frac) -> Option<String> {
    value.rounded(PERCENT_DIGITS, Rounding::HalfUp)
}

/// How a place stands.
fn standing(web: &Web, (target, indicator): (&Target, &Indicator), one: &Standing) -> Value {
    let amount = |value: Frac| value.rounded(indicator.decimals, indicator.rounding);
    let lead: Vec<&PostId> = leading(web, target, one).map(|post| &post.id).collect();
    json!({
        "place": one.place,
        "name": web.world.places.name(one.place, web.today()),
        "target": one.target.and_then(amount),
        "done": one.done.shown,
        "percent": one.percent.and_then(percent),
        "gap": one.gap.map(|gap| json!({ "sum": amount(gap.sum), "percent": percent(gap.percent) })),
        "lead": lead,
    })
}

/// `GET /api/targets?place=`: those of a place, and how it and the places right inside it stand today.
pub async fn list(web: Web, headers: HeaderMap) -> Result<Response, Error> {
    let own = web.post()?.place;
    only(&web, &["place"])?;
    let place = read::<PlaceCode>(&web, "place")?.unwrap_or(own);
    if !own.holds(place) || web.world.places.tree.known(place, web.today()).is_none() {
        return Err(Error::NotFound);
    }
    let words = web.words();
    let look = web.look(&words);
    let all = standings(&web, place, TARGETS_MAX).await?;
    let item = |(target, standings): &(&Target, Vec<Standing>)| {
        let indicator = web.world.model.indicators.get(&target.of)?;
        let (own, inside) = standings.split_first()?;
        let shown = |one: &Standing| standing(&web, (target, indicator), one);
        Some(json!({
            "target": target.name,
            "pack": target.pack,
            "title": look.text(&target.title),
            "indicator": indicator.name,
            "unit": look.figure_unit(indicator),
            "period": target.period,
            "expected": target.expected_on(web.today()).and_then(percent),
            "standing": shown(own),
            "children": inside.iter().map(shown).collect::<Vec<_>>(),
        }))
    };
    let items = all.iter().filter_map(item).collect();
    Ok(listed(&web, &headers, items, None))
}
