//! Documents on paper: what a template is given, and the press that makes PDFs from it. Nothing printed is kept: a document
//! is made anew from what was copied into the case when it was issued, and comes out the same. So personal values stand in
//! clear on no disk, and erasing a case's key erases its letters too.

mod check;
mod data;
mod press;
mod sample;

pub use check::{TemplateFinding, check};
pub use data::Source;
pub use press::Press;
