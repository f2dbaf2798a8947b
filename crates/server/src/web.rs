//! The context of one request: who asks, in which language, with what look; rendering, redirecting, cookies. How it is
//! read from the request is in `read`; the layer around every route is in `context`.

mod read;

pub(crate) use read::is_door;

use crate::app::AppState;
use crate::error::Error;
use crate::identity::agent_in_short;
use crate::identity::lines::Origin;
use crate::identity::tries::network;
use crate::keys::ServiceKey;
use crate::page::{Flash, as_header, encode};
use crate::session::SignedIn;
use crate::sign;
use crate::templates::Templates;
use crate::view::{Arg, Look, RowName, RowNames, Say};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use fluent_bundle::FluentValue;
use ganglion_kernel::World;
use ganglion_model::clocks::local_date;
use ganglion_model::{Actor, Lang};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Cookie that ties forms and uploads of a visitor together.
const VISITOR: &str = "visitor";
const FLASH: &str = "flash";
/// Cookie of a sign-in that waits for its second factor.
pub(crate) const HALF: &str = "second";
/// Cookie of a device that was asked for a passkey.
pub(crate) const PASSKEY: &str = "passkey";
/// Cookie of a browser that was sent to the provider of identities.
pub(crate) const OPENID: &str = "openid";
const YEAR_SECONDS: i64 = 365 * 86_400;

/// The context of one request.
#[derive(Clone)]
pub struct Web {
    /// The server.
    pub app: AppState,
    /// The world as it was when the request came.
    pub world: Arc<World>,
    /// Language.
    pub lang: Lang,
    /// Large text and three big choices.
    pub elder: bool,
    /// `light` or `dark`.
    pub theme: &'static str,
    /// Who is signed in.
    pub session: Option<SignedIn>,
    /// Who is signed in and has to do something before anything else: on every other page they are not.
    pub held: Option<SignedIn>,
    /// Token that forms of this visitor carry.
    pub csrf: String,
    /// Path, without query.
    pub path: String,
    /// Pairs of the query, in order.
    pub query: Vec<(String, String)>,
    /// Now.
    pub now: Timestamp,
    /// Message from the page before.
    pub flash: Option<Flash>,
    /// Where the request came from.
    pub address: IpAddr,
    /// Whether the session came as a bearer token: then no form token is needed.
    pub bearer: bool,
    /// What rows are called that this page refers to.
    pub rows: Arc<RowNames>,
    /// Proofs of a reporter, still to be checked.
    pub(crate) follows: String,
    pub(crate) wants_json: bool,
    /// What the browser calls itself.
    pub(crate) agent: Option<HeaderValue>,
    /// The page of ours this was sent from.
    pub(crate) sent_from: Option<String>,
    /// A sign-in that waits for its second factor.
    pub(crate) half: String,
    /// The session of a resident, still to be looked up.
    pub(crate) resident: String,
    /// What was asked of a device with passkeys, sealed.
    pub(crate) passkey: String,
    /// What was asked of the provider of identities, sealed.
    pub(crate) openid: String,
    templates: Arc<OnceLock<Arc<Templates>>>,
    visitor: String,
    cookies: Arc<Mutex<Vec<String>>>,
}

/// Words of the screens in one language.
pub struct Words {
    templates: Arc<Templates>,
    lang: Lang,
    rows: Arc<RowNames>,
}

impl Words {
    /// The same words, with the rows a page has looked up.
    #[must_use]
    pub fn naming(self, rows: &Arc<RowNames>) -> Words {
        Words { rows: rows.clone(), ..self }
    }
}

impl Say for Words {
    fn say(&self, key: &str, args: &[(&str, Arg)]) -> String {
        let value = |arg: &Arg| match arg {
            Arg::Text(text) => FluentValue::from(text.clone()),
            Arg::Number(number) => FluentValue::from(*number),
        };
        let args: Vec<(&str, FluentValue<'_>)> = args.iter().map(|(name, arg)| (*name, value(arg))).collect();
        self.templates.texts.get(self.lang, key, &args)
    }

    fn has(&self, key: &str) -> bool {
        self.templates.texts.has(self.lang, key)
    }

    fn lang(&self) -> Lang {
        self.lang
    }

    fn row(&self, register: &str, key: &str) -> Option<RowName> {
        self.rows.get(register, key)
    }
}

impl crate::app::App {
    /// The words of a language, for what is made without a request or is always in one language.
    #[must_use]
    pub(crate) fn words(&self, lang: Lang) -> Words {
        Words::plain(self.templates(), lang)
    }
}

impl Words {
    /// The words of a language without a server.
    #[must_use]
    pub(crate) fn plain(templates: Arc<Templates>, lang: Lang) -> Words {
        Words { templates, lang, rows: Arc::default() }
    }
}

impl Web {
    /// The words of this request's language.
    #[must_use]
    pub fn words(&self) -> Words {
        Words { templates: self.templates(), lang: self.lang, rows: self.rows.clone() }
    }

    /// A text in a language, whatever that of the page.
    #[must_use]
    pub fn said_in(&self, lang: Lang, key: &str) -> String {
        self.templates().texts.get(lang, key, &[])
    }

    /// Templates and words: looked for once a request, and only by requests that need them.
    fn templates(&self) -> Arc<Templates> {
        self.templates.get_or_init(|| self.app.templates()).clone()
    }

    /// What views need: `let words = web.words(); let look = web.look(&words);`.
    #[must_use]
    pub fn look<'a>(&'a self, words: &'a Words) -> Look<'a> {
        Look { world: &self.world, say: words, now: self.now }
    }

    /// The civil day.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        local_date(self.now)
    }

    /// The key of the software that calls, if it is software.
    #[must_use]
    pub(crate) fn key(&self) -> Option<&ServiceKey> {
        self.session.as_ref().and_then(|session| session.key.as_deref())
    }

    /// The actor of commands: the key, the signed-in post, else the public.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.session {
            Some(SignedIn { key: Some(key), .. }) => Actor::Api { key: key.name.clone() },
            Some(SignedIn { account, post: Some(post), .. }) => {
                Actor::Post { post: post.id.clone(), account: account.clone() }
            }
            _ => Actor::Public,
        }
    }

    /// The signed-in person.
    ///
    /// # Errors
    /// [`Error::SignIn`].
    pub fn signed_in(&self) -> Result<&SignedIn, Error> {
        self.session.as_ref().ok_or(Error::SignIn)
    }

    /// The person whose own account this is about, also when something has to be done first.
    ///
    /// # Errors
    /// [`Error::SignIn`]; software has no such pages.
    pub fn own(&self) -> Result<&SignedIn, Error> {
        self.session.as_ref().or(self.held.as_ref()).filter(|one| one.key.is_none()).ok_or(Error::SignIn)
    }

    /// The browser, when it keeps cookies.
    #[must_use]
    pub(crate) fn device(&self) -> Option<&str> {
        Some(self.visitor.as_str()).filter(|visitor| !visitor.is_empty())
    }

    /// Where this request comes from, as it is kept beside a sign-in.
    #[must_use]
    pub(crate) fn origin(&self) -> Origin {
        let agent = self.agent.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Origin { address: self.address.to_canonical().to_string(), agent: agent_in_short(agent) }
    }

    /// The post acted in.
    ///
    /// # Errors
    /// [`Error::SignIn`]; [`Error::NotAllowed`] when the person holds no post today.
    pub fn post(&self) -> Result<&ganglion_model::Post, Error> {
        self.signed_in()?.post.as_ref().ok_or(Error::NotAllowed)
    }

    /// A value of the query; an empty one counts as none.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Renders a page. The context should hold `page` (see [`Web::page`]).
    ///
    /// # Errors
    /// When the template fails.
    pub fn render(&self, template: &str, context: impl Serialize) -> Result<Response, Error> {
        self.render_status(StatusCode::OK, template, context)
    }

    /// Renders a page with a status.
    ///
    /// # Errors
    /// When the template fails.
    pub fn render_status(
        &self,
        status: StatusCode,
        template: &str,
        context: impl Serialize,
    ) -> Result<Response, Error> {
        let context = minijinja::value::Value::from(minijinja::value::Serde(context));
        let html = self.templates().render(self.lang, template, context)?;
        Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
    }

    /// By what strangers are counted: the network of one subscriber, who has very many addresses of IPv6.
    #[must_use]
    pub fn network(&self) -> String {
        network(self.address)
    }

    /// Sends the browser on after something was done.
    #[must_use]
    pub fn redirect(&self, to: &str) -> Response {
        Redirect::to(&as_header(to)).into_response()
    }

    /// Sends the browser on with a message for the next page.
    #[must_use]
    pub fn redirect_with(&self, to: &str, tone: &str, text: &str) -> Response {
        self.set_cookie(FLASH, &format!("{tone}|{}", encode(text)), Some(60));
        self.redirect(to)
    }

    /// Sets a cookie: readable by no script, sent by no other site's form. `None` ends with the browser; 0 removes it.
    pub fn set_cookie(&self, name: &str, value: &str, max_age_seconds: Option<i64>) {
        let mut cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if let Some(seconds) = max_age_seconds {
            cookie.push_str(&format!("; Max-Age={seconds}"));
        }
        if self.app.settings.cookie_secure {
            cookie.push_str("; Secure");
        }
        self.cookies.lock().push(cookie);
    }

    /// Whether `token` is the one this visitor's forms carry.
    #[must_use]
    pub fn csrf_fits(&self, token: &str) -> bool {
        self.bearer || sign::same(token, &self.csrf)
    }

    /// Who uploads: the account, else the visitor's cookie. Never shown.
    #[must_use]
    pub(crate) fn owner(&self) -> String {
        self.session.as_ref().map_or_else(|| format!("v:{}", self.visitor), |s| format!("a:{}", s.account))
    }

    /// The owners an upload of this visitor may have: also what was uploaded before signing in.
    #[must_use]
    pub(crate) fn owners(&self) -> Vec<String> {
        vec![self.owner(), format!("v:{}", self.visitor)]
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Web {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Web, Error> {
        parts
            .extensions
            .get::<Web>()
            .cloned()
            .ok_or_else(|| Error::Internal("a route stands outside the context layer".to_owned()))
    }
}
