//! Reading the context of a request: cookies, language, session, form token; and what goes back with the answer.

use super::{FLASH, HALF, OPENID, PASSKEY, VISITOR, Web, YEAR_SECONDS};
use crate::app::AppState;
use crate::error::Error;
use crate::keys;
use crate::page::{Flash, decode, is_own, pairs};
use crate::session;
use crate::sign::{self, Use};
use axum::extract::ConnectInfo;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::Response;
use ganglion_model::Lang;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

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

fn header_text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The page of ours a request was sent from, as its path with its query.
fn sent_from(headers: &HeaderMap) -> Option<String> {
    let (_, rest) = header_text(headers, header::REFERER)?.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let path = format!("/{path}");
    (header_text(headers, header::HOST) == Some(host) && is_own(&path)).then_some(path)
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

/// Whether a path is one of the interfaces for software.
pub(crate) fn is_door(path: &str) -> bool {
    ["/api", "/open311", "/events", "/ogc", "/tiles"]
        .into_iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether answers of this path are for programs.
fn is_for_programs(path: &str, headers: &HeaderMap) -> bool {
    let accepts = header_text(headers, header::ACCEPT).unwrap_or_default();
    let programs = ["/files", "/map/", "/live", "/log/", "/report/near", "/health/", "/metrics"];
    is_door(path)
        || programs.iter().any(|start| path.starts_with(start))
        || (accepts.contains("application/json") && !accepts.contains("text/html"))
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
            // A key opens the doors for software and no page; it is never taken from a cookie.
            Some(key) if token.is_some() && keys::is_key(key) => match keys::opens(&path) {
                true => app.signed_in_by_key(key, now).await?,
                false => None,
            },
            Some(token) if !token.is_empty() => app.session_of(token, now).await?,
            _ => None,
        };
        let (session, held) = match session {
            Some(one) if one.must.is_some() => (None, Some(one)),
            other => (other, None),
        };
        let is_program = token.is_some() && session.is_some();
        let known = cookie(headers, VISITOR).filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let visitor = match known {
            Some(known) => known.to_owned(),
            // Programs have neither forms nor cookies.
            None if is_program => String::new(),
            None => sign::hex(&app.clock.key()[..16]),
        };
        let csrf = if is_program {
            String::new()
        } else {
            let signed_in = session.as_ref().or(held.as_ref());
            let bound = signed_in.map_or(visitor.as_str(), |session| &session.token_hash);
            sign::hex(&sign::sign(&app.master, Use::Csrf, &[bound])[..16])
        };
        let flash = cookie(headers, FLASH)
            .and_then(|text| text.split_once('|'))
            .map(|(tone, text)| Flash { tone: tone.to_owned(), text: decode(text) });
        let chosen = |name: &str| {
            let asked = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            asked.or_else(|| cookie(headers, name)).map(str::to_owned)
        };
        let web = Web {
            lang: language(&query, headers),
            elder: chosen("elder").is_some_and(|value| value == "1"),
            theme: if chosen("theme").is_some_and(|value| value == "dark") { "dark" } else { "light" },
            world: app.world.load_full(),
            bearer: is_program,
            follows: cookie(headers, crate::public::follow_proof::COOKIE).unwrap_or_default().to_owned(),
            wants_json: is_for_programs(&path, headers),
            agent: headers.get(header::USER_AGENT).cloned(),
            sent_from: sent_from(headers),
            half: cookie(headers, HALF).unwrap_or_default().to_owned(),
            resident: cookie(headers, crate::residents::session::COOKIE).unwrap_or_default().to_owned(),
            passkey: cookie(headers, PASSKEY).unwrap_or_default().to_owned(),
            openid: cookie(headers, OPENID).unwrap_or_default().to_owned(),
            held,
            address: address(app, parts),
            templates: Arc::default(),
            rows: Arc::default(),
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
        // What everybody may keep a copy of carries nobody's cookie, nor what only programs read.
        let plain = ["/assets/", "/log/", "/health/", "/metrics"].iter().any(|start| self.path.starts_with(start));
        if plain || (is_door(&self.path) && self.path != "/api/docs") {
            return;
        }
        if !known && !self.visitor.is_empty() {
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
        // Open311 takes a key with every change and no cookie at all.
        if reads || self.bearer || self.path.starts_with("/open311/") {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_gone_back_to() {
        let from = |host: &str, referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            headers.insert(header::REFERER, HeaderValue::from_str(referer).unwrap());
            sent_from(&headers)
        };
        let own = "https://city.example/registers/well/import?lang=en";
        assert_eq!(from("city.example", own).as_deref(), Some("/registers/well/import?lang=en"));
        assert_eq!(from("city.example", "https://elsewhere.example/x"), None);
        assert_eq!(from("city.example", "https://city.example//elsewhere.example"), None);
        assert_eq!(from("city.example", "https://city.example"), None);
        assert_eq!(sent_from(&HeaderMap::new()), None);
    }
}
