//! Pages anybody may open: start, report, receipt, follow, sign in, the first administrator.

pub mod added;
pub mod follow;
pub mod follow_case;
pub mod follow_data;
pub mod follow_proof;
pub mod home;
pub mod notices;
pub mod openid;
pub mod passkey;
pub mod progress;
pub mod report;
pub mod second_step;
pub mod sent;
pub mod setup;
pub mod sign_in;
pub mod verify;
