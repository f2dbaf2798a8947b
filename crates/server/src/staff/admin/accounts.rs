//! Accounts and the posts they hold. An account is never deleted: what it did stays told.

use super::account_posts::left_behind_view;
use super::tabs;
use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::identity::password::{CHARS_MIN, KINDS_MIN, REMEMBERED, faults};
use crate::identity::{credential, tries};
use crate::jobs::follow::{Part, changed};
use crate::limits::PASSWORD_BYTES_MAX;
use crate::place_names::Found;
use crate::staff::desk::Pager;
use crate::staff::find::place_names;
use crate::staff::{ADMIN_ROLE, AUDIT_ROLE, SECURITY_ROLE, appoints, audits, secures};
use crate::typed::Typed;
use crate::view::case::StateTag;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Level, Place, PlaceCode, Post, PostId, Text};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Accounts of one page.
const PAGE_ROWS: usize = 50;
/// Longest account name and name of a person.
pub(crate) const NAME_CHARS_MAX: usize = 40;
/// Places named when a name may mean several.
const SEVERAL_MAX: usize = 40;
/// Places suggested while a name is typed.
const SUGGESTED_MAX: usize = 20;
/// Levels at which an installation is administered.
pub(super) const ADMIN_LEVELS: [Level; 2] = [Level::City, Level::County];

#[derive(Serialize)]
struct Row {
    account: String,
    name: String,
    href: String,
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
    /// Posts that are over, or soon will be, with open work.
    left: Vec<Value>,
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

/// Whether an administrator's post may change an account: every post it holds now or later lies inside, so that nobody takes over
/// the account of somebody above; and none of them watches over administrators, so that nobody takes over the account of their own
/// watcher. Such an account is changed on the machine (`ganglion account`). That of a security administrator is changed by another one.
pub(super) fn governs(web: &Web, post: &Post, account: &AccountId) -> bool {
    let today = web.today();
    let mut posts = web.world.posts.of(account).filter(|one| one.valid_to.is_none_or(|to| today < to));
    posts.all(|one| post.place.holds(one.place) && !audits(one) && (secures(post) || !secures(one)))
}

/// The three that administer: one runs the system, one gives out posts, one watches. Nobody is two of them.
const APART: [&str; 3] = [ADMIN_ROLE, SECURITY_ROLE, AUDIT_ROLE];

/// Whether an account would be two of the three that administer if it held a post of this role too.
pub(super) fn is_apart(web: &Web, account: &AccountId, role: &str) -> bool {
    let today = web.today();
    let mut held = web.world.posts.of(account).filter(|one| one.valid_to.is_none_or(|to| today < to));
    !APART.contains(&role) || !held.any(|one| one.role != role && APART.contains(&one.role.as_str()))
}

/// The roles of the program itself that are given out like those of packs, with the key of what they are called.
const OWN_ROLES: [(&str, &str); 2] = [(ADMIN_ROLE, "role-admin"), (SECURITY_ROLE, "role-security")];

/// Every role that is given out, to be chosen.
pub(super) fn role_choices(web: &Web, look: &Look<'_>, chosen: &str) -> Vec<Choice> {
    let of_packs = web.world.model.roles.values();
    let mut roles: Vec<Choice> = of_packs
        .map(|role| Choice::new(&role.name, at_levels(look, look.text(&role.title), &role.levels)))
        .chain(OWN_ROLES.map(|(role, key)| Choice::new(role, at_levels(look, look.t(key), &ADMIN_LEVELS))))
        .collect();
    roles.iter_mut().for_each(|role| role.selected = role.value == chosen);
    roles
}

/// Where who gave a post goes on: whoever made somebody else give out posts from now on has none of these pages any more.
pub(super) fn after_giving(web: &Web, role: &str, to: &str) -> Result<String, Error> {
    let gave_away = role == SECURITY_ROLE && !secures(appoints(web)?);
    Ok(if gave_away { "/admin".to_owned() } else { to.to_owned() })
}

/// Whether a text may be the name of an account.
pub(crate) fn is_account_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// `GET /admin/accounts?q=&after=`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    // A role that nobody holds yet is linked to with its name.
    let entry = Entry { role: web.arg("role").unwrap_or_default().to_owned(), ..Entry::default() };
    let form = new_form(&web, &web.look(&words), &entry, (Vec::new(), &[]))?;
    page(&web, form, StatusCode::OK).await
}

async fn page(web: &Web, form: FormView, status: StatusCode) -> Result<Response, Error> {
    let post = appoints(web)?.clone();
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
    let mut rows = Vec::with_capacity(shown.len());
    for account in &shown {
        rows.push(row(web, &look, (&post, account)).await?);
    }
    let left = left_behind_view(web, &look).await?;
    let context =
        AccountsContext { page: web.page("title-admin-accounts"), tabs: tabs(web), q, rows, pager, left, form };
    web.render_status(status, "pages/admin_accounts.html", context)
}

/// How an account stands: whether it may sign in, and whether wrong tries keep it waiting.
pub(super) async fn state(web: &Web, look: &Look<'_>, account: &Account) -> Result<StateTag, Error> {
    let tag = |key: &str, tone| StateTag { name: key.to_owned(), label: look.t(key), tone };
    Ok(match tries::standing(web.app.store.as_ref(), &account.id, web.now).await? {
        _ if !account.active => tag("account-disabled", "bad"),
        Some(_) => tag("account-locked", "waiting"),
        None => tag("account-active", "done"),
    })
}

async fn row(web: &Web, look: &Look<'_>, (post, account): (&Post, &Account)) -> Result<Row, Error> {
    let today = web.today();
    let last = credential::of(web.app.store.as_ref(), &account.id).await?.last;
    let href = format!("/admin/accounts/{}", crate::page::encode(&account.id.0));
    Ok(Row {
        account: account.id.0.clone(),
        name: account.name.clone(),
        posts: web
            .world
            .posts
            .of(&account.id)
            .filter(|post| post.valid_on(today))
            .map(|post| look.post(&post.id))
            .collect(),
        state: state(web, look, account).await?,
        last: last.map(|last| look.date_time(last.at)).unwrap_or_default(),
        switch_href: if governs(web, post, &account.id) { format!("{href}/active") } else { String::new() },
        switch_label: look.t(if account.active { "account-disable" } else { "account-enable" }),
        href,
    })
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
pub(super) fn at_levels(look: &Look<'_>, title: String, levels: &[Level]) -> String {
    let levels: Vec<String> = levels.iter().map(|level| look.t(&format!("level-{}", level.as_str()))).collect();
    look.say("role-at", &[("role", title.into()), ("levels", levels.join(&look.t("list-comma")).into())])
}

/// The place of a new post: typed by name, or chosen among those the typed name may mean.
fn place_field(look: &Look<'_>, own: PlaceCode, entry: &Entry, several: &[PlaceCode]) -> FieldView {
    let field = FieldView {
        name: "place".to_owned(),
        id: "f-place".to_owned(),
        kind: "text",
        label: look.t("accounts-place"),
        help: Some(look.t("accounts-place-help")),
        required: true,
        ..FieldView::default()
    };
    if several.is_empty() {
        let typed = if entry.place.is_empty() { look.place_path(own) } else { entry.place.clone() };
        let suggest_href = Some("/admin/accounts/places".to_owned());
        return FieldView { value: Value::from(typed), suggest_href, ..field };
    }
    let options = several.iter().take(SEVERAL_MAX).map(|code| {
        let level = look.t(&format!("level-{}", code.level().as_str()));
        let args = [("path", look.place_path(*code).into()), ("code", code.to_string().into())];
        Choice { hint: Some(level), ..Choice::new(code.to_string(), look.say("import-place-one", &args)) }
    });
    FieldView { kind: "choice", options: options.collect(), ..field }
}

fn new_form(
    web: &Web,
    look: &Look<'_>,
    entry: &Entry,
    (errors, several): (Vec<FormError>, &[PlaceCode]),
) -> Result<FormView, Error> {
    let post = appoints(web)?;
    let roles = role_choices(web, look, &entry.role);
    let field = |name: &str, kind, label: &str, value: &str| asked((look, &errors), (name, kind, label), value);
    let place = FieldView {
        error: errors.iter().find(|error| error.field == "place").map(|error| error.message.clone()),
        ..place_field(look, post.place, entry, several)
    };
    Ok(FormView {
        action_href: "/admin/accounts".to_owned(),
        fields: vec![
            field("account", "text", "label-account", &entry.account),
            field("name", "text", "accounts-name", &entry.name),
            FieldView {
                help: Some(look.say("password-help", &[("min", CHARS_MIN.into())])),
                ..field("password", "text", "label-password", "")
            },
            FieldView { options: roles, ..field("role", "choice", "accounts-role", "") },
            place,
        ],
        errors,
        submit: look.t("submit-add"),
        ..FormView::default()
    })
}

/// Levels at which a role has posts; `None` for no role.
fn levels_of<'w>(web: &'w Web, role: &str) -> Option<&'w [Level]> {
    if OWN_ROLES.iter().any(|(own, _)| *own == role) {
        return Some(&ADMIN_LEVELS);
    }
    web.world.model.roles.get(role).map(|role| role.levels.as_slice())
}

/// An entry looked at.
#[derive(Default)]
struct Checked {
    /// Everything wrong with it, by field and text.
    wrong: Vec<(&'static str, &'static str)>,
    /// The place that is meant.
    place: Option<PlaceCode>,
    /// Places that may be meant, when there are several.
    several: Vec<PlaceCode>,
}

/// Which place is meant, by code or name, among those of the levels of the role.
fn place_of(web: &Web, entry: &Entry, checked: &mut Checked) -> Result<(), Error> {
    let post = appoints(web)?;
    let levels = levels_of(web, &entry.role).unwrap_or_default();
    let names = place_names(web, post.place);
    let there = |code: PlaceCode| post.place.holds(code) && web.world.places.tree.on(code, web.today()).is_some();
    match names.find(levels, &entry.place) {
        Found::One(code) if !there(code) => checked.wrong.push(("place", "account-place-bad")),
        Found::One(code) if !levels.is_empty() && !levels.contains(&code.level()) => {
            checked.wrong.push(("place", "account-level-bad"));
        }
        Found::One(code) => checked.place = Some(code),
        Found::Several(all) => {
            checked.wrong.push(("place", "account-place-several"));
            checked.several = all;
        }
        Found::Nothing if names.find(&[], &entry.place) == Found::Nothing => {
            checked.wrong.push(("place", "account-place-bad"));
        }
        Found::Nothing => checked.wrong.push(("place", "account-level-bad")),
    }
    Ok(())
}

/// Fields that are wrong, each with the key of the text that says how.
pub(super) type WrongFields = Vec<(&'static str, &'static str)>;

/// The place meant for a post of a role, or what is wrong with it.
pub(super) fn place_of_typed(web: &Web, role: &str, place: &str) -> Result<Result<PlaceCode, WrongFields>, Error> {
    let entry = Entry { role: role.to_owned(), place: place.to_owned(), ..Entry::default() };
    let mut checked = Checked::default();
    if levels_of(web, role).is_none() {
        checked.wrong.push(("role", "account-role-bad"));
    }
    place_of(web, &entry, &mut checked)?;
    Ok(match checked.place {
        Some(place) if checked.wrong.is_empty() => Ok(place),
        _ => Err(checked.wrong),
    })
}

/// Looks at an entry.
async fn check(web: &Web, entry: &Entry, password: &str) -> Result<Checked, Error> {
    let mut checked = Checked::default();
    if !is_account_name(&entry.account) {
        checked.wrong.push(("account", "account-name-bad"));
    } else if web.app.store.account(&AccountId(entry.account.clone())).await?.is_some() {
        checked.wrong.push(("account", "account-taken"));
    }
    if entry.name.is_empty() || entry.name.chars().count() > NAME_CHARS_MAX {
        checked.wrong.push(("name", "account-person-bad"));
    }
    checked.wrong.extend(faults(password, &entry.account).into_iter().map(|fault| ("password", fault.text())));
    if levels_of(web, &entry.role).is_none() {
        checked.wrong.push(("role", "account-role-bad"));
    }
    place_of(web, entry, &mut checked)?;
    Ok(checked)
}

/// `GET /admin/accounts/places?q=&role=`: places inside the administrator's whose name has these letters, for the form.
pub async fn places(web: Web) -> Result<Json<Vec<Value>>, Error> {
    let post = appoints(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let typed = web.arg("q").unwrap_or_default().trim();
    let typed = typed.rsplit('\u{b7}').next().unwrap_or(typed).trim();
    if typed.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let levels = web.arg("role").and_then(|role| levels_of(&web, role)).unwrap_or_default();
    let day = web.today();
    let own = web.world.places.tree.on(post.place, day);
    let fits = |place: &&Place| {
        (levels.is_empty() || levels.contains(&place.code.level()))
            && (place.name.contains(typed) || place.code.to_string().starts_with(typed))
    };
    let found = own.into_iter().chain(web.world.places.tree.inside(post.place, day)).filter(fits);
    let view = |place: &Place| {
        let level = look.t(&format!("level-{}", place.code.level().as_str()));
        json!({"value": look.place_path(place.code), "label": format!("{level} {}", place.code)})
    };
    Ok(Json(found.take(SUGGESTED_MAX).map(view).collect()))
}

/// `POST /admin/accounts`: an account with its first post.
pub async fn create(web: Web, typed: Typed) -> Result<Response, Error> {
    appoints(&web)?;
    let own = &web.signed_in()?.account;
    let words = web.words();
    let look = web.look(&words);
    let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
    let entry = Entry { account: text("account"), name: text("name"), role: text("role"), place: text("place") };
    let password = typed.one("password").unwrap_or_default().to_owned();
    let checked = check(&web, &entry, &password).await?;
    let args = [
        ("min", CHARS_MIN.into()),
        ("max", PASSWORD_BYTES_MAX.into()),
        ("kinds", KINDS_MIN.into()),
        ("count", REMEMBERED.into()),
    ];
    let Some(place) = checked.place.filter(|_| checked.wrong.is_empty()) else {
        let errors = checked
            .wrong
            .iter()
            .copied()
            .map(|(field, key)| FormError {
                field: field.to_owned(),
                id: format!("f-{field}"),
                label: String::new(),
                message: look.say(key, &args),
            })
            .collect();
        let form = new_form(&web, &look, &entry, (errors, &checked.several))?;
        return page(&web, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let account = AccountId(entry.account.clone());
    let new = Account { id: account.clone(), name: entry.name.clone(), password: None, active: true };
    let title = web.world.model.roles.get(&entry.role).map(|role| role.title.clone());
    let post = Post {
        id: free_post(&web, &entry.role, place),
        role: entry.role.clone(),
        place,
        // Without a title it is called by its role, in the language of whoever reads.
        title: title.unwrap_or_default(),
        unit: Text::default(),
        account: Some(account.clone()),
        valid_from: web.today(),
        valid_to: None,
    };
    // Somebody else knows this password: its owner chooses another before anything else.
    web.app.password_put(&new, &password, true).await?;
    web.app.store.posts_put(std::slice::from_ref(&post)).await?;
    posts_changed(&web).await?;
    let line = |what| Line::own(&account, what, web.origin()).by(own);
    web.app.account_told(&[line(What::Created), line(What::PostGiven).about(&post.id.0)]).await?;
    let said = look.say("account-created", &[("account", entry.account.into())]);
    Ok(web.redirect_with(&after_giving(&web, &entry.role, "/admin/accounts")?, "ok", &said))
}

/// An id for a post of that role there: the plain one, or the next with a number.
pub(super) fn free_post(web: &Web, role: &str, place: PlaceCode) -> PostId {
    let one = free_posts(web, &[(role.to_owned(), place)]);
    one.into_iter().next().unwrap_or_else(|| PostId(format!("{role}.{place}")))
}

/// Ids for posts of these roles there, in their order.
pub(super) fn free_posts(web: &Web, wanted: &[(String, PlaceCode)]) -> Vec<PostId> {
    let mut taken: BTreeSet<PostId> = BTreeSet::new();
    let mut ids = Vec::with_capacity(wanted.len());
    for (role, place) in wanted {
        let plain = std::iter::once(PostId(format!("{role}.{place}")));
        let mut all = plain.chain((2_u32..).map(|n| PostId(format!("{role}.{place}-{n}"))));
        let free = all.find(|id| web.world.posts.get(id).is_none() && !taken.contains(id));
        taken.extend(free.clone());
        ids.extend(free);
    }
    ids
}

/// Takes the posts as they are stored now, here and on every other server.
///
/// # Errors
/// Storage.
pub(crate) async fn posts_changed(web: &Web) -> Result<(), Error> {
    changed(&web.app, Part::People).await
}

/// `POST /admin/accounts/{id}/active`: disables an account, or lets it in again. Nobody disables the account they use.
pub async fn activate(web: Web, Path(id): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let post = appoints(&web)?.clone();
    let words = web.words();
    let look = web.look(&words);
    let found = inside(&web, &post).await?.into_iter().find(|account| account.id.0 == id).ok_or(Error::NotFound)?;
    if web.signed_in()?.account == found.id {
        return Ok(web.redirect_with("/admin/accounts", "warn", &look.t("account-own")));
    }
    if !governs(&web, &post, &found.id) {
        return Err(Error::NotFound);
    }
    let active = !found.active;
    web.app.store.accounts_put(&[Account { active, ..found.clone() }]).await?;
    changed(&web.app, Part::People).await?;
    if !active {
        web.app.sessions_end(&found.id, None).await?;
    }
    let what = if active { What::Enabled } else { What::Disabled };
    let line = Line::own(&found.id, what, web.origin()).by(&web.signed_in()?.account);
    web.app.account_told(&[line]).await?;
    let key = if active { "account-enabled-done" } else { "account-disabled-done" };
    Ok(web.redirect_with("/admin/accounts", "ok", &look.say(key, &[("account", id.into())])))
}
