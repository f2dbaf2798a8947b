//! Where simulated people are: the drawn grids, weighted by the kind of their village. What happens there is for
//! [`super::actors`].

use crate::city::outlines::bounds;
use ganglion_kernel::world::World;
use ganglion_model::{Level, PlaceCode};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;

/// Points tried inside a grid's bounds before the draw counts as missed.
const TRIES: usize = 20;

/// A spot where something can be seen.
#[derive(Clone, Debug)]
struct Spot {
    place: PlaceCode,
    west_south: [f64; 2],
    east_north: [f64; 2],
}

/// All spots, with their weights.
pub struct Spots {
    spots: Vec<Spot>,
    /// Running sums of the weights of `spots`.
    weights: Vec<f64>,
}

impl Spots {
    /// The grids among `outlines` (geometry text by code); `kinds` weighs them by the kind of their village.
    #[must_use]
    pub fn new(outlines: &[(PlaceCode, String)], kinds: &BTreeMap<String, f64>, (world, day): (&World, Date)) -> Spots {
        let mut all = Spots { spots: Vec::new(), weights: Vec::new() };
        let mut sum = 0.0;
        for (place, geometry) in outlines.iter().filter(|(place, _)| place.level() == Level::Grid) {
            let (place, Some(bounds)) = (*place, bounds(geometry)) else {
                continue;
            };
            let kind = place.parent().and_then(|village| world.places.tree.known(village, day)).map(|p| p.kind);
            let kind = kind.and_then(|kind| serde_json::to_value(kind).ok());
            let weight = kind.as_ref().and_then(Value::as_str).and_then(|kind| kinds.get(kind));
            sum += weight.copied().unwrap_or(1.0);
            all.weights.push(sum);
            all.spots.push(Spot { place, west_south: bounds[0], east_north: bounds[1] });
        }
        all
    }

    /// A point inside a drawn grid, with the grid; `draw` gives numbers in `[0, 1)`.
    pub fn somewhere(&self, world: &World, draw: &mut dyn FnMut() -> f64) -> Option<([f64; 2], PlaceCode)> {
        let at = draw() * *self.weights.last()?;
        let spot = self.spots.get(self.weights.partition_point(|sum| *sum <= at))?;
        for _ in 0..TRIES {
            let (a, b) = (draw(), draw());
            let point = [
                spot.west_south[0] + a * (spot.east_north[0] - spot.west_south[0]),
                spot.west_south[1] + b * (spot.east_north[1] - spot.west_south[1]),
            ];
            if ganglion_kernel::route::locate(&world.places, point).here == Some(spot.place) {
                return Some((point, spot.place));
            }
        }
        None
    }
}
