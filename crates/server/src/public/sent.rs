//! The receipt: number, query code for those who left no phone, what was promised, what happens next.

use super::report::same_as;
use crate::error::Error;
use crate::sign;
use crate::web::Web;
use axum::extract::Path;
use axum::response::Response;
use ganglion_model::Case;
use ganglion_model::pack::FieldKind;
use serde_json::json;

/// Whether a telephone number was left; which one is sealed.
fn has_phone(web: &Web, case: &Case) -> bool {
    let process = web.world.model.processes.get(&case.process);
    let mut form = process.into_iter().flat_map(|process| &process.form);
    form.any(|field| matches!(field.kind, FieldKind::Phone) && case.fields.contains_key(&field.name))
}

/// `GET /report/sent/{number}`: for the browser that sent it.
pub async fn show(web: Web, Path(number): Path<String>) -> Result<Response, Error> {
    let case = web.own_case(&number).await?.ok_or(Error::NotFound)?;
    let process = web.world.model.processes.get(&case.process).ok_or(Error::NotFound)?;
    let words = web.words();
    let look = web.look(&words);
    let promised = look.promise(process, &case).map_or_else(|| look.t("sent-reply-later"), |promise| promise.text);
    let context = json!({
        "page": web.page("title-report-sent"),
        "number": case.number,
        "query_code": (!has_phone(&web, &case)).then(|| sign::query_code(&web.app.master, &case.number)),
        "promised_reply": promised,
        "category": look.about(process, &case),
        "place_path": look.place_path(case.place),
        "at": look.date_time(case.opened_at),
        "same_as": same_as(&case),
        "follow_href": format!("/follow/{}", crate::page::encode(&case.number)),
        "next": look.steps(process, &case),
    });
    web.render("pages/report_sent.html", context)
}
