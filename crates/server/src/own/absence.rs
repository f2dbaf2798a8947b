//! Being away: who stands in for whom, from one day to another. Whoever holds a post says so here; whoever administers the account does it
//! for somebody who fell ill. The deputy acts in the post under their own name and sees its open work.

use crate::error::Error;
use crate::identity::deputies;
use crate::identity::lines::{Line, What};
use crate::limits::{ABSENCE_DAYS_MAX, DEPUTIES_SHOWN_MAX};
use crate::staff::{ADMIN_ROLE, AUDIT_ROLE, SECURITY_ROLE};
use crate::typed::Typed;
use crate::view::Look;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::web::Web;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::{AccountId, Deputy, Post};
use jiff::civil::Date;
use serde_json::{Value, json};

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    post: String,
    deputy: String,
    from: String,
    to: String,
}

impl Entry {
    /// As a form sent it.
    #[must_use]
    pub fn of(typed: &Typed) -> Entry {
        let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
        Entry { post: text("post"), deputy: text("deputy"), from: text("from"), to: text("to") }
    }
}

/// Posts somebody may name a deputy for: those they hold, but for those that administer, appoint or watch, which are given and not lent.
fn posts<'w>(web: &'w Web, account: &'w AccountId) -> impl Iterator<Item = &'w Post> {
    let today = web.today();
    let is_lent = |post: &Post| ![ADMIN_ROLE, SECURITY_ROLE, AUDIT_ROLE].contains(&post.role.as_str());
    web.world.posts.of(account).filter(move |post| post.valid_on(today) && is_lent(post))
}

/// The form that names a deputy for one of somebody's posts, sent to `action`; none when they hold none.
#[must_use]
pub fn form(web: &Web, account: &AccountId, action: &str, (entry, errors): (&Entry, &[FormError])) -> Option<FormView> {
    let words = web.words();
    let look = web.look(&words);
    let mut options: Vec<Choice> =
        posts(web, account).map(|post| Choice::new(post.id.0.clone(), look.post(&post.id))).collect();
    let only = options.len() == 1;
    options.iter_mut().for_each(|one| one.selected = only || one.value == entry.post);
    let field = |name: &str, kind: &'static str, label: &str, value: &str| FieldView {
        id: format!("f-away-{name}"),
        ..asked((&look, errors), (name, kind, label), value)
    };
    if options.is_empty() {
        return None;
    }
    Some(FormView {
        action_href: action.to_owned(),
        fields: vec![
            FieldView { options, ..field("post", "choice", "absence-post", "") },
            FieldView {
                help: Some(look.t("absence-deputy-help")),
                ..field("deputy", "text", "absence-deputy", &entry.deputy)
            },
            field("from", "date", "absence-from", &entry.from),
            field("to", "date", "absence-to", &entry.to),
        ],
        errors: errors.to_vec(),
        submit: look.t("submit-absence"),
        ..FormView::default()
    })
}

/// Looks at an entry: the deputy it names, or what is wrong with it.
async fn checked(web: &Web, account: &AccountId, entry: &Entry) -> Result<Result<Deputy, Vec<FormError>>, Error> {
    let words = web.words();
    let look = web.look(&words);
    let mut errors = Vec::new();
    let mut wrong = |field: &str, key: &str| {
        let message = look.say(key, &[("days", ABSENCE_DAYS_MAX.into())]);
        errors.push(FormError {
            field: field.to_owned(),
            id: format!("f-away-{field}"),
            label: String::new(),
            message,
        });
    };
    let post = posts(web, account).find(|post| post.id.0 == entry.post).cloned();
    if post.is_none() {
        wrong("post", "absence-post-bad");
    }
    let deputy = AccountId(entry.deputy.clone());
    let known = web.app.store.account(&deputy).await?.is_some_and(|known| known.active);
    let near = |one: &Post, post: &Post| one.place.holds(post.place) || post.place.holds(one.place);
    let today = web.today();
    let works_there = |post: &Post| web.world.posts.of(&deputy).any(|one| one.valid_on(today) && near(one, post));
    if !known || deputy == *account || !post.as_ref().is_none_or(works_there) {
        wrong("deputy", "absence-deputy-bad");
    }
    let days: (Option<Date>, Option<Date>) = (entry.from.parse().ok(), entry.to.parse().ok());
    let longest = |from: Date| from.saturating_add(jiff::Span::new().days(ABSENCE_DAYS_MAX));
    match days {
        (Some(from), _) if from < today => wrong("from", "absence-from-bad"),
        (None, _) => wrong("from", "post-day-bad"),
        (Some(from), Some(to)) if to < from || to > longest(from) => wrong("to", "absence-to-bad"),
        (_, None) => wrong("to", "post-day-bad"),
        _ => {}
    }
    Ok(match (post, days) {
        (Some(post), (Some(from), Some(to))) if errors.is_empty() => {
            Ok(Deputy { post: post.id, account: deputy, from, to, by: web.own()?.account.clone() })
        }
        _ => Err(errors),
    })
}

/// Names a deputy; what is wrong with the entry otherwise.
///
/// # Errors
/// Storage.
pub async fn named(web: &Web, account: &AccountId, entry: &Entry) -> Result<Result<(), Vec<FormError>>, Error> {
    let deputy = match checked(web, account, entry).await? {
        Ok(deputy) => deputy,
        Err(errors) => return Ok(Err(errors)),
    };
    let id = format!("{}/{}", deputy.post, web.app.clock.id().simple());
    deputies::put(web.app.store.as_ref(), &id, &deputy).await?;
    told(web, account, &deputy).await?;
    Ok(Ok(()))
}

/// Takes the change into the world and tells both.
async fn told(web: &Web, account: &AccountId, deputy: &Deputy) -> Result<(), Error> {
    crate::staff::accounts::posts_changed(web).await?;
    let by = &web.own()?.account;
    let line = |whom: &AccountId| Line::own(whom, What::Absence, web.origin()).by(by).about(&deputy.post.0);
    web.app.account_told(&[line(account), line(&deputy.account)]).await
}

/// Ends a deputy's days with today, or takes them back when they have not begun.
///
/// # Errors
/// [`Error::NotFound`] when there is none for a post of this account.
pub async fn ended(web: &Web, account: &AccountId, id: &str) -> Result<(), Error> {
    let store = web.app.store.as_ref();
    let today = web.today();
    for post in posts(web, account) {
        let found = deputies::of_post(store, &post.id).await?.into_iter().find(|(one, _)| one == id);
        let Some((_, deputy)) = found.filter(|(_, deputy)| today <= deputy.to) else { continue };
        if deputy.from > today {
            deputies::remove(store, id).await?;
        } else {
            deputies::put(store, id, &Deputy { to: today, ..deputy.clone() }).await?;
        }
        return told(web, account, &deputy).await;
    }
    Err(Error::NotFound)
}

/// Deputies of somebody's posts whose days are not over.
///
/// # Errors
/// Storage.
pub async fn view(web: &Web, look: &Look<'_>, account: &AccountId) -> Result<Vec<Value>, Error> {
    let today = web.today();
    let mut all = Vec::new();
    for post in posts(web, account) {
        for (id, one) in deputies::of_post(web.app.store.as_ref(), &post.id).await? {
            if today <= one.to && all.len() < DEPUTIES_SHOWN_MAX {
                let name = web.app.store.account(&one.account).await?.map(|known| known.name);
                all.push(json!({
                    "id": id,
                    "post": look.post(&post.id),
                    "deputy": name,
                    "account": one.account,
                    "from": look.full_day(one.from),
                    "to": look.full_day(one.to),
                    "now": one.valid_on(today),
                }));
            }
        }
    }
    Ok(all)
}

/// `GET /account/absence`.
pub async fn show(web: Web) -> Result<Response, Error> {
    page(&web, (&Entry::default(), &[]), StatusCode::OK).await
}

async fn page(web: &Web, shown: (&Entry, &[FormError]), status: StatusCode) -> Result<Response, Error> {
    let own = web.signed_in()?;
    let words = web.words();
    let look = web.look(&words);
    let context = json!({
        "page": web.page("title-absence"),
        "deputies": view(web, &look, &own.account).await?,
        "form": form(web, &own.account, "/account/absence", shown),
    });
    web.render_status(status, "pages/account_absence.html", context)
}

/// The person, when no software calls: a key has no absence.
fn person(web: &Web) -> Result<AccountId, Error> {
    web.signed_in()?;
    Ok(web.own()?.account.clone())
}

/// `POST /account/absence`.
pub async fn name(web: Web, typed: Typed) -> Result<Response, Error> {
    let account = person(&web)?;
    let entry = Entry::of(&typed);
    match named(&web, &account, &entry).await? {
        Ok(()) => Ok(web.redirect_with("/account/absence", "ok", &web.t("absence-named"))),
        Err(errors) => page(&web, (&entry, &errors), StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

/// `POST /account/absence/end`.
pub async fn end(web: Web, typed: Typed) -> Result<Response, Error> {
    let account = person(&web)?;
    ended(&web, &account, typed.one("id").unwrap_or_default()).await?;
    Ok(web.redirect_with("/account/absence", "ok", &web.t("absence-ended")))
}
