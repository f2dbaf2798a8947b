//! What desk, centre and card share: the head of a case, and the actions a post may take on it with their forms.

use super::find;
use super::personal;
use super::registers::Offers;
use super::similar;
use super::turn;
use crate::error::Error;
use crate::view::case::{Crumb, StateTag, card_href};
use crate::view::clock::ClockView;
use crate::view::facts::Fact;
use crate::view::form::{ActionView, Asked, Hidden, Typed as Entered};
use crate::view::problems::RefusalView;
use crate::view::suggest::Suggestion;
use crate::view::timeline::{Story, TimelineEntry};
use crate::view::{Look, Photo};
use crate::web::Web;
use ganglion_kernel::decide::{guard_holds, who};
use ganglion_kernel::port::CaseFilter;
use ganglion_model::change::{Actor, FieldFinding};
use ganglion_model::pack::{Action, BREAK_GLASS, Field, FieldKind, Process, Required};
use ganglion_model::{Case, Fields, PlaceCode, Text};
use serde::Serialize;

/// Timeline entries beside a list.
const PREVIEW_ENTRIES: u32 = 6;

/// A try at an action that was not carried out: shown again with everything that was typed.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// The action.
    pub action: String,
    /// The state it was offered in.
    pub state: String,
    /// What was typed.
    pub values: Fields,
    /// What is wrong with it.
    pub findings: Vec<FieldFinding>,
    /// Why it was refused; empty when only more rows were asked for.
    pub refusal: String,
    /// The table more rows were asked for.
    pub more: Option<String>,
    /// Id of the command, so that sending it again is recognised.
    pub command_id: Option<String>,
}

/// A case beside a list or a map.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Preview {
    /// Number.
    pub number: String,
    /// Card.
    pub href: String,
    /// Back to the list alone.
    pub back_href: String,
    /// Heading.
    pub title: String,
    /// Kind.
    pub category: String,
    /// Way it came in.
    pub source: String,
    /// State.
    pub state: StateTag,
    /// Main clock.
    pub clock: ClockView,
    /// Path of places.
    pub place_crumbs: Vec<Crumb>,
    /// Long text.
    pub description: String,
    /// Pictures.
    pub photos: Vec<Photo>,
    /// The facts that matter first.
    pub facts: Vec<Fact>,
    /// Actions.
    pub actions: Vec<ActionView>,
    /// Why there are none.
    pub no_action_text: String,
    /// The last entries.
    pub timeline: Vec<TimelineEntry>,
}

/// The box of a grave action, which asks a second time.
pub const SURE: &str = "-sure";

/// An action as a page asks it: a grave one has a box more, with the rule it rests on.
#[must_use]
pub fn asked(look: &Look<'_>, action: &Action) -> Action {
    let mut asked = action.clone();
    if action.grave {
        let said = |text: String| Text::new(text.clone(), text);
        let basis = look.text(&action.basis);
        let help =
            if basis.is_empty() { look.t("sure-help") } else { look.say("sure-basis", &[("basis", basis.into())]) };
        asked.form.push(Field {
            name: SURE.to_owned(),
            kind: FieldKind::Boolean,
            title: said(look.say("sure-label", &[("verb", look.text(&action.title).into())])),
            help: said(help),
            required: Required::Yes,
            ..Field::default()
        });
    }
    asked
}

/// Where places lead in staff pages: to the list of the place, inside the post's own.
pub fn crumb_href(web: &Web, code: PlaceCode) -> Option<String> {
    let inside = web.post().is_ok_and(|post| post.place.holds(code));
    inside.then(|| format!("/cases?place={code}"))
}

/// Suggested posts with the open cases each has.
///
/// # Errors
/// Storage.
pub async fn suggestions(web: &Web, look: &Look<'_>, case: &Case, process: &Process) -> Result<Vec<Suggestion>, Error> {
    let likely = similar::of_posts(web, case, process).await?;
    let mut found = look.suggestions(process, case, &web.actor(), &likely);
    for suggestion in &mut found {
        let filter = CaseFilter { assignees: vec![suggestion.post.clone()], open: Some(true), ..CaseFilter::default() };
        suggestion.load = Some(web.app.store.case_count(&filter).await?);
    }
    Ok(found)
}

/// The actions of a case for this post: those it may take, and those a rule holds back for now, with the reason.
///
/// # Errors
/// Storage.
pub async fn actions(
    web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    suggested: &[Suggestion],
    tried: (Option<&Attempt>, Option<&str>),
) -> Result<Vec<ActionView>, Error> {
    let mut views = offered(web, look, (case, process), suggested, tried);
    let mut offers = Offers::new(web, case.place);
    for view in &mut views {
        let action = process.action(&case.state, &view.name);
        if let (Some(action), Some(form)) = (action, &mut view.form) {
            offers.give(&action.form, &mut form.fields).await?;
        }
    }
    similar::give(web, look, (case, process), &mut views).await?;
    Ok(views)
}

fn offered(
    web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    suggested: &[Suggestion],
    (attempt, back): (Option<&Attempt>, Option<&str>),
) -> Vec<ActionView> {
    let actor = web.actor();
    let post = who::post_of(&web.world, &actor, web.now);
    let Some(state) = process.states.get(&case.state) else {
        return Vec::new();
    };
    let is_offered = |action: &&Action| action.name != BREAK_GLASS && who::may_act(action, &actor, post, case);
    let offered = state.actions.iter().filter(is_offered);
    let mut views: Vec<ActionView> =
        offered.map(|action| offer(web, look, (case, process, action), suggested, (attempt, back))).collect();
    // The likeliest step stands out, and only where it is this post's usual one; a grave one never invites.
    let usual: Vec<&str> = turn::usual(state).map(|action| action.name.as_str()).collect();
    let open = views.iter_mut().find(|view| view.disabled_reason.is_none() && usual.contains(&view.name.as_str()));
    if let Some(first) = open {
        first.kind = first.kind.or(Some("primary"));
    }
    views.extend(missed(look, process, attempt, &views));
    views
}

fn offer(
    web: &Web,
    look: &Look<'_>,
    (case, process, action): (&Case, &Process, &Action),
    suggested: &[Suggestion],
    (attempt, back): (Option<&Attempt>, Option<&str>),
) -> ActionView {
    let attempt = attempt.filter(|attempt| attempt.action == action.name);
    let mut view = ActionView {
        name: action.name.clone(),
        label: look.text(&action.title),
        kind: action.grave.then_some("danger"),
        hint: Some(look.text(&action.help)).filter(|hint| !hint.is_empty()),
        ..ActionView::default()
    };
    if attempt.is_none() {
        view.disabled_reason = held_back(web, look, (case, process, action));
        if view.disabled_reason.is_some() {
            return view;
        }
    }
    let actor = who::view(&web.world, &web.actor(), web.now);
    let prefix = format!("{}-", action.name);
    let asked = Asked { process, case: Some(case), actor: &actor, place: case.place, suggested, prefix: &prefix };
    let command_id = attempt.and_then(|attempt| attempt.command_id.clone());
    let mut hidden = vec![
        Hidden::new("command_id", command_id.unwrap_or_else(|| web.app.clock.id().to_string())),
        Hidden::new("version", case.version.to_string()),
        Hidden::new("state", &case.state),
    ];
    hidden.extend(back.map(|back| Hidden::new("back", back)));
    let entered = attempt.map_or_else(Entered::default, |attempt| Entered {
        values: Some(&attempt.values),
        findings: &attempt.findings,
        more: attempt.more.as_deref(),
    });
    view.form = Some(look.action_form(&asked, &self::asked(look, action), hidden, entered));
    if let Some(attempt) = attempt {
        view.open = true;
        view.refusal = (!attempt.refusal.is_empty()).then(|| refused(look, &action.form, attempt));
    }
    view
}

fn refused(look: &Look<'_>, form: &[ganglion_model::pack::Field], attempt: &Attempt) -> RefusalView {
    let kept = form.iter().filter(|field| attempt.values.contains_key(&field.name));
    let kept = kept.filter(|field| !matches!(field.kind, FieldKind::Boolean));
    RefusalView {
        title: look.t("refusal-title"),
        text: attempt.refusal.clone(),
        kept: kept.map(|field| look.text(&field.title)).collect(),
    }
}

/// An action that was tried and is no longer offered (somebody else was faster): why, and what had been typed.
fn missed(look: &Look<'_>, process: &Process, attempt: Option<&Attempt>, views: &[ActionView]) -> Option<ActionView> {
    let attempt = attempt.filter(|attempt| views.iter().all(|view| view.name != attempt.action))?;
    let anywhere = || process.states.values().flat_map(|state| &state.actions).find(|one| one.name == attempt.action);
    let known = process.action(&attempt.state, &attempt.action).or_else(anywhere)?;
    let typed = known.form.iter().filter_map(|field| {
        let value = attempt.values.get(&field.name)?;
        let text = if field.personal { None } else { look.value(field, value) }?;
        Some(format!("{}{}{text}", look.text(&field.title), look.t("colon")))
    });
    let label = look.text(&known.title);
    let refusal = RefusalView {
        title: format!("{}{}{label}", look.t("refusal-title"), look.t("colon")),
        text: attempt.refusal.clone(),
        kept: typed.collect(),
    };
    Some(ActionView { name: attempt.action.clone(), label, refusal: Some(refusal), ..ActionView::default() })
}

/// Why an action that the post may take is not open to it now.
fn held_back(web: &Web, look: &Look<'_>, (case, process, action): (&Case, &Process, &Action)) -> Option<String> {
    let actor: Actor = web.actor();
    if who::is_same_person(action, &actor, case) {
        return Some(look.t("refusal-same-person"));
    }
    let view = who::view(&web.world, &actor, web.now);
    if guard_holds((&web.world, process), action, case, &view, web.now) {
        return None;
    }
    action.when.as_ref().map(|guard| look.text(&guard.message))
}

/// A case beside a list.
///
/// # Errors
/// Storage.
pub async fn preview(
    web: &Web,
    (case, process): (&Case, &Process),
    suggested: &[Suggestion],
    attempt: Option<&Attempt>,
    (back_to_list, back): (String, Option<String>),
) -> Result<Preview, Error> {
    let words = web.words();
    let look = web.look(&words);
    let role = web.post()?.role.clone();
    let opened = personal::opened(web, case).await?;
    let entries = web.app.store.entries_of_case(case.shard, case.id, PREVIEW_ENTRIES).await?;
    let people = find::people(web, &entries, std::iter::empty()).await?;
    let why = Fact { label: look.t("fact-why-here"), value: look.routing_text(&case.route), ..Fact::default() };
    let told = look.fact_groups(process, case, &role, &opened).into_iter().flat_map(|group| group.items);
    let number = look.t("fact-number");
    let mut facts: Vec<Fact> = told.filter(|fact| fact.label != number).take(9).collect();
    facts.iter_mut().for_each(|fact| fact.reveal_href = None);
    facts.push(why);
    let actions = actions(web, &look, (case, process), suggested, (attempt, back.as_deref())).await?;
    Ok(Preview {
        number: case.number.clone(),
        href: card_href(&case.number),
        back_href: back_to_list,
        title: look.title(process, case),
        category: look.matter(process, case),
        source: look.source(case),
        state: look.state(process, &case.state),
        clock: look.main_clock(process, case),
        place_crumbs: look.crumbs(case.place, &|code| crumb_href(web, code)),
        description: look.description(process, case),
        photos: look.opening_photos(process, case),
        facts,
        no_action_text: if actions.is_empty() { look.t("no-actions") } else { String::new() },
        actions,
        timeline: look.timeline(&Story { process, people: &people, role: &role }, &entries),
    })
}
