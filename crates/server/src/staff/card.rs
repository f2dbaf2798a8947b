//! The card of a case: everything a post may know of it, and what it may do.

use super::find;
use super::personal;
use super::preview::{self, Attempt, crumb_href};
use crate::error::Error;
use crate::view::Look;
use crate::view::case::{Crumb, StateTag, card_href};
use crate::view::clock::{ClockCard, ClockView};
use crate::view::facts::{Fact, FactGroup, Opened};
use crate::view::form::{ActionView, FormView};
use crate::view::routing::RoutingView;
use crate::view::timeline::{Story, TimelineEntry};
use crate::view::{People, Photo, mask};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::decide::who;
use ganglion_model::change::{Change, Entry, Op};
use ganglion_model::pack::Process;
use ganglion_model::{Case, Level};
use serde::Serialize;
use serde_json::json;

/// Entries of the timeline: more than any case has in practice.
const ENTRIES_MAX: u32 = 200;
/// Lines of the access log.
const LOOKED_MAX: u32 = 20;
/// Facts with a second heading only when there are some.
const GROUP_MIN: usize = 1;

/// How a card is shown.
#[derive(Default)]
pub struct Shown {
    /// Personal values in clear, for this answer only.
    pub in_clear: bool,
    /// An action that was not carried out.
    pub attempt: Option<Attempt>,
    /// The status of the answer.
    pub status: StatusCode,
    /// The action that stands open.
    pub open: Option<String>,
}

#[derive(Serialize)]
struct CaseHead {
    number: String,
    title: String,
    state: StateTag,
    clock: ClockView,
    urgency: Option<StateTag>,
    category: String,
    source: String,
    crumbs: Vec<Crumb>,
    description: String,
    photos: Vec<Photo>,
}

#[derive(Serialize)]
struct LinkedCase {
    kind_label: String,
    number: String,
    title: String,
    state: StateTag,
    href: String,
}

#[derive(Serialize)]
struct Looked {
    at: String,
    who: String,
    post: String,
    purpose: String,
}

#[derive(Serialize)]
struct CardContext {
    page: crate::page::Page,
    back_href: String,
    case: CaseHead,
    groups: Vec<FactGroup>,
    clocks: Vec<ClockCard>,
    map: serde_json::Value,
    routing: RoutingView,
    timeline: Vec<TimelineEntry>,
    links: Vec<LinkedCase>,
    duplicates: Vec<super::duplicates::Duplicate>,
    documents: super::documents::DocumentsView,
    looked: Vec<Looked>,
    actions: Vec<ActionView>,
    reveal: Option<FormView>,
}

/// `GET /cases/{number}`.
pub async fn show(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    let (case, process) = find::case(&web, &number).await?;
    let open = web.arg("open").map(str::to_owned);
    render(&web, &case, process, Shown { open, ..Shown::default() }).await
}

/// The card as a page.
///
/// # Errors
/// Storage; a template that fails.
pub async fn render(web: &Web, case: &Case, process: &Process, shown: Shown) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let role = web.post()?.role.clone();
    let opened = Opened { in_clear: shown.in_clear, ..personal::opened(web, case).await? };
    let entries = web.app.store.entries_of_case(case.shard, case.id, ENTRIES_MAX).await?;
    let accesses = web.app.store.accesses(case.shard, case.id, LOOKED_MAX).await?;
    let people = find::people(web, &entries, accesses.iter().map(|access| access.account.clone())).await?;
    let suggested = preview::suggestions(web, &look, case, process).await?;
    let mut actions = preview::actions(web, &look, (case, process), &suggested, (shown.attempt.as_ref(), None)).await?;
    for action in &mut actions {
        action.open |= shown.open.as_ref() == Some(&action.name);
    }
    let mut groups = look.fact_groups(process, case, &role, &opened);
    groups.retain(|group| group.items.len() >= GROUP_MIN);
    let page = crate::page::Page {
        live_href: Some(format!("/live?place={}", case.place)),
        ..web.page_titled(case.number.clone())
    };
    let context = CardContext {
        page,
        back_href: "/desk".to_owned(),
        case: head(web, &look, case, process),
        reveal: reveal_form(web, &look, (case, process), (&groups, &role, shown.in_clear)),
        groups,
        clocks: look.clock_cards(process, case),
        map: map(web, case),
        routing: routing(&look, case, &entries, &people),
        timeline: look.timeline(&Story { process, people: &people, role: &role }, &entries),
        links: links(web, &look, case).await?,
        duplicates: super::duplicates::of_case(web, &look, (case, process)).await?,
        documents: super::documents::of_case(web, &look, (case, process))?,
        looked: accesses
            .iter()
            .map(|access| Looked {
                at: look.when(access.at),
                who: people.get(&access.account).map(|name| mask::name(name)).unwrap_or_default(),
                post: look.post(&access.post),
                purpose: look.purpose(&access.purpose, "purpose-case"),
            })
            .collect(),
        actions,
    };
    web.render_status(shown.status, "pages/case.html", context)
}

fn head(web: &Web, look: &Look<'_>, case: &Case, process: &Process) -> CaseHead {
    CaseHead {
        number: case.number.clone(),
        title: look.title(process, case),
        state: look.state(process, &case.state),
        clock: look.main_clock(process, case),
        urgency: None,
        category: look.matter(process, case),
        source: look.source(case),
        crumbs: look.crumbs(case.place, &|code| crumb_href(web, code)),
        description: look.description(process, case),
        photos: look.opening_photos(process, case),
    }
}

/// The button that shows personal values in clear, when this role may see some that are masked now.
fn reveal_form(
    _web: &Web,
    look: &Look<'_>,
    (case, process): (&Case, &Process),
    (groups, role, in_clear): (&[FactGroup], &str, bool),
) -> Option<FormView> {
    let masked = |fact: &Fact| fact.reveal_href.is_some();
    let some = groups.iter().flat_map(|group| &group.items).any(masked);
    (some && !in_clear && !look.revealable(process, case, role).is_empty()).then(|| FormView {
        action_href: format!("{}/reveal", card_href(&case.number)),
        submit: look.t("reveal-all"),
        help: Some(look.t("reveal-help")),
        ..FormView::default()
    })
}

/// The map of a case: its point among the outlines of the township, or of the county where it has none.
fn map(web: &Web, case: &Case) -> serde_json::Value {
    let Some(point) = case.point else {
        return serde_json::Value::Null;
    };
    let around = case.place.at(Level::Township).or_else(|| case.place.at(Level::County)).unwrap_or(case.place);
    let synthetic = web.world.places.tree.known(case.place, web.today()).is_some_and(|place| place.synthetic);
    json!({ "point": point, "outlines_href": format!("/map/outlines?parent={around}"), "synthetic": synthetic })
}

/// The routing with who moved the case and why, taken from the journal.
fn routing(look: &Look<'_>, case: &Case, entries: &[Entry], people: &People) -> RoutingView {
    let mut view = look.routing(case);
    let moves = entries.iter().rev().filter_map(|entry| match &entry.change {
        Change::Case { ops, input, .. } if ops.iter().any(|op| matches!(op, Op::Place { .. })) => Some((entry, input)),
        _ => None,
    });
    for (step, (entry, input)) in view.history.iter_mut().zip(moves) {
        let (who, post) = look.actor(&entry.actor, people);
        step.who = [who, post].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let process = look.world.model.processes.get(&case.process);
        let form = process.into_iter().flat_map(|p| p.states.values()).flat_map(|s| &s.actions).flat_map(|a| &a.form);
        step.why = form
            .filter(|field| !matches!(field.kind, ganglion_model::pack::FieldKind::Place { .. }) && !field.personal)
            .find_map(|field| look.value(field, input.get(&field.name)?))
            .unwrap_or_default();
    }
    view
}

/// Cases this one is tied to. One that may not be seen keeps its number, which stands in this case's own journal.
async fn links(web: &Web, look: &Look<'_>, case: &Case) -> Result<Vec<LinkedCase>, Error> {
    let mut found = Vec::new();
    for link in &case.links {
        let key = format!("link-{}", link.kind.replace('_', "-"));
        let other = web.app.store.case(link.shard, link.case).await?;
        let readable = other.as_ref().filter(|other| who::may_read(&web.world, &web.actor(), web.post().ok(), other));
        let process = readable.and_then(|other| web.world.model.processes.get(&other.process));
        // A pack may call a link what it likes; one without words of its own says what is at its other end.
        let kind_label = match process {
            _ if look.say.has(&key) => look.t(&key),
            Some(process) => look.text(&process.title),
            None => look.t("link-other"),
        };
        found.push(match (readable, process) {
            (Some(other), Some(process)) => LinkedCase {
                kind_label,
                number: link.number.clone(),
                title: look.title(process, other),
                state: look.state(process, &other.state),
                href: card_href(&other.number),
            },
            _ => LinkedCase {
                kind_label,
                number: link.number.clone(),
                title: look.t("link-hidden"),
                state: StateTag::default(),
                href: String::new(),
            },
        });
    }
    Ok(found)
}
