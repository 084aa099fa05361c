//! Client class expressions
