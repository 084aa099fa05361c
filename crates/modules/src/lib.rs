//! First-party hook libraries: one module per library of Kea that is part of the program.

pub mod cb_cmds;
