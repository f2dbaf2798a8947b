//! What similar settled cases chose, for the fields of actions whose pack asks for it. Only cases the reader's post reads are looked at,
//! of the place that handles the case, the newest few of the last year: the work is bounded however long the history.

use super::lists::Union;
use crate::error::Error;
use crate::view::Look;
use crate::view::field::SuggestedView;
use crate::view::form::ActionView;
use crate::view::suggest::Likely;
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::similar::{LOOKED_AT, chosen, is_by_kind};
use ganglion_model::Case;
use ganglion_model::pack::{Action, Field, FieldKind, Process};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cmp::Reverse;

/// Days back from now in which a case has to have been opened.
const DAYS_BACK: i64 = 365;

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
    for one in likely(web, (case, process), &|field| !is_post(field)).await? {
        let declared = process.action(&case.state, &one.action);
        let declared = declared.and_then(|action| action.form.iter().find(|field| field.name == one.field));
        let view = views.iter_mut().find(|view| view.name == one.action).and_then(|view| view.form.as_mut());
        let shown = view.and_then(|form| form.fields.iter_mut().find(|field| field.name == one.field));
        let (Some(declared), Some(shown)) = (declared, shown) else { continue };
        let others = one.chosen.iter().filter(|chosen| shown.value.as_str() != Some(chosen.value.as_str()));
        let views = others.filter_map(|chosen| {
            let label = look.value(declared, &Value::from(chosen.value.as_str()))?;
            Some(SuggestedView { value: chosen.value.clone(), label, reason: look.had(chosen, "suggest-chosen") })
        });
        shown.suggestions = views.collect();
    }
    Ok(())
}

async fn likely(
    web: &Web,
    (case, process): (&Case, &Process),
    wanted: &(dyn Fn(&Field) -> bool + Sync),
) -> Result<Vec<Likely>, Error> {
    let mut all = Vec::new();
    for (action, field) in asked(web, (case, process)).into_iter().filter(|(_, field)| wanted(field)) {
        let settled = settled(web, (case, process), field).await?;
        let chosen = chosen(process, (action, field), case, settled.iter());
        all.push(Likely { action: action.name.clone(), field: field.name.clone(), chosen });
    }
    Ok(all)
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
async fn settled(web: &Web, (case, process): (&Case, &Process), field: &Field) -> Result<Vec<Case>, Error> {
    let kind = process.kind_field.as_ref().and_then(|name| case.fields.get(name)).and_then(Value::as_str);
    let from = web.now - SignedDuration::from_hours(24 * DAYS_BACK);
    let around = CaseFilter {
        place: Some(case.place.at(case.level).unwrap_or(case.place)),
        processes: vec![process.name.clone()],
        open: Some(false),
        opened: Some((from, Timestamp::MAX)),
        kind: kind.filter(|_| is_by_kind(process, field)).map(str::to_owned),
        ..CaseFilter::default()
    };
    let list = Union::reachable(web, web.post()?).narrowed(&around);
    let mut cases: Vec<Case> = Vec::new();
    for filter in &list.0 {
        cases.extend(web.app.store.cases(filter, CaseOrder::Opened, None, LOOKED_AT).await?);
    }
    let newest = |case: &Case| {
        let after = After::of(case, CaseOrder::Opened);
        Reverse((after.at, after.case))
    };
    cases.sort_by_key(newest);
    cases.dedup_by_key(|case| case.id);
    cases.truncate(LOOKED_AT as usize);
    Ok(cases)
}
