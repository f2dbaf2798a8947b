//! Outlines as paths of one drawing, for maps that stand on a page before any script runs, and on paper.

use ganglion_geo::MultiPolygon;
use ganglion_model::PlaceCode;
use std::fmt::Write as _;

/// Width of a drawing in its own units; its height follows from the outlines.
const WIDTH: f64 = 1280.0;

/// Outlines drawn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// The path of each place.
    pub paths: Vec<(PlaceCode, String)>,
}

/// Draws outlines so that together they fill the width; `None` when there is nothing to draw.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing is a few thousand units wide")]
pub fn draw(outlines: &[(PlaceCode, MultiPolygon<f64>)]) -> Option<Drawing> {
    let points = || outlines.iter().flat_map(|(_, shape)| shape.iter()).flat_map(|one| one.exterior().coords());
    let edge = |pick: fn(f64, f64) -> f64, of: fn((f64, f64)) -> f64| points().map(|at| of((at.x, at.y))).reduce(pick);
    let (west, east) = (edge(f64::min, |at| at.0)?, edge(f64::max, |at| at.0)?);
    let (south, north) = (edge(f64::min, |at| at.1)?, edge(f64::max, |at| at.1)?);
    // A degree of longitude is shorter than one of latitude.
    let narrow = f64::midpoint(south, north).to_radians().cos();
    let scale = WIDTH / ((east - west) * narrow).max(1e-9);
    let height = (north - south) * scale;
    if !(1.0..=WIDTH * 20.0).contains(&height) {
        return None;
    }
    let place = |x: f64, y: f64| (((x - west) * narrow * scale).round() as i64, ((north - y) * scale).round() as i64);
    let path = |shape: &MultiPolygon<f64>| {
        let mut path = String::new();
        for ring in shape.iter().flat_map(|one| std::iter::once(one.exterior()).chain(one.interiors())) {
            let mut before = None;
            for at in ring.coords().map(|at| place(at.x, at.y)) {
                // Points that fall together say nothing.
                if before != Some(at) {
                    let _ = write!(path, "{}{} {}", if before.is_none() { 'M' } else { 'L' }, at.0, at.1);
                    before = Some(at);
                }
            }
            path.push('z');
        }
        path
    };
    let paths = outlines.iter().map(|(code, shape)| (*code, path(shape))).collect();
    Some(Drawing { width: WIDTH as u32, height: height.ceil() as u32, paths })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_geo::geojson::{ReadOptions, read};

    fn outlines(rings: &[&str]) -> Vec<(PlaceCode, MultiPolygon<f64>)> {
        let codes = ["130903", "130921"];
        let feature = |(ring, code): (&&str, &str)| {
            format!(
                r#"{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
            )
        };
        let features: Vec<String> = rings.iter().zip(codes).map(feature).collect();
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
        let read = read(text.as_bytes(), &ReadOptions::default()).outlines;
        read.into_iter().zip(codes).map(|(one, code)| (code.parse().unwrap(), one.geometry)).collect()
    }

    #[test]
    fn outlines_fill_the_width_and_share_their_borders() {
        let left = "[[116.0,38.0],[117.0,38.0],[117.0,39.0],[116.0,39.0],[116.0,38.0]]";
        let right = "[[117.0,38.0],[118.0,38.0],[118.0,39.0],[117.0,39.0],[117.0,38.0]]";
        let drawing = draw(&outlines(&[left, right])).unwrap();
        assert_eq!(drawing.width, 1280);
        assert!((800..830).contains(&drawing.height), "{}", drawing.height);
        assert!(drawing.paths[0].1.contains("640 ") && drawing.paths[1].1.contains("640 "), "{:?}", drawing.paths);
        assert!(drawing.paths.iter().all(|(_, path)| path.starts_with('M') && path.ends_with('z')));
    }

    #[test]
    fn nothing_is_no_drawing() {
        assert_eq!(draw(&[]), None);
    }
}
