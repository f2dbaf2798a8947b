//! Rows in, counter deltas out; reading a figure.
