//! Letters as PDF, tables as XLSX, codes as pictures. The heavy dependencies (Typst, spreadsheets) stop here.
//!
//! A template sees the files of its own pack and the data it is given, nothing else: no disk, no network, no packages, no
//! clock. The same template, data, day and fonts give the same bytes. Left out on purpose: what a document says and who may
//! have it; that is declared in packs and decided in the kernel.

mod archive;
mod datum;
mod fonts;
mod paper;
mod qr;
mod render;
mod template;
pub mod xlsx;

pub use archive::write_archive;
pub use datum::Datum;
pub use fonts::Fonts;
pub use qr::qr_svg;
pub use render::{CHECK_SECONDS_MAX, Print, RenderError, check, check_within, pdf};
pub use template::{HELPERS_PATH, Problem, Template};
