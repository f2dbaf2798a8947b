//! A target in words and bars: done of what is to be reached, what is expected by now, parts that do not add up, and the posts
//! that lead. Posts stand by their names; nobody is scored.

use crate::view::Look;
use crate::view::words::separated;
use crate::web::Web;
use ganglion_kernel::figures::targets::Standing;
use ganglion_model::Post;
use ganglion_model::exact::Frac;
use ganglion_model::pack::{Indicator, Rounding, Target};
use serde_json::{Value, json};

/// Digits behind the point of a percentage.
const PERCENT_DIGITS: u8 = 1;

fn percent(value: Frac) -> String {
    format!("{} %", value.rounded(PERCENT_DIGITS, Rounding::HalfUp).unwrap_or_default())
}

fn amount(indicator: &Indicator, value: Frac) -> String {
    separated(&value.rounded(indicator.decimals, indicator.rounding).unwrap_or_default())
}

/// The card of a target; `None` when its indicator is gone.
pub fn card(web: &Web, look: &Look<'_>, target: &Target, standings: &[Standing]) -> Option<Value> {
    let indicator = web.world.model.indicators.get(&target.of)?;
    let (own, parts) = standings.split_first()?;
    let expected = target.expected_on(look.today());
    let unit = look.figure_unit(indicator);
    let href =
        |one: &Standing| format!("/figures?indicator={}&place={}&period={}", indicator.name, one.place, target.period);
    let mut parts: Vec<&Standing> = parts.iter().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.percent));
    let bars: Vec<Value> = parts
        .into_iter()
        .map(|one| {
            json!({
                "name": look.place(one.place),
                "href": href(one),
                "percent": one.percent.map(Frac::to_f64),
                "text": one.percent.map(percent),
                "of": one.target.map(|value| amount(indicator, value)),
                "lead": leads(web, look, target, one),
            })
        })
        .collect();
    let gap = own.gap.map(|gap| {
        let far =
            if gap.percent.is_negative() { Frac::ZERO.minus(gap.percent).unwrap_or(gap.percent) } else { gap.percent };
        let key = if gap.percent.is_negative() { "target-short" } else { "target-over" };
        look.say(key, &[("sum", amount(indicator, gap.sum).into()), ("percent", percent(far).into())])
    });
    Some(json!({
        "title": look.text(&target.title),
        "href": href(own),
        "figure": look.figure_title(indicator),
        "days": days(look, target),
        "place": look.place(own.place),
        "place_href": format!("/figures?place={}&period={}", own.place, target.period),
        "done": own.done.shown.as_deref().map_or_else(|| look.t("not-available"), separated),
        "of": own.target.map(|value| amount(indicator, value)),
        "unit": unit,
        "percent": own.percent.map(Frac::to_f64),
        "percent_text": own.percent.map(percent),
        "expected": expected.map(Frac::to_f64),
        "expected_text": expected.map(|value| look.say("target-expected", &[("percent", percent(value).into())])),
        "tone": tone(own.percent, expected),
        "gap": gap,
        "lead": leads(web, look, target, own),
        "parts": bars,
    }))
}

/// The days a target is for, and as of when it stands where it does.
fn days(look: &Look<'_>, target: &Target) -> String {
    let (from, after) = target.days;
    let last = after.yesterday().unwrap_or(after);
    let (from, until) = (look.full_day(from), look.full_day(last));
    if look.today() > last {
        return look.say("target-days-over", &[("from", from.into()), ("until", until.into())]);
    }
    let today = look.full_day(look.today());
    look.say("target-days", &[("from", from.into()), ("until", until.into()), ("today", today.into())])
}

/// Whether it is as far as expected.
fn tone(percent: Option<Frac>, expected: Option<Frac>) -> &'static str {
    match (percent, expected) {
        (Some(percent), _) if percent >= Frac::whole(100) => "ok",
        (Some(percent), Some(expected)) if percent < expected => "late",
        (Some(_), Some(_)) => "ok",
        _ => "plain",
    }
}

/// Titles of the posts that lead a target at a place.
fn leads(web: &Web, look: &Look<'_>, target: &Target, one: &Standing) -> Vec<String> {
    leading(web, target, one).map(|post| look.post_title(post)).collect()
}

/// The posts that lead a target at a place.
pub fn leading<'w>(web: &'w Web, target: &'w Target, one: &Standing) -> impl Iterator<Item = &'w Post> {
    let (place, today) = (one.place, web.today());
    let here = target.lead.iter().filter(move |(_, level)| *level == place.level());
    here.flat_map(move |(role, _)| {
        web.world.posts.at(place).filter(move |post| post.role == *role && post.valid_on(today))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_late_only_when_less_is_done_than_expected() {
        let whole = |n| Some(Frac::whole(n));
        assert_eq!(tone(whole(105), whole(120)), "ok");
        assert_eq!(tone(whole(59), whole(60)), "late");
        assert_eq!(tone(whole(60), whole(60)), "ok");
        assert_eq!(tone(whole(5), None), "plain");
        assert_eq!(tone(None, whole(60)), "plain");
    }
}
