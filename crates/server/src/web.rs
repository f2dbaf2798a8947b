//! The context of one request: who asks, in which language, with what look; and the layer that makes it, renders errors,
//! sets cookies and writes the one log line.

use crate::app::AppState;
use crate::error::Error;
use crate::page::{Flash, decode, encode, pairs};
use crate::session::{self, SignedIn};
use crate::sign::{self, Use};
use crate::templates::Templates;
use crate::view::{Arg, Look, Say};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use fluent_bundle::FluentValue;
use ganglion_kernel::World;
use ganglion_model::clocks::local_date;
use ganglion_model::{Actor, Lang};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Cookie that ties forms and uploads of a visitor together.
const VISITOR: &str = "visitor";
const FLASH: &str = "flash";
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
    /// Proofs of a reporter, still to be checked.
    pub(crate) follows: String,
    pub(crate) wants_json: bool,
    templates: Arc<Templates>,
    visitor: String,
    cookies: Arc<Mutex<Vec<String>>>,
}

/// Words of the screens in one language.
pub struct Words {
    templates: Arc<Templates>,
    lang: Lang,
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
}

impl Web {
    /// The words of this request's language.
    #[must_use]
    pub fn words(&self) -> Words {
        Words { templates: self.templates.clone(), lang: self.lang }
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

    /// The actor of commands: the signed-in post, else the public.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.session {
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
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
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
        let html = self.templates.render(self.lang, template, context)?;
        Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
    }

    /// Sends the browser on after something was done.
    #[must_use]
    pub fn redirect(&self, to: &str) -> Response {
        Redirect::to(to).into_response()
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

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn header_text<'a>(headers: &'a HeaderMap, name: impl header::AsHeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The language: the address, then the choice kept, then the browser's first that we have.
fn language(query: &[(String, String)], headers: &HeaderMap) -> Lang {
    let asked = query.iter().find(|(key, _)| key == "lang").and_then(|(_, value)| Lang::parse(value));
    asked.or_else(|| cookie(headers, "lang").and_then(Lang::parse)).unwrap_or_else(|| {
        let accepted = header_text(headers, header::ACCEPT_LANGUAGE).unwrap_or_default();
        accepted.split(',').find_map(|tag| Lang::parse(tag.trim())).unwrap_or_default()
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, header::AUTHORIZATION)?.strip_prefix("Bearer ").map(str::trim)
}

fn address(app: &AppState, parts: &Parts) -> IpAddr {
    let told = || {
        let list = header_text(&parts.headers, "x-forwarded-for")?;
        list.rsplit(',').next()?.trim().parse().ok()
    };
    let direct = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let told = if app.settings.behind_proxy { told() } else { None };
    told.or_else(direct).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Whether answers of this path are for programs.
fn is_for_programs(path: &str, headers: &HeaderMap) -> bool {
    let accepts = header_text(headers, header::ACCEPT).unwrap_or_default();
    let programs = ["/api/", "/files", "/map/", "/live", "/report/near"];
    programs.iter().any(|start| path.starts_with(start)) || (accepts.contains("application/json") && !accepts.contains("text/html"))
}

/// The query of an address as pairs.
fn query_of(uri: &Uri) -> Vec<(String, String)> {
    uri.query().map(pairs).unwrap_or_default()
}

impl Web {
    /// Reads the context of a request.
    pub(crate) async fn read(app: &AppState, parts: &Parts) -> Result<Web, Error> {
        let headers = &parts.headers;
        let path = parts.uri.path().to_owned();
        let query = query_of(&parts.uri);
        let now = app.clock.now();
        let token = bearer(headers);
        let session = match token.or_else(|| cookie(headers, session::COOKIE)) {
            Some(token) if !token.is_empty() => app.session_of(token, now).await?,
            _ => None,
        };
        let known = cookie(headers, VISITOR).filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let visitor = known.map_or_else(|| sign::hex(&app.clock.key()[..16]), str::to_owned);
        let bound = session.as_ref().map_or(visitor.as_str(), |session| &session.token_hash);
        let csrf = sign::hex(&sign::sign(&app.master, Use::Csrf, &[bound])[..16]);
        let flash = cookie(headers, FLASH).and_then(|text| text.split_once('|')).map(|(tone, text)| Flash {
            tone: tone.to_owned(),
            text: decode(text),
        });
        let chosen = |name: &str| {
            let asked = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            asked.or_else(|| cookie(headers, name)).map(str::to_owned)
        };
        let web = Web {
            lang: language(&query, headers),
            elder: chosen("elder").is_some_and(|value| value == "1"),
            theme: if chosen("theme").is_some_and(|value| value == "dark") { "dark" } else { "light" },
            world: app.world.load_full(),
            bearer: token.is_some() && session.is_some(),
            follows: cookie(headers, crate::public::follow_proof::COOKIE).unwrap_or_default().to_owned(),
            wants_json: is_for_programs(&path, headers),
            address: address(app, parts),
            templates: app.templates(),
            cookies: Arc::default(),
            app: app.clone(),
            session,
            csrf,
            path,
            query,
            now,
            flash,
            visitor,
        };
        web.keep_choices(known.is_some(), headers);
        Ok(web)
    }

    /// Keeps what the address chose, and gives a new visitor a cookie.
    fn keep_choices(&self, known: bool, headers: &HeaderMap) {
        if self.path.starts_with("/assets/") || self.path.starts_with("/api/") {
            return;
        }
        if !known {
            self.set_cookie(VISITOR, &self.visitor, Some(YEAR_SECONDS));
        }
        if let Some(lang) = self.arg("lang").and_then(Lang::parse) {
            self.set_cookie("lang", lang.as_str(), Some(YEAR_SECONDS));
        }
        for name in ["elder", "theme"] {
            if let Some(value) = self.arg(name).filter(|value| matches!(*value, "0" | "1" | "light" | "dark")) {
                self.set_cookie(name, value, Some(YEAR_SECONDS));
            }
        }
        if cookie(headers, FLASH).is_some() {
            self.set_cookie(FLASH, "", Some(0));
        }
    }

    /// Whether a request that changes something comes from our own pages, as far as the browser says.
    pub(crate) fn same_origin(&self, parts: &Parts) -> bool {
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if reads || self.bearer {
            return true;
        }
        let headers = &parts.headers;
        if header_text(headers, "sec-fetch-site").is_some_and(|site| site == "cross-site") {
            return false;
        }
        let host = header_text(headers, header::HOST).unwrap_or_default();
        header_text(headers, header::ORIGIN)
            .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, of)| of == host))
    }

    /// Adds the cookies noted during the request.
    pub(crate) fn put_cookies(&self, response: &mut Response) {
        for cookie in self.cookies.lock().drain(..) {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
    }

    /// The log line of a request: no address, no query, no name.
    pub(crate) fn log(&self, method: &Method, template: Option<&MatchedPath>, status: StatusCode, micros: u128) {
        let post = self.session.as_ref().and_then(|session| session.post.as_ref());
        tracing::info!(
            method = %method,
            path = template.map_or("", MatchedPath::as_str),
            status = status.as_u16(),
            micros,
            post = post.map_or("", |post| post.id.0.as_str()),
            "request"
        );
    }
}
