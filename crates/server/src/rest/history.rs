//! The journal of a case and the versions of a row for other software: who did what, when and on whose authority, told as the card
//! tells it to the same post. Personal values stay hidden; in the journal of a case names of people are masked.

use super::answer::{listed, only};
use super::papers::row_of;
use super::rows;
use crate::error::Error;
use crate::staff::find;
use crate::staff::registers::card::{marks, who};
use crate::staff::registers::proposals::people;
use crate::view::Look;
use crate::view::timeline::Story;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use ganglion_model::Record;
use ganglion_model::change::{Actor, Change, Entry, Op};
use ganglion_model::row::Mark;
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

/// `GET /api/registers/{register}/history/{shard}/{key}`: the versions of a row, the newest first, for whoever reads whole rows.
pub async fn of_row(
    web: Web,
    headers: HeaderMap,
    Path((name, shard, key)): Path<(String, u32, String)>,
) -> Result<Response, Error> {
    web.post()?;
    only(&web, &[])?;
    let (readable, versions) = row_of(&web, &name, (shard, &key)).await?;
    let wanted = versions.iter().flat_map(marks).filter_map(|mark| mark.account.clone()).collect();
    let people = people(&web, wanted).await?;
    let words = web.words();
    let look = web.look(&words);
    let fields = readable.fields(&web);
    let told = |mark: &Mark| json!({ "post": mark.post, "who": who(&look, mark, &people) });
    let item = |version: &Record| {
        let authority = version.authority.as_ref();
        let mut item = rows::shown(version, &fields);
        item["by"] = json!(authority.map(|one| told(&one.by)));
        item["approved"] = json!(authority.and_then(|one| one.approved.as_ref()).map(told));
        item["why"] = json!(authority.map(|one| &one.why));
        item
    };
    let items = versions.iter().rev().map(item).collect();
    Ok(listed(&web, &headers, items, None))
}

/// The states before and after, where they changed.
fn states(ops: &[Op]) -> (Option<&str>, Option<&str>) {
    let change = ops.iter().find_map(|op| match op {
        Op::State { from, to, .. } => Some((from.as_str(), to.as_str())),
        _ => None,
    });
    change.unzip()
}
