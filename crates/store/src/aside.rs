//! Work done on threads of its own: what needs a processor and no database while the database is at work, and what keeps asking the
//! database beside others that do.

use ganglion_kernel::StoreError;
use std::future::Future;

/// Begins `work` on another thread at once; what is given back waits for its end. Without a runtime it is done here and now.
///
/// # Errors
/// When the work broke off.
pub(crate) fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, StoreError>> + Send {
    let begun = match tokio::runtime::Handle::try_current() {
        Ok(runtime) => Ok(runtime.spawn_blocking(work)),
        Err(_) => Err(work()),
    };
    async move {
        match begun {
            Ok(work) => work.await.map_err(broken_off),
            Err(done) => Ok(done),
        }
    }
}

fn broken_off(error: tokio::task::JoinError) -> StoreError {
    StoreError::Database { attempted: "working aside", reason: error.to_string() }
}

/// Runs on another thread what keeps asking a database, and waits for its end; without a runtime it is done here. A database that lives in
/// this process answers where it is asked, so two who ask it from one thread take turns.
///
/// # Errors
/// When the work broke off.
pub(crate) async fn asking<F>(begin: impl FnOnce() -> F + Send + 'static) -> Result<F::Output, StoreError>
where
    F: Future,
    F::Output: Send + 'static,
{
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let here = runtime.clone();
            runtime.spawn_blocking(move || here.block_on(begin())).await.map_err(broken_off)
        }
        Err(_) => Ok(begin().await),
    }
}
