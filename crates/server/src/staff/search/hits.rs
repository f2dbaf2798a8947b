//! What was found as lines of the page: heading, where, and the words in their surroundings. The surroundings come from the texts that
//! are searched, so nothing is shown that could not be found.

use crate::staff::registers::{Readable, row_href, shown};
use crate::view::Look;
use crate::view::case::{CaseRow, card_href};
use crate::web::Web;
use ganglion_kernel::marked::{Piece, excerpt, has_all, pieces};
use ganglion_kernel::words::{Term, apart, parts_of_case, parts_of_row, texts_of_case};
use ganglion_model::{Case, Record};
use serde::Serialize;

/// Characters of the surroundings.
const EXCERPT_CHARS: usize = 90;

/// What is marked in what was found: the words as they were typed, or where they stand apart their pairs.
pub struct Sought {
    typed: Vec<Term>,
    apart: Vec<Term>,
}

impl Sought {
    /// What a search asked for.
    pub fn of(typed: Vec<Term>) -> Sought {
        Sought { apart: apart(&typed).into_iter().flatten().collect(), typed }
    }

    fn within(&self, texts: &[String]) -> &[Term] {
        if self.apart.is_empty() || has_all(texts, &self.typed) { &self.typed } else { &self.apart }
    }
}

/// A case.
#[derive(Serialize)]
pub struct CaseHit {
    title: Vec<Piece>,
    number: Vec<Piece>,
    process: String,
    excerpt: Option<Vec<Piece>>,
    row: CaseRow,
}

/// A row of a register.
#[derive(Serialize)]
pub struct RowHit {
    href: String,
    title: Vec<Piece>,
    key: Option<Vec<Piece>>,
    register: String,
    place: String,
    excerpt: Option<Vec<Piece>>,
}

/// Whether two texts say the same as far as a heading shows it.
fn is_said(title: &str, text: &str) -> bool {
    text.trim() == title
}

/// A case found.
pub fn of_case(look: &Look<'_>, case: &Case, sought: &Sought) -> CaseHit {
    let terms = sought.within(&parts_of_case(look.world, case));
    let row = look.case_row(case, card_href(&case.number));
    let process = look.world.model.processes.get(&case.process);
    let mut texts = process.into_iter().flat_map(|process| texts_of_case(process, case));
    CaseHit {
        title: pieces(&row.title, terms),
        number: pieces(&row.number, terms),
        process: process.map(|process| look.text(&process.title)).unwrap_or_default(),
        excerpt: texts.find_map(|text| excerpt(&text, terms, EXCERPT_CHARS).filter(|_| !is_said(&row.title, &text))),
        row,
    }
}

/// A row found; `None` for one of a register that was not looked into.
pub fn of_row(
    web: &Web,
    look: &Look<'_>,
    (registers, record): (&[Readable<'_>], &Record),
    sought: &Sought,
) -> Option<RowHit> {
    let readable = registers.iter().find(|one| one.register.name == record.register)?;
    let title = shown::title(look, readable, web, record);
    let parts = parts_of_row(&web.world, readable.register, record);
    let terms = sought.within(&parts);
    let mut others = parts.iter().filter(|part| !is_said(&title, part) && **part != record.key);
    Some(RowHit {
        href: row_href("rows", record.shard, &record.register, &record.key),
        key: (title != record.key).then(|| pieces(&record.key, terms)),
        excerpt: others.find_map(|part| excerpt(part, terms, EXCERPT_CHARS)),
        title: pieces(&title, terms),
        register: look.text(&readable.register.title),
        place: record.place.map(|place| look.place_path(place)).unwrap_or_default(),
    })
}
