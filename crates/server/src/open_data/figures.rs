//! Figures of the year: of the whole and of every county by month and year, of every township by year. A figure few rows stand
//! behind is not told, as on the public pages.

use super::table::{Dataset, Table, both, columns};
use super::{Making, OpenDataError};
use crate::staff::figures::is_public_level;
use crate::view::figures::TOLD_MIN;
use ganglion_indicators::When;
use ganglion_kernel::Store;
use ganglion_kernel::figures::{Got, Reader, is_now};
use ganglion_model::pack::Indicator;
use ganglion_model::{Level, PlaceCode};

/// Places read at once.
const PLACES_AT_ONCE: usize = 60;
const COLUMNS: [&str; 10] =
    ["indicator", "title_zh", "title_en", "unit", "place", "place_name", "level", "period", "value", "withheld"];

/// The year and its months, as far as they have begun.
fn periods(making: &Making<'_>) -> Vec<When> {
    let months = (1..=making.last_day().month()).map(|month| format!("{:04}-{month:02}", making.year));
    std::iter::once(format!("{:04}", making.year)).chain(months).filter_map(|text| When::parse(&text)).collect()
}

/// Places of the public levels in force on the last day told of, in the order of their codes.
fn places(making: &Making<'_>) -> Vec<PlaceCode> {
    let (tree, root) = (&making.data.world.places.tree, making.data.world.places.root);
    let day = making.last_day();
    let own = tree.on(root, day).into_iter().chain(tree.inside(root, day));
    own.map(|place| place.code).filter(|code| is_public_level(code.level())).collect()
}

/// Writes `figures.csv`.
///
/// # Errors
/// Storage, or the file.
pub async fn write(making: &Making<'_>, said: &dyn Fn(&str)) -> Result<Dataset, OpenDataError> {
    said("figures.csv");
    let about = (both(making, "open-data-figures"), both(making, "open-data-figures-about"));
    let mut table = Table::new(making, "figures.csv", about, columns(making, "figure", &COLUMNS))?;
    let (all, periods) = (places(making), periods(making));
    let model = &making.data.world.model;
    for indicator in model.indicators_in_order().iter().filter(|one| !is_now(model, one)) {
        let offered: Vec<PlaceCode> =
            all.iter().copied().filter(|code| indicator.levels.contains(&code.level())).collect();
        let (narrow, wide): (Vec<PlaceCode>, Vec<PlaceCode>) =
            offered.into_iter().partition(|code| code.level() == Level::Township);
        of_indicator(making, &mut table, (*indicator, wide.as_slice(), periods.as_slice())).await?;
        let year = periods.get(..1).unwrap_or_default();
        of_indicator(making, &mut table, (*indicator, narrow.as_slice(), year)).await?;
    }
    table.finish()
}

async fn of_indicator(
    making: &Making<'_>,
    table: &mut Table,
    (indicator, places, periods): (&Indicator, &[PlaceCode], &[When]),
) -> Result<(), OpenDataError> {
    let store: &dyn Store = making.data.store;
    let reader = Reader { tally: &store, world: making.data.world, today: making.last_day() };
    let spans: Vec<_> = periods.iter().map(|when| when.span()).collect();
    let head = [
        indicator.name.clone(),
        making.zh.figure_title(indicator),
        making.en.figure_title(indicator),
        making.zh.figure_unit(indicator),
    ];
    for some in places.chunks(PLACES_AT_ONCE) {
        let got = reader.read(indicator, some, &spans, false).await?;
        for (place, row) in some.iter().zip(got) {
            for (when, got) in periods.iter().zip(row) {
                table.line(&line(making, &head, (*place, *when, &got)))?;
            }
        }
    }
    Ok(())
}

fn line(making: &Making<'_>, head: &[String], (place, when, got): (PlaceCode, When, &Got)) -> Vec<String> {
    let withheld = (1..TOLD_MIN).contains(&got.figure.rows);
    let value = got.figure.shown.clone().filter(|_| !withheld).unwrap_or_default();
    let name = making.data.world.places.name(place, making.last_day());
    let rest = [
        place.to_string(),
        name,
        place.level().as_str().to_owned(),
        when.to_string(),
        // Digits are grouped on pages, not in files.
        value.replace(',', ""),
        withheld.to_string(),
    ];
    head.iter().cloned().chain(rest).collect()
}
