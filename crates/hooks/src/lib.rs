//! Hook libraries known by name
