//! Random lives of cases: whatever is sent in whatever order, replay gives the same rows and the figures' basis agrees.

use crate::fixture::{COUNTY, Desk, PLACES, ROLES, at, fields, world};
use crate::pack::opening;
use ganglion_kernel::apply::apply_all;
use ganglion_kernel::batch::timers_of;
use ganglion_model::CaseId;
use ganglion_model::change::{Body, Change};
use ganglion_model::row::Case;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const ACTIONS: [&str; 22] = [
    "send", "move", "merge", "tell", "convert", "raise", "lower", "drop", "accept", "back", "pick", "insist", "uphold",
    "finish", "note", "longer", "urge", "pass", "fail", "reopen", "rate", "nonsense",
];

fn form_of(action: &str, cases: &[CaseId], desk: &Desk<'_>, n: usize) -> serde_json::Value {
    match action {
        "send" | "reopen" => json!({"duty": "handler.130903001", "helpers": ["worker.130903001001001"]}),
        "move" => json!({"to": PLACES[7 + n % 3]}),
        "merge" => json!({"into": desk.case(cases[n % cases.len()]).number}),
        "tell" => json!({"more": "x", "phone": "13912340000"}),
        "convert" => json!({"to": "130904001001"}),
        "back" | "pick" => json!({"reason": "a"}),
        "finish" => json!({"result": "x"}),
        "longer" => json!({"by": "1 wh"}),
        "urge" => json!({"limit": "2 wh"}),
        "rate" => json!({"stars": n % 7}),
        _ => json!({}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn replaying_the_journal_gives_the_same_rows(steps in prop::collection::vec((0..3_usize, 0..22_usize, 0..6_usize, 0..400_i64), 1..60)) {
        let world = world();
        let mut desk = Desk::new(&world);
        let cases: Vec<CaseId> = (0..3).map(|_| desk.open(opening())).collect();
        desk.now = at("2022-06-27 09:00");
        for (n, (which, action, actor, minutes)) in steps.into_iter().enumerate() {
            desk.now += SignedDuration::from_mins(minutes);
            for timer in timers_of(desk.case(cases[which])) {
                if timer.at <= desk.now {
                    prop_assert!(desk.due(timer.case, &timer.clock).is_ok(), "a timer that stands is never refused");
                }
            }
            let form = form_of(ACTIONS[action], &cases, &desk, n);
            // The right roles most of the time, so that lives get far.
            let who = ROLES.get(actor).map_or("reporter".to_owned(), |role| format!("{role}@130903001"));
            let before = desk.case(cases[which]).clone();
            if desk.try_act(&who, cases[which], ACTIONS[action], form).is_err() {
                prop_assert_eq!(&before, desk.case(cases[which]), "a refusal changes nothing");
            }
        }
        let kept: BTreeMap<CaseId, Case> = desk.state().cases.iter().map(|(id, case)| (*id, case.clone())).collect();
        let writes = desk.batch.finish();
        let mut replayed: BTreeMap<CaseId, Case> = BTreeMap::new();
        let lines = writes.iter().filter(|write| write.shard == COUNTY).flat_map(|write| &write.lines);
        for (seq, line) in (1..).zip(lines) {
            prop_assert_eq!(line.entry.seq, seq, "no gap in the journal");
            let read: ganglion_model::Entry = serde_json::from_str(&line.canonical).unwrap();
            match read.change {
                Change::Opened { case } => { replayed.insert(case.id, *case); }
                Change::Case { case, ops, .. } => apply_all(replayed.get_mut(&case).unwrap(), &ops, read.at),
                Change::Record { .. } | Change::RecordGone { .. } | Change::Proposal { .. } | Change::Erased { .. } => {}
            }
        }
        prop_assert_eq!(kept, replayed);
    }
}

#[test]
fn a_batch_of_two_counties_keeps_them_apart() {
    let world = world();
    let mut desk = Desk::new(&world);
    desk.open(opening());
    let body = Body::Open {
        process: "matter".into(),
        form: fields(json!({"category": "road", "text": "x", "place": "130904001001"})),
        channel: "web".into(),
        observed_at: None,
        from: None,
    };
    let command = desk.command(ganglion_model::Shard(130904), ganglion_model::change::Actor::Public, body);
    desk.send(&command).unwrap();
    let writes = desk.batch.finish();
    assert_eq!(writes.len(), 2);
    for write in writes {
        assert_eq!((write.lines.len(), write.cases.len(), write.expected_seq, write.head.seq), (1, 1, 0, 1));
        assert!(write.lines.iter().all(|line| line.entry.shard == write.shard && line.entry.seq == 1));
    }
}
