//! Days laid over the national calendar. Saving them makes the recompute job go through the open cases.

use super::{admin, tabs};
use crate::error::Error;
use crate::jobs::recompute::{OVERLAY, overlaid, use_office};
use crate::typed::Typed;
use crate::view::Say as _;
use crate::web::{Web, Words};
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::clocks::{BadDay, BadLine};
use serde_json::json;

/// What the lines begin with.
const HEAD: &str = "date,kind,name\n";
/// Longest text, bytes.
const BYTES_MAX: usize = 20_000;

/// `GET /admin/calendar`.
pub async fn show(web: Web) -> Result<Response, Error> {
    admin(&web)?;
    let text = web.app.store.setting(OVERLAY).await?.unwrap_or_else(|| HEAD.to_owned());
    page(&web, &text, &[], StatusCode::OK)
}

fn page(web: &Web, text: &str, problems: &[String], status: StatusCode) -> Result<Response, Error> {
    let context = json!({
        "page": web.page("title-admin-calendar"),
        "tabs": tabs(web),
        "text": text,
        "problems": problems,
        "version": web.world.office.calendar.version(),
    });
    web.render_status(status, "pages/admin_calendar.html", context)
}

/// `POST /admin/calendar`: keeps the days; every bad line is named and nothing is lost.
pub async fn save(web: Web, typed: Typed) -> Result<Response, Error> {
    admin(&web)?;
    let text = typed.one("text").unwrap_or_default().replace("\r\n", "\n");
    let none = text.trim().is_empty() || text.trim() == HEAD.trim();
    let text = if none { String::new() } else { text };
    let read = if text.len() > BYTES_MAX {
        Err(vec![web.words().say("calendar-too-long", &[("max", (BYTES_MAX / 1000).into())])])
    } else {
        lines(&web, &text)
    };
    match read {
        Ok(office) => {
            web.app.store.setting_put(OVERLAY, &text).await?;
            use_office(&web.app, office);
            Ok(web.redirect_with("/admin/jobs", "ok", &web.t("calendar-saved")))
        }
        Err(problems) => page(&web, &text, &problems, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn lines(web: &Web, text: &str) -> Result<ganglion_kernel::clocks::Office, Vec<String>> {
    let words = web.words();
    overlaid(&web.app, text).map_err(|error| error.lines.iter().map(|bad| said(&words, bad)).collect())
}

/// What is wrong with a line, in words.
fn said(words: &Words, bad: &BadLine) -> String {
    let (key, value) = match &bad.reason {
        BadDay::NoHeader(_) => ("calendar-no-header", HEAD.trim().to_owned()),
        BadDay::Twice => ("calendar-twice", String::new()),
        BadDay::NoDay => ("calendar-no-day", String::new()),
        BadDay::Columns(found) => ("calendar-columns", found.to_string()),
        BadDay::NotADate(text) => ("calendar-not-a-date", text.clone()),
        BadDay::NotAKind(text) => ("calendar-not-a-kind", text.clone()),
        BadDay::MakeUp(text) => ("calendar-make-up", text.clone()),
    };
    let what = words.say(key, &[("value", value.into())]);
    words.say("calendar-bad-line", &[("line", bad.line.into()), ("what", what.into())])
}
