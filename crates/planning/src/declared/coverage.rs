//! Coverage declared in a pack: rows or places with points, minutes to the nearest facility, further sites.

use super::exact::rounded;
use super::select::{Select, Standing, float};
use super::{AreaSum, FoundSite, Input, Lack, Outcome, Reached, Subject, Use};
use crate::allocation::PlanError;
use crate::coverage::{Nearest, Place, Travel, best_sites, cover};
use ganglion_model::expr::{Expr, Val};
use ganglion_model::pack::{CoverageDef, Plan};
use ganglion_model::{Decimal, PlaceCode};
use rust_decimal::RoundingStrategy;
use std::collections::BTreeMap;

/// Digits of minutes.
const MINUTES_DIGITS: u32 = 1;

pub fn compute(plan: &Plan, def: &CoverageDef, input: Input<'_>) -> Result<Outcome, PlanError> {
    let mut outcome = Outcome::default();
    let select = Select { plan, input };
    let (travel, minutes) = travel(&select, def)?;
    let served = select.points(&def.places, &mut outcome)?;
    let facilities = select.points(&def.facilities, &mut outcome)?;
    let mut weights = Vec::with_capacity(served.len());
    for (row, _) in &served {
        weights.push(match &def.weight {
            Some(weight) => select.amount(weight, (row, "amount"), &mut outcome)?,
            None => Decimal::ONE,
        });
    }
    let places: Vec<Place> =
        served.iter().zip(&weights).map(|((_, at), weight)| Place { at: *at, weight: float(*weight) }).collect();
    let stand: Vec<[f64; 2]> = facilities.iter().map(|(_, at)| *at).collect();
    let nearest = cover(&places, &stand, travel)?;
    let found = Found { select, served: &served, facilities: &facilities, weights: &weights, minutes };
    found.reached(&nearest, &mut outcome);
    found.areas(&mut outcome);
    found.used(&nearest, &mut outcome);
    let candidates = match &def.candidates {
        Some(candidates) => select.points(candidates, &mut outcome)?,
        None => served.clone(),
    };
    let points: Vec<[f64; 2]> = candidates.iter().map(|(_, at)| *at).collect();
    let sites = usize::try_from(def.sites).unwrap_or(0);
    let sites = best_sites(&places, &nearest, &points, (travel, minutes), sites)?;
    outcome.sites = sites
        .into_iter()
        .map(|site| FoundSite {
            subject: Subject::of(&candidates[site.candidate].0),
            point: points[site.candidate],
            gained: site.newly.iter().map(|at| weights[*at]).sum(),
            places: site.newly.len(),
        })
        .collect();
    Ok(outcome)
}

/// How fast and how far: numbers of the pack or of the form.
fn travel(select: &Select<'_>, def: &CoverageDef) -> Result<(Travel, f64), PlanError> {
    let number = |expr: &Expr, what: &'static str, (low, high): (f64, f64)| {
        let value = select.names().number(expr).map_or(f64::NAN, float);
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(PlanError::Number { what, key: select.plan.name.clone(), value })
        }
    };
    let minutes = number(&def.minutes, "minutes", (1.0, 1440.0))?;
    let speed_km_h = number(&def.speed_km_h, "speed_km_h", (1.0, 300.0))?;
    let detour = number(&def.detour, "detour", (1.0, 5.0))?;
    Ok((Travel { detour, speed_km_h }, minutes))
}

struct Found<'a> {
    select: Select<'a>,
    served: &'a [Standing<'a>],
    facilities: &'a [Standing<'a>],
    weights: &'a [Decimal],
    minutes: f64,
}

impl Found<'_> {
    fn covers(&self, nearest: Option<Nearest>) -> bool {
        nearest.is_some_and(|nearest| nearest.minutes <= self.minutes)
    }

    fn reached(&self, nearest: &[Option<Nearest>], outcome: &mut Outcome) {
        for (((row, point), weight), nearest) in self.served.iter().zip(self.weights).zip(nearest) {
            let subject = Subject::of(row);
            let is_covered = self.covers(*nearest);
            // Rounded up, so that what is out of reach never shows a time within it.
            let up = |one: &Nearest| rounded(one.minutes, MINUTES_DIGITS, RoundingStrategy::AwayFromZero);
            let minutes = nearest.as_ref().map(up);
            let facility = nearest.map(|one| self.facilities[one.facility].0.as_ref());
            outcome.asked += weight;
            if is_covered {
                outcome.served += weight;
            } else {
                let lack =
                    Lack { subject: subject.clone(), tier: 0, asked: *weight, lacking: *weight, minutes, cause: None };
                outcome.lacks.push(lack);
            }
            let mut names = self.select.names().with("place", row).found("covered", Val::Bool(is_covered));
            names = names.found("minutes", minutes.map_or(Val::Null, Val::Num));
            if let Some(facility) = facility {
                names = names.with("facility", facility);
            }
            outcome.propose(self.select.plan, &names, &subject);
            let facility = facility.map(Subject::of);
            outcome.reached.push(Reached { subject, point: *point, weight: *weight, is_covered, minutes, facility });
        }
    }

    /// The places right inside the plan's, each with what lies in it.
    fn areas(&self, outcome: &mut Outcome) {
        let mut areas: BTreeMap<PlaceCode, (Decimal, Decimal)> = BTreeMap::new();
        let within = self.select.input.place;
        for ((row, _), reached) in self.served.iter().zip(&outcome.reached) {
            let below = within.level().down().and_then(|level| row.place?.at(level));
            if let Some(area) = below.filter(|area| within.holds(*area) && Some(*area) != row.place) {
                let sum = areas.entry(area).or_default();
                sum.0 += reached.weight;
                sum.1 += if reached.is_covered { reached.weight } else { Decimal::ZERO };
            }
        }
        outcome.areas = areas.into_iter().map(|(place, (asked, served))| AreaSum { place, asked, served }).collect();
    }

    fn used(&self, nearest: &[Option<Nearest>], outcome: &mut Outcome) {
        let mut used = vec![Decimal::ZERO; self.facilities.len()];
        for (weight, nearest) in self.weights.iter().zip(nearest) {
            if let Some(nearest) = nearest.filter(|one| self.covers(Some(*one))) {
                used[nearest.facility] += weight;
            }
        }
        for ((row, point), used) in self.facilities.iter().zip(used) {
            outcome.points.insert(Subject::of(row), *point);
            outcome.uses.push(Use { subject: Subject::of(row), there: None, used });
        }
    }
}
