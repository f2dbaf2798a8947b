//! Making connections: how each is set up, and on which threads it lives.

use super::error::{PgOpenError, words};
use deadpool_postgres::Connect;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, NoTls, Notification, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where connections live: on the threads of the server that opened the store, or, when it was opened elsewhere (a thread of one
/// job, a test), on a thread of its own that goes on whatever the caller does.
pub(super) struct Threads {
    pub io: Handle,
    own: Option<tokio::runtime::Runtime>,
}

impl Threads {
    pub fn new() -> Result<Threads, PgOpenError> {
        if let Ok(io) = Handle::try_current()
            && io.runtime_flavor() == RuntimeFlavor::MultiThread
        {
            return Ok(Threads { io, own: None });
        }
        let own = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| PgOpenError::Database { attempted: "starting a thread", reason: error.to_string() })?;
        Ok(Threads { io: own.handle().clone(), own: Some(own) })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for it is not allowed where stores are dropped.
        if let Some(own) = self.own.take() {
            own.shutdown_background();
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    /// Where connections live.
    pub io: Handle,
    /// What encrypts, if anything does.
    pub tls: Option<MakeRustlsConnect>,
    /// What every connection is told when it is made.
    pub setup: Arc<str>,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        self.listening(config, |_| ())
    }
}

impl Connector {
    /// A connection that tells what it is notified of.
    pub fn listening(
        &self,
        config: &Config,
        heard: impl FnMut(Notification) + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Connected> + Send>> {
        let made = self.io.spawn(connected(config.clone(), self.tls.clone(), self.setup.clone(), heard));
        Box::pin(async move {
            match made.await {
                Ok(made) => made,
                // The threads are gone, and with them whoever waits.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

async fn connected(
    config: Config,
    tls: Option<MakeRustlsConnect>,
    setup: Arc<str>,
    heard: impl FnMut(Notification) + Send + 'static,
) -> Connected {
    let (client, task) = match tls {
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            (client, tokio::spawn(serve(connection, heard)))
        }
        Some(tls) => {
            let (client, connection) = config.connect(tls).await?;
            (client, tokio::spawn(serve(connection, heard)))
        }
    };
    client.batch_execute(&setup).await?;
    Ok((client, task))
}

async fn serve<T>(mut connection: Connection<Socket, T>, mut heard: impl FnMut(Notification))
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(notification))) => heard(notification),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!(error = words(&error), "a connection to the database ended");
                return;
            }
            None => return,
        }
    }
}
