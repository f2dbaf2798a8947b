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

/// A notice in words.
#[derive(Serialize)]
pub struct News {
    at: String,
    text: String,
    number: String,
    title: String,
    href: String,
}

/// The newest notices to the post.
///
/// # Errors
/// Storage.
pub async fn news(web: &Web, look: &Look<'_>, post: &Post) -> Result<Vec<News>, Error> {
    let mut all = Vec::new();
    for told in web.app.store.told(&post.id, SHOWN).await? {
        let case = web.app.store.case(told.shard, told.case).await?;
        let readable = case.filter(|case| who::may_read(&web.world, &web.actor(), Some(post), case));
        let Some(case) = readable else { continue };
        let Some(process) = web.world.model.processes.get(&case.process) else { continue };
        all.push(News {
            at: look.when(told.at),
            text: words(look, process, &told),
            number: case.number.clone(),
            title: look.title(process, &case),
            href: card_href(&case.number),
        });
    }
    Ok(all)
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
