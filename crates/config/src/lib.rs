//! Keyword tables, parsing, resolution and writing of configurations
