//! Figures that are published with a notice or a document. A decision cannot count: it notes which figures it needs, the
//! batch counts them as of the lines written before it, and the decision keeps them as they were published.

use super::State;
use crate::lookup::FigureAsked;
use crate::plans::period;
use ganglion_model::PlaceCode;
use ganglion_model::change::{Refusal, RefusalCode};
use ganglion_model::clocks::local_date;
use ganglion_model::expr::{Expr, Scope, Val};
use ganglion_model::pack::ShownFigure;
use ganglion_model::published::Published;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What a figure is asked of: where the case or row stands, what names mean there, and when.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// The place.
    pub place: PlaceCode,
    /// Names.
    pub names: &'a dyn Scope,
    /// Now.
    pub now: Timestamp,
}

/// The figures `shown` asks for, by name.
///
/// # Errors
/// A place or day that the case or row does not say.
pub fn asked(shown: &[ShownFigure], about: About<'_>) -> Result<Vec<(String, FigureAsked)>, Refusal> {
    shown.iter().map(|one| Ok((one.name.clone(), of(one, about)?))).collect()
}

fn of(shown: &ShownFigure, about: About<'_>) -> Result<FigureAsked, Refusal> {
    let refusal = || Refusal::new(RefusalCode::Guard).with("figure", &shown.indicator).with("reason", "no_figure");
    let place = match &shown.at {
        Some(at) => place_of(at, about.names).ok_or_else(refusal)?,
        None => about.place,
    };
    let place = shown.level.and_then(|level| place.at(level)).unwrap_or(place);
    let day = match &shown.on {
        Some(on) => day_of(on, about.names).ok_or_else(refusal)?,
        None => local_date(about.now),
    };
    let when = period(shown.period, day);
    let when = if shown.before { when.previous() } else { when };
    Ok(FigureAsked { indicator: shown.indicator.clone(), place, period: when.to_string() })
}

fn place_of(expr: &Expr, names: &dyn Scope) -> Option<PlaceCode> {
    match expr.eval(names) {
        Val::Text(code) => code.parse().ok(),
        _ => None,
    }
}

/// A day, or the day a moment falls on.
fn day_of(expr: &Expr, names: &dyn Scope) -> Option<Date> {
    match expr.eval(names) {
        Val::Text(text) => text.parse::<Date>().ok().or_else(|| Some(local_date(text.parse::<Timestamp>().ok()?))),
        Val::Time(at) => Timestamp::from_microsecond(at).ok().map(local_date),
        _ => None,
    }
}

/// The figures, as counted.
///
/// # Errors
/// A figure that has not been counted yet (it is noted, and the decision made again), or cannot be.
pub fn kept(state: &State, shown: &[ShownFigure], about: About<'_>) -> Result<BTreeMap<String, Published>, Refusal> {
    let mut all = BTreeMap::new();
    let mut lacking = None;
    for (name, one) in asked(shown, about)? {
        match state.figures.get(&one) {
            Some(Some(published)) => {
                all.insert(name, published.clone());
            }
            counted => {
                if counted.is_none() {
                    state.notes.figure(one.clone());
                }
                lacking = Some(one.indicator);
            }
        }
    }
    match lacking {
        None => Ok(all),
        Some(indicator) => Err(Refusal::new(RefusalCode::Guard).with("figure", indicator).with("reason", "no_figure")),
    }
}
