//! A square code that leads a phone to the page that says whether a document stands.

use fast_qr::convert::svg::SvgBuilder;
use fast_qr::convert::{Builder as _, Shape};
use fast_qr::qr::QRBuilder;

/// White modules around the code, as the standard asks.
const MARGIN: usize = 4;

/// `text` as a square code in SVG; `None` when it is too long for one.
#[must_use]
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).build().ok()?;
    Some(SvgBuilder::default().margin(MARGIN).shape(Shape::Square).to_str(&code))
}
