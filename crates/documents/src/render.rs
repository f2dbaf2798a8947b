//! Making a PDF, and trying a template without making one.

use crate::datum::Datum;
use crate::fonts::Fonts;
use crate::paper::Paper;
use crate::template::{Problem, Template, problems};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

/// Pages of one document; more is a runaway template.
const PAGES_MAX: usize = 500;
/// Seconds a template may take when it is tried out.
pub const CHECK_SECONDS_MAX: u64 = 10;
/// Documents after which what Typst remembers is thinned.
const DOCUMENTS_BETWEEN_EVICTIONS: u32 = 16;
/// Thinnings that something unused survives.
const EVICTIONS_SURVIVED: usize = 2;

static MADE: AtomicU32 = AtomicU32::new(0);

/// What is printed.
#[derive(Clone, Copy)]
pub struct Print<'a> {
    /// Under `data` in the template.
    pub data: &'a Datum,
    /// Under `doc` in the template.
    pub doc: &'a Datum,
    /// Year, month, day of the document: its creation date and its today.
    pub day: (i32, u8, u8),
    /// What tells this document from every other: it goes into the PDF's identifier.
    pub ident: &'a str,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The template does not work with this data.
    #[error("the template fails: {}", .0.first().map(|one| format!("{}:{}:{}: {}", one.file, one.line, one.column, one.message)).unwrap_or_default())]
    Template(Vec<Problem>),
    /// More pages than a document may have.
    #[error("the document has more than {PAGES_MAX} pages")]
    TooLong,
    /// No font with Chinese characters is installed; the letter would be empty.
    #[error("no font with Chinese characters is installed (fonts-noto-cjk)")]
    NoFonts,
}

fn layout(paper: &Paper<'_>) -> Result<PagedDocument, RenderError> {
    let warned = typst::compile::<PagedDocument>(paper);
    let document = warned.output.map_err(|said| RenderError::Template(problems(paper, &said)))?;
    if document.pages().len() > PAGES_MAX {
        return Err(RenderError::TooLong);
    }
    Ok(document)
}

/// What Typst remembers of earlier documents is kept small: a batch of thousands must not grow.
fn thin() {
    if MADE.fetch_add(1, Ordering::Relaxed) % DOCUMENTS_BETWEEN_EVICTIONS == DOCUMENTS_BETWEEN_EVICTIONS - 1 {
        comemo::evict(EVICTIONS_SURVIVED);
    }
}

/// The document as PDF: the same bytes for the same template, data, day and fonts. Blocking, some milliseconds a page.
///
/// # Errors
/// See [`RenderError`].
pub fn pdf(template: &Template, fonts: &Fonts, print: Print<'_>) -> Result<Vec<u8>, RenderError> {
    if !fonts.has_chinese() {
        return Err(RenderError::NoFonts);
    }
    let paper = Paper::new(template, fonts, (print.data, print.doc), print.day);
    let document = layout(&paper)?;
    let (year, month, day) = print.day;
    let options = PdfOptions {
        ident: Smart::Custom(print.ident.to_owned()),
        creator: Smart::Custom(Some("Ganglion".to_owned())),
        timestamp: Datetime::from_ymd_hms(year, month, day, 0, 0, 0).map(Timestamp::new_utc),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|said| RenderError::Template(problems(&paper, &said)));
    thin();
    bytes
}

/// Lays the template out with this data and says what is wrong. Needs no fonts, so it is quick; a template that takes longer
/// than [`CHECK_SECONDS_MAX`] is given up on.
#[must_use]
pub fn check(template: &Template, print: Print<'_>) -> Vec<Problem> {
    check_within(template, print, Duration::from_secs(CHECK_SECONDS_MAX))
}

/// As [`check`], with another patience.
#[must_use]
pub fn check_within(template: &Template, print: Print<'_>, patience: Duration) -> Vec<Problem> {
    let (say, said) = std::sync::mpsc::channel();
    let (template, data, doc, day) = (template.clone(), print.data.clone(), print.doc.clone(), print.day);
    // Typst cannot be interrupted: a runaway template keeps its thread until the program ends.
    let trial = std::thread::Builder::new().name("template".to_owned()).spawn(move || {
        // Nobody listens any more when the time is over.
        let _ = say.send(try_out(&template, (&data, &doc), day));
    });
    let given_up = || {
        let message = format!("laying it out takes more than {} seconds", patience.as_secs());
        vec![Problem { file: String::new(), line: 1, column: 1, message, hints: Vec::new() }]
    };
    trial.ok().and_then(|_| said.recv_timeout(patience).ok()).unwrap_or_else(given_up)
}

fn try_out(template: &Template, given: (&Datum, &Datum), day: (i32, u8, u8)) -> Vec<Problem> {
    let fonts = Fonts::none();
    let paper = Paper::new(template, &fonts, given, day);
    match layout(&paper) {
        Ok(_) => Vec::new(),
        Err(RenderError::Template(problems)) => problems,
        Err(other) => {
            vec![Problem { file: String::new(), line: 1, column: 1, message: other.to_string(), hints: Vec::new() }]
        }
    }
}
