//! The context every page shares: who is signed in, where one can go, which language and look. Its shape is the profile
//! of `ui/pages/page.samples.yaml`.

use crate::sign::{self, Use};
use crate::staff::plans::any as any_plan;
use crate::staff::{administers, audits, secures};
use crate::view::Say as _;
use crate::web::Web;
use ganglion_model::{Lang, Post};
use serde::Serialize;

/// The common part of a page's context.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// `zh` or `en`.
    pub lang: &'static str,
    /// The same page in the other language.
    pub lang_switch_href: String,
    /// The same page in large text, or no longer.
    pub elder_switch_href: String,
    /// Title.
    pub title: String,
    /// Path.
    pub path: String,
    /// The city.
    pub site: String,
    /// Demonstration mode.
    pub demo: bool,
    /// Whether simulated people act on.
    pub demo_moving: bool,
    /// Large text.
    pub elder: bool,
    /// `light` or `dark`.
    pub theme: &'static str,
    /// Token for forms.
    pub csrf: String,
    /// Who is signed in.
    pub signed_in: Option<SignedInView>,
    /// Where one can go.
    pub nav: Vec<NavItem>,
    /// A message from the page before.
    pub flash: Option<Flash>,
    /// Where live news of this page come from.
    pub live_href: Option<String>,
}

/// Who is signed in, for the head of the page.
#[derive(Clone, Debug, Serialize)]
pub struct SignedInView {
    /// Name of the person.
    pub name: String,
    /// Title of the post.
    pub post_title: String,
    /// Place of the post.
    pub place_name: String,
    /// All posts of the person.
    pub posts: Vec<PostChoice>,
}

/// A post one may act in.
#[derive(Clone, Debug, Serialize)]
pub struct PostChoice {
    /// Id.
    pub id: String,
    /// Place and title.
    pub title: String,
    /// Link that switches.
    pub href: String,
    /// Is it the one?
    pub current: bool,
    /// Is it somebody else's, who is away?
    pub deputy: bool,
}

/// An entry of the main menu.
#[derive(Clone, Debug, Serialize)]
pub struct NavItem {
    /// Address.
    pub href: &'static str,
    /// Words.
    pub label: String,
    /// Is it here?
    pub current: bool,
}

/// A message shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flash {
    /// `ok`, `info`, `warn`, `bad`, or `unusual`: it was done, and something about it is to be looked at.
    pub tone: String,
    /// Words.
    pub text: String,
}

/// The menu of the public.
const PUBLIC_NAV: [(&str, &str); 3] =
    [("/report", "nav-report"), ("/follow", "nav-follow"), ("/figures", "nav-open-figures")];
/// The menu of staff.
const STAFF_NAV: [(&str, &str); 10] = [
    ("/desk", "nav-desk"),
    ("/cases", "nav-cases"),
    ("/centre", "nav-centre"),
    ("/registers", "nav-registers"),
    ("/figures", "nav-figures"),
    ("/plans", "nav-plans"),
    ("/documents", "nav-documents"),
    ("/m", "nav-m"),
    ("/admin", "nav-admin"),
    ("/audit", "nav-audit"),
];

impl Web {
    /// The common context with the title in the text `title_key`.
    #[must_use]
    pub fn page(&self, title_key: &str) -> Page {
        self.page_titled(self.t(title_key))
    }

    /// The common context with a title that is not a text of ours (a number, a heading).
    #[must_use]
    pub fn page_titled(&self, title: String) -> Page {
        let other = match self.lang {
            Lang::Zh => "en",
            Lang::En => "zh",
        };
        Page {
            lang: self.lang.as_str(),
            lang_switch_href: self.here_with("lang", other),
            elder_switch_href: self.here_with("elder", if self.elder { "0" } else { "1" }),
            title,
            path: self.path.clone(),
            site: self.site(),
            demo: self.app.settings.demo,
            demo_moving: self.app.settings.demo_moving,
            elder: self.elder,
            theme: self.theme,
            csrf: self.csrf.clone(),
            signed_in: self.signed_in_view(),
            nav: self.nav(),
            flash: self.flash.clone(),
            live_href: None,
        }
    }

    /// What the installation is called: as set, else by its place.
    pub(crate) fn site(&self) -> String {
        let site = self.app.settings.site.get(self.lang);
        let places = &self.world.places;
        if site.is_empty() { places.name(places.root, self.today()) } else { site.to_owned() }
    }

    fn nav(&self) -> Vec<NavItem> {
        let items: &[(&str, &str)] = if self.session.is_some() { &STAFF_NAV } else { &PUBLIC_NAV };
        let is_here =
            |href: &str| self.path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let post = self.session.as_ref().and_then(|session| session.post.as_ref());
        let is_there = |href: &str| match href {
            "/admin" => post.is_some_and(|post| administers(post) || secures(post)),
            "/audit" => post.is_some_and(audits),
            "/plans" => post.is_some_and(|post| any_plan(self, post)),
            _ => true,
        };
        items
            .iter()
            .filter(|(href, _)| is_there(href))
            .map(|(href, key)| NavItem { href, label: self.t(key), current: is_here(href) })
            .collect()
    }

    fn signed_in_view(&self) -> Option<SignedInView> {
        let session = self.session.as_ref()?;
        let words = self.words();
        let look = self.look(&words);
        let post = session.post.as_ref();
        let is_deputy = |one: &Post| one.account.as_ref() != Some(&session.account);
        // Whoever stands in for somebody reads it wherever the post is named.
        let said = |one: &Post, title: String| match is_deputy(one) {
            true => look.say("deputy-for", &[("post", title.into())]),
            false => title,
        };
        let choices = self.world.posts.acting(&session.account, self.today()).into_iter().map(|one| {
            let proof = sign::sign(&self.app.master, Use::Post, &[&session.token_hash, &one.id.0]);
            PostChoice {
                id: one.id.0.clone(),
                title: said(one, format!("{} · {}", look.place(one.place), look.post_title(one))),
                href: format!("/post?id={}&proof={}", encode(&one.id.0), &sign::hex(&proof)[..32]),
                current: post.is_some_and(|post| post.id == one.id),
                deputy: is_deputy(one),
            }
        });
        Some(SignedInView {
            name: session.name.clone(),
            post_title: post.map(|post| said(post, look.post(&post.id))).unwrap_or_default(),
            place_name: post.map(|post| look.place(post.place)).unwrap_or_default(),
            posts: choices.collect(),
        })
    }

    /// This address with one query value changed.
    #[must_use]
    pub fn here_with(&self, name: &str, value: &str) -> String {
        let mut text = String::new();
        let kept = self.query.iter().filter(|(key, _)| key != name);
        for (key, value) in kept.map(|(k, v)| (k.as_str(), v.as_str())).chain([(name, value)]) {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(&encode(key));
            text.push('=');
            text.push_str(&encode(value));
        }
        text
    }

    /// A text without values.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.words().say(key, &[])
    }
}

/// Whether an address is a page of ours: a path, and none that a browser reads as another host. Browsers take `\\` for `/` and pass over
/// tabs and ends of lines, so that `/`, a tab and `/elsewhere` are `//elsewhere` to them.
#[must_use]
pub fn is_own(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control())
}

/// An address as a header takes it: whatever is no visible sign of ASCII is percent-encoded.
#[must_use]
pub fn as_header(address: &str) -> String {
    let visible = |c: char| c.is_ascii_graphic();
    address.chars().map(|c| if visible(c) { c.to_string() } else { encode(c.encode_utf8(&mut [0; 4])) }).collect()
}

/// Percent-encodes a value of a query.
#[must_use]
pub fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Decodes a percent-encoded value; `+` is a space; what is no valid code stays as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (other, ..) => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The pairs of a query or of a form sent as one.
#[must_use]
pub fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_read_back_what_was_encoded() {
        for text in ["", "a b&c=d", "100%", "日本 +", "%zz"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(
            pairs("a=1&b=x+y&c"),
            [("a", "1"), ("b", "x y"), ("c", "")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }
}
