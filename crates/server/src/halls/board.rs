//! What a hall shows: who is called where, how many wait in each lane, who is next. Numbers only.

use super::hall::Hall;
use crate::error::Error;
use crate::queue::served;
use crate::view::Look;
use crate::web::Web;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::queue::{lane_of, waiting_of};
use ganglion_model::Case;
use ganglion_model::pack::QueueDef;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Cases looked at for the board: in a county those of its townships are among them.
const CALLED_MAX: u32 = 400;
/// Numbers shown as next in a lane.
const NEXT_SHOWN: usize = 3;
/// Cases at the front of the queue that are looked at for them.
const FRONT_MAX: u32 = 200;

/// Somebody who is called or being served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// The number that is called.
    pub number: String,
    /// Where to.
    pub counter: String,
    /// Lane in words.
    pub lane: String,
    /// Still on the way, and not yet at the counter.
    pub coming: bool,
    #[serde(skip)]
    at: Timestamp,
}

/// Those who wait in a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// The lane.
    pub value: String,
    /// In words.
    pub label: String,
    /// How many wait.
    pub waiting: u64,
    /// Minutes until somebody who comes now is called, in words.
    pub minutes: Option<String>,
    /// Who is next.
    pub next: Vec<String>,
}

/// The number by which a case is called.
#[must_use]
pub fn number_of(queue: &QueueDef, case: &Case) -> String {
    let named = queue.number.as_ref().and_then(|name| case.numbers.get(name));
    named.unwrap_or(&case.number).clone()
}

/// Who is called or being served now, the newest call first.
///
/// # Errors
/// Storage.
pub async fn called(web: &Web, look: &Look<'_>, hall: &Hall<'_>) -> Result<Vec<Called>, Error> {
    let states = &hall.queue.calls.states;
    let filter = CaseFilter {
        place: Some(hall.place),
        processes: vec![hall.process.name.clone()],
        states: states.clone(),
        ..CaseFilter::default()
    };
    let cases = web.app.store.cases(&filter, CaseOrder::Opened, None, CALLED_MAX).await?;
    let mut called: Vec<Called> =
        cases.iter().filter(|case| hall.holds(case)).map(|case| shown(look, hall, case)).collect();
    called.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.number.cmp(&a.number)));
    Ok(called)
}

/// A call this young says that its counter is at work, whatever the hour: an older one may have been left behind.
const CALLED_MINUTES: i64 = 60;
/// So does a case that was finished this lately: between two people nobody is called.
const SERVED_MINUTES: i64 = 15;

/// That counters do not serve now, for somebody who already waits: a hall that runs late serves on, and sends nobody home.
///
/// # Errors
/// Storage.
pub async fn not_now(web: &Web, look: &Look<'_>, hall: &Hall<'_>) -> Result<Option<String>, Error> {
    let Some(said) = hall.not_now(look) else { return Ok(None) };
    let since = |minutes: i64| look.now - SignedDuration::from_mins(minutes);
    if called(web, look, hall).await?.iter().any(|one| one.at >= since(CALLED_MINUTES)) {
        return Ok(None);
    }
    let served = served(&web.app, &web.world, (&hall.process.name, hall.place)).await?;
    Ok((served.last() < Some(since(SERVED_MINUTES))).then_some(said))
}

fn shown(look: &Look<'_>, hall: &Hall<'_>, case: &Case) -> Called {
    let first = hall.process.action(&hall.queue.state, &hall.queue.take).and_then(|take| take.to.as_ref());
    let coming = first == Some(&case.state);
    // Whoever is called once more is called anew; whoever is there already was called when they were called.
    let entered = first.filter(|_| !coming).and_then(|state| case.entered.get(state));
    let at = entered.map_or(case.updated_at, |(_, last)| *last);
    Called {
        number: number_of(hall.queue, case),
        counter: hall.counter_label(look, case).unwrap_or_default(),
        lane: hall.lane_label(look, &lane_of(hall.world, hall.process, case)),
        coming,
        at,
    }
}

/// The lanes of the hall with those who wait in them; one without a name where the queue is not split.
///
/// # Errors
/// Storage.
pub async fn lanes(web: &Web, look: &Look<'_>, hall: &Hall<'_>) -> Result<Vec<Lane>, Error> {
    let front = web.app.store.waiting(&hall.want(Vec::new(), FRONT_MAX)).await?;
    let waiting: Vec<_> =
        front.iter().filter_map(|case| Some((waiting_of(&web.world, case)?, number_of(hall.queue, case)))).collect();
    let served = served(&web.app, &web.world, (&hall.process.name, hall.place)).await?;
    let mut names: Vec<(String, String)> =
        hall.lanes(look).into_iter().map(|choice| (choice.value, choice.label)).collect();
    if names.is_empty() {
        names.push((String::new(), String::new()));
    }
    for (one, _) in &waiting {
        if !names.iter().any(|(value, _)| *value == one.lane) {
            names.push((one.lane.clone(), hall.lane_label(look, &one.lane)));
        }
    }
    let is_split = hall.queue.lane.is_some();
    let mut lanes = Vec::new();
    for (value, label) in names {
        let asked = if is_split { vec![value.clone()] } else { Vec::new() };
        let count = web.app.store.waiting_count(&hall.want(asked, 1), None).await?;
        let next = waiting.iter().filter(|(one, _)| !is_split || one.lane == value);
        let next = next.map(|(_, number)| number.clone()).take(NEXT_SHOWN).collect();
        let minutes = served.minutes(count, &value).filter(|_| count > 0);
        let minutes = minutes.map(|minutes| look.say("hall-wait", &[("minutes", minutes.into())]));
        lanes.push(Lane { value, label, waiting: count, minutes, next });
    }
    Ok(lanes)
}
