//! Expressions: CEL text, typed against what is declared, lowered to the form that is evaluated.
//!
//! The `cel` crate parses; types and meaning are our own, because our values are our own: a reference goes on into a
//! register row, a code belongs to a list, a moment is not a day.

mod call;
mod check;
mod path;
mod rows;
mod scope;
mod ty;

pub use scope::{Part, ROOTS, Scope};
pub use ty::{Ty, is_time};

use crate::cx::Cx;
use crate::sink::At;
use crate::trace::Form;
use crate::yaml::{Kind, Node};
use ganglion_model::expr::Expr;
use ganglion_model::pack::FieldKind;
use ganglion_model::units::Unit;

/// Longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 4000;
/// Deepest nesting the parser follows.
const MAX_DEPTH: u16 = 64;

/// What an expression must give.
pub enum Want<'a> {
    /// true or false.
    Condition,
    /// A length such as `4 wh`.
    Length,
    /// Something figures can be split by.
    Split,
    /// A number.
    Number,
    /// A place.
    Place,
    /// The key of a register row.
    Key,
    /// A whole number.
    Whole,
    /// A day or a moment.
    Moment,
    /// Something a cell of a register is compared with.
    Cell,
    /// A number, or a quantity that is put into this unit.
    Amount(Option<&'static Unit>),
    /// A value for a field.
    Field(&'a str, &'a FieldKind),
}

/// Names at the start of a path, for the reference.
pub fn names() -> Vec<String> {
    scope::ROOTS.into_iter().chain(scope::ROOTS_OF_PLANS).map(str::to_owned).collect()
}

/// Functions, those on texts with their dot, for the reference.
pub fn functions() -> Vec<String> {
    let on_texts = call::MEMBERS.iter().map(|(name, _)| format!(".{name}"));
    call::FUNCTIONS.iter().map(|name| (*name).to_owned()).chain(on_texts).collect()
}

/// Compiles the expression in `node`. `None` after a finding.
pub fn compile(cx: Cx<'_>, scope: &Scope<'_>, node: &Node, want: &Want<'_>) -> Option<Expr> {
    cx.sink.saw(node.at, |seen| seen.form(Form::Expression));
    let source = Source::new(cx, node)?;
    let ast = parse(cx, &source)?;
    let mut check = check::Check { cx, scope, source: &source, offsets: &ast.1 };
    let typed = check.walk(&ast.0)?;
    ty::fit(&check, typed, want)
}

/// The text of an expression and how its offsets map to the file.
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    at: At,
    inset: Option<u32>,
}

impl<'a> Source<'a> {
    fn new(cx: Cx<'_>, node: &'a Node) -> Option<Source<'a>> {
        let Kind::Scalar(scalar) = &node.kind else {
            let remedy = "write the expression as one value, in quotes if it has special characters";
            cx.sink.error_help(
                node.at,
                "wrong-shape",
                format!("an expression is expected, this is {}", node.what()),
                remedy,
            );
            return None;
        };
        if scalar.text.len() > MAX_EXPRESSION {
            cx.sink.error(node.at, "too-long", format!("an expression has at most {MAX_EXPRESSION} characters"));
            return None;
        }
        Some(Source { text: &scalar.text, at: node.at, inset: scalar.inset })
    }

    /// The place of the byte `offset` of the text; the start of the value where columns cannot be told.
    pub fn at(&self, offset: usize) -> At {
        let Some(inset) = self.inset else { return self.at };
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or_default().chars().count();
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        At { column: self.at.column.saturating_add(inset).saturating_add(before), ..self.at }
    }
}

type Parsed = (cel::IdedExpr, cel::common::ast::SourceInfo);

fn parse(cx: Cx<'_>, source: &Source<'_>) -> Option<Parsed> {
    let parser = cel::parser::Parser::new().max_recursion_depth(MAX_DEPTH);
    match parser.parse_with_source_info(source.text) {
        Ok(parsed) => Some(parsed),
        Err(errors) => {
            let first = errors.errors.into_iter().next();
            let (column, message) = first.map_or((1, String::new()), |error| (error.pos.1, error.msg));
            let offset = usize::try_from(column.saturating_sub(1)).unwrap_or_default();
            cx.sink.error_maybe(source.at(offset), "bad-expression", plain(&message), hint(source.text));
            None
        }
    }
}

/// The parser's message in plain words, without the list of everything it would have taken.
fn plain(message: &str) -> String {
    let short = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let short = short.split(" expecting ").next().unwrap_or(short);
    if short.contains("<EOF>") {
        return "this expression ends too early".to_owned();
    }
    if short.contains("has() macro") {
        return "has(…) takes a name with a dot, such as has(form.photos)".to_owned();
    }
    format!("this expression cannot be read: {short}")
}

fn hint(text: &str) -> Option<String> {
    if text.matches('\'').count() % 2 == 1 {
        return Some("a constant text begins and ends with a quote: 'done'".to_owned());
    }
    let bare = text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "");
    if bare.contains('=') {
        return Some("compare with `==`".to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let spelled = [("and", "&&"), ("or", "||"), ("not", "!")];
    spelled.iter().find(|(word, _)| words.contains(word)).map(|(word, sign)| format!("write `{sign}` for {word}"))
}
