//! The page that shows what a draft would change, and what is in its way.

use super::tabs;
use crate::error::Error;
use crate::packs::{Obstacle, Review};
use crate::view::words::count;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::response::Response;
use ganglion_pack::{Difference, How};
use serde::Serialize;
use serde_json::{Value, json};

/// Differences and findings shown; the command line shows all.
const SHOWN_MAX: usize = 300;

#[derive(Serialize)]
struct ReviewContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    names: Vec<String>,
    draft: String,
    installable: bool,
    /// The compiler found errors.
    errors: bool,
    findings: Vec<Value>,
    obstacles: Vec<Value>,
    changes: Vec<Group>,
    more: usize,
    burden: Vec<String>,
    replay: Option<Value>,
}

/// Differences of one kind: those of a new pack are many, and nobody reads a hundred names one by one.
#[derive(Serialize)]
struct Group {
    title: String,
    count: usize,
    care: bool,
    open: bool,
    list: Vec<Value>,
}

/// Groups of this many or fewer stand open.
const OPEN_MAX: usize = 6;

fn groups(look: &Look<'_>, all: &[Difference]) -> Vec<Group> {
    let mut groups: Vec<((&str, How), Group)> = Vec::new();
    for one in all {
        let key = (one.what.as_str(), one.how);
        let at = groups.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            let how = match one.how {
                How::Added => "pack-how-added",
                How::Removed => "pack-how-removed",
                How::Changed => "pack-how-changed",
            };
            let title = look.say(how, &[("what", thing(look, &one.what).into())]);
            groups.push((key, Group { title, count: 0, care: false, open: false, list: Vec::new() }));
            groups.len() - 1
        });
        let group = &mut groups[at].1;
        group.count += 1;
        group.care |= one.care;
        group.open = group.care || group.count <= OPEN_MAX;
        group.list.push(change_view(look, one));
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn thing(look: &Look<'_>, what: &str) -> String {
    let key = format!("pack-thing-{what}");
    if look.say.has(&key) { look.t(&key) } else { what.to_owned() }
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
    let args = [("path", one.path.clone().into()), ("count", one.count.into())];
    let more = if one.count > one.first.len() as u64 { " …" } else { "" };
    json!({
        "text": look.say(&format!("obstacle-{}", one.code), &args),
        "first": format!("{}{more}", one.first.join(", ")),
        "href": one.href,
    })
}

fn change_view(look: &Look<'_>, one: &Difference) -> Value {
    let key = match one.how {
        How::Added => "pack-diff-added",
        How::Removed => "pack-diff-removed",
        How::Changed if one.before.is_some() && one.after.is_some() => "pack-diff-from-to",
        How::Changed => "pack-diff-changed",
    };
    let args = [
        ("what", thing(look, &one.what).into()),
        ("path", one.path.clone().into()),
        ("part", one.part.clone().unwrap_or_default().into()),
        ("before", one.before.clone().unwrap_or_default().into()),
        ("after", one.after.clone().unwrap_or_default().into()),
    ];
    json!({"text": look.say(key, &args), "care": one.care})
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
        json!({"number": one.number, "clock": one.clock, "from": look.date_time(one.from), "to": look.date_time(one.to)})
    });
    Some(json!({
        "text": look.say("pack-replay-moved", &args),
        "clocks": look.say("pack-replay-clocks", &args),
        "moved": moved.collect::<Vec<_>>(),
        "shifted": shifted.collect::<Vec<_>>(),
    }))
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
                ("process", one.process.clone().into()),
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
        names,
        draft,
        installable: review.installable,
        errors: review.findings.errors() > 0,
        findings: review.findings.iter().take(SHOWN_MAX).map(|one| finding_view(&one.told(web.lang))).collect(),
        obstacles: review.obstacles.iter().map(|one| obstacle_view(&look, one)).collect(),
        changes: groups(&look, &review.differences[..review.differences.len().min(SHOWN_MAX)]),
        more: review.differences.len().saturating_sub(SHOWN_MAX),
        burden,
        replay: replay_view(&look, review),
    };
    web.render("pages/admin_pack_check.html", context)
}
