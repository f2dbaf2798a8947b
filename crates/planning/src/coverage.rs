//! Coverage: which places have a facility within a given time of travel, what share of the weight that is, and where further
//! facilities would help most. Time of travel is an estimate from the distance: straight line, times a detour, at a speed. Leaves
//! out roads and timetables; where a county has measured times it passes them as minutes of its own.

/// A place that should be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Longitude and latitude, WGS-84.
    pub at: [f64; 2],
    /// What it counts: 1, or its people.
    pub weight: f64,
}

/// How distance becomes time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Travel {
    /// Road distance over straight-line distance, usually 1.2 to 1.5.
    pub detour: f64,
    /// Kilometres an hour.
    pub speed_km_h: f64,
}

impl Travel {
    /// Minutes from one point to another.
    #[must_use]
    pub fn minutes(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        kilometres(from, to) * self.detour / self.speed_km_h * 60.0
    }
}

/// Great-circle distance in kilometres on a sphere of the earth's mean radius; within 0.5 % of the ellipsoid.
#[must_use]
pub fn kilometres(a: [f64; 2], b: [f64; 2]) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0088;
    let (lat_a, lat_b) = (a[1].to_radians(), b[1].to_radians());
    let (d_lat, d_lon) = (lat_b - lat_a, (b[0] - a[0]).to_radians());
    let h = (d_lat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (d_lon / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
}

/// The nearest facility of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Index of the facility.
    pub facility: usize,
    /// Minutes to it.
    pub minutes: f64,
}

/// What a set of facilities reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered {
    /// Nearest facility of each place, in the order of the places; `None` when there is no facility at all.
    pub nearest: Vec<Option<Nearest>>,
    /// Weight within the time.
    pub covered_weight: f64,
    /// Weight of all places.
    pub weight: f64,
}

/// A further site and what it adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Index of the candidate.
    pub candidate: usize,
    /// Weight it covers that was not covered before it.
    pub gained_weight: f64,
}

/// Which places `facilities` reach within `minutes`.
#[must_use]
pub fn cover(places: &[Place], facilities: &[[f64; 2]], travel: Travel, minutes: f64) -> Covered {
    let nearest: Vec<Option<Nearest>> = places.iter().map(|place| nearest(place.at, facilities, travel)).collect();
    let within = |one: &Option<Nearest>| one.is_some_and(|one| one.minutes <= minutes);
    let covered_weight =
        places.iter().zip(&nearest).filter(|(_, one)| within(one)).map(|(place, _)| place.weight).sum();
    let weight = places.iter().map(|place| place.weight).sum();
    Covered { nearest, covered_weight, weight }
}

fn nearest(at: [f64; 2], facilities: &[[f64; 2]], travel: Travel) -> Option<Nearest> {
    let all = facilities.iter().enumerate();
    let all = all.map(|(facility, to)| Nearest { facility, minutes: travel.minutes(at, *to) });
    all.min_by(|a, b| a.minutes.total_cmp(&b.minutes))
}

/// The best `count` further sites among `candidates`, chosen one after the other: each time the one that newly covers most
/// weight, the first of the list when several cover the same. Chosen like this, the sites together cover at least 63 % of what
/// the best possible choice of as many would (Nemhauser, Wolsey and Fisher 1978). Stops when no candidate adds anything.
#[must_use]
pub fn best_sites(
    places: &[Place],
    covered: &Covered,
    candidates: &[[f64; 2]],
    (travel, minutes): (Travel, f64),
    count: usize,
) -> Vec<Site> {
    let mut open: Vec<usize> =
        (0..places.len()).filter(|at| covered.nearest[*at].is_none_or(|nearest| nearest.minutes > minutes)).collect();
    let mut sites = Vec::new();
    while sites.len() < count {
        let gain = |to: [f64; 2]| -> f64 {
            let gained = open.iter().filter(|at| travel.minutes(places[**at].at, to) <= minutes);
            gained.map(|at| places[*at].weight).sum()
        };
        let mut best: Option<Site> = None;
        for (candidate, to) in candidates.iter().enumerate() {
            let gained_weight = gain(*to);
            if gained_weight > best.map_or(0.0, |best| best.gained_weight) {
                best = Some(Site { candidate, gained_weight });
            }
        }
        let Some(site) = best else { break };
        let to = candidates[site.candidate];
        open.retain(|at| travel.minutes(places[*at].at, to) > minutes);
        sites.push(site);
    }
    sites
}
