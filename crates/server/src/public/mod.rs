//! Pages anybody may open: start, report, receipt, follow, sign in.

pub mod follow;
pub mod follow_case;
pub mod follow_data;
pub mod follow_proof;
pub mod home;
pub mod notices;
pub mod progress;
pub mod report;
pub mod sent;
pub mod sign_in;
pub mod verify;
