//! The journal of a case for other software: who did what, when and on whose authority, told as the card tells it to the same post.
//! Personal values stay hidden; names of people are masked.

use super::answer::{listed, only};
use crate::error::Error;
use crate::staff::find;
use crate::view::Look;
use crate::view::timeline::Story;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_model::change::{Actor, Change, Entry, Op};
use serde_json::{Value, json};

/// Lines of one answer, the newest: more than any case has in practice.
const ENTRIES_MAX: u32 = 200;

/// `GET /api/processes/{process}/history/{number}`.
pub async fn of_case(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Error> {
    let role = web.post()?.role.clone();
    only(&web, &[])?;
    let (case, process) = find::case(&web, &number).await?;
    if process.name != name {
        return Err(Error::NotFound);
    }
    let entries = web.app.store.entries_of_case(case.shard, case.id, ENTRIES_MAX).await?;
    let people = find::people(&web, &entries, std::iter::empty()).await?;
    let words = web.words();
    let look = web.look(&words);
    let story = Story { process, people: &people, role: &role };
    let items = entries.iter().filter_map(|entry| shown(&look, &story, entry)).collect();
    Ok(listed(&web, &headers, items, None))
}

/// A line: what software goes by, and what people read.
fn shown(look: &Look<'_>, story: &Story<'_>, entry: &Entry) -> Option<Value> {
    let told = look.timeline(story, std::slice::from_ref(entry)).pop()?;
    let (action, (from, to)) = match &entry.change {
        Change::Opened { case } => (None, (None, Some(case.state.as_str()))),
        Change::Case { action, ops, .. } => (Some(action.as_str()), states(ops)),
        _ => (None, (None, None)),
    };
    let post = match &entry.actor {
        Actor::Post { post, .. } => Some(post),
        _ => None,
    };
    Some(json!({
        "seq": entry.seq,
        "at": entry.at,
        "action": action,
        "from": from,
        "to": to,
        "post": post,
        "what": told.verb,
        "who": told.who,
        "as": told.post,
        "authority": told.authority,
        "reason": told.reason,
        "details": told.details,
    }))
}

/// The states before and after, where they changed.
fn states(ops: &[Op]) -> (Option<&str>, Option<&str>) {
    let change = ops.iter().find_map(|op| match op {
        Op::State { from, to, .. } => Some((from.as_str(), to.as_str())),
        _ => None,
    });
    change.unzip()
}
