//! Published values come out the same however much has happened since, and whoever meddles is found out.

use crate::support::history::{History, Step, works, world_of};
use crate::support::rows::at;
use crate::support::{memory, run};
use ganglion_kernel::World;
use ganglion_model::Model;
use ganglion_model::pack::{Formula, Indicator};
use ganglion_store::published::{Published, Verdict, publish, verify};
use std::sync::Arc;

fn open() -> (Step, u16) {
    (Step::Open { township: 0, category: 1, reference: None, phone: false }, 5)
}

fn with_indicator(world: &World, decimals: u8) -> World {
    let mut model = Model::clone(&world.model);
    let reports = Indicator { decimals, ..Indicator::reading("reports", Formula::Count("opened".to_owned())) };
    model.indicators.insert("reports".to_owned(), reports);
    World { model: Arc::new(model), ..world.clone() }
}

#[test]
fn a_published_value_is_worked_out_again_to_the_digit_and_meddling_is_seen() {
    run(async {
        let works = works(memory().store);
        let world = with_indicator(&world_of(&works), 0);
        let store = &*works.store;
        let mut history = History::default();
        history.go_on(&works, &[open(), open()]).await;
        let year = ganglion_kernel::clocks::local_date(at(0)).year().to_string();
        let published = publish(store, &world, ("reports", "130922".parse().unwrap(), &year), at(3600)).await.unwrap();
        assert_eq!((published.value.as_deref(), published.rows), (Some("2"), 2));
        history.go_on(&works, &[open()]).await;
        assert_eq!(verify(store, &world, &published).await.unwrap(), Verdict::Same);
        let again: Published = serde_json::from_str(&serde_json::to_string(&published).unwrap()).unwrap();
        assert_eq!(again, published);
        let forged = Published { value: Some("3".to_owned()), ..published.clone() };
        assert_eq!(verify(store, &world, &forged).await.unwrap(), Verdict::Differs(Some("2".to_owned())));
        let other = with_indicator(&world, 1);
        assert_eq!(verify(store, &other, &published).await.unwrap(), Verdict::DefinitionChanged);
        let mut journals = published.journals.clone();
        journals.values_mut().for_each(|(_, root)| *root = "00".to_owned());
        let rewritten = Published { journals, ..published };
        assert!(matches!(verify(store, &world, &rewritten).await.unwrap(), Verdict::JournalChanged(_)));
    });
}
