//! Reading the rows of a plan and computing it: rows of the deployment from memory, those kept by place from the store, figures
//! as every page reads them; then on a thread of its own, a bounded number at a time.

use super::asked::Asked;
use crate::error::Error;
use crate::limits::{PLAN_ROWS_MAX, PLAN_WAIT_SECONDS_MAX};
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_kernel::figures::Reader;
use ganglion_kernel::plans::{places, span};
use ganglion_kernel::port::Store;
use ganglion_kernel::port_rows::{RowAfter, RowFilter, RowOrder};
use ganglion_model::pack::{Plan, Scope};
use ganglion_model::{Decimal, Fields, Lang, PlaceCode, Record};
use ganglion_planning::PlanError;
use ganglion_planning::declared::{self, Draft, FigureAt, Input, Outcome, PlacePoint, Subject};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 2_000;

/// Everything a plan is computed from, owned, so that it can be computed anywhere.
pub struct Material {
    world: Arc<World>,
    plan: Plan,
    place: PlaceCode,
    day: Date,
    form: Fields,
    places: Vec<PlacePoint>,
    figures: BTreeMap<FigureAt, Option<Decimal>>,
    /// Rows within reach by register, those of the result among them.
    pub records: BTreeMap<String, Vec<Record>>,
}

/// A computed plan with what it was computed from.
pub struct Computed {
    /// What it was computed from.
    pub material: Material,
    /// What came of it.
    pub outcome: Outcome,
    /// What adopting it would change.
    pub draft: Draft,
}

impl Material {
    fn input(&self) -> Input<'_> {
        Input {
            model: &self.world.model,
            rows: self.world.as_ref(),
            form: &self.form,
            place: self.place,
            day: self.day,
            records: &self.records,
            places: &self.places,
            figures: &self.figures,
        }
    }

    /// The row a subject stands for; `None` for a place.
    pub fn record(&self, subject: &Subject) -> Option<&Record> {
        let rows = self.records.get(&subject.register)?;
        rows.iter().find(|row| row.shard == subject.shard && row.key == subject.key)
    }
}

/// The rows of a register that hold on the day, inside the place where they are kept by place.
async fn rows(web: &Web, name: &str, (place, day): (PlaceCode, Date)) -> Result<Result<Vec<Record>, PlanError>, Error> {
    let Some(register) = web.world.model.registers.get(name) else { return Ok(Ok(Vec::new())) };
    let too_many = |given: usize| Ok(Err(PlanError::TooLarge { what: "rows", given, max: PLAN_ROWS_MAX }));
    if register.scope == Scope::Deployment {
        let all = web.world.rows_on(name, day);
        return if all.len() > PLAN_ROWS_MAX {
            too_many(all.len())
        } else {
            Ok(Ok(all.into_iter().cloned().collect()))
        };
    }
    let filter = RowFilter { place: Some(place), ..RowFilter::of(name, day) };
    let order = RowOrder::default();
    let (mut all, mut after): (Vec<Record>, Option<RowAfter>) = (Vec::new(), None);
    loop {
        let page = web.app.store.rows(&filter, &order, after.as_ref(), ROWS_AT_ONCE).await?;
        let is_last = page.len() < ROWS_AT_ONCE as usize;
        after = page.last().map(|last| order.after(last));
        all.extend(page);
        if all.len() > PLAN_ROWS_MAX {
            return too_many(all.len());
        }
        if is_last {
            return Ok(Ok(all));
        }
    }
}

/// Computes what is asked for. What is wrong with the rows is an inner error: it is said on the page.
///
/// # Errors
/// Storage; too many plans are being computed.
pub async fn compute(web: &Web, asked: &Asked<'_>, form: &Fields) -> Result<Result<Computed, PlanError>, Error> {
    let (registers, levels) = declared::reading(asked.plan);
    let mut records = BTreeMap::new();
    let result = asked.plan.result.as_ref().map(|result| result.register.as_str());
    for name in registers.into_iter().chain(result) {
        if !records.contains_key(name) {
            match rows(web, name, (asked.place, asked.day)).await? {
                Ok(found) => drop(records.insert(name.to_owned(), found)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    let places = places(&web.world, (asked.place, asked.day), &levels).into_iter();
    let mut material = Material {
        world: web.world.clone(),
        plan: asked.plan.clone(),
        place: asked.place,
        day: asked.day,
        form: form.clone(),
        places: places.map(|(code, name, point)| PlacePoint { code, name, point }).collect(),
        figures: BTreeMap::new(),
        records,
    };
    match declared::figures_wanted(&material.plan, material.input()) {
        Ok(wanted) => material.figures = figures(web, wanted, asked.day).await?,
        Err(error) => return Ok(Err(error)),
    }
    let why = why(web, asked);
    let turn = web.app.plans.acquire();
    let turn = tokio::time::timeout(Duration::from_secs(PLAN_WAIT_SECONDS_MAX), turn).await;
    let _turn = turn.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
    let computed = tokio::task::spawn_blocking(move || {
        let outcome = declared::compute(&material.plan, material.input())?;
        let there = material.plan.result.as_ref().and_then(|result| material.records.get(&result.register));
        let there = there.map(Vec::as_slice).unwrap_or_default();
        let draft = declared::draft(&material.plan, material.input(), &outcome, (there, &why));
        Ok(Computed { material, outcome, draft })
    });
    computed.await.map_err(|error| Error::Internal(format!("computing a plan: {error}")))
}

/// What stands in the journal as the reason of every change: the plan, its place, day and answers.
fn why(web: &Web, asked: &Asked<'_>) -> String {
    let words = web.app.words(Lang::Zh);
    let look = web.look(&words);
    let answers = asked.answered(&look).into_iter().map(|(label, value)| format!("{label} {value}"));
    let args = [
        ("plan", look.text(&asked.plan.title).into()),
        ("place", look.place(asked.place).into()),
        ("day", asked.day.to_string().into()),
    ];
    std::iter::once(look.say("plan-why", &args)).chain(answers).collect::<Vec<_>>().join(" · ")
}

/// Figures a plan asks for: one reading for each indicator and period.
async fn figures(web: &Web, wanted: Vec<FigureAt>, day: Date) -> Result<BTreeMap<FigureAt, Option<Decimal>>, Error> {
    let store: &dyn Store = web.app.store.as_ref();
    let reader = Reader { tally: &store, world: &web.world, today: web.today() };
    let mut groups: BTreeMap<_, Vec<PlaceCode>> = BTreeMap::new();
    for (indicator, place, period) in wanted {
        groups.entry((indicator, period)).or_default().push(place);
    }
    let mut figures = BTreeMap::new();
    for ((name, period), places) in groups {
        let Some(indicator) = web.world.model.indicators.get(&name) else { continue };
        let got = reader.read(indicator, &places, &[span(period, day)], false).await?;
        for (place, mut spans) in places.into_iter().zip(got) {
            let exact = spans.pop().and_then(|got| got.figure.exact).and_then(declared::decimal);
            figures.insert((name.clone(), place, period), exact);
        }
    }
    Ok(figures)
}
