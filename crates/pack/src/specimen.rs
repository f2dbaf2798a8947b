//! The specimen: two packs that use the language broadly, built in, so that schema and reference need no files.

use crate::source::PackSource;

/// Files by path; the first part is the pack.
const FILES: &[(&str, &str)] = &[
    ("core/pack.yaml", include_str!("../tests/base/core/pack.yaml")),
    ("things/pack.yaml", include_str!("../tests/base/things/pack.yaml")),
    ("things/indicators.yaml", include_str!("specimen/indicators.yaml")),
    ("things/data/kinds.csv", include_str!("../tests/base/things/data/kinds.csv")),
    ("things/data/topic.csv", include_str!("../tests/base/things/data/topic.csv")),
    ("things/processes/thing.yaml", include_str!("../tests/base/things/processes/thing.yaml")),
    ("things/processes/hazard.yaml", include_str!("specimen/hazard.yaml")),
    ("things/processes/sight.yaml", include_str!("specimen/sight.yaml")),
    ("things/registers/kind.yaml", include_str!("../tests/base/things/registers/kind.yaml")),
    ("things/registers/gauge.yaml", include_str!("specimen/gauge.yaml")),
    ("things/policy.yaml", include_str!("specimen/policy.yaml")),
    ("things/plans.yaml", include_str!("../tests/base/things/plans.yaml")),
    ("things/registers/post_box.yaml", include_str!("../tests/base/things/registers/post_box.yaml")),
    ("things/registers/need.yaml", include_str!("../tests/base/things/registers/need.yaml")),
    ("things/registers/share.yaml", include_str!("../tests/base/things/registers/share.yaml")),
    ("things/registers/source.yaml", include_str!("../tests/base/things/registers/source.yaml")),
    ("things/registers/spot.yaml", include_str!("../tests/base/things/registers/spot.yaml")),
    ("things/registers/way.yaml", include_str!("../tests/base/things/registers/way.yaml")),
];

/// The packs.
pub fn packs() -> Vec<PackSource> {
    let mut packs: Vec<PackSource> = Vec::new();
    for (path, text) in FILES {
        let Some((pack, path)) = path.split_once('/') else { continue };
        let shown = format!("specimen/{pack}");
        let at = packs.iter().position(|one| one.shown == shown).unwrap_or_else(|| {
            packs.push(PackSource { shown, ..PackSource::default() });
            packs.len() - 1
        });
        packs[at].files.insert(path.to_owned(), Ok(text.as_bytes().to_vec()));
    }
    packs
}
