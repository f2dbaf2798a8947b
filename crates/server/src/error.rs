//! What can go wrong between a request and its answer. A handler returns an [`Error`]; the context layer turns it into a
//! page or JSON in the caller's language (see `web`), so every error looks the same wherever it came from.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ganglion_kernel::{CommitError, StoreError};
use ganglion_model::pack::FigurePeriod;
use ganglion_model::{Refusal, RefusalCode};
use std::sync::Arc;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing here, or nothing the caller may know of.
    #[error("not found")]
    NotFound,
    /// Somebody has to sign in first.
    #[error("not signed in")]
    SignIn,
    /// Signed in, but not with a post that may do this.
    #[error("not allowed")]
    NotAllowed,
    /// The form was not made for this visitor, or long ago.
    #[error("the form token is missing or wrong")]
    Csrf,
    /// More bytes than are taken.
    #[error("more than {megabytes} MB")]
    TooLarge {
        /// What is taken at most.
        megabytes: u32,
    },
    /// The request cannot be read.
    #[error("unreadable: {0}")]
    Unreadable(&'static str),
    /// One place of the request cannot be read.
    #[error("unreadable: {0:?}")]
    UnreadableAt(Box<Unread>),
    /// A page is asked for over a period that is none, or not of the kind it is made for, or not begun yet.
    #[error("no such period")]
    Period(Option<FigurePeriod>),
    /// What was sent is no file that is taken.
    #[error("not a picture")]
    NotAPicture,
    /// Too many tries.
    #[error("too many tries")]
    TooMany {
        /// When to try again.
        seconds: u64,
    },
    /// Too much waits; nothing was done.
    #[error("busy")]
    Busy,
    /// A refusal of the kernel that no page shows beside its form.
    #[error("refused: {0:?}")]
    Refused(Box<Refusal>),
    /// Storage failed.
    #[error("storage: {0}")]
    Storage(Arc<StoreError>),
    /// The program is at fault.
    #[error("{0}")]
    Internal(String),
}

/// A place of a request that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A parameter of the query that nothing reads, or that says what is not there.
    Parameter(String),
    /// From here on the body is no JSON.
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A member of the body is missing, unknown or of another type.
    Member {
        /// Where (RFC 6901).
        pointer: String,
        /// What the reader of JSON says of it, in English.
        reason: String,
    },
}

impl Error {
    /// A parameter of the query that nothing reads, or that says what is not there.
    #[must_use]
    pub fn parameter(name: &str) -> Error {
        Error::UnreadableAt(Box::new(Unread::Parameter(name.to_owned())))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::SignIn => StatusCode::UNAUTHORIZED,
            Error::NotAllowed | Error::Csrf => StatusCode::FORBIDDEN,
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Unreadable(_) | Error::UnreadableAt(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Period(_) => StatusCode::BAD_REQUEST,
            Error::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Error::Refused(refusal) => refusal_status(refusal.code),
            Error::Storage(error) => match **error {
                StoreError::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A short name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::NotFound => "not_found",
            Error::SignIn => "not_signed_in",
            Error::NotAllowed => "not_allowed",
            Error::Csrf => "csrf",
            Error::TooLarge { .. } => "too_large",
            Error::Unreadable(_) | Error::UnreadableAt(_) | Error::Period(_) => "unreadable",
            Error::NotAPicture => "not_a_picture",
            Error::TooMany { .. } => "too_many",
            Error::Busy => "busy",
            Error::Refused(refusal) => refusal_name(refusal.code),
            Error::Storage(_) => "storage",
            Error::Internal(_) => "internal",
        }
    }

    /// A database that is away is back in a moment, and another server that was faster again and again is done in one: what was sent may be
    /// sent again, so the answer is to come back.
    fn from_storage(error: Arc<StoreError>) -> Error {
        if matches!(*error, StoreError::Unavailable { .. } | StoreError::Moved(_) | StoreError::PacksChanged) {
            tracing::warn!(%error, "a request was told to come back");
            return Error::Busy;
        }
        Error::Storage(error)
    }

    /// Whether the fault is ours.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, Error::Storage(_) | Error::Internal(_))
    }

    /// Writes a fault of ours to the log, once, without anything about people.
    pub fn log(&self) {
        self.log_of("");
    }

    /// As [`Error::log`], with the id of the request.
    pub fn log_of(&self, id: &str) {
        match self {
            Error::Storage(error) => tracing::error!(%error, id, "storage failed"),
            Error::Internal(reason) => tracing::error!(%reason, id, "a request failed"),
            _ => {}
        }
    }
}

/// The status of a refusal: what may not be seen is not found; what has changed is a conflict.
#[must_use]
pub fn refusal_status(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::NotFound | RefusalCode::Unknown => StatusCode::NOT_FOUND,
        RefusalCode::NotAllowed | RefusalCode::SamePerson => StatusCode::FORBIDDEN,
        RefusalCode::WrongState
        | RefusalCode::Changed
        | RefusalCode::Duplicate
        | RefusalCode::Overlap
        | RefusalCode::Referenced
        | RefusalCode::NothingWaiting => StatusCode::CONFLICT,
        RefusalCode::Guard | RefusalCode::Form | RefusalCode::Outside | RefusalCode::WrongShard => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

/// The name of a refusal: as in JSON, and in `refusal-<name>` of the texts with `-` for `_`.
#[must_use]
pub fn refusal_name(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::NotFound => "not_found",
        RefusalCode::NotAllowed => "not_allowed",
        RefusalCode::SamePerson => "same_person",
        RefusalCode::WrongState => "wrong_state",
        RefusalCode::Changed => "changed",
        RefusalCode::Guard => "guard",
        RefusalCode::Form => "form",
        RefusalCode::Outside => "outside",
        RefusalCode::Duplicate => "duplicate",
        RefusalCode::WrongShard => "wrong_shard",
        RefusalCode::Unknown => "unknown",
        RefusalCode::Overlap => "overlap",
        RefusalCode::Referenced => "referenced",
        RefusalCode::NothingWaiting => "nothing_waiting",
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        Error::from_storage(Arc::new(error))
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Error {
        match error {
            CommitError::Refused(refusal) => Error::Refused(refusal),
            CommitError::Busy | CommitError::Stopped => Error::Busy,
            CommitError::Storage(error) => Error::from_storage(error),
        }
    }
}

impl From<minijinja::Error> for Error {
    fn from(error: minijinja::Error) -> Error {
        // The alternate form holds values of the page; only the kind and place go to the log.
        Error::Internal(format!(
            "template {}:{}: {}",
            error.name().unwrap_or("?"),
            error.line().unwrap_or_default(),
            error.kind()
        ))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_sent_again_is_told_to_come_back() {
        let away = StoreError::Unavailable { attempted: "writing", reason: "gone".to_owned() };
        for error in [away, StoreError::Moved(ganglion_model::Shard(130_902)), StoreError::PacksChanged] {
            assert!(matches!(Error::from(error), Error::Busy));
        }
        assert!(matches!(Error::from(StoreError::DiskFull), Error::Storage(_)));
    }
}
