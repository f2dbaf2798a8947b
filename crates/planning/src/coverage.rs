//! Coverage: which places have a facility within a given time of travel, and where further facilities would help most. Time of
//! travel is an estimate from the distance: straight line, times a detour, at a speed. Leaves out roads and timetables.

use crate::allocation::PlanError;

/// Most places, facilities and candidates, each.
pub const POINTS_MAX: usize = 20_000;
/// Most pairs of a candidate and a place it would reach.
const REACHED_MAX: usize = 20_000_000;
/// Mean radius of the earth, kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;

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

    /// Straight-line kilometres covered in a time, with a metre to spare for rounding.
    fn reach_km(&self, minutes: f64) -> f64 {
        minutes / 60.0 * self.speed_km_h / self.detour + 1e-3
    }
}

/// Great-circle distance in kilometres on a sphere of the earth's mean radius; within 0.5 % of the ellipsoid.
#[must_use]
pub fn kilometres(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (lat_a, lat_b) = (a[1].to_radians(), b[1].to_radians());
    let (d_lat, d_lon) = (lat_b - lat_a, (b[0] - a[0]).to_radians());
    let h = (d_lat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (d_lon / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
}

/// The nearest facility of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Index of the facility; the first of several that are as near.
    pub facility: usize,
    /// Minutes to it.
    pub minutes: f64,
}

/// A further site and what it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Index of the candidate.
    pub candidate: usize,
    /// Places it covers that were not covered before it, in their order.
    pub newly: Vec<usize>,
}

/// Points by latitude, so that those far north or south are not looked at.
struct ByLatitude<'a> {
    points: &'a [[f64; 2]],
    order: Vec<usize>,
}

impl<'a> ByLatitude<'a> {
    fn new(points: &'a [[f64; 2]]) -> ByLatitude<'a> {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| points[*a][1].total_cmp(&points[*b][1]).then(a.cmp(b)));
        ByLatitude { points, order }
    }

    /// Where points north of a latitude begin.
    fn from(&self, latitude: f64) -> usize {
        self.order.partition_point(|at| self.points[*at][1] < latitude)
    }

    /// Kilometres between two latitudes: no two points on them are nearer.
    fn least_km(from: f64, to: f64) -> f64 {
        (from - to).abs().to_radians() * EARTH_RADIUS_KM
    }

    fn nearest(&self, at: [f64; 2], travel: Travel) -> Option<Nearest> {
        let start = self.from(at[1]);
        let mut best: Option<Nearest> = None;
        let mut best_km = f64::INFINITY;
        let (mut north, mut south) = (start, start);
        loop {
            let up = self.order.get(north).map(|one| (*one, ByLatitude::least_km(self.points[*one][1], at[1])));
            let down = south.checked_sub(1).map(|below| self.order[below]);
            let down = down.map(|one| (one, ByLatitude::least_km(self.points[one][1], at[1])));
            // A hair's breadth beyond: of points that are equally near the first counts, wherever it stands.
            let within = |one: &Option<(usize, f64)>| one.filter(|(_, least)| *least <= best_km + 1e-9);
            let candidate = match (within(&up), within(&down)) {
                (Some((one, a)), Some((_, b))) if a <= b => {
                    north += 1;
                    one
                }
                (Some((one, _)), None) => {
                    north += 1;
                    one
                }
                (_, Some((one, _))) => {
                    south -= 1;
                    one
                }
                (None, None) => return best,
            };
            let found = Nearest { facility: candidate, minutes: travel.minutes(at, self.points[candidate]) };
            let is_nearer = best.is_none_or(|best| {
                (found.minutes, found.facility).partial_cmp(&(best.minutes, best.facility)).is_some_and(|o| o.is_lt())
            });
            if is_nearer {
                best = Some(found);
                best_km = kilometres(at, self.points[candidate]);
            }
        }
    }

    /// Indices of the points within a time, ascending.
    fn within(&self, at: [f64; 2], (travel, minutes): (Travel, f64)) -> Vec<usize> {
        let degrees = (travel.reach_km(minutes) / EARTH_RADIUS_KM).to_degrees();
        let first = self.from(at[1] - degrees);
        let window = self.order[first..].iter().take_while(|one| self.points[**one][1] <= at[1] + degrees);
        let mut found: Vec<usize> =
            window.copied().filter(|one| travel.minutes(self.points[*one], at) <= minutes).collect();
        found.sort_unstable();
        found
    }
}

fn few(what: &'static str, points: usize) -> Result<(), PlanError> {
    if points > POINTS_MAX {
        return Err(PlanError::TooLarge { what, given: points, max: POINTS_MAX });
    }
    Ok(())
}

/// The nearest facility of each place, in the order of the places; `None` when there is no facility at all.
///
/// # Errors
/// More points than [`POINTS_MAX`].
pub fn cover(places: &[Place], facilities: &[[f64; 2]], travel: Travel) -> Result<Vec<Option<Nearest>>, PlanError> {
    few("places", places.len())?;
    few("facilities", facilities.len())?;
    let facilities = ByLatitude::new(facilities);
    Ok(places.iter().map(|place| facilities.nearest(place.at, travel)).collect())
}

/// The best `count` further sites among `candidates`, chosen one after the other: each time the one that newly covers most
/// weight, the first of the list when several cover the same. Chosen like this, the sites together cover at least 63 % of what
/// the best possible choice of as many would (Nemhauser, Wolsey and Fisher 1978). Stops when no candidate adds anything.
///
/// # Errors
/// More points than [`POINTS_MAX`], or more pairs within reach than can be held.
pub fn best_sites(
    places: &[Place],
    nearest: &[Option<Nearest>],
    candidates: &[[f64; 2]],
    (travel, minutes): (Travel, f64),
    count: usize,
) -> Result<Vec<Site>, PlanError> {
    few("candidates", candidates.len())?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut is_open: Vec<bool> =
        nearest.iter().map(|one| one.is_none_or(|nearest| nearest.minutes > minutes)).collect();
    let points: Vec<[f64; 2]> = places.iter().map(|place| place.at).collect();
    let index = ByLatitude::new(&points);
    let mut reached: Vec<Vec<usize>> = Vec::with_capacity(candidates.len());
    let mut pairs = 0;
    for to in candidates {
        let mut within = index.within(*to, (travel, minutes));
        within.retain(|at| is_open[*at]);
        pairs += within.len();
        if pairs > REACHED_MAX {
            return Err(PlanError::TooLarge { what: "pairs", given: pairs, max: REACHED_MAX });
        }
        reached.push(within);
    }
    let mut sites = Vec::new();
    while sites.len() < count {
        let mut best: Option<(usize, f64)> = None;
        for (candidate, within) in reached.iter().enumerate() {
            let gained: f64 = within.iter().filter(|at| is_open[**at]).map(|at| places[*at].weight).sum();
            if gained > best.map_or(0.0, |(_, most)| most) {
                best = Some((candidate, gained));
            }
        }
        let Some((candidate, _)) = best else { break };
        let newly: Vec<usize> = reached[candidate].iter().copied().filter(|at| is_open[*at]).collect();
        newly.iter().for_each(|at| is_open[*at] = false);
        sites.push(Site { candidate, newly });
    }
    Ok(sites)
}
