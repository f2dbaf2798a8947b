//! Keys of the installation change while the server is at work: what another program wrapped by a key this one has not read yet opens
//! all the same, and what is taken in afterwards is wrapped by the new one.

use super::town::{MASTER, Plain as _, Town};
use ganglion_kernel::seal::{Keyring, MASTER as OF_OLD, Named, wrapped_by};
use ganglion_model::Shard;
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
