//! Finding a hall: all of them by county, with how many wait, or those whose name holds a word.

use super::hall::{Hall, halls_of, has_screens};
use crate::error::Error;
use crate::view::Look;
use crate::view::options::Choice;
use crate::view::words::count;
use crate::web::Web;
use axum::response::Response;
use ganglion_model::pack::Process;
use ganglion_model::{Level, PlaceCode};
use serde::Serialize;

/// Halls listed on one page; a word or a county finds the others.
const SHOWN_MAX: usize = 60;

#[derive(Serialize)]
struct Line {
    name: String,
    place: String,
    href: String,
    waiting: String,
    closed: Option<String>,
}

#[derive(Serialize)]
struct Group {
    title: String,
    halls: Vec<Line>,
    more: Option<String>,
}

#[derive(Serialize)]
struct IndexContext {
    page: crate::page::Page,
    q: String,
    counties: Vec<Choice>,
    groups: Vec<Group>,
}

/// `GET /halls`, with `?county=` and `?q=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let processes: Vec<&Process> = web.world.model.processes.values().filter(|one| has_screens(one)).collect();
    if processes.is_empty() {
        return Err(Error::NotFound);
    }
    let county: Option<PlaceCode> = web.arg("county").and_then(|code| code.parse().ok());
    let word = web.arg("q").unwrap_or_default().trim().to_lowercase();
    let mut groups = Vec::new();
    for process in processes {
        groups.push(group(&web, &look, process, (county, &word)).await?);
    }
    let context = IndexContext {
        page: web.page("title-halls"),
        q: web.arg("q").unwrap_or_default().to_owned(),
        counties: counties(&web, &look, county),
        groups,
    };
    web.render("pages/halls.html", context)
}

/// The halls of a process that fit, each with those who wait.
async fn group(
    web: &Web,
    look: &Look<'_>,
    process: &Process,
    (county, word): (Option<PlaceCode>, &str),
) -> Result<Group, Error> {
    let mut halls = halls_of(&web.world, process, web.today());
    if process.queue.as_ref().is_some_and(|queue| queue.hall.is_none()) {
        halls = unlisted(web, process, county);
    }
    halls.retain(|hall| county.is_none_or(|county| county.holds(hall.place)));
    halls.retain(|hall| {
        let text = format!("{} {}", hall.name(look), look.place_path(hall.place)).to_lowercase();
        word.is_empty() || text.contains(word)
    });
    // The halls of counties are the ones most people look for.
    halls.sort_by_key(|hall| (hall.place.level(), hall.place));
    let total = halls.len();
    let mut lines = Vec::new();
    for hall in halls.into_iter().take(SHOWN_MAX) {
        let waiting = web.app.store.waiting_count(&hall.want(Vec::new(), 1), None).await?;
        lines.push(Line {
            name: hall.name(look),
            place: look.place_path(hall.place),
            href: hall.href(),
            waiting: look.say("queue-waiting", &[("count", count(waiting).into())]),
            closed: hall.closed(web.now).map(|text| look.text(text)).or_else(|| hall.not_now(look)),
        });
    }
    let more =
        (total > SHOWN_MAX).then(|| look.say("halls-more", &[("shown", SHOWN_MAX.into()), ("total", total.into())]));
    Ok(Group { title: look.text(&process.title), halls: lines, more })
}

/// Where no register says which places have a hall: every place of the queue's levels in a county.
fn unlisted<'w>(web: &'w Web, process: &'w Process, county: Option<PlaceCode>) -> Vec<Hall<'w>> {
    let tree = &web.world.places.tree;
    let root = web.world.places.root;
    let within = county.or_else(|| root.at(Level::County)).filter(|county| root.holds(*county));
    let Some(within) = within else { return Vec::new() };
    let own = tree.on(within, web.today()).into_iter();
    let places = own.chain(tree.inside(within, web.today())).map(|place| place.code);
    places.filter_map(|place| Hall::at(&web.world, process, place, web.today())).collect()
}

fn counties(web: &Web, look: &Look<'_>, chosen: Option<PlaceCode>) -> Vec<Choice> {
    let root = web.world.places.root;
    if root.level() >= Level::County {
        return Vec::new();
    }
    let mut choices = vec![Choice { selected: chosen.is_none(), ..Choice::new("", look.t("filter-all")) }];
    choices.extend(web.world.places.tree.children(root, web.today()).map(|place| Choice {
        selected: Some(place.code) == chosen,
        ..Choice::new(place.code.to_string(), place.name.clone())
    }));
    choices
}
