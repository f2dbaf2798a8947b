//! How often what is suggested is what was chosen: over the settled cases of the last part of a year, each judged by what was settled
//! before it was opened, beside always guessing what was chosen most often until then. Who got a case by another action than the one judged
//! is neither learned from nor judged.

use super::Line;
use super::filled::Filled;
use anyhow::Result;
use ganglion_kernel::similar::{LOOKED_AT, chosen, chosen_here, could_be_chosen, value_of};
use ganglion_model::pack::{Action, Field, Process};
use ganglion_model::{Case, PlaceCode};
use ganglion_store::SqliteStore;
use ganglion_store::rebuild::each_case;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The share of the cases, oldest first, that is only learned from.
const LEARNED: f64 = 0.75;
/// Every so many of the others is judged: the words of each are compared with those of two hundred.
const JUDGED_EACH: usize = 5;

/// What came of one field of one action.
#[derive(Default)]
struct Score {
    judged: u32,
    first: u32,
    among: u32,
    commonest: u32,
    commonest_three: u32,
}

/// Measures every field that is suggested, of every process.
///
/// # Errors
/// When the cases cannot be read.
pub fn measure(large: &Filled) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cases = runtime.block_on(settled(large))?;
    let mut lines = Vec::new();
    for process in large.ground.world.model.processes.values() {
        let own: Vec<&Case> = cases.iter().filter(|case| case.process == process.name).collect();
        for (action, field) in suggested(process) {
            let posts = &large.ground.world.posts;
            let could: Vec<&Case> = own.iter().copied().filter(|case| could_be_chosen(posts, field, case)).collect();
            let score = judge(process, (action, field), &could);
            lines.extend(shown(process, field, &score));
        }
    }
    Ok(lines)
}

/// Fields something is suggested for, each once.
fn suggested(process: &Process) -> Vec<(&Action, &Field)> {
    let mut seen = BTreeSet::new();
    let actions =
        process.state_order.iter().filter_map(|name| process.states.get(name)).flat_map(|state| &state.actions);
    let fields = actions.flat_map(|action| action.form.iter().map(move |field| (action, field)));
    fields
        .filter(|(action, field)| !field.suggest.is_empty() && seen.insert((action.name.clone(), field.name.clone())))
        .collect()
}

/// Every settled case of every county, oldest first.
async fn settled(large: &Filled) -> Result<Vec<Case>> {
    use ganglion_kernel::Store as _;
    let store = SqliteStore::look(&large.ground.data.join("ganglion.sqlite"))?;
    let mut all = Vec::new();
    for (shard, _) in store.shards().await? {
        each_case(&*store, shard, |case| {
            if case.closed_at.is_some() {
                all.push(case);
            }
        })
        .await?;
    }
    all.sort_by_key(|case| (case.opened_at, case.id));
    Ok(all)
}

/// The place whose cases are looked at for a case, as pages do it.
fn around(case: &Case) -> PlaceCode {
    case.place.at(case.level).unwrap_or(case.place)
}

/// Goes through the cases in the order they were opened; what a case is judged by was settled before.
fn judge(process: &Process, asked: (&Action, &Field), cases: &[&Case]) -> Score {
    let by_kind = ganglion_kernel::similar::is_by_kind(process, asked.1);
    let kind = |case: &Case| process.kind_field.as_ref().and_then(|name| case.fields.get(name)).cloned();
    let key = |case: &Case| (around(case), if by_kind { kind(case).map(|kind| kind.to_string()) } else { None });
    // By when they were settled, so that none is learned from too early.
    let mut later: Vec<&Case> = cases.to_vec();
    later.sort_by_key(|case| case.closed_at);
    let mut later = later.into_iter().peekable();
    let mut known: BTreeMap<(PlaceCode, Option<String>), VecDeque<&Case>> = BTreeMap::new();
    let mut counts: BTreeMap<PlaceCode, BTreeMap<String, u32>> = BTreeMap::new();
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let learned = (cases.len() as f64 * LEARNED) as usize;
    let mut score = Score::default();
    for (nth, case) in cases.iter().enumerate() {
        while let Some(one) = later.next_if(|one| one.closed_at < Some(case.opened_at)) {
            for key in BTreeSet::from([key(one), (around(one), None)]) {
                let newest = known.entry(key).or_default();
                newest.push_front(one);
                newest.truncate(LOOKED_AT as usize);
            }
            if let Some(value) = value_of(process, asked, one) {
                *counts.entry(around(one)).or_default().entry(value.to_owned()).or_default() += 1;
            }
        }
        let Some(truth) = value_of(process, asked, case).filter(|_| nth >= learned && nth.is_multiple_of(JUDGED_EACH))
        else {
            continue;
        };
        let settled = known.get(&key(case));
        let mut said = chosen(process, asked, case, settled.into_iter().flatten().copied());
        if said.is_empty() {
            let others = known.get(&(around(case), None));
            said = chosen_here(process, asked, case, others.into_iter().flatten().copied());
        }
        let mut common: Vec<(&String, &u32)> = counts.get(&around(case)).into_iter().flatten().collect();
        common.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        score.judged += 1;
        score.first += u32::from(said.first().is_some_and(|one| one.value == truth));
        score.among += u32::from(said.iter().any(|one| one.value == truth));
        score.commonest += u32::from(common.first().is_some_and(|(value, _)| *value == truth));
        score.commonest_three += u32::from(common.iter().take(3).any(|(value, _)| *value == truth));
    }
    score
}

fn shown(process: &Process, field: &Field, score: &Score) -> Vec<Line> {
    if score.judged == 0 {
        return Vec::new();
    }
    let percent = |count: u32| f64::from(count) * 100.0 / f64::from(score.judged);
    let line = |what: &str, measured: f64, baseline: f64| Line {
        id: "suggest",
        what: format!("{what} of {}.{}, {} cases", process.name, field.name, score.judged),
        measured,
        unit: "%",
        baseline: "always the commonest of the same place".to_owned(),
        baseline_value: Some(baseline),
        ratio: (baseline > 0.0).then(|| measured / baseline),
        goal: "better than the commonest",
        reached: measured > baseline,
    };
    vec![
        line("first suggestion right", percent(score.first), percent(score.commonest)),
        line("among three", percent(score.among), percent(score.commonest_three)),
    ]
}
