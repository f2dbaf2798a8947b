//! What packs ask of villages.

use crate::packs::{base, edit, sources};

const OPEN: &str = "open: {by: [public, clerk@township, system]}";
const PROCESS: &str = "things/processes/thing.yaml";

fn burden(edits: &[(&str, &str, &str)]) -> Vec<ganglion_pack::Burden> {
    let mut files = base();
    edits.iter().for_each(|(path, old, new)| edit(&mut files, path, old, new));
    let (model, findings) = ganglion_pack::compile(&sources(&files));
    ganglion_pack::burden(&model.unwrap_or_else(|| panic!("{findings}")), "things", 690)
}

#[test]
fn only_what_villages_fill_in_counts() {
    assert!(burden(&[]).is_empty(), "clerks of townships are no villages");
    let opened = burden(&[(PROCESS, OPEN, "open: {by: [worker@grid, system]}")]);
    assert_eq!((opened.len(), opened[0].yearly, opened[0].places), (1, 12, 690));
    assert_eq!(opened[0].hours, (u64::from(opened[0].seconds) * 12 * 690).div_ceil(3600));
}

#[test]
fn how_often_is_said_in_the_pack_and_every_question_counts() {
    let village = (PROCESS, OPEN, "open: {by: [worker@grid, system]}");
    let yearly = ("things/pack.yaml", "requires: [core]", "requires: [core]\nyearly: {thing: 52}");
    let often = burden(&[village, yearly]);
    assert_eq!(often[0].yearly, 52);
    let never = ("things/pack.yaml", "requires: [core]", "requires: [core]\nyearly: {thing: 0}");
    assert!(burden(&[village, never]).is_empty(), "none expected is an honest answer");
    let required = (PROCESS, "  cost:  {type: decimal,", "  cost:  {type: decimal, required: true,");
    assert!(burden(&[village, required])[0].seconds > burden(&[village])[0].seconds, "what must be given takes longer");
}
