//! Keys of the installation change while the server is at work: what another program wrapped by a key this one has not read yet opens
//! all the same, and what is taken in afterwards is wrapped by the new one.

use super::town::{MASTER, Plain as _, Town};
use ganglion_kernel::port::{Rewrapped, WrappedKey};
use ganglion_kernel::seal::{Keyring, MASTER as OF_OLD, Named, wrapped_by};
use ganglion_model::{Case, Shard};
use ganglion_server::jobs::rewrap;
use std::sync::{Arc, Mutex};

const PHONE: &str = "13912340000";
const COUNTY: Shard = Shard(130_903);

#[tokio::test]
async fn a_server_goes_on_while_its_keys_are_changed_beside_it() {
    let file: Arc<Mutex<Named>> = Arc::new(Mutex::new(vec![(OF_OLD.to_owned(), MASTER)]));
    let read = file.clone();
    let ring = Keyring::reading(file.lock().unwrap().clone(), move || Some(read.lock().unwrap().clone()));
    let town = Town::sealing(ring).await;
    let before = town.report("130903001201", "bins overflowing").await;
    let case = town.store.case_by_number(COUNTY, &before).await.unwrap().unwrap();

    // `ganglion keys rotate`, beside the server.
    let named = vec![("y2".to_owned(), [5; 32]), (OF_OLD.to_owned(), MASTER)];
    file.lock().unwrap().clone_from(&named);
    let done = rewrap::page(&*town.store, &Keyring::of(named), None).await.unwrap();
    assert!(done.wrapped >= 1 && done.closed == 0 && done.next.is_none(), "{done:?}");
    assert_eq!(wrapped_by(&town.store.key(COUNTY, case.id).await.unwrap().unwrap()), "y2");

    let mut call = town.as_("call").await;
    let shown = call.post_form(&format!("/cases/{before}/reveal"), &[]).await;
    assert!(shown.plain().contains(PHONE), "opened by a key that came while the server ran: {}", shown.text);
    let after = town.report("130903001201", "lamp broken").await;
    let fresh = town.store.case_by_number(COUNTY, &after).await.unwrap().unwrap();
    assert_eq!(wrapped_by(&town.store.key(COUNTY, fresh.id).await.unwrap().unwrap()), "y2", "the new one wraps");
    let shown = call.post_form(&format!("/cases/{after}/reveal"), &[]).await;
    assert!(shown.plain().contains(PHONE), "{}", shown.text);
}

/// As another server wraps that has not read its keys again.
async fn wrap_by(town: &Town, case: &Case, named: Named) {
    let wrapped = town.store.key(COUNTY, case.id).await.unwrap().unwrap();
    let ring = Keyring::of(named);
    let to = ring.wrap(&case.id.to_string(), &town.app.ring.unwrap(&wrapped).unwrap()).unwrap();
    let from = WrappedKey { shard: COUNTY, row: case.id, wrapped };
    assert_eq!(town.store.keys_rewrap(&[Rewrapped { from, to }]).await.unwrap(), 1);
}

#[tokio::test]
async fn row_keys_are_looked_at_for_a_new_key_an_hour_later_and_not_at_every_turn() {
    let old = || vec![(OF_OLD.to_owned(), MASTER)];
    let file: Arc<Mutex<Named>> = Arc::new(Mutex::new(old()));
    let read = file.clone();
    let ring = Keyring::reading(old(), move || Some(read.lock().unwrap().clone()));
    let town = Town::sealing(ring).await;
    let number = town.report("130903001201", "bins overflowing").await;
    let case = town.store.case_by_number(COUNTY, &number).await.unwrap().unwrap();
    let by = async || wrapped_by(&town.store.key(COUNTY, case.id).await.unwrap().unwrap()).to_owned();
    let turn = async || rewrap::run(&town.app).await.unwrap();
    turn().await;

    file.lock().unwrap().insert(0, ("y2".to_owned(), [5; 32]));
    turn().await;
    assert_eq!(by().await, "y2", "another key is there: everything is gone through");
    wrap_by(&town, &case, old()).await;
    town.wait(600);
    turn().await;
    assert_eq!(by().await, OF_OLD, "nothing is looked at while it is noted that all is done");
    town.wait(3_600);
    turn().await;
    assert_eq!(by().await, "y2", "what another server wrapped before it knew the key is found an hour later");
    wrap_by(&town, &case, old()).await;
    town.wait(3_600);
    turn().await;
    assert_eq!(by().await, OF_OLD);
    town.wait(86_400);
    turn().await;
    assert_eq!(by().await, "y2", "and whatever is left, within a day");
}
