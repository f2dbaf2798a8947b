//! Accounts and the posts they hold. An account is never deleted: what it did stays told.

use super::{admin, tabs};
use crate::error::Error;
use crate::jobs::follow::{Part, changed};
use crate::session::hash_password;
use crate::staff::ADMIN_ROLE;
use crate::staff::desk::Pager;
use crate::typed::Typed;
use crate::view::case::StateTag;
use crate::view::form::{FieldView, FormView};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Level, PlaceCode, Post, PostId, Text};
use serde::Serialize;
use serde_json::Value;

/// Accounts of one page.
const PAGE_ROWS: usize = 50;
/// Shortest password in characters.
const PASSWORD_CHARS_MIN: usize = 10;
/// Longest account name and name of a person.
const NAME_CHARS_MAX: usize = 40;
/// Levels at which an installation is administered.
const ADMIN_LEVELS: [Level; 2] = [Level::City, Level::County];

#[derive(Serialize)]
struct Row {
    account: String,
    name: String,
    posts: Vec<String>,
    state: StateTag,
    last: String,
    switch_href: String,
    switch_label: String,
}

#[derive(Serialize)]
struct AccountsContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    q: String,
    rows: Vec<Row>,
    pager: Option<Pager>,
    form: FormView,
}

/// Accounts an administrator sees: those with a post inside its place, and those without any.
///
/// # Errors
/// Storage.
pub async fn inside(web: &Web, post: &Post) -> Result<Vec<Account>, Error> {
    let all = web.app.store.accounts().await?;
    let sees = |account: &Account| {
        let mut posts = web.world.posts.of(&account.id).peekable();
        posts.peek().is_none() || posts.any(|one| post.place.holds(one.place))
    };
    Ok(all.into_iter().filter(sees).collect())
}

/// `GET /admin/accounts?q=&after=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    let form = new_form(&web, &web.look(&words), &Entry::default(), Vec::new())?;
    page(&web, form, StatusCode::OK).await
}

async fn page(web: &Web, form: FormView, status: StatusCode) -> Result<Response, Error> {
    let post = admin(web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let q = web.arg("q").unwrap_or_default().to_owned();
    let mut found = inside(web, &post).await?;
    found.retain(|account| q.is_empty() || account.id.0.contains(&q) || account.name.contains(&q));
    let total = found.len();
    let begin = web.arg("after").and_then(|name| found.iter().position(|one| one.id.0 == name)).map_or(0, |at| at + 1);
    let shown: Vec<Account> = found.into_iter().skip(begin).take(PAGE_ROWS).collect();
    let last = shown.last().map(|one| one.id.0.clone()).filter(|_| begin + shown.len() < total);
    let pager = crate::staff::desk::pager(
        &look,
        &crate::staff::query::Query(web.query.clone()),
        "/admin/accounts",
        (last, shown.len(), total as u64),
    );
    let rows = shown.iter().map(|account| row(web, &look, account)).collect();
    let context = AccountsContext { page: web.page("title-admin-accounts"), tabs: tabs(web), q, rows, pager, form };
    web.render_status(status, "pages/admin_accounts.html", context)
}

fn row(web: &Web, look: &Look<'_>, account: &Account) -> Row {
    let state = |key: &str, tone| StateTag { name: key.to_owned(), label: look.t(key), tone };
    let today = web.today();
    Row {
        account: account.id.0.clone(),
        name: account.name.clone(),
        posts: web
            .world
            .posts
            .of(&account.id)
            .filter(|post| post.valid_on(today))
            .map(|post| look.post(&post.id))
            .collect(),
        state: if account.active { state("account-active", "done") } else { state("account-disabled", "bad") },
        last: String::new(),
        switch_href: format!("/admin/accounts/{}/active", crate::page::encode(&account.id.0)),
        switch_label: look.t(if account.active { "account-disable" } else { "account-enable" }),
    }
}

/// What was typed for a new account.
#[derive(Clone, Debug, Default)]
struct Entry {
    account: String,
    name: String,
    role: String,
    place: String,
}

/// A role with the levels it exists at, since the place has to fit.
fn at_levels(look: &Look<'_>, title: String, levels: &[Level]) -> String {
    let levels: Vec<String> = levels.iter().map(|level| look.t(&format!("level-{}", level.as_str()))).collect();
    look.say("role-at", &[("role", title.into()), ("levels", levels.join(&look.t("list-comma")).into())])
}

fn new_form(web: &Web, look: &Look<'_>, entry: &Entry, errors: Vec<FormError>) -> Result<FormView, Error> {
    let post = admin(web)?;
    let mut roles: Vec<Choice> = web
        .world
        .model
        .roles
        .values()
        .map(|role| Choice::new(&role.name, at_levels(look, look.text(&role.title), &role.levels)))
        .chain([Choice::new(ADMIN_ROLE, at_levels(look, look.t("role-admin"), &ADMIN_LEVELS))])
        .collect();
    roles.iter_mut().for_each(|role| role.selected = role.value == entry.role);
    let field = |name: &str, kind: &'static str, label: &str, value: &str| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind,
        label: look.t(label),
        required: true,
        value: if value.is_empty() { Value::Null } else { Value::from(value) },
        error: errors.iter().find(|error| error.field == name).map(|error| error.message.clone()),
        ..FieldView::default()
    };
    let place = if entry.place.is_empty() { post.place.to_string() } else { entry.place.clone() };
    Ok(FormView {
        action_href: "/admin/accounts".to_owned(),
        fields: vec![
            field("account", "text", "label-account", &entry.account),
            field("name", "text", "accounts-name", &entry.name),
            FieldView {
                help: Some(look.say("password-help", &[("min", PASSWORD_CHARS_MIN.into())])),
                ..field("password", "text", "label-password", "")
            },
            FieldView { options: roles, ..field("role", "choice", "accounts-role", "") },
            FieldView { help: Some(look.t("place-code-help")), ..field("place", "text", "places-code", &place) },
        ],
        errors,
        submit: look.t("submit-add"),
        ..FormView::default()
    })
}

/// Everything wrong with an entry, by field and text.
async fn wrong(web: &Web, entry: &Entry, password: &str) -> Result<Vec<(&'static str, &'static str)>, Error> {
    let post = admin(web)?;
    let mut wrong = Vec::new();
    let is_name = |text: &str| {
        (1..=NAME_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    if !is_name(&entry.account) {
        wrong.push(("account", "account-name-bad"));
    } else if web.app.store.account(&AccountId(entry.account.clone())).await?.is_some() {
        wrong.push(("account", "account-taken"));
    }
    if entry.name.is_empty() || entry.name.chars().count() > NAME_CHARS_MAX {
        wrong.push(("name", "account-person-bad"));
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        wrong.push(("password", "password-short"));
    }
    let place: Option<PlaceCode> = entry.place.parse().ok();
    let place = place.filter(|code| post.place.holds(*code) && web.world.places.tree.on(*code, web.today()).is_some());
    if place.is_none() {
        wrong.push(("place", "account-place-bad"));
    }
    let levels: Option<&[Level]> = if entry.role == ADMIN_ROLE {
        Some(&ADMIN_LEVELS)
    } else {
        web.world.model.roles.get(&entry.role).map(|role| role.levels.as_slice())
    };
    match (levels, place) {
        (None, _) => wrong.push(("role", "account-role-bad")),
        (Some(levels), Some(place)) if !levels.contains(&place.level()) => wrong.push(("place", "account-level-bad")),
        _ => {}
    }
    Ok(wrong)
}

/// `POST /admin/accounts`: an account with its first post.
pub async fn create(web: Web, typed: Typed) -> Result<Response, Error> {
    admin(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
    let entry = Entry { account: text("account"), name: text("name"), role: text("role"), place: text("place") };
    let password = typed.one("password").unwrap_or_default().to_owned();
    let wrong = wrong(&web, &entry, &password).await?;
    if !wrong.is_empty() {
        let errors = wrong
            .into_iter()
            .map(|(field, key)| FormError {
                field: field.to_owned(),
                id: format!("f-{field}"),
                label: String::new(),
                message: look.say(key, &[("min", PASSWORD_CHARS_MIN.into())]),
            })
            .collect();
        let form = new_form(&web, &look, &entry, errors)?;
        return page(&web, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let place: PlaceCode = entry.place.parse().map_err(|_| Error::NotFound)?;
    let mut salt = [0; 16];
    salt.copy_from_slice(&web.app.clock.key()[..16]);
    let hash = tokio::task::spawn_blocking(move || hash_password(&password, &salt))
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
        .map_err(Error::Internal)?;
    let account = AccountId(entry.account.clone());
    let new = Account { id: account.clone(), name: entry.name.clone(), password: Some(hash), active: true };
    let title = web.world.model.roles.get(&entry.role).map(|role| role.title.clone());
    let post = Post {
        id: free_post(&web, &entry.role, place),
        role: entry.role.clone(),
        place,
        title: title.unwrap_or_else(|| Text::new(look.t("role-admin"), look.t("role-admin"))),
        unit: Text::default(),
        account: Some(account),
        valid_from: web.today(),
        valid_to: None,
    };
    web.app.store.accounts_put(&[new]).await?;
    web.app.store.posts_put(&[post]).await?;
    changed(&web.app, Part::People).await?;
    let said = look.say("account-created", &[("account", entry.account.into())]);
    Ok(web.redirect_with("/admin/accounts", "ok", &said))
}

/// An id for a post of that role there: the plain one, or the next with a number.
fn free_post(web: &Web, role: &str, place: PlaceCode) -> PostId {
    let plain = PostId(format!("{role}.{place}"));
    if web.world.posts.get(&plain).is_none() {
        return plain;
    }
    (2_u32..)
        .map(|n| PostId(format!("{role}.{place}-{n}")))
        .find(|id| web.world.posts.get(id).is_none())
        .unwrap_or(plain)
}

/// `POST /admin/accounts/{id}/active`: disables an account, or lets it in again. Nobody disables the account they use.
pub async fn activate(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let post = admin(&web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let found = inside(&web, &post).await?.into_iter().find(|account| account.id.0 == id).ok_or(Error::NotFound)?;
    if web.signed_in()?.account == found.id {
        return Ok(web.redirect_with("/admin/accounts", "warn", &look.t("account-own")));
    }
    let active = !found.active;
    web.app.store.accounts_put(&[Account { active, ..found }]).await?;
    changed(&web.app, Part::People).await?;
    let key = if active { "account-enabled-done" } else { "account-disabled-done" };
    Ok(web.redirect_with("/admin/accounts", "ok", &look.say(key, &[("account", id.into())])))
}
