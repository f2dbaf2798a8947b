//! Keys for software: who has one, what it may be used for, making, rotating and revoking. A secret is shown once, on the
//! page that answers; nobody can ask for it again.

use super::accounts::{at_levels, posts_changed};
use super::tabs;
use crate::error::Error;
use crate::identity::lines::{Line, What};
use crate::keys::{Area, Scope, ServiceKey, secret};
use crate::limits::{KEY_CALLS_PER_MINUTE, KEY_CALLS_PER_MINUTE_MAX};
use crate::place_names::Found;
use crate::sign;
use crate::staff::appoints;
use crate::staff::find::place_names;
use crate::typed::Typed;
use crate::view::case::StateTag;
use crate::view::form::{FieldView, FormView, asked};
use crate::view::options::Choice;
use crate::view::problems::FormError;
use crate::view::{LinkView, Look};
use crate::web::Web;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_model::pack::Role;
use ganglion_model::{AUDIT_ROLE, Level, PlaceCode, Post, PostId, SECURITY_ROLE, SERVICE_ROLE, Text, service_account};
use jiff::civil::Date;
use serde::Serialize;

/// Longest name of a key, bytes, and of what it is for, characters.
const NAME_MAX: usize = 40;
/// Levels at which software of other organisations stands.
const SERVICE_LEVELS: [Level; 5] = [Level::City, Level::County, Level::Township, Level::Village, Level::Grid];

#[derive(Serialize)]
struct Row {
    name: String,
    title: String,
    post: String,
    scopes: Vec<String>,
    limit: String,
    since: String,
    ends: String,
    state: StateTag,
    rotate_href: Option<String>,
    revoke_href: Option<String>,
}

/// A secret, the one time it is shown.
#[derive(Serialize)]
struct SecretView {
    name: String,
    secret: String,
}

#[derive(Serialize)]
struct KeysContext {
    page: crate::page::Page,
    tabs: Vec<LinkView>,
    rows: Vec<Row>,
    form: FormView,
    secret: Option<SecretView>,
}

/// A key with its post, which stays known after it ended.
struct Held {
    key: ServiceKey,
    post: Option<Post>,
}

impl Held {
    /// What lines about it name: its post, else the key.
    fn about(&self) -> String {
        self.post.as_ref().map_or_else(|| self.key.name.clone(), |post| post.id.0.clone())
    }
}

/// The keys an administrator sees: those whose post lies inside its place, newest first.
async fn inside(web: &Web) -> Result<Vec<Held>, Error> {
    let own = appoints(web)?.place;
    let mut held: Vec<Held> = web
        .app
        .service_keys()
        .await?
        .into_iter()
        .map(|key| Held { post: web.app.world.load().posts.of(&service_account(&key.name)).next().cloned(), key })
        .filter(|held| held.post.as_ref().is_some_and(|post| own.holds(post.place)))
        .collect();
    held.sort_by_key(|held| std::cmp::Reverse(held.key.made_at));
    Ok(held)
}

/// `GET /admin/keys`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let words = web.words();
    let form = new_form(&web, &web.look(&words), &Entry::default(), Vec::new())?;
    page(&web, form, None, StatusCode::OK).await
}

async fn page(web: &Web, form: FormView, secret: Option<SecretView>, status: StatusCode) -> Result<Response, Error> {
    let words = web.words();
    let look = web.look(&words);
    let rows = inside(web).await?.iter().map(|held| row(web, &look, held)).collect();
    let context = KeysContext { page: web.page("title-admin-keys"), tabs: tabs(web), rows, form, secret };
    web.render_status(status, "pages/admin_keys.html", context)
}

fn row(web: &Web, look: &Look<'_>, Held { key, post }: &Held) -> Row {
    let live = key.is_live(web.now);
    let state = |word: &str, tone| StateTag { name: word.to_owned(), label: look.t(word), tone };
    let href = |deed: &str| live.then(|| format!("/admin/keys/{}/{deed}", crate::page::encode(&key.name)));
    let role = |post: &Post| role_title(web, look, &post.role);
    Row {
        name: key.name.clone(),
        title: key.title.clone(),
        post: post.as_ref().map(|post| format!("{} · {}", look.place(post.place), role(post))).unwrap_or_default(),
        scopes: key.scopes.iter().map(|scope| scope_words(web, look, scope)).collect(),
        limit: look.say("key-per-minute", &[("count", key.per_minute.into())]),
        since: look.date_time(key.rotated_at.unwrap_or(key.made_at)),
        ends: key.ends_on.map(|day| day.to_string()).unwrap_or_default(),
        state: match (key.revoked_at.is_some(), live) {
            (true, _) => state("key-revoked", "bad"),
            (false, true) => state("key-live", "done"),
            (false, false) => state("key-ended", "neutral"),
        },
        rotate_href: href("rotate"),
        revoke_href: href("revoke"),
    }
}

fn role_title(web: &Web, look: &Look<'_>, role: &str) -> String {
    if role == SERVICE_ROLE {
        return look.t("role-service");
    }
    web.world.model.roles.get(role).map_or_else(|| role.to_owned(), |role| look.text(&role.title))
}

/// Roles software may act in: no program gives out posts or watches over those who administer, least of all one of theirs.
fn open_roles(web: &Web) -> impl Iterator<Item = &Role> {
    web.world.model.roles.values().filter(|role| ![AUDIT_ROLE, SECURITY_ROLE].contains(&role.name.as_str()))
}

/// Tells what was done with a key, at the account of who did it.
async fn told(web: &Web, what: What, about: String) -> Result<(), Error> {
    let line = Line::own(&web.signed_in()?.account, what, web.origin()).about(about);
    web.app.account_told(&[line]).await
}

/// What was typed for a new key.
#[derive(Clone, Debug, Default)]
struct Entry {
    name: String,
    title: String,
    role: String,
    place: String,
    scopes: Vec<String>,
    per_minute: String,
    ends_on: String,
}

impl Entry {
    fn of(typed: &Typed) -> Entry {
        let text = |name: &str| typed.one(name).unwrap_or_default().trim().to_owned();
        Entry {
            name: text("name"),
            title: text("title"),
            role: text("role"),
            place: text("place"),
            scopes: typed.all("scopes").map(str::to_owned).collect(),
            per_minute: text("per_minute"),
            ends_on: text("ends_on"),
        }
    }
}

/// A scope in words.
fn scope_words(web: &Web, look: &Look<'_>, scope: &Scope) -> String {
    let model = &web.world.model;
    let title = scope.name.as_deref().map(|name| {
        let known = match scope.area {
            Area::Processes => model.processes.get(name).map(|one| look.text(&one.title)),
            Area::Registers => model.registers.get(name).map(|one| look.text(&one.title)),
            Area::Plans => model.plans.get(name).map(|one| look.text(&one.title)),
            _ => None,
        };
        known.unwrap_or_else(|| name.to_owned())
    });
    let of = title.unwrap_or_else(|| look.t(&format!("scope-all-{}", scope.area.as_str())));
    let deed = look.t(if scope.write { "scope-write" } else { "scope-read" });
    look.say("scope-label", &[("of", of.into()), ("deed", deed.into())])
}

/// Every scope that can be given, with its words.
fn scopes(web: &Web, look: &Look<'_>) -> Vec<Choice> {
    let choice = |area: Area, name: Option<&str>, write: bool| {
        let scope = Scope { area, name: name.map(str::to_owned), write };
        let label = scope_words(web, look, &scope);
        Choice { group: Some(look.t(&format!("scope-{}", area.as_str()))), ..Choice::new(scope.to_string(), label) }
    };
    let model = &web.world.model;
    let mut all = Vec::new();
    for area in Area::ALL {
        let deeds: &[bool] = match area {
            Area::Processes | Area::Registers | Area::Open311 | Area::Plans => &[false, true],
            Area::Figures | Area::Places | Area::Events => &[false],
        };
        all.extend(deeds.iter().map(|write| choice(area, None, *write)));
        let named: Vec<&str> = match area {
            Area::Processes => model.processes.values().map(|one| one.name.as_str()).collect(),
            Area::Registers => model.registers.values().map(|one| one.name.as_str()).collect(),
            Area::Plans => model.plans.values().map(|one| one.name.as_str()).collect(),
            _ => Vec::new(),
        };
        for name in named {
            all.extend(deeds.iter().map(|write| choice(area, Some(name), *write)));
        }
    }
    all
}

fn new_form(web: &Web, look: &Look<'_>, entry: &Entry, errors: Vec<FormError>) -> Result<FormView, Error> {
    let post = appoints(web)?;
    let of_role =
        |name: &str, levels: &[Level]| Choice::new(name, at_levels(look, role_title(web, look, name), levels));
    let mut roles = vec![of_role(SERVICE_ROLE, &SERVICE_LEVELS)];
    roles.extend(open_roles(web).map(|role| of_role(&role.name, &role.levels)));
    roles.iter_mut().for_each(|role| role.selected = role.value == entry.role);
    let field = |name: &str, kind, label: &str, value: &str| asked((look, &errors), (name, kind, label), value);
    let or = |typed: &str, otherwise: String| if typed.is_empty() { otherwise } else { typed.to_owned() };
    let (place, calls) = (look.place_path(post.place), KEY_CALLS_PER_MINUTE.to_string());
    Ok(FormView {
        action_href: "/admin/keys".to_owned(),
        help: Some(look.t("key-form-help")),
        fields: vec![
            FieldView { help: Some(look.t("key-name-help")), ..field("name", "text", "key-name", &entry.name) },
            FieldView { help: Some(look.t("key-title-help")), ..field("title", "text", "key-title", &entry.title) },
            FieldView {
                help: Some(look.t("key-role-help")),
                options: roles,
                ..field("role", "choice", "accounts-role", "")
            },
            FieldView {
                help: Some(look.t("key-place-help")),
                suggest_href: Some("/admin/accounts/places".to_owned()),
                ..field("place", "text", "key-place", &or(&entry.place, place))
            },
            FieldView {
                help: Some(look.t("key-scopes-help")),
                options: scopes(web, look),
                values: entry.scopes.clone(),
                multiple: true,
                ..field("scopes", "choices", "key-scopes", "")
            },
            field("per_minute", "integer", "key-calls", &or(&entry.per_minute, calls)),
            FieldView { required: false, ..field("ends_on", "date", "key-ends", &entry.ends_on) },
        ],
        errors,
        submit: look.t("key-make"),
        ..FormView::default()
    })
}

/// A key as typed, with the post it is to stand in.
struct Wanted {
    role: String,
    place: PlaceCode,
    scopes: Vec<Scope>,
    per_minute: u32,
    ends_on: Option<Date>,
}

/// Everything that is wrong with an entry, by field and text.
type Wrong = Vec<(&'static str, &'static str)>;

/// Reads what was typed, or names everything that is wrong with it.
async fn wanted(web: &Web, entry: &Entry) -> Result<Result<Wanted, Wrong>, Error> {
    let own = appoints(web)?.place;
    let mut wrong = Vec::new();
    let is_name = (1..=NAME_MAX).contains(&entry.name.len())
        && entry.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !is_name {
        wrong.push(("name", "key-name-bad"));
    } else if web.app.service_keys().await?.iter().any(|key| key.name == entry.name) {
        wrong.push(("name", "key-taken"));
    }
    if entry.title.is_empty() || entry.title.chars().count() > NAME_MAX {
        wrong.push(("title", "key-title-bad"));
    }
    let levels: Option<&[Level]> = match entry.role.as_str() {
        SERVICE_ROLE => Some(&SERVICE_LEVELS),
        role => open_roles(web).find(|one| one.name == role).map(|role| role.levels.as_slice()),
    };
    let place = place(web, own, (levels.unwrap_or_default(), &entry.place));
    match (levels, place) {
        (_, None) => wrong.push(("place", "account-place-bad")),
        (Some(levels), Some(place)) if !levels.contains(&place.level()) => wrong.push(("place", "account-level-bad")),
        _ => {}
    }
    if levels.is_none() {
        wrong.push(("role", "account-role-bad"));
    }
    let scopes: Option<Vec<Scope>> = entry.scopes.iter().map(|text| Scope::parse(text)).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    if scopes.is_none() {
        wrong.push(("scopes", "key-scopes-bad"));
    }
    let calls = entry.per_minute.parse().ok().filter(|calls| (1..=KEY_CALLS_PER_MINUTE_MAX).contains(calls));
    if calls.is_none() {
        wrong.push(("per_minute", "key-calls-bad"));
    }
    let ends_on: Option<Date> = entry.ends_on.parse().ok().filter(|day| *day > web.today());
    if ends_on.is_none() && !entry.ends_on.is_empty() {
        wrong.push(("ends_on", "key-ends-bad"));
    }
    Ok(match (place, scopes, calls, wrong.is_empty()) {
        (Some(place), Some(scopes), Some(per_minute), true) => {
            Ok(Wanted { role: entry.role.clone(), place, scopes, per_minute, ends_on })
        }
        _ => Err(wrong),
    })
}

/// The place inside `own` that `text` means, by code or name; one of the levels asked for before any other.
fn place(web: &Web, own: PlaceCode, (levels, text): (&[Level], &str)) -> Option<PlaceCode> {
    let names = place_names(web, own);
    let found = match names.find(levels, text) {
        Found::Nothing => names.find(&[], text),
        found => found,
    };
    match found {
        Found::One(code) if own.holds(code) => web.world.places.tree.on(code, web.today()).map(|place| place.code),
        _ => None,
    }
}

/// `POST /admin/keys`: a key with its post; the answer shows the secret.
pub async fn create(web: Web, typed: Typed) -> Result<Response, Error> {
    appoints(&web)?;
    let words = web.words();
    let look = web.look(&words);
    let entry = Entry::of(&typed);
    let wanted = match wanted(&web, &entry).await? {
        Ok(wanted) => wanted,
        Err(wrong) => {
            let max = KEY_CALLS_PER_MINUTE_MAX;
            let error = |(field, key): (&str, &str)| FormError {
                field: field.to_owned(),
                id: format!("f-{field}"),
                label: String::new(),
                message: look.say(key, &[("max", max.into())]),
            };
            let form = new_form(&web, &look, &entry, wrong.into_iter().map(error).collect())?;
            return page(&web, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let secret = secret(&web.app.clock.key());
    let key = ServiceKey {
        name: entry.name.clone(),
        title: entry.title.clone(),
        hash: sign::digest(&secret),
        before: None,
        scopes: wanted.scopes,
        per_minute: wanted.per_minute,
        made_at: web.now,
        made_by: web.signed_in()?.account.clone(),
        rotated_at: None,
        ends_on: wanted.ends_on,
        revoked_at: None,
    };
    let post = Post {
        id: PostId(format!("{}.{}.key-{}", wanted.role, wanted.place, entry.name)),
        role: wanted.role,
        place: wanted.place,
        title: Text::new(entry.title.clone(), entry.title.clone()),
        unit: Text::default(),
        account: Some(service_account(&entry.name)),
        valid_from: web.today(),
        valid_to: wanted.ends_on,
    };
    let about = post.id.0.clone();
    web.app.store.posts_put(&[post]).await?;
    web.app.service_key_put(&key).await?;
    posts_changed(&web).await?;
    told(&web, What::KeyMade, about).await?;
    let form = new_form(&web, &look, &Entry::default(), Vec::new())?;
    page(&web, form, Some(SecretView { name: entry.name, secret }), StatusCode::OK).await
}

/// The key called `name`, if it is in use and inside the administrator's place.
async fn live(web: &Web, name: &str) -> Result<Held, Error> {
    let found = inside(web).await?.into_iter().find(|held| held.key.name == name);
    found.filter(|held| held.key.is_live(web.now)).ok_or(Error::NotFound)
}

/// `POST /admin/keys/{name}/rotate`: another secret; the one before opens for a day.
pub async fn rotate(web: Web, Path(name): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let held = live(&web, &name).await?;
    let secret = secret(&web.app.clock.key());
    web.app.service_key_put(&held.key.rotated(&secret, web.now)).await?;
    told(&web, What::KeyRotated, held.about()).await?;
    let words = web.words();
    let form = new_form(&web, &web.look(&words), &Entry::default(), Vec::new())?;
    page(&web, form, Some(SecretView { name, secret }), StatusCode::OK).await
}

/// `POST /admin/keys/{name}/revoke`: the key opens nothing any more and its post ends; what it did stays told.
pub async fn revoke(web: Web, Path(name): Path<String>, _typed: Typed) -> Result<Response, Error> {
    let held = live(&web, &name).await?;
    let about = held.about();
    web.app.service_key_put(&ServiceKey { revoked_at: Some(web.now), ..held.key }).await?;
    if let Some(post) = held.post {
        web.app.store.posts_put(&[Post { valid_to: Some(web.today()), ..post }]).await?;
        posts_changed(&web).await?;
    }
    told(&web, What::KeyRevoked, about).await?;
    let words = web.words();
    let said = web.look(&words).say("key-revoked-done", &[("name", name.into())]);
    Ok(web.redirect_with("/admin/keys", "ok", &said))
}
