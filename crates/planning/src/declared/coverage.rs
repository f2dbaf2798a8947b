//! Coverage declared in a pack: rows or places with points, minutes to the nearest facility, further sites.

use super::{FoundSite, Input, Lack, Outcome, proposed};
use crate::coverage::{Place, Travel, best_sites, cover};
use ganglion_model::pack::{CoverageDef, Plan, PlanPoints};
use ganglion_model::row::Record;

pub fn compute(plan: &Plan, def: &CoverageDef, input: Input<'_>) -> Outcome {
    let (served, facilities) = (input.points(&def.places), input.points(&def.facilities));
    let travel = Travel { detour: f64::from(def.detour_percent) / 100.0, speed_km_h: f64::from(def.speed_km_h.max(1)) };
    let minutes = f64::from(def.minutes);
    let places: Vec<Place> =
        served.iter().map(|(row, at)| Place { at: *at, weight: weight(def, &input, row) }).collect();
    let stand: Vec<[f64; 2]> = facilities.iter().map(|(_, at)| *at).collect();
    let covered = cover(&places, &stand, travel, minutes);
    let mut outcome = Outcome { asked: covered.weight, served: covered.covered_weight, ..Outcome::default() };
    for ((row, _), nearest) in served.iter().zip(&covered.nearest) {
        let is_covered = nearest.is_some_and(|nearest| nearest.minutes <= minutes);
        if !is_covered {
            let lacking = nearest.map(|nearest| nearest.minutes);
            outcome.lacks.push(Lack { key: row.key.clone(), asked: minutes, lacking, cause: None });
        }
        let mut names = input.names().with("place", row).result("covered", if is_covered { 1.0 } else { 0.0 });
        if let Some(nearest) = nearest {
            names = names.with("facility", &facilities[nearest.facility].0).result("minutes", nearest.minutes);
        }
        outcome.rows.extend(proposed(plan, &names));
    }
    let candidates = match &def.candidates {
        Some(candidates) => input.points(candidates),
        None => served,
    };
    let points: Vec<[f64; 2]> = candidates.iter().map(|(_, at)| *at).collect();
    let sites = best_sites(&places, &covered, &points, (travel, minutes), usize::try_from(def.sites).unwrap_or(0));
    outcome.sites = sites
        .into_iter()
        .map(|site| FoundSite {
            key: candidates[site.candidate].0.key.clone(),
            point: points[site.candidate],
            gained_weight: site.gained_weight,
        })
        .collect();
    outcome
}

fn weight(def: &CoverageDef, input: &Input<'_>, row: &Record) -> f64 {
    match (&def.weight, &def.places) {
        (Some(weight), PlanPoints::Rows { .. }) => {
            input.names().with("row", row).number(weight).filter(|n| n.is_finite() && *n >= 0.0).unwrap_or(0.0)
        }
        _ => 1.0,
    }
}
