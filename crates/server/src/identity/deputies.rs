//! Who stands in for whom while they are away. Kept for good: later it still has to be told in whose name something was done.

use super::{kept, read};
use crate::error::Error;
use ganglion_kernel::Store;
use ganglion_model::{Deputy, PostId, Posts};

/// How they are kept, by post and a number of their own.
const KIND: &str = "deputy";
/// Deputies read at a time.
const PAGE: u32 = 500;

/// All of them, with their ids.
///
/// # Errors
/// Storage.
pub async fn all(store: &dyn Store) -> Result<Vec<(String, Deputy)>, Error> {
    let mut all: Vec<(String, Deputy)> = Vec::new();
    loop {
        let after = all.last().map(|(id, _)| id.clone());
        let page = store.kept(KIND, "", after.as_deref(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for one in page {
            all.push((one.id.clone(), read(&one)?));
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Those of one post, with their ids.
///
/// # Errors
/// Storage.
pub async fn of_post(store: &dyn Store, post: &PostId) -> Result<Vec<(String, Deputy)>, Error> {
    let page = store.kept(KIND, &format!("{post}/"), None, PAGE).await?;
    page.into_iter().map(|one| Ok((one.id.clone(), read(&one)?))).collect()
}

/// Puts one under an id that begins with its post, in place of the one before.
///
/// # Errors
/// Storage.
pub async fn put(store: &dyn Store, id: &str, deputy: &Deputy) -> Result<(), Error> {
    Ok(store.kept_put(&[kept((KIND, id.to_owned()), None, deputy)?]).await?)
}

/// Takes one away whose days have not begun.
///
/// # Errors
/// Storage.
pub async fn remove(store: &dyn Store, id: &str) -> Result<(), Error> {
    Ok(store.kept_gone(&[(KIND.to_owned(), id.to_owned())]).await?)
}

/// All posts as they are stored, with their deputies.
///
/// # Errors
/// Storage.
pub async fn posts(store: &dyn Store) -> Result<Posts, Error> {
    let deputies = all(store).await?.into_iter().map(|(_, deputy)| deputy);
    Ok(Posts::new(store.posts().await?).with_deputies(deputies))
}
