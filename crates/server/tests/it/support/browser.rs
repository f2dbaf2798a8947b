//! A browser: keeps cookies, finds the form token in pages, sends forms and files. Scripts are off.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, header};
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use tower::ServiceExt as _;

const BOUNDARY: &str = "----boundary7MA4YWxkTrZu0gW";

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(header::LOCATION)
    }

    /// The value of an input of the page.
    pub fn input(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\""))?;
        let tag = rest.split_once('>')?.0;
        let (_, value) = tag.split_once("value=\"")?;
        Some(value.split_once('"')?.0.to_owned())
    }
}

/// A part of a form with files.
pub enum Part<'a> {
    Text(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

/// A browser.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
}

impl Browser {
    pub fn new(router: Router) -> Browser {
        Browser { router, cookies: BTreeMap::new(), headers: vec![("accept-language".to_owned(), "en".to_owned())] }
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        for (name, value) in &self.headers {
            let name: header::HeaderName = name.parse().unwrap();
            request.headers_mut().entry(name).or_insert(value.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (parts, body) = response.into_parts();
        let mut pieces = body.into_data_stream();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        // Whoever sends an answer may ask once more after its end.
        assert!(pieces.next().await.is_none());
        let bytes = Bytes::from(bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, text }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    pub async fn method(&mut self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::ACCEPT, "text/html");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The token of a form, from a page that has one.
    pub async fn token(&mut self) -> String {
        self.get("/follow").await.input("csrf").expect("the page has a form")
    }

    /// Sends a form as it is.
    pub async fn post_raw(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            text.bytes()
                .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
                .collect::<String>()
        };
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    /// Sends a form with its token.
    pub async fn post_form(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let token = self.token().await;
        let mut all = vec![("csrf", token.as_str())];
        all.extend(form);
        self.post_raw(path, &all).await
    }

    /// Sends a form with files and its token.
    pub async fn post_parts(&mut self, path: &str, parts: &[Part<'_>]) -> Answer {
        let token = self.token().await;
        let mut body = part(&Part::Text("csrf", &token));
        parts.iter().for_each(|one| body.extend(part(one)));
        body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.post_multipart(path, Body::from(body)).await
    }

    /// Sends a form whose only file is as long as wanted and is never held in memory.
    pub async fn post_stream<S>(&mut self, path: &str, file: S, after: &[Part<'_>]) -> Answer
    where
        S: Stream<Item = Bytes> + Send + 'static,
    {
        use futures_util::StreamExt as _;
        let token = self.token().await;
        let mut head = part(&Part::Text("csrf", &token));
        head.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"clip.mp4\"\r\n\r\n")
                .as_bytes(),
        );
        let mut tail = b"\r\n".to_vec();
        after.iter().for_each(|one| tail.extend(part(one)));
        tail.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        let one = |bytes: Vec<u8>| futures_util::stream::iter([Bytes::from(bytes)]);
        let whole = one(head).chain(file).chain(one(tail)).map(Ok::<_, Infallible>);
        self.post_multipart(path, Body::from_stream(whole)).await
    }

    async fn post_multipart(&mut self, path: &str, body: Body) -> Answer {
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
        self.send(request.body(body).unwrap()).await
    }

    /// Sends JSON, with a token for programs if there is one.
    pub async fn json(&mut self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Asks as a program.
    pub async fn read(&mut self, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::get(path).header(header::ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

fn part(part: &Part<'_>) -> Vec<u8> {
    match part {
        Part::Text(name, value) => {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
        }
        Part::File(name, file, bytes) => {
            let mut whole = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/jpeg\r\n\r\n"
            )
            .into_bytes();
            whole.extend(*bytes);
            whole.extend(b"\r\n");
            whole
        }
    }
}
