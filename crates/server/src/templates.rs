//! Rendering pages: one environment a language, so that `t` in a macro knows its language without being told.

use crate::assets::Ui;
use crate::limits::TEMPLATE_FUEL;
use crate::texts::{Texts, TextsError};
use fluent_bundle::FluentValue;
use ganglion_model::Lang;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Templates and words, ready to render.
pub struct Templates {
    /// Words.
    pub texts: Arc<Texts>,
    /// State of the folder they were read from.
    pub stamp: Option<SystemTime>,
    zh: Environment<'static>,
    en: Environment<'static>,
}

impl Templates {
    /// Reads words and prepares templates from `ui`.
    ///
    /// # Errors
    /// A file of messages that cannot be read.
    pub fn load(ui: &Ui) -> Result<Templates, TextsError> {
        let stamp = ui.stamp();
        let texts = Arc::new(Texts::load(ui)?);
        let assets = Arc::new(ui.manifest());
        let of = |lang| environment(ui.clone(), texts.clone(), assets.clone(), lang);
        Ok(Templates { zh: of(Lang::Zh), en: of(Lang::En), texts, stamp })
    }

    /// Renders a template.
    ///
    /// # Errors
    /// When the template does not exist, cannot be parsed, or runs out of fuel.
    pub fn render(&self, lang: Lang, name: &str, context: Value) -> Result<String, minijinja::Error> {
        let environment = match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        };
        environment.get_template(name)?.render(context)
    }
}

fn environment(ui: Ui, texts: Arc<Texts>, assets: Arc<HashMap<String, String>>, lang: Lang) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Chainable);
    environment.set_formatter(print);
    environment.set_fuel(Some(TEMPLATE_FUEL));
    environment.set_loader(move |name| Ok(ui.text(name)));
    environment.add_function("t", move |key: &str, args: Kwargs| translate(&texts, lang, key, &args));
    environment.add_function("asset", move |path: &str| {
        assets.get(path).cloned().unwrap_or_else(|| format!("/assets/missing/{path}"))
    });
    environment.add_filter("ticks", ticks);
    environment.add_function("url", |path: &str, args: Kwargs| url(path, &args));
    environment
}

/// Prints a value of a page. Text is escaped for HTML like the engine does it, except that `/` stays as it is: addresses
/// in pages then read as they are.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    // What is not there prints nothing.
    if value.is_none() {
        return Ok(());
    }
    match value.as_str().filter(|_| !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html)) {
        Some(text) => escaped(out, text).map_err(minijinja::Error::from),
        None => minijinja::escape_formatter(out, state, value),
    }
}

fn escaped(out: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#x27;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)
}

/// What stands between backticks as code, the rest as text: findings quote so what an author wrote. A tick without its other
/// is left as it is.
fn ticks(text: &str) -> Result<Value, minijinja::Error> {
    let parts: Vec<&str> = text.split('`').collect();
    let mut html = String::with_capacity(text.len() + 32);
    for (nth, part) in parts.iter().enumerate() {
        let is_last = nth + 1 == parts.len();
        let written = match (nth % 2 == 1, is_last) {
            (true, false) => {
                html.push_str("<code>");
                escaped(&mut html, part).map(|()| html.push_str("</code>"))
            }
            (true, true) => {
                html.push('`');
                escaped(&mut html, part)
            }
            (false, _) => escaped(&mut html, part),
        };
        written.map_err(minijinja::Error::from)?;
    }
    Ok(Value::from_safe_string(html))
}

fn translate(texts: &Texts, lang: Lang, key: &str, args: &Kwargs) -> Result<String, minijinja::Error> {
    let mut values: Vec<(&str, FluentValue<'_>)> = Vec::new();
    for name in args.args() {
        let value: Value = args.get(name)?;
        let value = match value.kind() {
            ValueKind::Number => {
                f64::try_from(value.clone()).map_or_else(|_| FluentValue::from(value.to_string()), FluentValue::from)
            }
            ValueKind::Undefined | ValueKind::None => FluentValue::from(String::new()),
            _ => FluentValue::from(value.to_string()),
        };
        values.push((name, value));
    }
    Ok(texts.get(lang, key, &values))
}

/// An address with its query encoded; arguments that are undefined or none are left out.
fn url(path: &str, args: &Kwargs) -> Result<String, minijinja::Error> {
    let mut text = path.to_owned();
    let mut names: Vec<&str> = args.args().collect();
    names.sort_unstable();
    for name in names {
        let value: Value = args.get(name)?;
        if value.is_undefined() || value.is_none() {
            continue;
        }
        if value.kind() == ValueKind::Map {
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "an address takes simple values"));
        }
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push('=');
        text.push_str(&crate::page::encode(&value.to_string()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_prints_nothing() {
        let ui = Ui { folder: Some(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui")) };
        let texts = Arc::new(Texts::load(&ui).unwrap());
        let environment = environment(ui, texts, Arc::default(), Lang::Zh);
        let context = minijinja::context! { none => Value::from(()), text => "<b>" };
        let printed =
            environment.render_named_str("one.html", "[{{ none }}{{ none.member }}{{ missing }}]{{ text }}", context);
        assert_eq!(printed.unwrap(), "[]&lt;b&gt;");
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_nothing_else_is() {
        let said = |text: &str| ticks(text).unwrap().to_string();
        assert_eq!(said("no `a<b` and `c`"), "no <code>a&lt;b</code> and <code>c</code>");
        assert_eq!(said("a ` alone & <b>"), "a ` alone &amp; &lt;b&gt;");
        assert_eq!(said(""), "");
    }
}
