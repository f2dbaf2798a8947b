//! Types as the checker sees them: finer than those of evaluation, so that a code of one list is not compared with a code
//! of another, and a moment not with a day.

use super::Want;
use super::check::{Check, Typed};
use ganglion_model::clocks::Length;
use ganglion_model::expr::{Expr, Func};
use ganglion_model::pack::FieldKind;
use ganglion_model::units::{self, Unit};
use ganglion_model::{Level, PlaceKind};

/// What a text stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Words {
    /// Anything.
    Free,
    /// These constants, each with its offset in the expression.
    OneOf(Vec<(String, usize)>),
    /// A code of a list.
    Code(String),
    /// A key of a register.
    Key(String),
    /// A number of a case.
    Number,
    /// A place code.
    Place,
    /// A post.
    Post,
    /// An uploaded file.
    File,
    /// A level.
    Level,
    /// What a place is: a village committee, a residents' committee, …
    PlaceKind,
    /// A state of the process at hand.
    State,
    /// A role, or the word for an actor without a post.
    Role,
    /// A length of time.
    Length,
    /// Somebody's account.
    Account,
    /// An identity number.
    Citizen,
    /// What an identity number says of somebody's sex.
    Sex,
}

/// Type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// true or false.
    Bool,
    /// Whole number.
    Int,
    /// Decimal number.
    Number,
    /// Moment.
    Time,
    /// Moment stored as text: only good for `days` and `hours`.
    Stamp,
    /// Day.
    Date,
    /// Point on the map.
    Point,
    /// Text.
    Text(Words),
    /// List of texts.
    List(Words),
    /// List of numbers.
    Numbers,
    /// An amount in a unit.
    Quantity(&'static Unit),
    /// Time of day.
    Clock,
    /// A line on the map.
    Line,
    /// An area on the map.
    Area,
    /// Rows inside a row.
    Rows,
    /// List of which each is neither a text nor a constant number: a column of a table.
    Many(Box<Ty>),
    /// Something that could not be typed; reported elsewhere.
    Unknown,
}

impl Ty {
    /// Type of a declared field.
    pub fn of(kind: &FieldKind) -> Ty {
        match kind {
            FieldKind::Integer { .. } | FieldKind::Money => Ty::Int,
            FieldKind::Decimal { .. } => Ty::Number,
            FieldKind::Boolean => Ty::Bool,
            FieldKind::Date => Ty::Date,
            FieldKind::Datetime => Ty::Stamp,
            FieldKind::Point => Ty::Point,
            FieldKind::Choice { list } => Ty::Text(Words::Code(list.clone())),
            FieldKind::Choices { list } => Ty::List(Words::Code(list.clone())),
            FieldKind::Ref { register } => Ty::Text(Words::Key(register.clone())),
            FieldKind::CaseRef { .. } => Ty::Text(Words::Number),
            FieldKind::Place { .. } => Ty::Text(Words::Place),
            FieldKind::Post { .. } => Ty::Text(Words::Post),
            FieldKind::Posts { .. } => Ty::List(Words::Post),
            FieldKind::Files { .. } => Ty::List(Words::File),
            FieldKind::Duration => Ty::Text(Words::Length),
            FieldKind::Time => Ty::Clock,
            FieldKind::Quantity { unit, .. } => units::unit(unit).map_or(Ty::Unknown, Ty::Quantity),
            FieldKind::Refs { register, .. } => Ty::List(Words::Key(register.clone())),
            FieldKind::Account { .. } => Ty::Text(Words::Account),
            FieldKind::CitizenId => Ty::Text(Words::Citizen),
            FieldKind::Line => Ty::Line,
            FieldKind::Polygon => Ty::Area,
            FieldKind::Table { .. } => Ty::Rows,
            FieldKind::Text { .. }
            | FieldKind::LongText { .. }
            | FieldKind::Phone
            | FieldKind::CreditCode
            | FieldKind::Serial { .. } => Ty::Text(Words::Free),
        }
    }

    /// In plain words.
    pub fn words(&self) -> String {
        match self {
            Ty::Bool => "true or false".to_owned(),
            Ty::Int => "a whole number".to_owned(),
            Ty::Number => "a decimal number".to_owned(),
            Ty::Time | Ty::Stamp => "a moment".to_owned(),
            Ty::Date => "a day".to_owned(),
            Ty::Point => "a point".to_owned(),
            Ty::Text(words) => words.words(),
            Ty::List(words) => format!("a list of which each is {}", words.words()),
            Ty::Numbers => "a list of numbers".to_owned(),
            Ty::Quantity(unit) => format!("a quantity in {} ({})", unit.code, unit.dimension),
            Ty::Clock => "a time of day".to_owned(),
            Ty::Line => "a line".to_owned(),
            Ty::Area => "an area".to_owned(),
            Ty::Rows => "a table".to_owned(),
            Ty::Many(each) => format!("a list of which each is {}", each.words()),
            Ty::Unknown => "something unknown".to_owned(),
        }
    }

    /// The type of a list of such values; `None` for a list of lists.
    pub fn listed(self) -> Option<Ty> {
        match self {
            Ty::Text(words) => Some(Ty::List(words)),
            Ty::List(_) | Ty::Numbers | Ty::Many(_) | Ty::Rows => None,
            Ty::Unknown => Some(Ty::Unknown),
            one => Some(Ty::Many(Box::new(one))),
        }
    }

    /// The type of each value of a list; `None` when it is no list.
    pub fn each(&self) -> Option<Ty> {
        match self {
            Ty::List(words) => Some(Ty::Text(words.clone())),
            Ty::Numbers => Some(Ty::Number),
            Ty::Many(each) => Some((**each).clone()),
            Ty::Unknown => Some(Ty::Unknown),
            _ => None,
        }
    }

    /// Whether values of the type stand in an order.
    pub fn is_ordered(&self) -> bool {
        matches!(self, Ty::Int | Ty::Number | Ty::Time | Ty::Date | Ty::Clock | Ty::Quantity(_) | Ty::Unknown)
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Ty::Int | Ty::Number | Ty::Unknown)
    }

    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Ty::Text(_) | Ty::Unknown)
    }
}

impl Words {
    fn words(&self) -> String {
        match self {
            Words::Free | Words::OneOf(_) => "a text".to_owned(),
            Words::Code(list) => format!("a code of the list `{list}`"),
            Words::Key(register) => format!("a row of the register `{register}`"),
            Words::Number => "the number of a case".to_owned(),
            Words::Place => "a place".to_owned(),
            Words::Post => "a post".to_owned(),
            Words::File => "a file".to_owned(),
            Words::Level => "a level".to_owned(),
            Words::PlaceKind => "a kind of place".to_owned(),
            Words::State => "a state".to_owned(),
            Words::Role => "a role".to_owned(),
            Words::Length => "a length of time".to_owned(),
            Words::Account => "somebody's account".to_owned(),
            Words::Citizen => "an identity number".to_owned(),
            Words::Sex => "a sex".to_owned(),
        }
    }

    /// The type of a value that is one or the other.
    pub fn either(self, other: Words) -> Words {
        match (self, other) {
            (Words::OneOf(mut some), Words::OneOf(more)) => {
                some.extend(more);
                Words::OneOf(some)
            }
            (Words::OneOf(_), words) | (words, Words::OneOf(_)) => words,
            (a, b) if a == b => a,
            _ => Words::Free,
        }
    }
}

/// Words an actor without a post has for a role.
pub const OTHER_ACTORS: [&str; 4] = ["public", "reporter", "api", "system"];
/// What `sex(…)` gives.
const SEXES: [&str; 2] = ["female", "male"];

/// Checks constants against what they stand beside: codes exist, levels and states are spelled right.
pub fn constants(check: &Check<'_>, given: &[(String, usize)], words: &Words) -> bool {
    let mut good = true;
    for (text, offset) in given {
        let at = check.source.at(*offset);
        let (what, known): (String, Vec<&str>) = match words {
            Words::Code(list) => {
                let declared = check.cx.symbols.lists.get(list).filter(|list| !list.codes.is_empty());
                let Some(list_symbol) = declared else { continue };
                (format!("the list `{list}` has no code"), list_symbol.codes.iter().map(String::as_str).collect())
            }
            Words::Level => ("there is no level".to_owned(), Level::ALL.map(Level::as_str).to_vec()),
            Words::Sex => ("there is no sex".to_owned(), SEXES.to_vec()),
            Words::PlaceKind => {
                ("there is no kind of place".to_owned(), PlaceKind::ALL.map(PlaceKind::as_str).to_vec())
            }
            Words::State => {
                let states = check.scope.case.map(|case| case.states.as_slice()).unwrap_or_default();
                ("the process has no state".to_owned(), states.iter().map(String::as_str).collect())
            }
            Words::Role => {
                let roles = check.cx.symbols.roles.keys().map(String::as_str).chain(OTHER_ACTORS);
                ("there is no role".to_owned(), roles.collect())
            }
            Words::Length if text.parse::<Length>().is_err() => {
                good = check.cx.length(at, text).is_some();
                continue;
            }
            _ => continue,
        };
        if !known.contains(&text.as_str()) {
            check.cx.unknown((at, "unknown-code"), &format!("{what} `{text}`"), text, known);
            good = false;
        }
    }
    good
}

/// Whether a value of type `a` may stand beside one of type `b` in `==` or `in`. Constants are checked on the way.
pub fn comparable(check: &Check<'_>, a: &Ty, b: &Ty) -> Result<(), ()> {
    match (a, b) {
        (Ty::Unknown, _) | (_, Ty::Unknown) => Ok(()),
        (a, b) if a.is_number() && b.is_number() => Ok(()),
        (Ty::Text(Words::Length), Ty::Text(_)) | (Ty::Text(_), Ty::Text(Words::Length)) => Err(()),
        (Ty::Text(a), Ty::Text(b)) | (Ty::List(a), Ty::List(b)) => match (a, b) {
            (Words::OneOf(given), words) | (words, Words::OneOf(given)) => {
                constants(check, given, words);
                Ok(())
            }
            (Words::Free, _) | (_, Words::Free) => Ok(()),
            (a, b) => {
                if a == b {
                    Ok(())
                } else {
                    Err(())
                }
            }
        },
        (Ty::Date, Ty::Text(Words::OneOf(given))) | (Ty::Text(Words::OneOf(given)), Ty::Date) => {
            for (text, offset) in given {
                check.cx.date(check.source.at(*offset), text);
            }
            Ok(())
        }
        (Ty::Clock, Ty::Text(Words::OneOf(given))) | (Ty::Text(Words::OneOf(given)), Ty::Clock) => {
            for (text, offset) in given.iter().filter(|(text, _)| !is_time(text)) {
                check.error(*offset, "bad-time", format!("`{text}` is not a time of day"), Some("write it as '09:30'"));
            }
            Ok(())
        }
        (Ty::Quantity(a), Ty::Quantity(b)) if a.dimension == b.dimension => Ok(()),
        // A plain number beside a quantity is one of its own unit.
        (Ty::Quantity(_), number) | (number, Ty::Quantity(_)) if number.is_number() => Ok(()),
        (Ty::Bool, Ty::Bool) | (Ty::Time, Ty::Time) | (Ty::Date, Ty::Date) | (Ty::Clock, Ty::Clock) => Ok(()),
        _ => Err(()),
    }
}

/// Whether `text` is a time of day as stored.
pub fn is_time(text: &str) -> bool {
    text.len() == 5 && text.parse::<jiff::civil::Time>().is_ok()
}

/// The lowered expression, if it gives what is wanted here.
pub fn fit(check: &Check<'_>, typed: Typed, want: &Want<'_>) -> Option<Expr> {
    let at = check.source.at(0);
    if typed.ty == Ty::Unknown {
        return None;
    }
    let given = typed.ty.words();
    let wrong = |wanted: &str, remedy: Option<&str>| {
        let message = format!("this gives {given}, but {wanted} is wanted");
        check.cx.sink.error_maybe(at, "wrong-type", message, remedy.map(str::to_owned));
        None
    };
    match (want, &typed.ty) {
        (Want::Condition, Ty::Bool) => Some(typed.expr),
        (Want::Condition, _) => wrong("true or false", Some("compare it, or ask has(…)")),
        (Want::Length, Ty::Text(Words::OneOf(given))) => constants(check, given, &Words::Length).then_some(typed.expr),
        (Want::Length, Ty::Text(Words::Free | Words::Length)) => Some(typed.expr),
        (Want::Length, _) => wrong("a length such as '4 wh'", Some("use a field of type duration")),
        (Want::Split, Ty::Bool | Ty::Int | Ty::Text(_)) => Some(typed.expr),
        (Want::Split, _) => wrong("a code, a text, a whole number or true/false", None),
        (Want::Number, ty) if ty.is_number() => Some(typed.expr),
        (Want::Number, _) => wrong("a number", None),
        (Want::Amount(_), ty) if ty.is_number() => Some(typed.expr),
        (Want::Amount(Some(unit)), Ty::Quantity(from)) if from.dimension == unit.dimension => {
            Some(check.converted(typed, unit).operand())
        }
        (Want::Amount(unit), Ty::Quantity(from)) => {
            let wanted = unit.map_or_else(|| "a plain number".to_owned(), |unit| format!("an amount in {}", unit.code));
            let remedy = format!("write `unit: {}` at the plan, or amount(…, '{}')", from.code, from.code);
            wrong(&wanted, Some(&remedy))
        }
        (Want::Amount(_), _) => wrong("a number or a quantity", None),
        (Want::Place, Ty::Text(Words::Place)) => Some(typed.expr),
        (Want::Place, _) => wrong("a place", Some("use a field of type place")),
        (Want::Key, Ty::Text(words)) if *words != Words::Length => Some(typed.expr),
        (Want::Key, _) => wrong("the key of a row", Some("use string(…)")),
        (Want::Whole, Ty::Int) => Some(typed.expr),
        (Want::Whole, _) => wrong("a whole number", None),
        (Want::Moment, Ty::Date | Ty::Time | Ty::Stamp) => Some(typed.expr),
        (Want::Moment, _) => wrong("a day or a moment", Some("name a field of type date or datetime")),
        (Want::Cell, Ty::Bool | Ty::Int | Ty::Number | Ty::Date | Ty::Text(_)) => Some(typed.expr),
        (Want::Cell, _) => wrong("a value that a cell can hold", None),
        (Want::Field(name, kind), _) => field(check, typed, name, kind),
    }
}

/// `expr` rounded to `scale` decimals.
fn rounded(expr: Expr, scale: u8) -> Expr {
    Expr::Call(Func::Round, vec![expr, Expr::Lit(scale.into())])
}

/// What is worked out is rounded to what the field holds; a value that is only passed on stays as it is.
fn fitted(check: &Check<'_>, typed: &Typed, kind: &FieldKind) -> Option<Expr> {
    let copied = matches!(typed.expr, Expr::Path(_));
    match (kind, &typed.ty) {
        (FieldKind::Decimal { .. }, Ty::Int) => Some(Expr::Call(Func::Text, vec![typed.expr.clone()])),
        (FieldKind::Decimal { scale, .. }, Ty::Number) if !copied => Some(rounded(typed.clone().operand(), *scale)),
        (FieldKind::Money, Ty::Number) => Some(Expr::Call(Func::Round, vec![typed.clone().operand()])),
        (FieldKind::Quantity { unit, scale, .. }, Ty::Quantity(from)) if from.code != *unit || !copied => {
            let to = units::unit(unit)?;
            (from.dimension == to.dimension).then(|| rounded(check.converted(typed.clone(), to).operand(), *scale))
        }
        (FieldKind::Quantity { scale, .. }, Ty::Int | Ty::Number) => Some(rounded(typed.clone().operand(), *scale)),
        (FieldKind::Quantity { unit, scale, .. }, Ty::Text(Words::OneOf(_))) => {
            let constant = check.measured(typed.clone(), units::unit(unit)?)?;
            Some(rounded(constant.operand(), *scale))
        }
        _ => None,
    }
}

fn field(check: &Check<'_>, typed: Typed, name: &str, kind: &FieldKind) -> Option<Expr> {
    let wanted = Ty::of(kind);
    if let Some(expr) = fitted(check, &typed, kind) {
        return Some(expr);
    }
    let fits = match (kind, &typed.ty) {
        (FieldKind::Time, Ty::Text(Words::OneOf(_))) => comparable(check, &wanted, &typed.ty).is_ok(),
        (FieldKind::Datetime, Ty::Time | Ty::Stamp) => true,
        (FieldKind::Date, Ty::Date) => true,
        (FieldKind::Date, Ty::Text(Words::OneOf(_))) => comparable(check, &wanted, &typed.ty).is_ok(),
        (FieldKind::Point, Ty::Point) => true,
        (FieldKind::Text { .. } | FieldKind::LongText { .. }, Ty::Text(_)) => true,
        (FieldKind::CitizenId, Ty::Text(Words::Free)) => true,
        (_, Ty::Text(Words::OneOf(given))) => match &wanted {
            Ty::Text(words) => constants(check, given, words),
            _ => false,
        },
        (_, Ty::List(Words::OneOf(given))) => match &wanted {
            Ty::List(words) => constants(check, given, words),
            _ => false,
        },
        (_, given) => *given == wanted,
    };
    if fits {
        return Some(typed.expr);
    }
    let at = check.source.at(0);
    let message = format!("the field `{name}` holds {}, but this gives {}", wanted.words(), typed.ty.words());
    let remedy = match (kind, &typed.ty) {
        (FieldKind::Integer { .. }, Ty::Number) => Some("write round(…)".to_owned()),
        (FieldKind::Date, Ty::Time | Ty::Stamp) => Some("write date(…)".to_owned()),
        (FieldKind::Decimal { .. } | FieldKind::Money, Ty::Quantity(unit)) => {
            Some(format!("write amount(…, '{}')", unit.code))
        }
        _ => None,
    };
    check.cx.sink.error_maybe(at, "wrong-type", message, remedy);
    None
}
