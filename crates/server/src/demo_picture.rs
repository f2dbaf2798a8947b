//! Pictures of the demonstration's simulated cases: a few shapes drawn from a number, with a band that says they are synthetic.
//! Nothing is kept: the case names `synthetic-7`, the picture is drawn when somebody looks. Only the demonstration has the route.

use crate::error::Error;
use crate::web::Web;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use std::fmt::Write as _;

/// How many there are.
pub const KINDS: u32 = 24;
/// What a case writes before the number where the id of a photo would stand.
const PREFIX: &str = "synthetic-";

/// The address of the picture a simulated case names.
#[must_use]
pub fn href(id: &str) -> Option<String> {
    let kind: u32 = id.strip_prefix(PREFIX)?.parse().ok()?;
    (kind < KINDS).then(|| format!("/demo/pictures/{kind}"))
}

/// `GET /demo/pictures/{kind}`.
pub async fn show(web: Web, Path(kind): Path<String>) -> Result<Response, Error> {
    let kind = kind.parse().ok().filter(|kind| *kind < KINDS).ok_or(Error::NotFound)?;
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, max-age=86400")];
    Ok((headers, drawn(kind, &web.t("picture-synthetic"))).into_response())
}

/// Houses along a street, something lying on it, and the band.
fn drawn(kind: u32, label: &str) -> String {
    let mut seed = u64::from(kind).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x51ed;
    // xorshift: enough for heights and places, the same on every machine.
    let mut next = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let sky = ["#cfe3f2", "#e6e2d3", "#d7dee6", "#f0d9c0"][usize::try_from(kind % 4).unwrap_or(0)];
    let mut shapes = String::new();
    let mut x = 0;
    while x < 640 {
        let (width, height, shade) = (50 + next(70), 90 + next(140), 150 + next(60));
        // Writing to a String cannot fail.
        let _ = write!(
            shapes,
            r#"<rect x="{x}" y="{}" width="{width}" height="{height}" fill="rgb({shade},{shade},{})"/>"#,
            300 - height,
            shade - 12
        );
        x += width + 4;
    }
    shapes.push_str(r##"<rect y="300" width="640" height="180" fill="#7d7f80"/>"##);
    for _ in 0..6 + next(14) {
        let (cx, cy, rx) = (200 + next(260), 350 + next(60), 8 + next(34));
        let tone = ["#6b5a3c", "#4f6f4a", "#3f5f7a", "#8a4b3a"][usize::try_from(next(4)).unwrap_or(0)];
        let _ = write!(shapes, r#"<ellipse cx="{cx}" cy="{cy}" rx="{rx}" ry="{}" fill="{tone}"/>"#, rx / 2 + 3);
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" width="640" height="480"><rect width="640" height="480" fill="{sky}"/>{shapes}<rect y="430" width="640" height="50" fill="#222"/><text x="320" y="464" font-size="28" text-anchor="middle" fill="#fff" font-family="sans-serif">{label}</text></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_exist_have_a_picture_and_every_one_says_what_it_is() {
        assert_eq!(href("synthetic-23").as_deref(), Some("/demo/pictures/23"));
        for none in ["synthetic-24", "synthetic", "synthetic-x", "synthetic--1", "0190f5c27a547b6e9f3e2f5b5c1d0a41"] {
            assert_eq!(href(none), None, "{none}");
        }
        let all: std::collections::HashSet<String> = (0..KINDS).map(|kind| drawn(kind, "made up")).collect();
        assert!(all.len() == KINDS as usize && all.iter().all(|svg| svg.contains(">made up</text>")));
    }
}
