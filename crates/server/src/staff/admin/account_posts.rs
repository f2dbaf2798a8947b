//! Posts of an account: giving one with its days, and leaving one. Whoever leaves hands over first: somebody else takes the post with
//! all its work, or the open work goes to another post of the same role, case by case, as commands in the journal. Only a post
//! without open work ends.

use super::account::{Shown, governed, href};
use super::accounts::{after_giving, free_post, inside, is_apart, place_of_typed, posts_changed, role_choices};
use super::tabs;
use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::staff::appoints;
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::view::words::count;
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use ganglion_kernel::CommitError;
use ganglion_kernel::decide::hand_over::may_take_over;
use ganglion_kernel::port::{Account, CaseFilter, CaseOrder};
use ganglion_model::{AccountId, Body, Case, Command, CommandId, Post, PostId, Text};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Cases shown of the work a post leaves.
const CASES_SHOWN: u32 = 50;
/// Commands sent at a time.
const AT_ONCE: usize = 64;
/// Posts offered to take work over.
const POSTS_OFFERED_MAX: usize = 300;
/// Posts that are over whose work is counted for one page, the latest first.
const POSTS_OVER_MAX: usize = 300;

/// What was typed for a post to be given.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    role: String,
    place: String,
    from: String,
    to: String,
}

/// A field with what was typed and what was wrong with it.
fn field(
    (look, errors): (&Look<'_>, &[FormError]),
    (name, kind, label): (&str, &'static str, &str),
    (value, required): (&str, bool),
) -> FieldView {
    FieldView { required, ..asked((look, errors), (name, kind, label), value) }
}

/// The form that gives a post.
pub(super) fn give_form(web: &Web, account: &AccountId, entry: &Entry, errors: Vec<FormError>) -> FormView {
    let words = web.words();
    let look = web.look(&words);
    let roles = role_choices(web, &look, &entry.role);
    let today = web.today().to_string();
    let from = if entry.from.is_empty() { &today } else { &entry.from };
    let shown = (&look, errors.as_slice());
    let place = FieldView {
        help: Some(look.t("accounts-place-help")),
        suggest_href: Some("/admin/accounts/places".to_owned()),
        ..field(shown, ("place", "text", "accounts-place"), (&entry.place, true))
    };
    FormView {
        action_href: format!("{}/posts", href(account)),
        fields: vec![
            FieldView { options: roles, ..field(shown, ("role", "choice", "accounts-role"), ("", true)) },
            place,
            field(shown, ("from", "date", "post-from"), (from, true)),
            FieldView {
                help: Some(look.t("post-until-help")),
                ..field(shown, ("to", "date", "post-until"), (&entry.to, false))
            },
        ],
        errors: errors.clone(),
        submit: look.t("post-give"),
        ..FormView::default()
    }
}

fn error(look: &Look<'_>, (field, key): (&str, &str)) -> FormError {
    FormError { field: field.to_owned(), id: format!("f-{field}"), label: String::new(), message: look.t(key) }
}

/// `POST /admin/accounts/{id}/posts`: a further post, from one day to another or without an end.
pub async fn give(web: Web, Path(id): Path<String>, typed: Typed) -> Result<Response, Error> {
    let account = governed(&web, &id).await?;
    let words = web.words();
    let look = web.look(&words);
    let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
    let entry = Entry { role: text("role"), place: text("place"), from: text("from"), to: text("to") };
    let mut wrong: Vec<(&str, &str)> = Vec::new();
    let place = match place_of_typed(&web, &entry.role, &entry.place)? {
        Ok(place) => Some(place),
        Err(found) => {
            wrong.extend(found);
            None
        }
    };
    if !is_apart(&web, &account.id, &entry.role) {
        wrong.push(("role", "account-audit-apart"));
    }
    let from: Option<Date> = entry.from.parse().ok();
    let last: Option<Date> = entry.to.parse().ok();
    if from.is_none() {
        wrong.push(("from", "post-day-bad"));
    }
    if !entry.to.is_empty() && (last.is_none() || last < from) {
        wrong.push(("to", "post-until-bad"));
    }
    let (Some(place), Some(from), true) = (place, from, wrong.is_empty()) else {
        let errors = wrong.into_iter().map(|one| error(&look, one)).collect();
        let form = give_form(&web, &account.id, &entry, errors);
        return super::account::page(
            &web,
            &account,
            Shown { give: Some(form), ..Shown::default() },
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
    };
    let title = web.world.model.roles.get(&entry.role).map(|role| role.title.clone());
    let post = Post {
        id: free_post(&web, &entry.role, place),
        role: entry.role,
        place,
        title: title.unwrap_or_default(),
        unit: Text::default(),
        account: Some(account.id.clone()),
        valid_from: from,
        valid_to: last.and_then(|last| last.tomorrow().ok()),
    };
    web.app.store.posts_put(std::slice::from_ref(&post)).await?;
    posts_changed(&web).await?;
    told(&web, &account.id, What::PostGiven, &post.id).await?;
    Ok(web.redirect_with(&after_giving(&web, &post.role, &href(&account.id))?, "ok", &look.t("post-given")))
}

async fn told(web: &Web, account: &AccountId, what: What, post: &PostId) -> Result<(), Error> {
    let line = Line::own(account, what, web.origin()).by(&web.signed_in()?.account).about(&post.0);
    web.app.account_told(&[line]).await
}

/// The post of an account that is left.
async fn held(web: &Web, (id, post): (&str, &str)) -> Result<(Account, Post), Error> {
    let account = governed(web, id).await?;
    let post = web.world.posts.get(&PostId(post.to_owned())).ok_or(Error::NotFound)?;
    let is_theirs = post.account.as_ref() == Some(&account.id) && appoints(web)?.place.holds(post.place);
    if is_theirs { Ok((account, post.clone())) } else { Err(Error::NotFound) }
}

fn open_work(post: &Post) -> CaseFilter {
    CaseFilter { open: Some(true), assignees: vec![post.id.clone()], ..CaseFilter::default() }
}

/// `GET /admin/accounts/{id}/posts/{post}/end`.
pub async fn leaving(web: Web, Path((id, post)): Path<(String, String)>) -> Result<Response, Error> {
    let (account, post) = held(&web, (&id, &post)).await?;
    page(&web, (&account, &post), Vec::new(), StatusCode::OK).await
}

async fn page(
    web: &Web,
    (account, post): (&Account, &Post),
    errors: Vec<FormError>,
    status: StatusCode,
) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let filter = open_work(post);
    let total = web.app.store.case_count(&filter).await?;
    let cases = web.app.store.cases(&filter, CaseOrder::Due, None, CASES_SHOWN).await?;
    // Who administers has no part in the cases: which they are, and no more.
    let view = |case: &Case| {
        let process = web.world.model.processes.get(&case.process);
        json!({
            "number": case.number,
            "process": process.map(|process| look.text(&process.title)),
            "place": look.place_short(case.place),
            "opened": look.date_time(case.opened_at),
        })
    };
    let context = json!({
        "page": web.page("title-post-end"),
        "tabs": tabs(web),
        "name": account.name,
        "account": account.id,
        "post": look.post(&post.id),
        "total": count(total),
        "open": total > 0,
        "cases": cases.iter().map(view).collect::<Vec<_>>(),
        "more": total > u64::from(CASES_SHOWN),
        "form": end_form(web, (account, post), errors)?,
    });
    web.render_status(status, "pages/admin_post_end.html", context)
}

fn end_form(web: &Web, (account, post): (&Account, &Post), errors: Vec<FormError>) -> Result<FormView, Error> {
    let words = web.words();
    let look = web.look(&words);
    let place = appoints(web)?.place;
    let today = web.today();
    let fits = |to: &&Post| place.holds(to.place) && may_take_over(post, to, today);
    // Those at the same place first.
    let mut offered: Vec<&Post> = web.world.posts.all().filter(fits).collect();
    offered.sort_by_key(|to| (to.place != post.place, to.place, to.id.clone()));
    let options = offered.into_iter().take(POSTS_OFFERED_MAX).map(|to| {
        let holder = to.account.as_ref().map(ToString::to_string);
        Choice { hint: holder, ..Choice::new(to.id.0.clone(), look.post(&to.id)) }
    });
    let shown = (&look, errors.as_slice());
    let base = href(&account.id);
    Ok(FormView {
        action_href: format!("{base}/posts/{}/end", crate::page::encode(&post.id.0)),
        fields: vec![
            FieldView {
                help: Some(look.t("post-successor-help")),
                ..field(shown, ("successor", "text", "post-successor"), ("", false))
            },
            FieldView {
                help: Some(look.t("post-to-help")),
                options: options.collect(),
                ..field(shown, ("post", "ref", "post-to"), ("", false))
            },
            field(shown, ("last", "date", "post-last-day"), (&today.to_string(), true)),
        ],
        errors: errors.clone(),
        submit: look.t("post-end-submit"),
        cancel_href: Some(base),
        ..FormView::default()
    })
}

/// `POST /admin/accounts/{id}/posts/{post}/end`.
pub async fn end(web: Web, Path((id, post)): Path<(String, String)>, typed: Typed) -> Result<Response, Error> {
    let (account, post) = held(&web, (&id, &post)).await?;
    let words = web.words();
    let look = web.look(&words);
    if let Some(successor) = typed.one("successor") {
        return taken(&web, (&account, &post), successor.trim()).await;
    }
    let last: Option<Date> = typed.one("last").and_then(|day| day.trim().parse().ok());
    let Some(ends) = last.filter(|last| *last >= post.valid_from).and_then(|last| last.tomorrow().ok()) else {
        let errors = vec![error(&look, ("last", "post-last-bad"))];
        return page(&web, (&account, &post), errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    if let Some(to) = typed.one("post") {
        let moved = handed_over(&web, &post, &PostId(to.to_owned())).await?;
        if moved > 0 {
            told(&web, &account.id, What::HandedOver, &post.id).await?;
        }
    }
    if web.app.store.case_count(&open_work(&post)).await? > 0 {
        let errors = vec![error(&look, ("post", "post-work-left"))];
        return page(&web, (&account, &post), errors, StatusCode::CONFLICT).await;
    }
    web.app.store.posts_put(&[Post { valid_to: Some(ends), ..post.clone() }]).await?;
    posts_changed(&web).await?;
    told(&web, &account.id, What::PostEnds, &post.id).await?;
    let args = [("post", look.post(&post.id).into()), ("day", look.full_day(ends.yesterday().unwrap_or(ends)).into())];
    Ok(web.redirect_with(&href(&account.id), "ok", &look.say("post-ended", &args)))
}

/// Gives the post with all its work to somebody else, at once.
async fn taken(web: &Web, (account, post): (&Account, &Post), successor: &str) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let own = appoints(web)?.clone();
    let known = inside(web, &own).await?.into_iter().find(|one| one.id.0 == successor && one.active);
    let Some(known) = known.filter(|known| known.id != account.id) else {
        let errors = vec![error(&look, ("successor", "post-successor-bad"))];
        return page(web, (account, post), errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    if !is_apart(web, &known.id, &post.role) {
        let errors = vec![error(&look, ("successor", "account-audit-apart"))];
        return page(web, (account, post), errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    web.app.store.posts_put(&[Post { account: Some(known.id.clone()), ..post.clone() }]).await?;
    posts_changed(web).await?;
    told(web, &account.id, What::PostEnds, &post.id).await?;
    told(web, &known.id, What::PostGiven, &post.id).await?;
    let args = [("post", look.post(&post.id).into()), ("account", known.id.0.into())];
    Ok(web.redirect_with(&href(&account.id), "ok", &look.say("post-taken", &args)))
}

/// Sends every open case of a post to another, each by a command of its own; what is refused stays where it is. Gives how many moved.
async fn handed_over(web: &Web, from: &Post, to: &PostId) -> Result<usize, Error> {
    let filter = open_work(from);
    let mut all = 0;
    loop {
        let limit = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
        let cases = web.app.store.cases(&filter, CaseOrder::Due, None, limit).await?;
        let sent = cases.iter().map(|case| {
            let body = Body::HandOver { case: case.id, from: from.id.clone(), to: to.clone() };
            let id = CommandId(web.app.clock.id());
            web.app.committer.send(Command { id, shard: case.shard, actor: web.actor(), body })
        });
        let mut moved = 0;
        for answer in join_all(sent).await {
            match answer {
                Ok(_) => moved += 1,
                Err(CommitError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        all += moved;
        // Those that are refused stand in front again: without progress there is none to come.
        if cases.len() < AT_ONCE || moved == 0 {
            return Ok(all);
        }
    }
}

/// Posts inside a place that are over, or will be within two weeks, with work that hangs on them: how many, by post.
///
/// # Errors
/// Storage.
async fn left_behind(web: &Web) -> Result<Vec<(Post, u64)>, Error> {
    let own = appoints(web)?;
    let soon = web.today().saturating_add(jiff::Span::new().days(14));
    let is_over = |post: &&Post| own.place.holds(post.place) && post.valid_to.is_some_and(|to| to <= soon);
    let mut over: Vec<&Post> = web.world.posts.all().filter(is_over).collect();
    over.sort_by_key(|post| std::cmp::Reverse(post.valid_to));
    let mut found = Vec::new();
    for post in over.into_iter().take(POSTS_OVER_MAX) {
        let open = web.app.store.case_count(&open_work(post)).await?;
        if open > 0 {
            found.push((post.clone(), open));
        }
    }
    Ok(found)
}

/// Such posts as the page of accounts lists them.
pub(super) async fn left_behind_view(web: &Web, look: &Look<'_>) -> Result<Vec<Value>, Error> {
    let view = |(post, open): (Post, u64)| {
        let end = |account: &AccountId| format!("{}/posts/{}/end", href(account), crate::page::encode(&post.id.0));
        json!({
            "title": look.post(&post.id),
            "last": post.valid_to.and_then(|to| to.yesterday().ok()).map(|last| look.full_day(last)),
            "open": count(open),
            "href": post.account.as_ref().map(end),
        })
    };
    Ok(left_behind(web).await?.into_iter().map(view).collect())
}
