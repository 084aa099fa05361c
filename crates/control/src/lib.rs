//! Command envelope, table, dispatch, UNIX and HTTP channels
