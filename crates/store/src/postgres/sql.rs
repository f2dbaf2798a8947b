//! Sending statements: one at a time, or many together in one round trip.

use super::error::failed;
use super::row::Stored;
use deadpool_postgres::Object;
use futures_util::future::{MaybeDone, maybe_done};
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

/// A value of a statement that is sent with others.
pub(super) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;
/// Values of a statement that is sent alone.
pub(super) type Args<'a> = [&'a (dyn ToSql + Sync)];

/// Statements kept prepared on a connection; when there are more, all are forgotten. Lists have a few dozen forms.
const STATEMENTS_MAX: usize = 256;

/// A statement kept prepared on this connection.
async fn prepared(client: &Object, sql: &str) -> Result<tokio_postgres::Statement, Error> {
    if client.statement_cache.size() > STATEMENTS_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await
}

/// Runs a statement that returns no rows; gives the number of rows it changed.
pub(super) async fn run(client: &Object, attempted: &'static str, (sql, args): (&str, &Args<'_>)) -> Stored<u64> {
    let statement = prepared(client, sql).await.map_err(failed(attempted))?;
    client.execute(&statement, args).await.map_err(failed(attempted))
}

/// Every row of a query.
pub(super) async fn rows(client: &Object, attempted: &'static str, (sql, args): (&str, &Args<'_>)) -> Stored<Vec<Row>> {
    let statement = prepared(client, sql).await.map_err(failed(attempted))?;
    client.query(&statement, args).await.map_err(failed(attempted))
}

/// Every row of a query, read by `read`.
pub(super) async fn all<T>(
    client: &Object,
    attempted: &'static str,
    query: (&str, &Args<'_>),
    read: impl FnMut(&Row) -> Stored<T>,
) -> Stored<Vec<T>> {
    rows(client, attempted, query).await?.iter().map(read).collect()
}

/// The first row of a query, if there is one.
pub(super) async fn one<T>(
    client: &Object,
    attempted: &'static str,
    query: (&str, &Args<'_>),
    read: impl FnOnce(&Row) -> Stored<T>,
) -> Stored<Option<T>> {
    rows(client, attempted, query).await?.first().map(read).transpose()
}

/// A column of the rows a statement takes.
pub(super) fn column<'s, 'a, R, T>(rows: &'s [R], get: impl FnMut(&'s R) -> T) -> Param<'a>
where
    Vec<T>: ToSql + Sync + Send + 'a,
{
    Box::new(rows.iter().map(get).collect::<Vec<T>>())
}

/// One value.
pub(super) fn value<'a>(value: impl ToSql + Sync + Send + 'a) -> Param<'a> {
    Box::new(value)
}

/// Statements that are sent together, in order.
#[derive(Default)]
pub(super) struct Pipeline<'a> {
    steps: Vec<(Cow<'a, str>, Vec<Param<'a>>)>,
}

/// What keeps statements together.
#[derive(Clone, Copy)]
pub(super) enum Around {
    /// Nothing: each stands for itself, or they are part of a transaction that was begun before.
    Nothing,
    /// A transaction begun by these words.
    Transaction(&'static str),
}

impl<'a> Pipeline<'a> {
    /// Adds a statement; gives its place among the answers.
    pub fn push(&mut self, sql: impl Into<Cow<'a, str>>, params: Vec<Param<'a>>) -> usize {
        self.steps.push((sql.into(), params));
        self.steps.len() - 1
    }

    /// Adds a statement over rows, unless there are none.
    pub fn over<R>(&mut self, rows: &[R], sql: &'a str, params: impl FnOnce(&[R]) -> Vec<Param<'a>>) {
        if !rows.is_empty() {
            self.push(sql, params(rows));
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Sends all of it and gives the answers in order. In a transaction the first fault undoes everything.
    ///
    /// # Errors
    /// The first fault.
    pub async fn send(&self, client: &Object, around: Around) -> Result<Vec<Vec<Row>>, Error> {
        let mut statements = Vec::with_capacity(self.steps.len());
        for (sql, _) in &self.steps {
            statements.push(prepared(client, sql).await?);
        }
        let say = |words: &'static str| -> Answer<'_> {
            Box::pin(async move { client.batch_execute(words).await.map(|()| Vec::new()) })
        };
        let mut answers: Vec<Answer<'_>> = Vec::with_capacity(self.steps.len() + 2);
        if let Around::Transaction(begin) = around {
            answers.push(say(begin));
        }
        for ((_, params), statement) in self.steps.iter().zip(&statements) {
            answers.push(Box::pin(async move {
                let args: Vec<&(dyn ToSql + Sync)> =
                    params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
                client.query(statement, &args).await
            }));
        }
        if let Around::Transaction(_) = around {
            answers.push(say("COMMIT"));
        }
        let mut rows = first_fault(in_order(answers).await)?;
        if let Around::Transaction(_) = around {
            rows.remove(0);
            rows.pop();
        }
        Ok(rows)
    }
}

type Answer<'f> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'f>>;

/// Polls all of them in order before it waits for any: each is sent when it is first polled, and none waits for the one before.
async fn in_order(answers: Vec<Answer<'_>>) -> Vec<Result<Vec<Row>, Error>> {
    let mut all: Vec<MaybeDone<Answer<'_>>> = answers.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for one in &mut all {
            is_done &= Pin::new(one).poll(context).is_ready();
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    all.iter_mut().filter_map(|one| Pin::new(one).take_output()).collect()
}

/// All answers, or the fault that made the others fail.
fn first_fault(answers: Vec<Result<Vec<Row>, Error>>) -> Result<Vec<Vec<Row>>, Error> {
    let mut rows = Vec::with_capacity(answers.len());
    let mut follows = None;
    for answer in answers {
        match answer {
            Ok(found) => rows.push(found),
            Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                follows = follows.or(Some(error))
            }
            Err(error) => return Err(error),
        }
    }
    match follows {
        Some(error) => Err(error),
        None => Ok(rows),
    }
}
