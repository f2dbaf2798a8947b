//! Signing in and out, and acting in another post. A wrong name and a wrong password get the same answer; wrong tries bring
//! waits (`identity::tries`). What comes after the password of an account with a second factor is in `second_step`.

use super::second_step;
use crate::app::AppState;
use crate::error::Error;
use crate::identity::credential::{self, LastSignIn};
use crate::identity::lines::{Line, What};
use crate::identity::sessions::Begun;
use crate::identity::tries::Trying;
use crate::page::is_own;
use crate::session;
use crate::sign::{self, Use};
use crate::typed::Typed;
use crate::view::form::{FieldView, FormView, Hidden};
use crate::view::problems::FormError;
use crate::view::{Arg, Say as _};
use crate::web::Web;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ganglion_kernel::port::Account;
use ganglion_model::{AccountId, Level, PlaceCode, Post, PostId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest address somebody is brought back to: it stands in every form of the page, and in a cookie on the way over a provider.
const NEXT_BYTES_MAX: usize = 1_000;

/// Where to go after signing in: a page of ours.
pub(super) fn next(asked: Option<&str>) -> &str {
    asked.filter(|path| is_own(path) && path.len() <= NEXT_BYTES_MAX).unwrap_or("/desk")
}

/// `GET /sign-in`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let to = next(web.arg("next")).to_owned();
    if let Some(must) = web.held.as_ref().and_then(|held| held.must) {
        return Ok(web.redirect(must.href()));
    }
    page(&web, &to, "", None, StatusCode::OK).await
}

/// What came of trying a name and a password.
pub enum Tried {
    /// They fit; the try is given to whoever asks for the second factor or begins the session.
    In(Box<Account>, Trying),
    /// They do not; so many tries are left.
    Wrong(u32),
    /// Too many wrong tries; so many seconds to wait.
    Waits(u64),
}

/// Tries a name and a password. A name that is no account is answered like a wrong password, in the same time.
///
/// # Errors
/// When the store fails.
pub async fn attempt(web: &Web, account: &str, password: &str) -> Result<Tried, Error> {
    let trying = Trying::of(web, account).await?;
    let left = match trying.take(&web.app, web.now).await? {
        Ok(left) => left,
        Err(seconds) => return Ok(Tried::Waits(seconds)),
    };
    let id = AccountId(account.to_owned());
    if let Some(account) = web.app.password_fits(&id, password).await? {
        return Ok(Tried::In(Box::new(account), trying));
    }
    let waits = trying.wait(&web.app, web.now).await?;
    match web.app.store.account(&id).await? {
        Some(_) => told_wrong(web, &id, What::WrongPassword, waits).await?,
        None => web.app.nobody_told().await?,
    }
    Ok(waits.map_or(Tried::Wrong(left), Tried::Waits))
}

/// Tells a wrong try on an account there is, and the wait it brought.
///
/// # Errors
/// When the store fails.
pub async fn told_wrong(web: &Web, account: &AccountId, what: What, waits: Option<u64>) -> Result<(), Error> {
    let mut lines = vec![Line::own(account, what, web.origin())];
    if let Some(seconds) = waits {
        lines.push(Line::own(account, What::Waits, web.origin()).about(seconds.div_ceil(60).to_string()));
    }
    web.app.account_told(&lines).await
}

/// Why a try did not work, in words: so many are left, or so many seconds to wait.
#[must_use]
pub fn wrong_text(web: &Web, key: &str, left: Result<u32, u64>) -> String {
    let words = web.words();
    match left {
        Ok(left) => words.say(key, &[("left", Arg::from(left))]),
        Err(seconds) => words.say("err-locked", &[("minutes", Arg::from(seconds.div_ceil(60)))]),
    }
}

/// `POST /sign-in`.
pub async fn enter(web: Web, typed: Typed) -> Result<Response, Error> {
    let account = typed.one("account").unwrap_or_default().trim().to_owned();
    let to = next(typed.one("next")).to_owned();
    let (status, left) = match attempt(&web, &account, typed.one("password").unwrap_or_default()).await? {
        Tried::In(account, trying) => return entered(&web, &account, &trying, (What::In, &to)).await,
        Tried::Wrong(left) => (StatusCode::UNPROCESSABLE_ENTITY, Ok(left)),
        Tried::Waits(seconds) => (StatusCode::TOO_MANY_REQUESTS, Err(seconds)),
    };
    page(&web, &to, &account, Some(wrong_text(&web, "err-sign-in", left)), status).await
}

/// Goes on after the right password, or the word of the provider of identities: to the second factor of an account that has one,
/// else in.
///
/// # Errors
/// When the store fails.
pub(super) async fn entered(
    web: &Web,
    account: &Account,
    trying: &Trying,
    (what, to): (What, &str),
) -> Result<Response, Error> {
    let known = credential::of(web.app.store.as_ref(), &account.id).await?;
    if Begun::by(what).second || !web.app.has_second(&known) {
        trying.succeeded(&web.app, web.now).await?;
        return begin(web, account, what, to).await;
    }
    trying.give_back(&web.app).await?;
    second_step::ask(web, &account.id, (what, to)).await
}

/// `POST /sign-in/demo`: one click, in demonstrations only; the route does not exist otherwise.
pub async fn enter_demo(State(app): State<AppState>, web: Web, typed: Typed) -> Result<Response, Error> {
    let id = AccountId(typed.one("account").unwrap_or_default().to_owned());
    let account = app.store.account(&id).await?.filter(|account| account.active && app.settings.demo);
    begin(&web, &account.ok_or(Error::NotFound)?, What::In, next(typed.one("next"))).await
}

/// Begins the session, tells it, and sends the browser on.
///
/// # Errors
/// When the store fails.
pub async fn begin(web: &Web, account: &Account, what: What, to: &str) -> Result<Response, Error> {
    // A session left over in this browser ends, so that a token never carries over to another person.
    if let Some(old) = web.session.as_ref().or(web.held.as_ref()) {
        web.app.session_end(&old.account, &old.token_hash).await?;
    }
    let token = web.app.session_begin(account, web.origin(), Begun::by(what)).await?;
    signed_in_told(web, account, what).await?;
    web.set_cookie(session::COOKIE, &token, Some(i64::from(web.app.settings.session_hours) * 3_600));
    // In a demonstration everybody signs in as everybody.
    let before = match web.app.settings.demo {
        true => None,
        false => credential::of(web.app.store.as_ref(), &account.id).await?.last_but_one,
    };
    match before {
        // Whoever was not there themselves sees it at once.
        Some(before) => {
            let words = web.words();
            let look = web.look(&words);
            let args = [
                ("at", look.date_time(before.at).into()),
                ("address", before.address.into()),
                ("agent", before.agent.into()),
            ];
            Ok(web.redirect_with(to, "info", &look.say("sign-in-last", &args)))
        }
        None => Ok(web.redirect(to)),
    }
}

/// Tells a sign-in: in the log, and to the person at the next one.
///
/// # Errors
/// When the store fails.
pub async fn signed_in_told(web: &Web, account: &Account, what: What) -> Result<(), Error> {
    let origin = web.origin();
    let now = LastSignIn { at: web.now, address: origin.address.clone(), agent: origin.agent.clone() };
    credential::change(web.app.store.as_ref(), &account.id, |known| {
        known.last_but_one = known.last.replace(now.clone());
        // How old a password is counts from here, when nobody noted it before.
        if account.password.is_some() && known.changed_at.is_none() {
            known.changed_at = Some(now.at);
        }
    })
    .await?;
    web.app.account_told(&[Line::own(&account.id, what, origin)]).await
}

/// `POST /sign-out`.
pub async fn leave(State(app): State<AppState>, web: Web, _typed: Typed) -> Result<Response, Error> {
    if let Some(session) = web.session.as_ref().or(web.held.as_ref()) {
        app.session_end(&session.account, &session.token_hash).await?;
        app.account_told(&[Line::own(&session.account, What::Out, web.origin())]).await?;
    }
    web.set_cookie(session::COOKIE, "", Some(0));
    Ok(web.redirect_with("/", "ok", &web.t("flash-signed-out")))
}

/// `GET /post?id=&proof=`: acts in another post of the same person. The proof binds the link to the session, so that no
/// other site can switch somebody's post.
pub async fn switch(State(app): State<AppState>, web: Web) -> Result<Response, Error> {
    let session = web.signed_in()?;
    let id = web.arg("id").ok_or(Error::NotFound)?;
    let proof = sign::hex(&sign::sign(&app.master, Use::Post, &[&session.token_hash, id]));
    if !sign::same(web.arg("proof").unwrap_or_default(), &proof[..32]) {
        return Err(Error::Csrf);
    }
    app.session_post(session, &PostId(id.to_owned()), web.now).await?;
    Ok(web.redirect("/desk"))
}

async fn page(
    web: &Web,
    to: &str,
    account: &str,
    error: Option<String>,
    status: StatusCode,
) -> Result<Response, Error> {
    let field = |name: &str, label: &str| FieldView {
        name: name.to_owned(),
        id: format!("f-{name}"),
        kind: "text",
        label: web.t(label),
        required: true,
        ..FieldView::default()
    };
    let errors = error.map(|message| FormError {
        field: "account".to_owned(),
        id: "f-account".to_owned(),
        label: web.t("label-sign-in"),
        message,
    });
    let form = FormView {
        action_href: "/sign-in".to_owned(),
        hidden: vec![Hidden::new("next", to)],
        fields: vec![
            FieldView { value: Value::from(account), ..field("account", "label-account") },
            field("password", "label-password"),
        ],
        errors: errors.into_iter().collect(),
        submit: web.t("label-sign-in"),
        ..FormView::default()
    };
    let context = json!({
        "page": web.page("title-sign-in"),
        "next": to,
        "form": form,
        "passkey": web.app.passkey_pages().is_some(),
        "openid": web.app.settings.openid.as_ref().map(|openid| json!({
            "name": openid.name,
            "href": format!("/sign-in/openid?next={}", crate::page::encode(to)),
        })),
        "demo_href": "/sign-in/demo",
        "demo_groups": if web.app.settings.demo { demo_groups(web).await? } else { Vec::new() },
    });
    web.render_status(status, "pages/sign_in.html", context)
}

/// The township of the demonstration whose people sign in by one click: the one with the most roles.
pub fn demo_home(web: &Web) -> Option<PlaceCode> {
    let mut roles_at: BTreeMap<_, std::collections::BTreeSet<&str>> = BTreeMap::new();
    let posts = web.world.posts.all().filter(|post| post.account.is_some() && post.valid_on(web.today()));
    for post in posts.filter(|post| post.place.level() == Level::Township) {
        roles_at.entry(post.place).or_default().insert(&post.role);
    }
    roles_at.iter().max_by_key(|(place, roles)| (roles.len(), std::cmp::Reverse(**place))).map(|(place, _)| *place)
}

/// One account for each role at each level, along one path of places as far as there is one: the township with the most
/// roles, and what lies above and below it.
async fn demo_groups(web: &Web) -> Result<Vec<Value>, Error> {
    let words = web.words();
    let look = web.look(&words);
    let posts: Vec<&Post> =
        web.world.posts.all().filter(|post| post.account.is_some() && post.valid_on(web.today())).collect();
    let home = demo_home(web);
    let on_path = |post: &Post| home.is_some_and(|home| home.holds(post.place) || post.place.holds(home));
    let mut chosen: BTreeMap<(Level, &str), &Post> = BTreeMap::new();
    for post in posts {
        let slot = chosen.entry((post.place.level(), &post.role)).or_insert(post);
        if (!on_path(post), &post.id) < (!on_path(slot), &slot.id) {
            *slot = post;
        }
    }
    let mut groups: BTreeMap<std::cmp::Reverse<Level>, Vec<Value>> = BTreeMap::new();
    for ((level, _), post) in chosen {
        let Some(id) = &post.account else { continue };
        let Some(account) = web.app.store.account(id).await? else {
            continue;
        };
        groups.entry(std::cmp::Reverse(level)).or_default().push(json!({
            "id": account.id,
            "name": account.name,
            "post_title": look.post_title(post),
            "place": look.place_short(post.place),
        }));
    }
    let label = |level: Level| look.t(&format!("level-{}", level.as_str()));
    Ok(groups.into_iter().map(|(level, accounts)| json!({ "level": label(level.0), "accounts": accounts })).collect())
}
