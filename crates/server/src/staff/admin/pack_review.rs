//! The page that shows what a draft would change, and what is in its way.

use super::pack_roles::roles_view;
use super::pack_sections::{Section, path_words, sections, title};
use super::tabs;
use crate::error::Error;
use crate::packs::{Obstacle, Review};
use crate::view::words::count;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

/// Findings shown; the command line shows all.
const SHOWN_MAX: usize = 300;

#[derive(Serialize)]
struct ReviewContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    names: Vec<Value>,
    draft: String,
    installable: bool,
    /// The compiler found errors.
    errors: bool,
    findings: Vec<Value>,
    obstacles: Vec<Value>,
    changes: Vec<Section>,
    burden: Vec<String>,
    /// Roles nobody holds.
    roles: Vec<Value>,
    replay: Option<Value>,
}

fn finding_view(finding: &ganglion_pack::Finding) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "remedy": finding.remedy,
        "severity": finding.severity,
    })
}

/// An obstacle in words, with the list that has its rows.
pub fn obstacle_view(look: &Look<'_>, one: &Obstacle) -> Value {
    let args = [("path", path_words(look, &one.path).into()), ("count", one.count.into())];
    let more = if one.count > one.first.len() as u64 { " …" } else { "" };
    json!({
        "text": look.say(&format!("obstacle-{}", one.code), &args),
        "name": one.path,
        "first": format!("{}{more}", one.first.join(", ")),
        "href": one.href,
    })
}

fn replay_view(look: &Look<'_>, review: &Review) -> Option<Value> {
    let replay = review.replay.as_ref()?;
    let n = |number: u64| count(number);
    let args = [
        ("days", u64::from(replay.days).into()),
        ("cases", n(replay.cases).into()),
        ("moved", n(replay.moved).into()),
        ("across", n(replay.across_townships).into()),
        ("earlier", n(replay.earlier).into()),
        ("later", n(replay.later).into()),
        ("overdue", n(replay.now_overdue).into()),
    ];
    let moved = replay.moved_first.iter().map(|one| {
        let place = |code: &str| code.parse().map_or_else(|_| code.to_owned(), |code| look.place(code));
        let to = one.to.as_deref().map_or_else(|| look.t("pack-replay-nowhere"), place);
        json!({"number": one.number, "from": place(&one.from), "to": to})
    });
    let shifted = replay.shifted_first.iter().map(|one| {
        let clocks = look.world.model.processes.values().filter_map(|process| process.clocks.get(&one.clock));
        let clock = clocks.map(|clock| look.text(&clock.title)).next().unwrap_or_else(|| one.clock.clone());
        json!({"number": one.number, "clock": clock, "from": look.date_time(one.from), "to": look.date_time(one.to)})
    });
    Some(json!({
        "text": look.say("pack-replay-moved", &args),
        "clocks": look.say("pack-replay-clocks", &args),
        "moved": moved.collect::<Vec<_>>(),
        "shifted": shifted.collect::<Vec<_>>(),
    }))
}

/// What a process or pack is called: by the draft where that changes it, else as it is installed.
fn called(look: &Look<'_>, review: &Review, (root, name): (&str, &str)) -> String {
    let installed = || {
        let model = &look.world.model;
        let title = match root {
            "process" => model.processes.get(name).map(|one| &one.title),
            _ => model.packs.get(name).map(|one| &one.title),
        };
        title.map(|title| look.text(title))
    };
    title(look, &review.differences, root, name).or_else(installed).unwrap_or_else(|| name.to_owned())
}

/// The page.
///
/// # Errors
/// When the template fails.
pub fn review_view(web: &Web, review: &Review, (names, draft): (Vec<String>, String)) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let burden = review
        .burden
        .iter()
        .map(|one| {
            let minutes = u64::from(one.seconds.div_ceil(60));
            let args = [
                ("process", called(&look, review, ("process", one.process.as_str())).into()),
                ("minutes", minutes.into()),
                ("yearly", u64::from(one.yearly).into()),
                ("places", count(u64::from(one.places)).into()),
                ("hours", count(one.hours).into()),
            ];
            look.say("pack-burden", &args)
        })
        .collect();
    let context = ReviewContext {
        page: web.page("title-admin-packs"),
        tabs: tabs(web),
        names: names
            .iter()
            .map(|name| json!({"title": called(&look, review, ("pack", name.as_str())), "name": name}))
            .collect(),
        draft,
        installable: review.installable,
        errors: review.findings.errors() > 0,
        findings: review.findings.iter().take(SHOWN_MAX).map(|one| finding_view(&one.told(web.lang))).collect(),
        obstacles: review.obstacles.iter().map(|one| obstacle_view(&look, one)).collect(),
        changes: sections(&look, &review.differences),
        burden,
        roles: roles_view(web, &look, &review.unheld),
        replay: replay_view(&look, review),
    };
    web.render("pages/admin_pack_check.html", context)
}
