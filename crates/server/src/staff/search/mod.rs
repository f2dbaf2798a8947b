//! `GET /search`: one box over the cases and the rows of registers a post reads, with what was typed marked in what was found. Works
//! without scripts; filters and pages stand in the address.

mod find;
mod hits;

pub(crate) use find::{cases, registers, rows};

use super::desk::{FilterView, Pager};
use super::filters::Filters;
use super::query::Query;
use crate::error::Error;
use crate::limits::SEARCH_CHARS_MAX;
use crate::view::Look;
use crate::view::options::Choice;
use crate::web::Web;
use axum::response::Response;
use ganglion_kernel::decide::who::{Reach, reach};
use ganglion_kernel::port::CaseFilter;
use ganglion_kernel::words::terms;
use ganglion_model::Post;
use hits::{CaseHit, RowHit, Sought};
use serde::Serialize;

/// Of each kind on the page that shows both.
const BOTH: u32 = 10;
/// On a page of one kind.
const ONE_KIND: u32 = 30;

/// Cases or rows found.
#[derive(Serialize)]
struct Group<T> {
    hits: Vec<T>,
    /// All of this kind.
    more_href: Option<String>,
    pager: Option<Pager>,
}

#[derive(Serialize)]
struct Kind {
    label: String,
    href: String,
    current: bool,
}

#[derive(Serialize)]
struct SearchContext {
    page: crate::page::Page,
    q: String,
    /// The kind chosen, kept when the form is sent.
    kind: Option<&'static str>,
    filters: Vec<FilterView>,
    is_narrow: bool,
    kinds: Vec<Kind>,
    sorts: Vec<Kind>,
    cases: Option<Group<CaseHit>>,
    rows: Option<Group<RowHit>>,
    /// Something was looked for and nothing was found.
    nothing: bool,
    /// Where those find by an exact number who may.
    exact_href: Option<&'static str>,
}

/// What an address asks for.
struct Asked<'a> {
    query: &'a Query,
    words: String,
    kind: Option<&'static str>,
    newest: bool,
    pack: Option<String>,
    filters: Filters,
}

/// What is searched of what was typed: its beginning.
pub(crate) fn typed(text: &str) -> String {
    text.trim().chars().take(SEARCH_CHARS_MAX).collect()
}

impl<'a> Asked<'a> {
    fn read(web: &Web, query: &'a Query) -> Asked<'a> {
        let pack = query.get("pack").filter(|pack| web.world.model.packs.contains_key(*pack));
        let filters = Filters::read(web, query);
        let only_cases = query.get("state").is_some() || query.get("open").is_some();
        let kind = match query.get("in") {
            // States are those of cases.
            _ if only_cases => Some("cases"),
            Some("cases") => Some("cases"),
            Some("rows") => Some("rows"),
            _ => None,
        };
        Asked {
            words: typed(query.get("q").unwrap_or_default()),
            kind,
            newest: query.get("sort") == Some("newest"),
            pack: pack.map(str::to_owned),
            filters,
            query,
        }
    }

    /// The cases looked at; `None` where none can be.
    fn filter(&self, web: &Web) -> Option<CaseFilter> {
        let mut filter = CaseFilter { words: Some(self.words.clone()), ..self.filters.filter(web) };
        if let Some(pack) = &self.pack {
            filter.processes = processes_of(web, pack);
            return (!filter.processes.is_empty()).then_some(filter);
        }
        Some(filter)
    }

    fn limit(&self) -> u32 {
        if self.kind.is_some() { ONE_KIND } else { BOTH }
    }

    fn after(&self) -> Option<&str> {
        self.query.get("after").filter(|_| self.kind.is_some())
    }

    /// The address of another page of one kind.
    fn at(&self, kind: &str, after: &str) -> String {
        self.query.without(&["after"]).with("in", kind).with("after", after).on("/search")
    }
}

/// The processes of a pack.
pub(crate) fn processes_of(web: &Web, pack: &str) -> Vec<String> {
    let all = web.world.model.processes.values().filter(|process| process.pack == pack);
    all.map(|process| process.name.clone()).collect()
}

/// `GET /search`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let post = web.post()?.clone();
    let query = Query(web.query.clone()).without(&["lang", "elder", "theme"]);
    let asked = Asked::read(&web, &query);
    if asked.words.contains('-') && asked.after().is_none() {
        // A whole number leads straight to its case.
        if let Ok((case, _)) = super::find::case(&web, &asked.words).await {
            return Ok(web.redirect(&crate::view::case::card_href(&case.number)));
        }
    }
    let words = web.words();
    let look = web.look(&words);
    let looked_for = terms(&asked.words).map(Sought::of);
    let (mut found_cases, mut found_rows) = (None, None);
    if let Some(sought) = &looked_for {
        if let Some(filter) = asked.filter(&web).filter(|_| asked.kind != Some("rows")) {
            let found = cases(&web, (&filter, asked.newest), asked.after(), asked.limit()).await?;
            let hits: Vec<CaseHit> = found.all.iter().map(|case| hits::of_case(&look, case, sought)).collect();
            found_cases = Some(group(&look, &asked, "cases", (hits, found.next)));
        }
        if asked.kind != Some("cases") {
            let registers = registers(&web, asked.pack.as_deref());
            let place = asked.filters.filter(&web).place;
            let found = rows(&web, (&asked.words, place), &registers, asked.after(), asked.limit()).await?;
            let hit = |row| hits::of_row(&web, &look, (&registers, row), sought);
            let hits: Vec<RowHit> = found.all.iter().filter_map(hit).collect();
            found_rows = Some(group(&look, &asked, "rows", (hits, found.next)));
        }
    }
    let is_empty = found_cases.as_ref().is_none_or(|group| group.hits.is_empty() && group.pager.is_none())
        && found_rows.as_ref().is_none_or(|group| group.hits.is_empty() && group.pager.is_none());
    let context = SearchContext {
        page: web.page("title-search"),
        kind: asked.kind,
        filters: filters(&web, &look, &asked, &post),
        is_narrow: asked.pack.is_some() || asked.filters.is_narrow(),
        kinds: kinds(&look, &asked),
        sorts: sorts(&look, &asked),
        nothing: looked_for.is_some() && is_empty,
        exact_href: super::exact::may(&web.world.model, &post.role).then_some("/search/exact"),
        cases: found_cases,
        rows: found_rows,
        q: asked.words,
    };
    web.render("pages/search.html", context)
}

fn group<T>(look: &Look<'_>, asked: &Asked<'_>, kind: &str, (hits, next): (Vec<T>, Option<String>)) -> Group<T> {
    let begins = asked.after().is_none();
    let alone = asked.kind.is_some();
    let pager = (alone && (next.is_some() || !begins)).then(|| Pager {
        prev_href: (!begins).then(|| asked.at(kind, "")),
        next_href: next.as_ref().map(|after| asked.at(kind, after)),
        text: look.say("search-page", &[("count", hits.len().into())]),
    });
    Group { hits, more_href: next.filter(|_| !alone).map(|_| asked.at(kind, "")), pager }
}

/// All, cases, rows.
fn kinds(look: &Look<'_>, asked: &Asked<'_>) -> Vec<Kind> {
    let kind = |name: &str, key: &str, current: bool| Kind {
        label: look.t(key),
        // What belongs to cases alone would lead back to them.
        href: if name == "cases" { asked.at(name, "") } else { with_both(asked, name) },
        current,
    };
    vec![
        kind("", "search-all", asked.kind.is_none()),
        kind("cases", "search-cases", asked.kind == Some("cases")),
        kind("rows", "search-rows", asked.kind == Some("rows")),
    ]
}

fn with_both(asked: &Asked<'_>, kind: &str) -> String {
    asked.query.without(&["after", "state", "open"]).with("in", kind).on("/search")
}

/// What fits best first, or the newest: of cases.
fn sorts(look: &Look<'_>, asked: &Asked<'_>) -> Vec<Kind> {
    let sort = |value: &str, key: &str, current: bool| Kind {
        label: look.t(key),
        href: asked.query.without(&["after"]).with("sort", value).on("/search"),
        current,
    };
    vec![sort("", "search-best", !asked.newest), sort("newest", "search-newest", asked.newest)]
}

fn filters(web: &Web, look: &Look<'_>, asked: &Asked<'_>, post: &Post) -> Vec<FilterView> {
    let mut views = asked.filters.views(look, &["place"]);
    views.push(packs(web, look, asked, post));
    views.extend(asked.filters.views(look, &["state", "open"]));
    for view in views.iter_mut().filter(|view| view.name == "open") {
        view.label = look.t("filter-open-label");
    }
    views
}

/// The packs of what the post reads.
fn packs(web: &Web, look: &Look<'_>, asked: &Asked<'_>, post: &Post) -> FilterView {
    let model = &web.world.model;
    let with_cases = model.processes.values().filter(|process| matches!(reach(process, post), Reach::Subtree(_)));
    let mut names: Vec<&str> = with_cases.map(|process| process.pack.as_str()).collect();
    let readable = registers(web, None);
    names.extend(readable.iter().map(|one| one.register.pack.as_str()));
    names.sort_unstable();
    names.dedup();
    let all = Choice::new("", look.t("filter-all"));
    let known = names.into_iter().filter_map(|name| Some(Choice::new(name, look.text(&model.packs.get(name)?.title))));
    let mut options: Vec<Choice> = std::iter::once(all).chain(known).collect();
    for option in &mut options {
        option.selected = option.value == asked.pack.as_deref().unwrap_or_default();
    }
    FilterView { name: "pack", label: look.t("filter-pack"), options }
}
