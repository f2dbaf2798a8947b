//! Coverage: who is within reach, and where a further site helps most.

use ganglion_planning::{Place, Travel, best_sites, cover};

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
fn the_share_is_a_share_of_weight_and_every_place_knows_its_nearest() {
    let places = [place(116.80, 38.30, 300.0), place(116.90, 38.30, 100.0)];
    let covered = cover(&places, &[[116.801, 38.30], [116.99, 38.30]], WALK, 15.0);
    assert!((covered.covered_weight - 300.0).abs() < 1e-9 && (covered.weight - 400.0).abs() < 1e-9);
    assert_eq!(covered.nearest.iter().map(|one| one.unwrap().facility).collect::<Vec<_>>(), vec![0, 1]);
}

#[test]
fn without_any_facility_nothing_is_covered_and_nothing_breaks() {
    let covered = cover(&[place(116.8, 38.3, 1.0)], &[], WALK, 15.0);
    assert_eq!(covered.nearest, vec![None]);
    assert!(covered.covered_weight.abs() < 1e-9);
}

#[test]
fn sites_are_chosen_by_what_they_newly_cover_and_end_when_nothing_is_gained() {
    let places = [place(116.80, 38.30, 5.0), place(116.802, 38.30, 5.0), place(117.20, 38.30, 8.0)];
    let covered = cover(&places, &[], WALK, 15.0);
    let candidates = [[117.20, 38.30], [116.801, 38.30], [118.0, 39.0]];
    let sites = best_sites(&places, &covered, &candidates, (WALK, 15.0), 5);
    assert_eq!(sites.iter().map(|site| site.candidate).collect::<Vec<_>>(), vec![1, 0]);
    assert!((sites[0].gained_weight - 10.0).abs() < 1e-9);
}
