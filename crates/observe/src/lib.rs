//! Log messages, log subscriber and statistics
