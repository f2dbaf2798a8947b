//! The parts of the page of a queue: the counter the post sits at, the case it has called, those set aside, who waits, and
//! where the screens of the hall are.

use super::find;
use super::preview::{self, Attempt, Preview};
use super::query::Query;
use crate::error::Error;
use crate::halls::{Hall, kiosk_href, number_of};
use crate::view::Look;
use crate::view::case::{CaseRow, StateTag, card_href};
use crate::view::options::Choice;
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::queue::{lane_of, waiting_of};
use ganglion_model::pack::Who;
use ganglion_model::{Case, CaseId, Post, Shard};
use serde::Serialize;
use std::collections::BTreeSet;

/// Cases of a post that are looked at: called, being served, or set aside.
const OWN_MAX: u32 = 60;

/// Somebody who waits.
#[derive(Serialize)]
pub struct Line {
    position: usize,
    number: String,
    row: CaseRow,
    since: String,
    lane: String,
    /// Goes before those who came earlier.
    first: bool,
}

/// The counter the post sits at.
#[derive(Default, Serialize)]
pub struct Counter {
    /// What counters are called; empty where they are not in a register.
    pub title: String,
    /// Those of this hall, with the page of each.
    pub choices: Vec<CounterLink>,
    /// Key of the chosen one.
    pub chosen: Option<String>,
    /// What the chosen one is called.
    pub label: String,
}

/// A counter to sit down at.
#[derive(Serialize)]
pub struct CounterLink {
    key: String,
    label: String,
    lanes: String,
    href: String,
    current: bool,
}

/// The case that was called.
#[derive(Serialize)]
pub struct Current {
    number: String,
    lane: String,
    preview: Preview,
}

/// A case to turn to.
#[derive(Serialize)]
pub struct Chip {
    number: String,
    href: String,
    state: StateTag,
    at: String,
}

/// Addresses of the screens of the hall.
#[derive(Serialize)]
pub struct Screens {
    hall_href: String,
    display_href: String,
    kiosk_href: String,
}

/// What the post has before it.
pub struct Desk {
    /// The case it serves.
    pub current: Option<Current>,
    /// Others it has called.
    pub others: Vec<Chip>,
    /// Those set aside, which may come back.
    pub aside: Vec<Chip>,
}

/// The counter of the page.
pub fn counter(look: &Look<'_>, hall: &Hall<'_>, query: &Query, path: &str) -> Counter {
    let counters = hall.counters(look);
    if counters.is_empty() {
        return Counter::default();
    }
    let asked = query.get("counter");
    let chosen = counters.iter().find(|one| Some(one.key.as_str()) == asked);
    let words = |lanes: &[String]| {
        let lanes: Vec<String> = lanes.iter().map(|lane| hall.lane_label(look, lane)).collect();
        lanes.join(&look.t("list-comma"))
    };
    Counter {
        title: hall.counter_title(look),
        choices: counters
            .iter()
            .map(|one| CounterLink {
                key: one.key.clone(),
                label: one.label.clone(),
                lanes: words(&one.lanes),
                href: query.without(&["selected", "lane"]).with("counter", &one.key).on(path),
                current: Some(one.key.as_str()) == asked,
            })
            .collect(),
        chosen: chosen.map(|one| one.key.clone()),
        label: chosen.map(|one| one.label.clone()).unwrap_or_default(),
    }
}

/// The lanes a post calls from: the one it asked for, else those of its counter; empty: any.
pub fn lanes(look: &Look<'_>, hall: &Hall<'_>, query: &Query) -> Vec<String> {
    if let Some(lane) = query.get("lane") {
        return vec![lane.to_owned()];
    }
    let asked = query.get("counter");
    let counters = hall.counters(look);
    counters.into_iter().find(|one| Some(one.key.as_str()) == asked).map(|one| one.lanes).unwrap_or_default()
}

/// The lanes of those who wait, and the chosen one.
pub fn lanes_known(web: &Web, look: &Look<'_>, (hall, cases): (&Hall<'_>, &[Case]), query: &Query) -> Vec<Choice> {
    if hall.queue.lane.is_none() {
        return Vec::new();
    }
    let asked = query.get("lane");
    let counter = lanes(look, hall, &query.without(&["lane"]));
    let mut known: BTreeSet<String> =
        cases.iter().filter_map(|case| waiting_of(&web.world, case)).map(|waiting| waiting.lane).collect();
    known.extend(asked.map(str::to_owned));
    known.extend(counter);
    let mut all = vec![Choice { selected: asked.is_none(), ..Choice::new(String::new(), look.t("filter-all")) }];
    all.extend(known.into_iter().filter(|lane| !lane.is_empty()).map(|lane| Choice {
        selected: asked == Some(lane.as_str()),
        ..Choice::new(lane.clone(), hall.lane_label(look, &lane))
    }));
    all
}

/// Who waits, in order.
pub fn lines(web: &Web, look: &Look<'_>, hall: &Hall<'_>, cases: &[Case]) -> Vec<Line> {
    let line = |(at, case): (usize, &Case)| {
        let waiting = waiting_of(&web.world, case)?;
        Some(Line {
            position: at + 1,
            number: number_of(hall.queue, case),
            row: look.case_row(case, card_href(&case.number)),
            since: look.time(waiting.since),
            lane: hall.lane_label(look, &waiting.lane),
            first: waiting.order > 0,
        })
    };
    cases.iter().enumerate().filter_map(line).collect()
}

/// The number by which a case that was taken is called.
///
/// # Errors
/// Storage.
pub async fn called_as(
    web: &Web,
    hall: &Hall<'_>,
    shard: Shard,
    case: Option<CaseId>,
) -> Result<Option<String>, Error> {
    let Some(case) = case else { return Ok(None) };
    Ok(web.app.store.case(shard, case).await?.map(|case| number_of(hall.queue, &case)))
}

/// What the post has before it: the case chosen or called last, others it called, and those set aside here.
///
/// # Errors
/// Storage.
pub async fn desk(
    web: &Web,
    look: &Look<'_>,
    (hall, post): (&Hall<'_>, &Post),
    (query, path): (&Query, &str),
    attempt: Option<&Attempt>,
) -> Result<Desk, Error> {
    let back = query.without(&["selected"]).on(path);
    let chip = |case: &Case| Chip {
        number: number_of(hall.queue, case),
        href: query.with("selected", &case.number).on(path),
        state: look.state(hall.process, &case.state),
        at: look.time(case.updated_at),
    };
    let called = own(web, hall, post, query).await?;
    let chosen = match query.get("selected") {
        Some(number) => match find::case(web, number).await {
            Ok((case, _)) => Some(case).filter(|case| hall.holds(case)),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        },
        None => called.first().cloned(),
    };
    let current = match &chosen {
        Some(case) => {
            let suggested = preview::suggestions(web, look, case, hall.process).await?;
            let lists = (back.clone(), Some(back.clone()));
            let preview = preview::preview(web, (case, hall.process), &suggested, attempt, lists).await?;
            let lane = hall.lane_label(look, &lane_of(&web.world, hall.process, case));
            Some(Current { number: number_of(hall.queue, case), lane, preview })
        }
        None => None,
    };
    let other = |case: &&Case| chosen.as_ref().is_none_or(|chosen| chosen.id != case.id);
    let aside = set_aside(web, hall, post).await?;
    Ok(Desk {
        current,
        others: called.iter().filter(other).map(chip).collect(),
        aside: aside.iter().filter(other).map(chip).collect(),
    })
}

/// Cases the post has called or serves, at this counter if it sits at one; the newest first.
async fn own(web: &Web, hall: &Hall<'_>, post: &Post, query: &Query) -> Result<Vec<Case>, Error> {
    // Whoever sits at a counter has what was called to it, also by somebody else; without counters it is the post that called.
    let counter = hall.queue.counter.as_ref().filter(|def| def.register.is_some()).zip(query.get("counter"));
    let filter = CaseFilter {
        place: Some(hall.place),
        processes: vec![hall.process.name.clone()],
        states: hall.queue.calls.states.clone(),
        assignees: if counter.is_some() { Vec::new() } else { vec![post.id.clone()] },
        ..CaseFilter::default()
    };
    let cases = web.app.store.cases(&filter, CaseOrder::Opened, None, OWN_MAX).await?;
    let at_counter = |case: &Case| {
        counter.is_none_or(|(def, key)| case.fields.get(&def.field).and_then(serde_json::Value::as_str) == Some(key))
    };
    let actor = web.actor();
    let readable = |case: &Case| who::may_read(&web.world, &actor, Some(post), case);
    let here = |case: &Case| hall.holds(case) && at_counter(case) && readable(case);
    let mut cases: Vec<Case> = cases.into_iter().filter(here).collect();
    cases.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then_with(|| a.number.cmp(&b.number)));
    Ok(cases)
}

/// Cases of the hall that neither wait nor are served, in which the post may still do something: those who did not come.
async fn set_aside(web: &Web, hall: &Hall<'_>, post: &Post) -> Result<Vec<Case>, Error> {
    let mine =
        |who: &Who| matches!(who, Who::Role { role, level } if *role == post.role && *level == post.place.level());
    let states: Vec<String> = hall
        .process
        .states
        .values()
        .filter(|state| !state.is_settled() && state.name != hall.queue.state)
        .filter(|state| !hall.queue.calls.states.contains(&state.name))
        .filter(|state| state.actions.iter().flat_map(|action| &action.by).any(mine))
        .map(|state| state.name.clone())
        .collect();
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let filter = CaseFilter {
        place: Some(hall.place),
        processes: vec![hall.process.name.clone()],
        states,
        ..CaseFilter::default()
    };
    let cases = web.app.store.cases(&filter, CaseOrder::Opened, None, OWN_MAX).await?;
    let actor = web.actor();
    let readable = |case: &Case| hall.holds(case) && who::may_read(&web.world, &actor, Some(post), case);
    Ok(cases.into_iter().filter(readable).collect())
}

/// Where the screens of the hall are, if it has any.
pub fn screens(web: &Web, hall: &Hall<'_>) -> Option<Screens> {
    let hall = Hall::at(&web.world, hall.process, hall.place, web.today())?;
    Some(Screens {
        hall_href: hall.href(),
        display_href: format!("{}/display", hall.href()),
        kiosk_href: kiosk_href(web, &hall),
    })
}
