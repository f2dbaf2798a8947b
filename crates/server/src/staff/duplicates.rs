//! Cases that may be the same as the one shown: of the same process, still open, opened not long before, near in place and alike in
//! words. Offered on the card to whoever may merge it, and only cases they read; a button fills the number into the form of merging,
//! and a person sends it.

use super::lists::Union;
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{StateTag, card_href};
use crate::web::Web;
use ganglion_geo::Point;
use ganglion_geo::metres::Scale;
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_kernel::similar::{Said, said};
use ganglion_model::Case;
use ganglion_model::pack::{Action, Effect, Process};
use jiff::SignedDuration;
use serde::Serialize;

/// Days before the case in which the other one has to have been opened.
const DAYS_BACK: i64 = 14;
/// Metres around its point.
const METRES: f64 = 200.0;
/// Newest cases there that are looked at.
const LOOKED_AT: u32 = 60;
/// How alike the words have to be where the kind is the same, and where it is another.
const ALIKE_MIN: (f64, f64) = (0.15, 0.4);
/// Cases offered.
const OFFERED_MAX: usize = 3;

/// A case that may be the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Duplicate {
    number: String,
    href: String,
    title: String,
    state: StateTag,
    /// Why it may be.
    reason: String,
    /// The form of merging, and what its button asks for.
    action_href: String,
    fill: String,
    label: String,
}

/// The action that would tie the case under another now, and the field that names it.
fn merging<'p>(web: &Web, case: &Case, process: &'p Process) -> Option<(&'p Action, &'p str)> {
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let view = who::view(&web.world, &actor, web.now);
    let ties = |action: &'p Action| {
        action.effects.iter().find_map(|effect| match effect.done() {
            Effect::Merge { into } => Some((action, into.as_str())),
            _ => None,
        })
    };
    let may = |action: &Action| {
        who::may_act(action, &actor, post, case)
            && !who::is_same_person(action, &actor, case)
            && guard_holds((&web.world, process), action, case, &view, web.now)
    };
    process.states.get(&case.state)?.actions.iter().filter_map(ties).find(|(action, _)| may(action))
}

/// Whether a case is tied to others in a way that it can be merged no more.
fn is_tied(case: &Case, kinds: &[&str]) -> bool {
    case.links.iter().any(|link| kinds.contains(&link.kind.as_str()))
}

/// A case that may be the same, and why.
pub struct Likeness {
    /// The other case.
    pub other: Case,
    /// Metres to it, if both have a point.
    pub metres: Option<f64>,
    /// Whether it is of the same kind.
    pub is_same_kind: bool,
    /// How alike the words are: 0 to 1.
    pub alike: f64,
}

impl Likeness {
    fn score(&self) -> f64 {
        if self.is_same_kind { self.alike + 1.0 } else { self.alike }
    }
}

/// The action that would tie a case under another, the field that names it, and the cases that may be the same, the likeliest first.
pub type Found<'p> = (&'p Action, &'p str, Vec<Likeness>);

/// Cases that may be the same, for the card.
///
/// # Errors
/// Storage.
pub async fn of_case(web: &Web, look: &Look<'_>, (case, process): (&Case, &Process)) -> Result<Vec<Duplicate>, Error> {
    let Some((action, field, found)) = found(web, (case, process)).await? else { return Ok(Vec::new()) };
    Ok(found.iter().map(|one| shown(look, (case, process), (action, field), one)).collect())
}

/// Cases that may be the same; nothing for whoever may not merge, and for a case that was merged.
///
/// # Errors
/// Storage.
pub async fn found<'p>(web: &Web, (case, process): (&Case, &'p Process)) -> Result<Option<Found<'p>>, Error> {
    let Some((action, field)) = merging(web, case, process) else { return Ok(None) };
    if is_tied(case, &["merged_into", "merged_from"]) {
        return Ok(None);
    }
    let list = Union::reachable(web, web.post()?).narrowed(&around(case));
    let mut others: Vec<Case> = Vec::new();
    for filter in &list.0 {
        others.extend(web.app.store.cases(filter, CaseOrder::Opened, None, LOOKED_AT).await?);
    }
    let words = said(process, case);
    let mut found: Vec<Likeness> = Vec::new();
    for other in others.into_iter().filter(|other| other.id != case.id && other.shard == case.shard) {
        if is_tied(&other, &["merged_into"]) || found.iter().any(|one| one.other.id == other.id) {
            continue;
        }
        let metres = apart(case, &other);
        if metres.is_none_or(|metres| metres <= METRES) {
            found.extend(likely(process, (case, &words), (other, metres)));
        }
    }
    let first = |a: &Likeness, b: &Likeness| b.score().total_cmp(&a.score());
    found.sort_by(|a, b| first(a, b).then_with(|| a.other.opened_at.cmp(&b.other.opened_at)));
    found.truncate(OFFERED_MAX);
    Ok(Some((action, field, found)))
}

/// Open cases of the same process, not newer than the case, around its point, or at its place where it has none.
fn around(case: &Case) -> CaseFilter {
    let bounds = case.point.map(|[lon, lat]| {
        let scale = Scale::at(lat);
        let (x, y) = (METRES / scale.lon, METRES / scale.lat);
        [lon - x, lat - y, lon + x, lat + y]
    });
    let wide = case.place.at(case.level).unwrap_or(case.place);
    let from = case.opened_at - SignedDuration::from_hours(24 * DAYS_BACK);
    CaseFilter {
        place: Some(if bounds.is_some() { wide } else { case.place }),
        processes: vec![case.process.clone()],
        open: Some(true),
        // Up to and with the moment the case was opened.
        opened: Some((from, case.opened_at + SignedDuration::from_micros(1))),
        bounds,
        ..CaseFilter::default()
    }
}

/// Metres between two cases that both have a point.
fn apart(a: &Case, b: &Case) -> Option<f64> {
    let ([lon, lat], [x, y]) = (a.point?, b.point?);
    Some(Scale::at(lat).between(Point::new(lon, lat), Point::new(x, y)))
}

/// How another case is like the case; `None`: not likely enough to be the same to be offered.
fn likely(process: &Process, (case, words): (&Case, &Said), (other, metres): (Case, Option<f64>)) -> Option<Likeness> {
    let kind = |case: &Case| process.kind_field.as_ref().and_then(|name| case.fields.get(name)).cloned();
    let is_same_kind = process.kind_field.is_none() || kind(case) == kind(&other);
    let alike = words.alike(&said(process, &other), &|_| 1.0);
    let least = if is_same_kind { ALIKE_MIN.0 } else { ALIKE_MIN.1 };
    (alike >= least).then_some(Likeness { other, metres, is_same_kind, alike })
}

/// Why a case may be the same, in words.
pub fn reasons(look: &Look<'_>, process: &Process, one: &Likeness) -> [String; 4] {
    let at = match one.metres {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 200 metres")]
        Some(metres) => look.say("duplicate-metres", &[("metres", (metres.round() as u32).into())]),
        None => look.place(one.other.place),
    };
    let kind = look.kind_or_process(process, &one.other);
    [kind, at, look.when(one.other.opened_at), look.t("duplicate-alike")]
}

fn shown(
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    (action, field): (&Action, &str),
    one: &Likeness,
) -> Duplicate {
    let other = &one.other;
    Duplicate {
        number: other.number.clone(),
        href: card_href(&other.number),
        title: look.title(process, other),
        state: look.state(process, &other.state),
        reason: reasons(look, process, one).join(" · "),
        action_href: format!("/cases/{}/{}", case.number, action.name),
        fill: format!("{field}{}{}", super::act::FILL, other.number),
        label: look.text(&action.title),
    }
}
