//! Signing in and out, and acting in another post. A wrong name and a wrong password get the same answer; too many wrong
//! tries lock the account for that address.

use crate::app::AppState;
use crate::error::Error;
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

/// Where to go after signing in: a page of ours.
fn next(asked: Option<&str>) -> &str {
    asked.filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\')).unwrap_or("/desk")
}

/// `GET /sign-in`.
pub async fn show(web: Web) -> Result<Response, Error> {
    let to = next(web.arg("next")).to_owned();
    page(&web, &to, "", None, StatusCode::OK).await
}

/// What came of trying a name and a password.
pub enum Tried {
    /// They fit.
    In(Box<Account>),
    /// They do not; so many tries are left.
    Wrong(u32),
    /// Too many wrong tries; so many seconds to wait.
    Locked(u64),
}

/// Tries a name and a password, counting wrong tries by account and address, and by address alone
/// (one password tried on many accounts). A whole office behind one address may sign in at once.
///
/// # Errors
/// When the store fails.
pub async fn attempt(web: &Web, account: &str, password: &str) -> Result<Tried, Error> {
    let rates = &web.app.rates;
    let address = web.address.to_string();
    let key = format!("{address}|{}", account.to_lowercase());
    if let Some(seconds) = rates.failures.wait(&key, web.now).or_else(|| rates.sign_in.wait(&address, web.now)) {
        return Ok(Tried::Locked(seconds));
    }
    match web.app.password_fits(&AccountId(account.to_owned()), password).await? {
        Some(account) => {
            rates.failures.forget(&key);
            Ok(Tried::In(Box::new(account)))
        }
        None => {
            rates.sign_in.count(&address, web.now);
            Ok(match rates.failures.count(&key, web.now) {
                0 => Tried::Locked(rates.failures.wait(&key, web.now).unwrap_or(1)),
                left => Tried::Wrong(left),
            })
        }
    }
}

impl Tried {
    /// Why it did not work, in words.
    #[must_use]
    pub fn text(&self, web: &Web) -> String {
        let words = web.words();
        let say = |key: &str, name: &str, number: u64| words.say(key, &[(name, Arg::from(number))]);
        match self {
            Tried::In(_) => String::new(),
            Tried::Wrong(left) => say("err-sign-in", "left", u64::from(*left)),
            Tried::Locked(seconds) => say("err-locked", "minutes", seconds.div_ceil(60)),
        }
    }
}

/// `POST /sign-in`.
pub async fn enter(State(app): State<AppState>, web: Web, typed: Typed) -> Result<Response, Error> {
    let account = typed.one("account").unwrap_or_default().trim().to_owned();
    let to = next(typed.one("next")).to_owned();
    let tried = attempt(&web, &account, typed.one("password").unwrap_or_default()).await?;
    let status = match &tried {
        Tried::In(account) => return begin(&app, &web, account, &to).await,
        Tried::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Tried::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    page(&web, &to, &account, Some(tried.text(&web)), status).await
}

/// `POST /sign-in/demo`: one click, in demonstrations only; the route does not exist otherwise.
pub async fn enter_demo(State(app): State<AppState>, web: Web, typed: Typed) -> Result<Response, Error> {
    let id = AccountId(typed.one("account").unwrap_or_default().to_owned());
    let account = app.store.account(&id).await?.filter(|account| account.active && app.settings.demo);
    begin(&app, &web, &account.ok_or(Error::NotFound)?, next(typed.one("next"))).await
}

async fn begin(app: &AppState, web: &Web, account: &Account, to: &str) -> Result<Response, Error> {
    // A session left over in this browser ends, so that a token never carries over to another person.
    if let Some(old) = &web.session {
        app.session_end(&old.token_hash).await?;
    }
    let token = app.session_begin(account).await?;
    web.set_cookie(session::COOKIE, &token, Some(i64::from(app.settings.session_hours) * 3_600));
    Ok(web.redirect(to))
}

/// `POST /sign-out`.
pub async fn leave(State(app): State<AppState>, web: Web, _typed: Typed) -> Result<Response, Error> {
    if let Some(session) = &web.session {
        app.session_end(&session.token_hash).await?;
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
