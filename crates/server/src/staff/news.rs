//! What a post was told: the newest notices, each with the case it is about, as far as the post may read it.

use crate::error::Error;
use crate::view::Look;
use crate::view::case::card_href;
use crate::web::Web;
use ganglion_kernel::decide::who;
use ganglion_kernel::port::Told;
use ganglion_model::Post;
use ganglion_model::pack::{OnOverdue, Process, declared_of};
use serde::Serialize;

/// Notices shown.
const SHOWN: u32 = 20;
/// Hours a notice counts as new: whoever comes in the next day still sees it.
const NEW_HOURS: i64 = 24;

/// A notice in words.
#[derive(Serialize)]
pub struct News {
    at: String,
    text: String,
    number: String,
    title: String,
    href: String,
}

/// What a post was told, and how much of it lately.
#[derive(Serialize)]
pub struct Heard {
    list: Vec<News>,
    fresh: usize,
}

/// The newest notices to the post.
///
/// # Errors
/// Storage.
pub async fn news(web: &Web, look: &Look<'_>, post: &Post) -> Result<Heard, Error> {
    let since = web.now - jiff::SignedDuration::from_hours(NEW_HOURS);
    let (mut heard, mut cases) = (Vec::new(), Vec::new());
    for told in web.app.store.told(&post.id, SHOWN).await? {
        let case = web.app.store.case(told.shard, told.case).await?;
        let readable = case.filter(|case| who::may_read(&web.world, &web.actor(), Some(post), case));
        let Some(case) = readable else { continue };
        heard.push(told);
        cases.push(case);
    }
    // A heading may be the label of a row.
    super::names::of_cases(web, &cases).await?;
    let mut all = Vec::new();
    let mut fresh = 0;
    for (told, case) in heard.iter().zip(&cases) {
        let Some(process) = web.world.model.processes.get(&case.process) else { continue };
        fresh += usize::from(told.at > since);
        all.push(News {
            at: look.when(told.at),
            text: words(look, process, told),
            number: case.number.clone(),
            title: look.title(process, case),
            href: card_href(&case.number),
        });
    }
    Ok(Heard { list: all, fresh })
}

/// Words of the pack, else of the clock that told it, else of the step.
fn words(look: &Look<'_>, process: &Process, told: &Told) -> String {
    if !told.text.is_empty() {
        return look.text(&told.text);
    }
    if let Some(clock) = &told.clock {
        let def = process.clocks.get(declared_of(clock));
        let title = def.map(|def| look.text(&def.title)).unwrap_or_default();
        if clock.ends_with(".soon") {
            return look.say("news-soon", &[("clock", title.into())]);
        }
        return match def.map(|def| &def.on_overdue) {
            Some(OnOverdue::Escalate(level)) => {
                let level = look.t(&format!("level-{}", level.as_str()));
                look.say("news-escalated", &[("clock", title.into()), ("level", level.into())])
            }
            _ => look.say("verb-overdue", &[("clock", title.into())]),
        };
    }
    let mut actions = process.states.values().flat_map(|state| &state.actions);
    let action = actions.find(|action| action.name == told.action);
    action.map_or_else(|| look.t("verb-changed"), |action| look.text(&action.title))
}
