//! What similar settled cases chose, for the fields of actions whose pack asks for it; where none that is similar says anything, what
//! the last settled ones around chose. Only cases the reader's post reads are looked at, of the place that handles the case, the newest
//! few of the last year, each list once for a card: the work is bounded however long the history.

use super::lists::Union;
use crate::error::Error;
use crate::view::Look;
use crate::view::field::SuggestedView;
use crate::view::form::ActionView;
use crate::view::suggest::{Had, Likely};
use crate::web::Web;
use ganglion_kernel::batch::kind_of;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::similar::{AGREEING_MAX, chosen, chosen_here, could_be_chosen, is_by_kind, needed, worth_reading};
use ganglion_model::Case;
use ganglion_model::needed::Needed;
use ganglion_model::pack::{Action, Field, FieldKind, Process};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;

/// Days back from now in which a case has to have been opened.
const DAYS_BACK: i64 = 365;
/// The newest settled cases that stand for all around: as many as count, and some of which nothing was chosen.
const AROUND: u32 = 2 * AGREEING_MAX;

fn is_post(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Post { .. })
}

/// What was chosen for posts.
///
/// # Errors
/// Storage.
pub async fn of_posts(web: &Web, case: &Case, process: &Process) -> Result<Vec<Likely>, Error> {
    likely(web, (case, process), &is_post).await
}

/// A value suggested for a field that names no post.
pub struct Proposed {
    /// The action.
    pub action: String,
    /// The field of its form.
    pub field: String,
    /// The value.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// Why, in words.
    pub reason: String,
    /// How often it was chosen.
    pub had: Had,
}

/// What was chosen in the fields that name no post of the forms the reader may send.
///
/// # Errors
/// Storage.
pub async fn of_fields(web: &Web, look: &Look<'_>, (case, process): (&Case, &Process)) -> Result<Vec<Proposed>, Error> {
    let mut all = Vec::new();
    for one in likely(web, (case, process), &|field| !is_post(field)).await? {
        let declared = process.action(&case.state, &one.action);
        let declared = declared.and_then(|action| action.form.iter().find(|field| field.name == one.field));
        let Some(declared) = declared else { continue };
        all.extend(one.chosen.iter().filter_map(|chosen| {
            let label = look.value(declared, &Value::from(chosen.value.as_str()))?;
            let reason = look.had(chosen, one.key("suggest-chosen", "suggest-chosen-around"));
            let (action, field, value) = (one.action.clone(), one.field.clone(), chosen.value.clone());
            Some(Proposed { action, field, value, label, reason, had: one.had(chosen) })
        }));
    }
    Ok(all)
}

/// Puts beside the other fields of open forms what was chosen there.
///
/// # Errors
/// Storage.
pub async fn give(
    web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    views: &mut [ActionView],
) -> Result<(), Error> {
    for one in of_fields(web, look, (case, process)).await? {
        let view = views.iter_mut().find(|view| view.name == one.action).and_then(|view| view.form.as_mut());
        let shown = view.and_then(|form| form.fields.iter_mut().find(|field| field.name == one.field));
        let Some(shown) = shown.filter(|shown| shown.value.as_str() != Some(one.value.as_str())) else { continue };
        shown.suggestions.push(SuggestedView { value: one.value, label: one.label, reason: one.reason });
    }
    Ok(())
}

async fn likely(
    web: &Web,
    (case, process): (&Case, &Process),
    wanted: &(dyn Fn(&Field) -> bool + Sync),
) -> Result<Vec<Likely>, Error> {
    let mut fields = asked(web, (case, process));
    fields.retain(|(_, field)| wanted(field));
    let needed = needed(process, fields.iter().map(|(_, field)| *field));
    let mut settled = Settled { web, case, process, needed, read: Vec::new() };
    let mut all = Vec::new();
    for (action, field) in fields {
        let by_kind = is_by_kind(process, field);
        // A case whose kind is not known yet agrees with none in it.
        let agrees = !by_kind || kind_of(&web.world.model, case).is_some();
        let worth = worth_reading(process, field);
        let similar = if agrees { settled.newest(by_kind, worth).await? } else { &[] };
        let is_choice = |other: &&Case| could_be_chosen(&web.world.posts, field, other);
        let mut found = chosen(process, (action, field), case, similar.iter().filter(is_choice));
        let around = found.is_empty();
        if around {
            let others = settled.newest(false, AROUND).await?;
            found = chosen_here(process, (action, field), case, others.iter().filter(is_choice));
        }
        all.push(Likely { action: action.name.clone(), field: field.name.clone(), chosen: found, around });
    }
    Ok(all)
}

/// Settled cases around a case: each list is read when it is first asked for, and kept for the next field.
struct Settled<'a> {
    web: &'a Web,
    case: &'a Case,
    process: &'a Process,
    /// What is looked at in them.
    needed: Needed,
    /// By whether they are of the kind of the case, and how many were asked for.
    read: Vec<((bool, u32), Vec<Case>)>,
}

impl Settled<'_> {
    /// The newest `limit` around the case that the reader's post reads, newest first.
    async fn newest(&mut self, by_kind: bool, limit: u32) -> Result<&[Case], Error> {
        // A longer list begins with the shorter one.
        let holds = |known: (bool, u32)| known.0 == by_kind && known.1 >= limit;
        if self.read.iter().all(|(known, _)| !holds(*known)) {
            let cases = settled(self.web, (self.case, self.process), (by_kind, limit), &self.needed).await?;
            self.read.push(((by_kind, limit), cases));
        }
        let found = self.read.iter().find(|(known, _)| holds(*known)).map(|(_, cases)| cases.as_slice());
        let found = found.unwrap_or_default();
        Ok(found.get(..limit as usize).unwrap_or(found))
    }
}

/// Fields something is suggested for, of the actions the reader may take on the case.
fn asked<'p>(web: &Web, (case, process): (&Case, &'p Process)) -> Vec<(&'p Action, &'p Field)> {
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let state = process.states.get(&case.state);
    let actions = state.into_iter().flat_map(|state| &state.actions);
    let own = actions.filter(|action| who::may_act(action, &actor, post, case));
    own.flat_map(|action| action.form.iter().map(move |field| (action, field)))
        .filter(|(_, field)| !field.suggest.is_empty())
        .collect()
}

/// The newest settled cases around the case that the reader's post reads.
async fn settled(
    web: &Web,
    (case, process): (&Case, &Process),
    (by_kind, limit): (bool, u32),
    needed: &Needed,
) -> Result<Vec<Case>, Error> {
    let kind = kind_of(&web.world.model, case);
    let from = web.now - SignedDuration::from_hours(24 * DAYS_BACK);
    let around = CaseFilter {
        place: Some(case.place.at(case.level).unwrap_or(case.place)),
        processes: vec![process.name.clone()],
        open: Some(false),
        opened: Some((from, Timestamp::MAX)),
        kind: kind.filter(|_| by_kind),
        ..CaseFilter::default()
    };
    let list = Union::reachable(web, web.post()?).narrowed(&around);
    let mut cases: Vec<Case> = Vec::new();
    for filter in &list.0 {
        cases.extend(web.app.store.cases_newest(filter, limit, needed).await?);
    }
    let newest = |case: &Case| {
        let after = After::of(case, CaseOrder::Opened);
        Reverse((after.at, after.case))
    };
    cases.sort_by_key(newest);
    cases.dedup_by_key(|case| case.id);
    cases.truncate(limit as usize);
    Ok(cases)
}
