//! Documents on paper: what a template is given, and the press that makes PDFs from it. Nothing printed is kept: a document
//! is made anew from what was copied into the case when it was issued, and comes out the same. So personal values stand in
//! clear on no disk, and erasing a case's key erases its letters too.
//!
//! A batch waits for whoever asked for it in a file only this running server can read.

mod batch;
mod batches;
mod check;
mod data;
mod item;
mod names;
mod press;
mod sample;
mod spool;

pub use batch::{Among, Batch, Stage, Wish, note_access, opened};
pub use batches::Batches;
pub use check::{TemplateFinding, check};
pub use data::{Source, day, place};
pub use item::Subject;
pub use press::{Press, Sheet, sample_sheet};
