//! Tests of the crate as others use it: the index against a plain oracle, the reader against bad files, and both on the
//! boundaries that ship in `data/`.

mod baseline;
mod boundaries;
mod index_agrees;
mod reader;
mod tessellation;
