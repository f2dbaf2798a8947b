//! Settled cases of the year that anyone may see, in the columns of the GeoReport bulk draft (handbook `15`, section 6): no
//! descriptions, which people wrote freely.

use super::table::{Dataset, Table, both, columns};
use super::{Making, OpenDataError};
use crate::open311::Services;
use crate::view::words::iso;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::Text;
use ganglion_model::clocks::midnight;
use ganglion_model::pack::Process;
use jiff::ToSpan as _;
use serde_json::Value;

/// Cases read at a time.
const READ_AT_ONCE: u32 = 500;
/// Years a case may have been open before it was settled.
const OPEN_YEARS_MAX: i16 = 3;
const COLUMNS: [&str; 13] = [
    "service_request_id",
    "requested_datetime",
    "updated_datetime",
    "closed_date",
    "status_description",
    "source",
    "service_code",
    "service_name",
    "agency",
    "address",
    "address_id",
    "lat",
    "long",
];

/// Writes `cases-<process>.csv`.
///
/// # Errors
/// Storage, or the file.
pub async fn write(making: &Making<'_>, process: &Process, said: &dyn Fn(&str)) -> Result<Dataset, OpenDataError> {
    let file = format!("cases-{}.csv", process.name);
    said(&file);
    let title = |look: &crate::view::Look<'_>| format!("{} · {}", look.t("open-data-cases"), look.text(&process.title));
    let about = (Text::new(title(&making.zh), title(&making.en)), both(making, "open-data-cases-about"));
    let mut table = Table::new(making, &file, about, columns(making, "case", &COLUMNS))?;
    let services = Services::of(&making.zh);
    let (first, end) = making.span();
    let (from, to) = (midnight(first), midnight(end));
    let since = first.checked_sub(i64::from(OPEN_YEARS_MAX).years()).map_or(from, midnight);
    let filter =
        CaseFilter { processes: vec![process.name.clone()], opened: Some((since, to)), ..CaseFilter::default() };
    let mut after: Option<After> = None;
    loop {
        let cases = making.data.store.cases(&filter, CaseOrder::Opened, after.as_ref(), READ_AT_ONCE).await?;
        for case in cases.iter().filter(|case| case.closed_at.is_some_and(|at| from <= at && at < to)) {
            let Some(told) = services.told((&making.zh, making.data.master, None), case) else { continue };
            let text = |name: &str| match told.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            let of = |name: &&str| match *name {
                "closed_date" => case.closed_at.map(iso).unwrap_or_default(),
                "status_description" => text("status_notes"),
                "source" => case.channel.clone(),
                "agency" => text("agency_responsible"),
                name => text(name),
            };
            table.line(&COLUMNS.iter().map(of).collect::<Vec<_>>())?;
        }
        if cases.len() < READ_AT_ONCE as usize {
            return table.finish();
        }
        after = cases.last().map(|case| After::of(case, CaseOrder::Opened));
    }
}
