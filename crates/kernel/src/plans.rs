//! Plans at the edge: who may compute and adopt one, where; its answers read; the places and periods it asks for. Left out:
//! reading rows, which every edge does in its own way, and computing, which is the planning crate's.

use crate::World;
use crate::decide::{FormContext, read_form};
use ganglion_indicators::{Span, When};
use ganglion_model::clocks::midnight;
use ganglion_model::pack::{FigurePeriod, Plan, Process, Who};
use ganglion_model::scope::ActorView;
use ganglion_model::{FieldFinding, Fields, Level, PlaceCode, Post};
use jiff::civil::Date;

/// What somebody may do with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Compute it and look.
    Look,
    /// Adopt what comes of it, too.
    Adopt,
}

/// What `post` may do with a plan, inside its own place; `None`: the plan is not there for it.
#[must_use]
pub fn right(plan: &Plan, post: &Post) -> Option<Right> {
    let is_own =
        |who: &Who| matches!(who, Who::Role { role, level } if post.role == *role && post.place.level() == *level);
    if plan.by.iter().any(is_own) {
        return Some(Right::Adopt);
    }
    plan.read.iter().any(is_own).then_some(Right::Look)
}

/// What `post` may do with a plan computed for `place`.
#[must_use]
pub fn right_at(plan: &Plan, post: &Post, place: PlaceCode) -> Option<Right> {
    right(plan, post).filter(|_| post.place.holds(place))
}

/// The answers of a plan, read as of its day.
///
/// # Errors
/// Every finding.
pub fn answers(
    world: &World,
    (plan, day): (&Plan, Date),
    actor: &ActorView,
    typed: &Fields,
) -> Result<Fields, Vec<FieldFinding>> {
    let process = Process::default();
    let context =
        FormContext { world, rows: world, process: &process, case: None, before: None, actor, now: midnight(day) };
    read_form(&context, &plan.form, typed)
}

/// The places of `levels` inside `within` in force on `day`, in code order, each with its name and middle.
#[must_use]
pub fn places(
    world: &World,
    (within, day): (PlaceCode, Date),
    levels: &[Level],
) -> Vec<(PlaceCode, String, Option<[f64; 2]>)> {
    let tree = &world.places.tree;
    let own = tree.on(within, day);
    let all = own.into_iter().chain(tree.inside(within, day)).filter(|place| levels.contains(&place.code.level()));
    all.map(|place| (place.code, place.name.clone(), world.places.middle(place.code, day))).collect()
}

/// The days of the period that holds `day`.
#[must_use]
pub fn span(of: FigurePeriod, day: Date) -> Span {
    period(of, day).span()
}

/// The period that holds `day`.
#[must_use]
pub fn period(of: FigurePeriod, day: Date) -> When {
    let month = day.first_of_month();
    let quarter = Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).unwrap_or(month);
    match of {
        FigurePeriod::Day => When::Day(day),
        FigurePeriod::Month => When::Month(month),
        FigurePeriod::Quarter => When::Quarter(quarter),
        FigurePeriod::Year => When::Year(day.first_of_year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_period_holds_the_day() {
        let day = date(2022, 5, 31);
        let days = |period| {
            let span = span(period, day);
            (span.from, span.to)
        };
        assert_eq!(days(FigurePeriod::Day), (day, date(2022, 6, 1)));
        assert_eq!(days(FigurePeriod::Month), (date(2022, 5, 1), date(2022, 6, 1)));
        assert_eq!(days(FigurePeriod::Quarter), (date(2022, 4, 1), date(2022, 7, 1)));
        assert_eq!(days(FigurePeriod::Year), (date(2022, 1, 1), date(2023, 1, 1)));
    }
}
