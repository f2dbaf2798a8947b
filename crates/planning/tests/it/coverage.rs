//! Coverage: who is within reach, and where a further site helps most.

use ganglion_planning::{Place, PlanError, Travel, best_sites, cover};
use proptest::prelude::*;

const WALK: Travel = Travel { detour: 1.3, speed_km_h: 5.0 };

fn place(lon: f64, lat: f64, weight: f64) -> Place {
    Place { at: [lon, lat], weight }
}

#[test]
fn a_degree_of_latitude_is_a_hundred_and_eleven_kilometres() {
    let minutes = Travel { detour: 1.0, speed_km_h: 60.0 }.minutes([116.8, 38.0], [116.8, 39.0]);
    assert!((minutes - 111.2).abs() < 0.1, "{minutes}");
}

#[test]
fn every_place_knows_its_nearest() {
    let places = [place(116.80, 38.30, 300.0), place(116.90, 38.30, 100.0)];
    let nearest = cover(&places, &[[116.801, 38.30], [116.99, 38.30]], WALK).unwrap();
    assert_eq!(nearest.iter().map(|one| one.unwrap().facility).collect::<Vec<_>>(), vec![0, 1]);
    assert!(nearest[0].unwrap().minutes < 15.0 && nearest[1].unwrap().minutes > 15.0, "{nearest:?}");
}

#[test]
fn without_any_facility_nothing_is_covered_and_nothing_breaks() {
    assert_eq!(cover(&[place(116.8, 38.3, 1.0)], &[], WALK).unwrap(), vec![None]);
}

#[test]
fn sites_are_chosen_by_what_they_newly_cover_and_end_when_nothing_is_gained() {
    let places = [place(116.80, 38.30, 5.0), place(116.802, 38.30, 5.0), place(117.20, 38.30, 8.0)];
    let nearest = cover(&places, &[], WALK).unwrap();
    let candidates = [[117.20, 38.30], [116.801, 38.30], [118.0, 39.0]];
    let sites = best_sites(&places, &nearest, &candidates, (WALK, 15.0), 5).unwrap();
    assert_eq!(sites.iter().map(|site| site.candidate).collect::<Vec<_>>(), vec![1, 0]);
    assert_eq!(sites[0].newly, vec![0, 1]);
}

#[test]
fn too_many_points_are_refused() {
    let many = vec![[116.8, 38.3]; 20_001];
    let refused = cover(&[place(116.8, 38.3, 1.0)], &many, WALK);
    assert!(matches!(refused, Err(PlanError::TooLarge { what: "facilities", given: 20_001, .. })));
}

fn point() -> impl Strategy<Value = [f64; 2]> {
    // A lattice, so that points stand on the same latitude and in the same spot.
    (0u32..40, 0u32..40).prop_map(|(x, y)| [116.0 + f64::from(x) / 50.0, 38.0 + f64::from(y) / 50.0])
}

proptest! {
    /// Looking by latitude finds what looking at all of them finds.
    #[test]
    fn the_nearest_is_the_nearest_of_all(
        places in prop::collection::vec(point(), 1..30),
        facilities in prop::collection::vec(point(), 0..30),
    ) {
        let all: Vec<Place> = places.iter().map(|at| Place { at: *at, weight: 1.0 }).collect();
        let found = cover(&all, &facilities, WALK).unwrap();
        for (at, nearest) in places.iter().zip(found) {
            let mut best: Option<(usize, f64)> = None;
            for (facility, to) in facilities.iter().enumerate() {
                let minutes = WALK.minutes(*at, *to);
                if best.is_none_or(|best| minutes < best.1) {
                    best = Some((facility, minutes));
                }
            }
            prop_assert_eq!(nearest.map(|one| (one.facility, one.minutes)), best);
        }
    }

    /// Each further site is one of those that newly cover most, and names exactly what it covers.
    #[test]
    fn each_site_covers_most_of_what_is_left(
        places in prop::collection::vec((point(), 0u32..9), 1..25),
        facilities in prop::collection::vec(point(), 0..4),
        candidates in prop::collection::vec(point(), 1..15),
        minutes in 5u32..60,
    ) {
        let minutes = f64::from(minutes);
        let all: Vec<Place> = places.iter().map(|(at, n)| Place { at: *at, weight: f64::from(*n) }).collect();
        let nearest = cover(&all, &facilities, WALK).unwrap();
        let mut open: Vec<usize> =
            (0..all.len()).filter(|at| nearest[*at].is_none_or(|one| one.minutes > minutes)).collect();
        let reach = |to: [f64; 2], open: &[usize]| -> Vec<usize> {
            open.iter().copied().filter(|at| WALK.minutes(all[*at].at, to) <= minutes).collect()
        };
        let weight = |of: &[usize]| -> f64 { of.iter().map(|at| all[*at].weight).sum() };
        for site in best_sites(&all, &nearest, &candidates, (WALK, minutes), 4).unwrap() {
            prop_assert_eq!(&site.newly, &reach(candidates[site.candidate], &open));
            let most = candidates.iter().map(|to| weight(&reach(*to, &open))).fold(0.0, f64::max);
            prop_assert!(weight(&site.newly) >= most && most > 0.0);
            open.retain(|at| !site.newly.contains(at));
        }
    }
}
