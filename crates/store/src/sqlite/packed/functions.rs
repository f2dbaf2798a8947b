//! What statements ask for whole texts with.

use super::short::Parts;
use super::{Packing, Unreadable};
use rusqlite::functions::{Context, FunctionFlags, SqlFnArg};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Result, ToSql};
use std::path::Path;
use std::sync::Arc;

/// The text of a row of `journal`.
pub(in super::super) const LINE_TEXT: &str = "line_text(entry, packed, case_id, command, at, seq, shard)";
/// The body of a row of `case_row`.
pub(in super::super) const CASE_TEXT: &str = "case_text(body, packed, id, number)";

/// The body of a row of `case_row` that has another name in the statement.
pub(in super::super) fn case_text_of(row: &str) -> String {
    format!("case_text({row}.body, {row}.packed, {row}.id, {row}.number)")
}

/// What a function gives: the text as it stands in the row, or unpacked.
enum Text {
    Plain(SqlFnArg),
    Unpacked(Vec<u8>),
}

impl ToSql for Text {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        match self {
            Text::Plain(argument) => argument.to_sql(),
            Text::Unpacked(text) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text))),
        }
    }
}

/// Gives a connection the functions.
pub(in super::super) fn functions(connection: &Connection, packing: &Arc<Packing>) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let of_lines = packing.clone();
    connection.create_scalar_function("line_text", 7, flags, move |context| line_text(&of_lines, context))?;
    let of_cases = packing.clone();
    connection.create_scalar_function("case_text", 4, flags, move |context| case_text(&of_cases, context))
}

/// Gives a connection that was opened elsewhere on the database at `path` the functions with which packed columns are read:
/// `line_text(entry, packed, case_id, command, at, seq, shard)` for rows of `journal`, and `case_text(body, packed, id, number)` for rows of
/// `case_row`, which the views of processes use.
///
/// # Errors
/// When the database refuses.
pub fn read_with(connection: &Connection, path: &Path) -> Result<()> {
    functions(connection, &Packing::reading(Some(path)))
}

fn packed<'a>(context: &'a Context<'_>) -> Result<Option<&'a [u8]>> {
    context.get_raw(1).as_blob_or_null().map_err(|error| Error::UserFunctionError(error.into()))
}

fn line_text(packing: &Packing, context: &Context<'_>) -> Result<Text> {
    let Some(packed) = packed(context)? else { return Ok(Text::Plain(context.get_arg(0))) };
    let parts = Parts::of_line(context.get(2)?, context.get(3)?, context.get(4)?, (context.get(5)?, context.get(6)?));
    unpacked(packing.unpack(packed, &parts))
}

fn case_text(packing: &Packing, context: &Context<'_>) -> Result<Text> {
    let Some(packed) = packed(context)? else { return Ok(Text::Plain(context.get_arg(0))) };
    let number = context.get_raw(3).as_str().map_err(|error| Error::UserFunctionError(error.into()))?;
    unpacked(packing.unpack(packed, &Parts::of_case(context.get(2)?, number)))
}

fn unpacked(text: std::result::Result<Vec<u8>, Unreadable>) -> Result<Text> {
    text.map(Text::Unpacked).map_err(|error| Error::UserFunctionError(error.into()))
}
