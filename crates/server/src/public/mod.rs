//! Pages anybody may open: start, report, receipt, follow, sign in.

pub mod follow_proof;
