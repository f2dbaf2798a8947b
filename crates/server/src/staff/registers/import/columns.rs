//! Which column of a file is which field: by name, or by title in either language. What stands above the header (a title, who
//! took the export and when) is skipped.

use ganglion_model::pack::{Register, Scope};

/// Rows looked through for the header.
const HEADER_ROWS_MAX: usize = 20;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A field of the register, by its position.
    Field(usize),
    /// The place of the row.
    Place,
    /// First day it holds.
    From,
    /// First day it no longer holds.
    Until,
    /// Why.
    Why,
}

/// Words of the screen for what is no field, in both languages.
#[derive(Clone, Debug, Default)]
pub struct FrameWords {
    /// Place.
    pub place: Vec<String>,
    /// First day.
    pub from: Vec<String>,
    /// Last day.
    pub until: Vec<String>,
    /// Why.
    pub why: Vec<String>,
    /// What an exported list says beside the fields; a list that comes back may have it.
    pub beside: Vec<String>,
}

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Row it stands in, from 0.
    pub row: usize,
    /// Column of the file and what it holds.
    pub columns: Vec<(usize, Column)>,
    /// Headings nobody knows: column and text.
    pub unknown: Vec<(usize, String)>,
    /// Headings that stand twice.
    pub twice: Vec<(usize, String)>,
}

/// A heading as it is compared: without spaces, unit or case.
fn bare(text: &str) -> String {
    let text = text.split(['(', '\u{ff08}']).next().unwrap_or_default();
    text.chars().filter(|c| !c.is_whitespace() && *c != '*').flat_map(char::to_lowercase).collect()
}

fn column_of(register: &Register, words: &FrameWords, heading: &str) -> Option<Column> {
    let said = bare(heading);
    if said.is_empty() {
        return None;
    }
    let is = |text: &str| bare(text) == said;
    // What the system works out stands in an exported list too; a column that is typed goes before one that is not.
    let named = |typed: bool| {
        let mut fields = register.fields.iter();
        fields.position(|field| {
            field.is_typed() == typed && (is(&field.name) || is(&field.title.zh) || is(&field.title.en))
        })
    };
    let field = named(true).or_else(|| named(false));
    let any = |words: &[String]| words.iter().any(|word| is(word));
    field.map(Column::Field).or_else(|| match said.as_str() {
        "place" => Some(Column::Place),
        "valid_from" => Some(Column::From),
        "valid_to" => Some(Column::Until),
        "why" => Some(Column::Why),
        _ if any(&words.place) => Some(Column::Place),
        _ if any(&words.from) => Some(Column::From),
        _ if any(&words.until) => Some(Column::Until),
        _ if any(&words.why) => Some(Column::Why),
        _ => None,
    })
}

fn allowed(register: &Register, column: &Column) -> bool {
    match column {
        Column::Place => register.scope != Scope::Deployment && register.field("place").is_none(),
        Column::From | Column::Until => register.dated,
        Column::Field(_) | Column::Why => true,
    }
}

/// Finds the header: the first row that names every field of the key.
#[must_use]
pub fn header(register: &Register, words: &FrameWords, rows: &[Vec<String>]) -> Option<Header> {
    let key: Vec<usize> =
        register.key_fields().filter_map(|name| register.fields.iter().position(|field| field.name == name)).collect();
    let mut candidates = rows.iter().enumerate().take(HEADER_ROWS_MAX);
    candidates.find_map(|(row, cells)| {
        let mut found = Header { row, columns: Vec::new(), unknown: Vec::new(), twice: Vec::new() };
        for (at, text) in cells.iter().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            match column_of(register, words, text).filter(|column| allowed(register, column)) {
                Some(column) if found.columns.iter().any(|(_, one)| *one == column) => {
                    found.twice.push((at, text.clone()));
                }
                Some(column) => found.columns.push((at, column)),
                None if words.beside.iter().any(|word| bare(word) == bare(text)) => {}
                None => found.unknown.push((at, text.clone())),
            }
        }
        let has = |index: &usize| found.columns.iter().any(|(_, column)| *column == Column::Field(*index));
        key.iter().all(has).then_some(found)
    })
}

/// The name of a column as spreadsheets show it: A, B, … Z, AA.
#[must_use]
pub fn letter(mut at: usize) -> String {
    let mut name = String::new();
    loop {
        let rest = u8::try_from(at % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + rest));
        if at < 26 {
            return name;
        }
        at = at / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::pack::{Field, Required};

    fn field(name: &str, zh: &str, en: &str) -> Field {
        let value = serde_json::json!({
            "name": name, "kind": {"type": "text", "max": 20}, "title": {"zh": zh, "en": en}, "required": "no",
        });
        serde_json::from_value(value).unwrap()
    }

    fn register() -> Register {
        Register {
            name: "well".into(),
            key: "code".into(),
            scope: Scope::Place(ganglion_model::Level::Township),
            fields: vec![
                Field { required: Required::Yes, ..field("code", "井号", "Code") },
                field("depth", "井深", "Depth"),
            ],
            ..Register::default()
        }
    }

    #[test]
    fn headings_are_known_by_name_and_by_title_in_both_languages() {
        let words = FrameWords {
            place: vec!["地方".into(), "Place".into()],
            beside: vec!["主键".into(), "有效期".into()],
            ..FrameWords::default()
        };
        let rows = |row: &[&str]| {
            vec![vec!["机井登记表".to_owned()], Vec::new(), row.iter().map(|one| (*one).to_owned()).collect()]
        };
        let expected = [(0, Column::Field(0)), (1, Column::Field(1)), (2, Column::Place)].to_vec();
        for row in [["井号", "井深（米）", "地方"], [" CODE*", "depth (m)", "place"], ["code", "Depth", "Place"]]
        {
            let found = header(&register(), &words, &rows(&row)).unwrap();
            assert_eq!((found.row, found.columns), (2, expected.clone()), "{row:?}");
        }
        let odd = header(&register(), &words, &rows(&["code", "colour", "code", "valid_from"])).unwrap();
        assert_eq!(odd.unknown, [(1, "colour".to_owned()), (3, "valid_from".to_owned())]);
        assert_eq!(odd.twice, [(2, "code".to_owned())]);
        assert_eq!(header(&register(), &words, &rows(&["depth"])), None);
        let back = header(&register(), &words, &rows(&["主键", "地方", "有效期", "井号"])).unwrap();
        assert_eq!((back.columns, back.unknown), (vec![(1, Column::Place), (3, Column::Field(0))], Vec::new()));
    }

    #[test]
    fn what_the_system_works_out_is_a_column_that_may_come_back() {
        let mut register = register();
        register.fields.push(Field { by_cases: true, ..field("seen_on", "最近检查", "Last seen") });
        let rows = vec![["井号", "最近检查", "井深"].map(str::to_owned).to_vec()];
        let found = header(&register, &FrameWords::default(), &rows).unwrap();
        assert_eq!(found.columns, [(0, Column::Field(0)), (1, Column::Field(2)), (2, Column::Field(1))]);
        assert_eq!(found.unknown, Vec::new());
    }

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letter), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
