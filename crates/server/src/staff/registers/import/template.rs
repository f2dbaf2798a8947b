//! The empty table to fill in: a heading for every field in the reader's language, and the codes each may take.

use super::importable;
use crate::error::Error;
use crate::staff::export::{lines, response};
use crate::staff::registers::export::as_xlsx;
use crate::view::Look;
use crate::web::Web;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use ganglion_documents::xlsx::{Column, Table, TableWriter};
use ganglion_model::pack::{FieldKind, Register, Scope};

/// Codes named in the notes of one field.
const CODES_MAX: usize = 60;
/// Marks UTF-8 for spreadsheets that would guess otherwise.
const BYTE_ORDER_MARK: &str = "\u{feff}";

fn headings(look: &Look<'_>, register: &Register) -> Vec<String> {
    let typed = register.fields.iter().filter(|field| field.is_typed());
    let mut heads: Vec<String> = typed.map(|field| look.text(&field.title)).collect();
    if register.scope != Scope::Deployment && register.field("place").is_none() {
        heads.push(look.t("col-place"));
    }
    if register.dated {
        heads.extend([look.t("row-from"), look.t("row-until-short")]);
    }
    heads.push(look.t("row-why"));
    heads
}

/// What each coded field may hold.
fn notes(look: &Look<'_>, register: &Register) -> Vec<String> {
    let coded = register.fields.iter().filter_map(|field| match &field.kind {
        FieldKind::Choice { list } | FieldKind::Choices { list } => {
            let codes = &look.world.model.lists.get(list)?.codes;
            let today = look.today();
            let titles = codes.iter().filter(|code| code.valid_on(today)).take(CODES_MAX);
            let titles: Vec<String> = titles.map(|code| look.text(&code.title)).collect();
            let args =
                [("label", look.text(&field.title).into()), ("codes", titles.join(&look.t("list-comma")).into())];
            Some(look.say("import-template-codes", &args))
        }
        _ => None,
    });
    let names_places = register.scope != Scope::Deployment
        || register.fields.iter().any(|field| matches!(field.kind, FieldKind::Place { .. }));
    let place = names_places.then(|| look.t("import-place-help"));
    std::iter::once(look.t("import-template-note")).chain(place).chain(coded).collect()
}

/// `GET /registers/{name}/template.csv`.
pub async fn csv(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = importable(&web, &name)?;
    let words = web.words();
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(lines(&[headings(&web.look(&words), readable.register)])?);
    Ok(response(&format!("{name}-template"), Body::from(bytes)))
}

/// `GET /registers/{name}/template.xlsx`.
pub async fn xlsx(web: Web, Path(name): Path<String>) -> Result<Response, Error> {
    let readable = importable(&web, &name)?;
    let words = web.words();
    let look = web.look(&words);
    let columns: Vec<Column> = headings(&look, readable.register).into_iter().map(Column::text).collect();
    let notes = notes(&look, readable.register);
    let title = look.text(&readable.register.title);
    let table = Table { title: &title, notes: &notes, columns: &columns, total: "" };
    let failed = |error: ganglion_documents::xlsx::WriteError| Error::Internal(error.to_string());
    let mut bytes = std::io::Cursor::new(Vec::new());
    TableWriter::new(&table).and_then(|writer| writer.finish(&mut bytes)).map_err(failed)?;
    Ok(as_xlsx(&format!("{name}-template"), bytes.into_inner()))
}
