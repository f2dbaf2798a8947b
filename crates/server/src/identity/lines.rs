//! What is told of accounts: sign-ins, wrong tries on accounts there are, waits, passwords, second factors, sessions that were
//! ended, posts that were given and ended. Kept twice, by time for those who watch over an installation and by account for its owner,
//! and only ever added to until the time is over. Whoever is at no account leaves no line: what was typed as a name may be a
//! password.

use super::{kept, read};
use crate::app::App;
use crate::error::Error;
use crate::limits::ACCOUNT_LINES_KEPT_DAYS;
use crate::sign;
use ganglion_kernel::port::Kept;
use ganglion_kernel::{Store, WallClock};
use ganglion_model::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// All lines, newest first.
const ALL: &str = "account_line";
/// Lines of each account, newest first.
const OF: &str = "account_line_of";
/// What is written for names nobody has.
const OF_NOBODY: &str = "account_line_of_nobody";
/// Both, for those who forget them.
pub(crate) const KINDS: [&str; 2] = [ALL, OF];

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Signed in.
    In,
    /// Signed in with a code for the day the phone is lost.
    InByRecovery,
    /// Signed in with a passkey.
    InByPasskey,
    /// Signed in by the provider of identities.
    InByOpenid,
    /// Signed in by the provider of identities, which had asked for a second factor.
    InByOpenidWithSecond,
    /// A wrong password.
    WrongPassword,
    /// A wrong second factor.
    WrongCode,
    /// A passkey that does not fit.
    WrongPasskey,
    /// Wrong tries brought a wait.
    Waits,
    /// An administrator lifted the wait.
    Unlocked,
    /// Signed out.
    Out,
    /// Sessions were ended.
    Ended,
    /// The person chose another password.
    PasswordChanged,
    /// Somebody else set the password.
    PasswordReset,
    /// A second factor was set up.
    SecondOn,
    /// The second factor was taken away.
    SecondOff,
    /// New codes for the day the phone is lost.
    SecondCodes,
    /// A passkey was made.
    PasskeyOn,
    /// Passkeys were removed.
    PasskeyOff,
    /// The account was bound to one at the provider of identities.
    OpenidOn,
    /// It is bound to none any more.
    OpenidOff,
    /// The account was made.
    Created,
    /// It may no longer sign in.
    Disabled,
    /// It may sign in again.
    Enabled,
    /// A post was given.
    PostGiven,
    /// A post ends.
    PostEnds,
    /// Open work was handed over.
    HandedOver,
    /// Somebody stands in while the holder is away.
    Absence,
    /// A key for software was made.
    KeyMade,
    /// A key got another secret.
    KeyRotated,
    /// A key opens nothing any more.
    KeyRevoked,
}

impl What {
    /// Key of its words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            What::In => "account-line-in",
            What::InByRecovery => "account-line-in-by-recovery",
            What::InByPasskey => "account-line-in-by-passkey",
            What::InByOpenid => "account-line-in-by-openid",
            What::InByOpenidWithSecond => "account-line-in-by-openid-with-second",
            What::WrongPasskey => "account-line-wrong-passkey",
            What::PasskeyOn => "account-line-passkey-on",
            What::PasskeyOff => "account-line-passkey-off",
            What::OpenidOn => "account-line-openid-on",
            What::OpenidOff => "account-line-openid-off",
            What::WrongPassword => "account-line-wrong-password",
            What::WrongCode => "account-line-wrong-code",
            What::Waits => "account-line-waits",
            What::Unlocked => "account-line-unlocked",
            What::Out => "account-line-out",
            What::Ended => "account-line-ended",
            What::PasswordChanged => "account-line-password-changed",
            What::PasswordReset => "account-line-password-reset",
            What::SecondOn => "account-line-second-on",
            What::SecondOff => "account-line-second-off",
            What::SecondCodes => "account-line-second-codes",
            What::Created => "account-line-created",
            What::Disabled => "account-line-disabled",
            What::Enabled => "account-line-enabled",
            What::PostGiven => "account-line-post-given",
            What::PostEnds => "account-line-post-ends",
            What::HandedOver => "account-line-handed-over",
            What::Absence => "account-line-absence",
            What::KeyMade => "account-line-key-made",
            What::KeyRotated => "account-line-key-rotated",
            What::KeyRevoked => "account-line-key-revoked",
        }
    }

    /// Whether somebody should look at it.
    #[must_use]
    pub fn is_warning(self) -> bool {
        matches!(self, What::WrongPassword | What::WrongCode | What::WrongPasskey | What::Waits | What::InByRecovery)
    }
}

/// Where something came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Address.
    pub address: String,
    /// With what, in a few words.
    pub agent: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// About which account.
    pub account: AccountId,
    /// What.
    pub what: What,
    /// Who did it, when it was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
    /// About what: a post, a number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// From where.
    pub origin: Origin,
}

impl Line {
    /// A line about oneself.
    #[must_use]
    pub fn own(account: &AccountId, what: What, origin: Origin) -> Line {
        Line { at: Timestamp::UNIX_EPOCH, account: account.clone(), what, by: None, about: String::new(), origin }
    }

    /// The same, done by somebody else.
    #[must_use]
    pub fn by(self, other: &AccountId) -> Line {
        Line { by: Some(other.clone()).filter(|other| *other != self.account), ..self }
    }

    /// The same, about something.
    #[must_use]
    pub fn about(self, what: impl Into<String>) -> Line {
        Line { about: what.into(), ..self }
    }
}

/// Sorts later instants first.
fn newest_first(at: Timestamp) -> String {
    let micros = u64::try_from(at.as_microsecond()).unwrap_or(0);
    format!("{:020}", u64::MAX - micros)
}

/// Adds lines, all at once, with the time they are told.
///
/// # Errors
/// Storage.
pub async fn tell(store: &dyn Store, clock: &dyn WallClock, lines: &[Line]) -> Result<(), Error> {
    let now = clock.now();
    let mut things: Vec<Kept> = Vec::with_capacity(lines.len() * 2);
    for line in lines {
        let line = Line { at: now, ..line.clone() };
        let id = format!("{}/{}", newest_first(now), &sign::hex(&clock.key()[..8]));
        let due = Some(now + SignedDuration::from_hours(24 * ACCOUNT_LINES_KEPT_DAYS));
        things.push(kept((OF, format!("{}/{id}", line.account)), due, &line)?);
        things.push(kept((ALL, id), due, &line)?);
    }
    Ok(store.kept_put(&things).await?)
}

impl App {
    /// Adds lines, all at once.
    ///
    /// # Errors
    /// Storage.
    pub async fn account_told(&self, lines: &[Line]) -> Result<(), Error> {
        tell(self.store.as_ref(), self.clock.as_ref(), lines).await
    }

    /// Writes what telling one line writes, and keeps nothing: a name nobody has must not be answered sooner than a wrong password, or
    /// whoever measures learns which names there are.
    ///
    /// # Errors
    /// Storage.
    pub async fn nobody_told(&self) -> Result<(), Error> {
        let blank = |id: &str| Kept { kind: OF_NOBODY.to_owned(), id: id.to_owned(), due: None, body: String::new() };
        Ok(self.store.kept_put(&[blank(OF), blank(ALL)]).await?)
    }

    /// Lines of one account, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn account_lines(&self, account: &AccountId, limit: u32) -> Result<Vec<Line>, Error> {
        self.store.kept(OF, &format!("{account}/"), None, limit).await?.iter().map(read).collect()
    }

    /// Lines of all accounts, newest first, after the id given, each with its id.
    ///
    /// # Errors
    /// Storage.
    pub async fn account_lines_all(&self, after: Option<&str>, limit: u32) -> Result<Vec<(String, Line)>, Error> {
        let page = self.store.kept(ALL, "", after, limit).await?;
        page.iter().map(|one| Ok((one.id.clone(), read(one)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_lines_come_first_and_know_what_they_are() {
        let at = |text: &str| newest_first(text.parse().unwrap());
        assert!(at("2022-06-27T01:00:00.000001Z") < at("2022-06-27T01:00:00Z"));
        assert!(at("2022-06-28T01:00:00Z") < at("2022-06-27T01:00:00Z"));
        let anna = AccountId("anna".to_owned());
        let line = Line::own(&anna, What::PasswordReset, Origin::default());
        assert_eq!(line.clone().by(&anna).by, None, "who does it for themselves is not somebody else");
        let line = line.by(&AccountId("ben".to_owned())).about("x");
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains("password-reset") && serde_json::from_str::<Line>(&text).unwrap() == line, "{text}");
    }
}
