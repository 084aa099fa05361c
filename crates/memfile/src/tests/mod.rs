//! Tests of the store as a whole.

mod backend;
mod crash;
mod files;
mod lfc;
mod v6;
