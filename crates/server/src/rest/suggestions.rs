//! What is suggested for a case, and which cases may be the same: as the card offers it to the same post, with reasons and counts.
//! Reading only: nothing is chosen or merged by it.

use super::answer::{case_href, listed, only};
use super::papers::case_of;
use crate::error::Error;
use crate::staff::{duplicates, preview, similar};
use crate::view::suggest::Had;
use crate::web::Web;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

fn had(had: Had) -> Value {
    json!({ "count": had.count, "of": had.of, "similar": !had.around })
}

/// `GET /api/processes/{process}/suggestions/{number}`: posts that could have the case, the likeliest first, then values of other
/// fields; only of actions the caller may take on it now.
pub async fn of_case(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Error> {
    web.post()?;
    only(&web, &[])?;
    let (case, process) = case_of(&web, &name, &number).await?;
    let words = web.words();
    let look = web.look(&words);
    let posts = preview::suggestions(&web, &look, &case, process).await?;
    let mut items: Vec<Value> = posts
        .iter()
        .map(|one| {
            json!({
                "kind": "post",
                "action": one.action,
                "field": one.field,
                "value": one.post,
                "label": web.world.posts.get(&one.post).map(|post| look.post_title(post)),
                "reasons": one.reasons,
                "had": one.had.map(had),
                "open_cases": one.load,
            })
        })
        .collect();
    let values = similar::of_fields(&web, &look, (&case, process)).await?;
    // What the case says already is no suggestion.
    let others =
        values.iter().filter(|one| case.fields.get(&one.field).and_then(Value::as_str) != Some(one.value.as_str()));
    items.extend(others.map(|one| {
        json!({
            "kind": "value",
            "action": one.action,
            "field": one.field,
            "value": one.value,
            "label": one.label,
            "reasons": [one.reason],
            "had": had(one.had),
            "open_cases": null,
        })
    }));
    Ok(listed(&web, &headers, items, None))
}

/// `GET /api/processes/{process}/duplicates/{number}`: cases that may be the same, for whoever may merge the case.
pub async fn duplicates(
    web: Web,
    headers: HeaderMap,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Error> {
    web.post()?;
    only(&web, &[])?;
    let (case, process) = case_of(&web, &name, &number).await?;
    let Some((action, field, found)) = duplicates::found(&web, (&case, process)).await? else {
        return Ok(listed(&web, &headers, Vec::new(), None));
    };
    let words = web.words();
    let look = web.look(&words);
    let item = |one: &duplicates::Likeness| {
        json!({
            "number": one.other.number,
            "href": case_href(&name, &one.other.number),
            "state": one.other.state,
            "place": one.other.place,
            "opened_at": one.other.opened_at,
            "metres": one.metres.map(f64::round),
            "same_kind": one.is_same_kind,
            "alike": (one.alike * 100.0).round() / 100.0,
            "reasons": duplicates::reasons(&look, process, one),
            "action": action.name,
            "field": field,
        })
    };
    let items = found.iter().map(item).collect();
    Ok(listed(&web, &headers, items, None))
}
